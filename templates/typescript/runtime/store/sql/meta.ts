import { logHash, models } from "../../../schema/index.js";
import type { Dialect } from "./dialect.js";
import { sql, type Connection } from "./driver.js";

/** Identifies the schema. Short, because every request to a sync server has it: two FNV-1a hashes of 32 bits. */
export const schemaHash = [0x811c9dc5, 0x9dc5811c].map(hashed).join("");

function hashed(start: number): string {
  const text = [logHash, ...models.map(({ tablesHash }) => tablesHash)].join();
  const hash = [...text].reduce((before, one) => Math.imul(before ^ one.charCodeAt(0), 0x01000193), start);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** Whether the database has this version of the schema. */
export async function isCurrent(connection: Connection, dialect: Dialect): Promise<boolean> {
  if (!(await dialect.tableExists(connection, "_sync_meta"))) return false;
  const [row] = await connection.query(sql`SELECT value FROM _sync_meta WHERE key = 'schema_hash'`);
  return row?.["value"] === schemaHash;
}

export async function setMeta(connection: Connection, key: string, value: string | null): Promise<void> {
  await connection.query(sql`
    INSERT INTO _sync_meta (key, value)
    VALUES (${key}, ${value})
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
  `);
}
