import { PGlite } from "@electric-sql/pglite";
import pg from "pg";

import { kept, pgDatabase, pgliteDatabase, schemaSql, type Database } from "./sync/index.js";

/** PostgreSQL where `DATABASE_URL` says so; else a PGlite in the folder `data`. */
export async function openDatabase(): Promise<Database> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL !== undefined) {
    const pool = kept("pool", () => new pg.Pool({ connectionString: DATABASE_URL }));
    await pool.query(schemaSql);
    return pgDatabase(pool);
  }
  // One in a process: the development server loads this file anew when it changes.
  const pglite = kept("pglite", () => new PGlite("./data"));
  await pglite.exec(schemaSql);
  return pgliteDatabase(pglite);
}
