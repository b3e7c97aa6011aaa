import { joined, name, raw, sql, type Connection, type Statement, type Value } from "./driver.js";
import type { Field, Model } from "./model.js";
import { elementsOf, textOf, type Members } from "./raw-json.js";
import { base64Of, dateOf, isTrue, jsonOf, plainText, type Column } from "./shape-values.js";
import { isoTimestamp } from "./timestamps.js";

/** SQLite takes 32,766 parameters in a statement. */
const PARAMETERS = 30_000;
const ROWS = 500;

/** A value that the server has sent, for the column of the synced table. */
export function synced(field: Field, text: string, column: Column | undefined): Value {
  switch (field.type) {
    case "int32":
    case "int64":
      return integer(text);
    case "float":
      return Number(text);
    case "boolean":
      return isTrue(text) ? 1 : 0;
    case "bytes":
      return base64Of(text);
    case "date_time":
      return isoTimestamp(text);
    case "date":
      return dateOf(text);
    case "json": {
      const json = jsonOf(field, text, column);
      return json === "null" && field.nullable ? null : json;
    }
    default:
      return plainText(text, column);
  }
}

/** Rows that have each of these columns; no two have the same key. */
export function upsert(model: Model, columns: readonly string[], rows: readonly (readonly Value[])[]): Statement[] {
  const others = columns.filter((column) => !model.key.includes(column));
  const action =
    others.length === 0
      ? raw("NOTHING")
      : sql`UPDATE SET ${commas(others.map((column) => sql`${name(column)} = excluded.${name(column)}`))}`;
  const before = sql`INSERT INTO ${table(model)} (${commas(columns.map(name))}) VALUES `;
  const after = sql` ON CONFLICT (${commas(model.key.map(name))}) DO ${action}`;
  const size = Math.max(1, Math.min(ROWS, Math.floor(PARAMETERS / columns.length)));
  return chunks(rows, size).map((some) => sql`${before}${tuples(some)}${after}`);
}

/** The key and the columns that have changed. */
export function update(model: Model, columns: readonly string[], rows: readonly (readonly Value[])[]): Statement[] {
  const others = columns.filter((column) => !model.key.includes(column));
  if (others.length === 0) return [];
  return rows.map((row) => {
    const equals = (column: string) => sql`${name(column)} = ${row[columns.indexOf(column)] ?? null}`;
    return sql`
      UPDATE ${table(model)}
      SET ${commas(others.map(equals))}
      WHERE ${joined(" AND ", model.key.map(equals))}
    `;
  });
}

export function remove(model: Model, columns: readonly string[], keys: readonly (readonly Value[])[]): Statement[] {
  return [sql`DELETE FROM ${table(model)} WHERE ${tuple(columns)} IN (${listed(columns.length, keys)})`];
}

/** Deletes what has none of these keys. */
export function removeOthers(model: Model, keys: readonly (readonly Value[])[]): Statement[] {
  return [sql`DELETE FROM ${table(model)} WHERE ${tuple(model.key)} NOT IN (${listed(model.key.length, keys)})`];
}

/** Before the rows of a first snapshot: they aren't noted one by one. */
export function beginLoading(model: Model): Statement[] {
  return [sql`INSERT INTO _loading (table_name) VALUES (${model.name}) ON CONFLICT DO NOTHING`];
}

/** After them: those who show the model read it anew. */
export function endLoading(model: Model): Statement[] {
  return [
    sql`DELETE FROM _loading WHERE table_name = ${model.name}`,
    sql`INSERT INTO _changed_keys (table_name, row_key) VALUES (${model.name}, NULL)`,
  ];
}

/** The server's row, its fields as JSON text. */
export async function syncedMembers(
  connection: Connection,
  model: Model,
  rowKey: string,
): Promise<Members | undefined> {
  const parts = model.key.length === 1 ? [rowKey] : (elementsOf(rowKey) ?? []).map(textOf);
  const conditions = model.key.map((column, index) => sql`${name(column)} = ${parts[index] ?? null}`);
  const [row] = await connection.query(sql`SELECT * FROM ${table(model)} WHERE ${joined(" AND ", conditions)}`);
  if (row === undefined) return undefined;
  const members = model.fields.map((field): [string, string] => [field.name, memberOf(field, row[field.name] ?? null)]);
  return Object.fromEntries(members);
}

function memberOf(field: Field, value: Value): string {
  if (value === null) return "null";
  if (field.type === "json") return String(value);
  if (field.type === "boolean") return String(Number(value) === 1);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function integer(text: string): Value {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function table(model: Model): Statement {
  return name(`${model.name}_synced`);
}

function tuple(columns: readonly string[]): Statement {
  return columns.length === 1 ? commas(columns.map(name)) : sql`(${commas(columns.map(name))})`;
}

function tuples(rows: readonly (readonly Value[])[]): Statement {
  const parameters = rows.flat();
  const parts = rows.flatMap((row, index) => row.map((_, column) => (column > 0 ? ", " : index > 0 ? "), (" : "(")));
  return { parts: [...parts, ")"], parameters };
}

/** Keys as rows of a query. */
function listed(count: number, keys: readonly (readonly Value[])[]): Statement {
  const json = `[${keys.map((key) => `[${key.map(jsonValue).join(",")}]`).join(",")}]`;
  const columns = Array.from({ length: count }, (_, index) => raw(`value ->> ${String(index)}`));
  return sql`SELECT ${commas(columns)} FROM json_each(${json})`;
}

function jsonValue(value: Value): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function commas(statements: readonly Statement[]): Statement {
  return joined(", ", statements);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
