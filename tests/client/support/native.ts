import { createRequire } from "node:module";
import type { NativeDatabase } from "../../sqlite/electric/db/store/sql/sqlite/driver.js";

/** Opens a file with better-sqlite3, which is in a folder of its own. */
export function openFile(file: string): NativeDatabase {
  const require = createRequire(`${process.env["BETTER_SQLITE3"] ?? ""}/`);
  const Database = require("better-sqlite3") as new (file: string) => NativeDatabase;
  return new Database(file);
}
