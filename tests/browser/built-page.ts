// The page as it goes into production.

import { join, resolve } from "node:path";
import { build } from "vite";
import { isLong } from "../client/support/size.js";
import { answers } from "./answers.js";
import { offline } from "./offline.js";
import { Site } from "./site.js";
import { tabs } from "./tabs.js";
import { prepare } from "./world.js";

const root = resolve(process.env["ADAPTER"] ?? "");
await build({ root, logLevel: "error" });
// The page as it was before contacts had a mail, on the same origin.
const older = resolve(process.env["ADAPTER"] ?? "", "older");
await build({ root: older, base: "/older/", build: { outDir: join(root, "dist/older") }, logLevel: "error" });

const test = prepare((backend) => Site.start(join(root, "dist"), backend));
offline(test);
tabs(test);
// What comes of answers doesn't depend on the database: a short run has them with SQLite.
if (isLong || process.env["ADAPTER"] === "sqlite") answers(test);
