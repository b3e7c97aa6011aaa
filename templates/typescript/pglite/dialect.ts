import { joined, name, raw, sql, type Connection, type Statement } from "./driver.js";
import type { Model } from "./model.js";
import { openPglite } from "./pglite.js";
import { elementsOf, textOf } from "./raw-json.js";
import { arrayOf, TYPES } from "./stream.js";

/** Opens the local database: where `directory` says, or as this name in the browser. */
export const openDriver = openPglite;

/** The log as it is stored. */
export const LOG_TABLE = "_changes";

/** What a log of an older version lacks, by the version that brought it. */
export const LOG_STEPS: readonly { readonly version: number; readonly script: string }[] = [
  { version: 2, script: "ALTER TABLE _changes ADD COLUMN sent_with TEXT, ADD COLUMN txid TEXT" },
];

/** Something that the schema has made. */
export interface DatabaseObject {
  readonly kind: string;
  readonly name: string;
  /** How a statement that drops it calls it. */
  readonly identity: string;
}

/** Rows of a view, each looked up by the index: a join could read the view as a whole. */
export function rowsByKey(model: Model, rowKeys: readonly string[]): Statement {
  const keys = rowKeys.map((key) => (model.key.length === 1 ? [key] : (elementsOf(key) ?? []).map(textOf)));
  const arrays = model.key.map((column, index) => {
    const type = model.fields.find((field) => field.name === column)?.type ?? "text";
    return sql`${arrayOf(keys.map((parts) => parts[index] ?? null))}::TEXT::${raw(TYPES[type])}[]`;
  });
  const isKey = joined(
    " AND ",
    model.key.map((column) => sql`v.${name(column)} = k.${name(column)}`),
  );
  return sql`
    SELECT r.*
    FROM unnest(${joined(", ", arrays)}) AS k (${joined(", ", model.key.map(name))})
    CROSS JOIN LATERAL (SELECT v.* FROM ${name(model.name)} AS v WHERE ${isKey} OFFSET 0) AS r
  `;
}

/** Takes all of the server's rows away. */
export function emptySynced(model: Model): Statement[] {
  return [sql`TRUNCATE ${name(`${model.name}_synced`)}`];
}

/** JSON text as the log has it. */
export function logValue(json: string): Statement {
  return sql`CAST(${json} AS JSONB)`;
}

export async function tableExists(connection: Connection, table: string): Promise<boolean> {
  const rows = await connection.query(sql`
    SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ${table}
  `);
  return rows.length > 0;
}

/** Everything in the database that a schema can make. */
export async function catalog(connection: Connection): Promise<DatabaseObject[]> {
  const rows = await connection.query(sql`
    SELECT
      CASE WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'i' THEN 'index' ELSE 'table' END AS kind,
      c.relname AS name,
      format('%I.%I', n.nspname, c.relname) AS identity
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema()
      AND c.relkind IN ('r', 'v', 'i')
      AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid)
    UNION ALL
    SELECT
      'function',
      p.proname,
      format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = current_schema()
  `);
  return rows.map((row) => ({
    kind: String(row["kind"]),
    name: String(row["name"]),
    identity: String(row["identity"]),
  }));
}

/** A function takes its triggers along, on tables that stay too. */
export function dropScript(object: DatabaseObject): string {
  return `DROP ${object.kind.toUpperCase()} IF EXISTS ${object.identity} CASCADE;`;
}
