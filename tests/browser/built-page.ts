// The page as it goes into production.

import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { test as nodeTest } from "node:test";
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

nodeTest("what Vite's environment says is in the build", async () => {
  process.env["VITE_API_URL"] = "https://api.example";
  try {
    const entry = join(root, "src/generated/db/client/defaults.ts");
    const built = await build({ root, build: { write: false, lib: { entry, formats: ["es"] } }, logLevel: "error" });
    assert.match(JSON.stringify(built), /https:\/\/api\.example/);
  } finally {
    delete process.env["VITE_API_URL"];
  }
});

const test = prepare((backend) => Site.start(join(root, "dist"), backend));
offline(test);
tabs(test);
// What comes of answers doesn't depend on the database: a short run has them with SQLite.
if (isLong || process.env["ADAPTER"] === "sqlite") answers(test);
