import { PGlite } from "@electric-sql/pglite";

import { serveTabs } from "../tabs/owner.js";
import { ownPglite } from "./driver.js";

serveTabs(async (directory) => ownPglite(await PGlite.create(directory)));
