// The page that has nothing but PGlite.

import { PGlite } from "@electric-sql/pglite";

await PGlite.create("idb://bare");
document.title = String(performance.now());
