import { PGlite } from "@electric-sql/pglite";
import { drizzle as drizzleOfPg } from "drizzle-orm/node-postgres";
import { migrate as migratePg } from "drizzle-orm/node-postgres/migrator";
import { drizzle as drizzleOfPglite } from "drizzle-orm/pglite";
import { migrate as migratePglite } from "drizzle-orm/pglite/migrator";
import pg from "pg";

import { kept, schemaSql } from "./sync/index.js";

const MIGRATIONS = { migrationsFolder: "drizzle" };

/** PostgreSQL where `DATABASE_URL` says so; else a PGlite in the folder `data`. With `close`, what is to be done at the end. */
export async function openDatabase() {
  const { DATABASE_URL } = process.env;
  // One in a process: the development server loads this file anew when it changes.
  if (DATABASE_URL !== undefined) {
    const pool = kept("pool", () => new pg.Pool({ connectionString: DATABASE_URL }));
    const db = drizzleOfPg({ client: pool });
    await migratePg(db, MIGRATIONS);
    await pool.query(schemaSql);
    return { db, close: () => pool.end() };
  }
  const pglite = kept("pglite", () => new PGlite("./data"));
  const db = drizzleOfPglite({ client: pglite });
  // The tables, by Drizzle; and what it can't write: functions and triggers.
  await migratePglite(db, MIGRATIONS);
  await pglite.exec(schemaSql);
  return { db, close: () => pglite.close() };
}

export type Opened = Awaited<ReturnType<typeof openDatabase>>["db"];
