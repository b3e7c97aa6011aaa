import { PGlite } from "@electric-sql/pglite";

import { serveTabs } from "./owner.js";
import { ownPglite } from "./pglite.js";

serveTabs(async (directory) => ownPglite(await PGlite.create(directory)));
