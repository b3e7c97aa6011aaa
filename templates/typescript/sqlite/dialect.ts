import { joined, name, raw, sql, type Connection, type Statement } from "./driver.js";
import type { Model } from "./model.js";
import { openSqlite } from "./sqlite.js";

/** Opens the local database: where `directory` says, or as this name in the browser. */
export const openDriver = openSqlite;

/** The log as it is stored. */
export const LOG_TABLE = "_changes_log";

/** What a log of an older version lacks, by the version that brought it. */
export const LOG_STEPS: readonly { readonly version: number; readonly script: string }[] = [
  {
    version: 2,
    script: "ALTER TABLE _changes_log ADD COLUMN sent_with TEXT; ALTER TABLE _changes_log ADD COLUMN txid TEXT",
  },
];

/** Something that the schema has made. */
export interface DatabaseObject {
  readonly kind: string;
  readonly name: string;
  /** How a statement that drops it calls it. */
  readonly identity: string;
}

/** Rows of a view, each looked up by the index. */
export function rowsByKey(model: Model, rowKeys: readonly string[]): Statement {
  const [first, ...others] = model.key.map((column) => sql`v.${name(column)}`);
  if (first !== undefined && others.length === 0) {
    const keys = rowKeys.map((key) => (isInteger(model) ? key : JSON.stringify(key)));
    return sql`
      SELECT v.* FROM ${name(model.name)} AS v
      WHERE ${first} IN (SELECT k.value FROM json_each(${`[${keys.join(",")}]`}) AS k)
    `;
  }
  const parts = model.key.map((_, index) => sql`k.value ->> ${raw(String(index))}`);
  return sql`
    SELECT v.* FROM ${name(model.name)} AS v
    WHERE (${joined(
      ", ",
      model.key.map((column) => sql`v.${name(column)}`),
    )}) IN (
      SELECT ${joined(", ", parts)} FROM json_each(${`[${rowKeys.join(",")}]`}) AS k
    )
  `;
}

function isInteger(model: Model): boolean {
  const type = model.fields.find((field) => field.name === model.key[0])?.type;
  return type === "int32" || type === "int64";
}

/** Takes all of the server's rows away, without a note of each. */
export function emptySynced(model: Model): Statement[] {
  return [
    sql`INSERT OR IGNORE INTO _loading (table_name) VALUES (${model.name})`,
    sql`DELETE FROM ${name(`${model.name}_synced`)}`,
    sql`DELETE FROM _loading WHERE table_name = ${model.name}`,
  ];
}

/** JSON text as the log has it. */
export function logValue(json: string): Statement {
  return sql`${json}`;
}

export async function tableExists(connection: Connection, table: string): Promise<boolean> {
  const rows = await connection.query(sql`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ${table}`);
  return rows.length > 0;
}

/** Everything in the database that a schema can make. */
export async function catalog(connection: Connection): Promise<DatabaseObject[]> {
  const rows = await connection.query(sql`SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL`);
  return rows
    .map((row) => ({ kind: String(row["type"]), name: String(row["name"]) }))
    .filter((object) => !object.name.startsWith("sqlite_"))
    .map((object) => ({ ...object, identity: `"${object.name.replaceAll('"', '""')}"` }));
}

/** A table and a view take their triggers along. */
export function dropScript(object: DatabaseObject): string {
  return `DROP ${object.kind.toUpperCase()} IF EXISTS ${object.identity};`;
}
