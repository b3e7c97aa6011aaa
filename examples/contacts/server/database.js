import { PGlite } from "@electric-sql/pglite";
import { mkdir } from "node:fs/promises";

import { seed } from "./seed.js";

/** @typedef {import("@electric-sql/pglite").PGlite} Database */
/** @typedef {import("@electric-sql/pglite").Transaction} Transaction */

const TABLES = `
  CREATE TABLE IF NOT EXISTS contacts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE TABLE IF NOT EXISTS notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    contact_id uuid NOT NULL REFERENCES contacts,
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  -- What requests were answered, by their idempotency key.
  CREATE TABLE IF NOT EXISTS answers (
    key text PRIMARY KEY,
    status integer NOT NULL,
    body json,
    given_at timestamptz NOT NULL DEFAULT now()
  );
  DELETE FROM answers WHERE given_at < now() - interval '30 days';
`;

/**
 * PostgreSQL in this process, which keeps its data in a folder. A new folder gets some contacts and notes.
 * @param {string} folder
 */
export async function openDatabase(folder) {
  await mkdir(folder, { recursive: true });
  const database = await PGlite.create(folder);
  const { rows } = await database.query("SELECT 1 FROM pg_tables WHERE tablename = 'contacts'");
  await database.transaction(async (transaction) => {
    await createTables(transaction);
    if (rows.length === 0) await seed(transaction);
  });
  return database;
}

/** @param {Database | Transaction} database */
export async function createTables(database) {
  await database.exec(TABLES);
}
