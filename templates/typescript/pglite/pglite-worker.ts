import { PGlite } from "@electric-sql/pglite";

import { serveTabs } from "./owner.js";
import { pgliteDriver } from "./pglite.js";

serveTabs(async (directory) => pgliteDriver(await PGlite.create(directory)));
