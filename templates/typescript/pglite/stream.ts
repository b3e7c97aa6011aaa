import { joined, name, raw, sql, type Connection, type Statement, type Value } from "./driver.js";
import type { Field, Model } from "./model.js";
import { elementsOf, textOf, type Members } from "./raw-json.js";
import { base64Of, jsonOf, plainText, type Column } from "./shape-values.js";

export const TYPES: Readonly<Record<Field["type"], string>> = {
  text: "TEXT",
  uuid: "UUID",
  date_time: "TIMESTAMPTZ",
  date: "DATE",
  time: "TEXT",
  int32: "INTEGER",
  int64: "BIGINT",
  float: "DOUBLE PRECISION",
  decimal: "NUMERIC",
  boolean: "BOOLEAN",
  bytes: "BYTEA",
  json: "JSONB",
};

/** Rows of one statement. */
const CHUNK = 5_000;

/** A value that the server has sent, for the column of the synced table. */
export function synced(field: Field, text: string, column: Column | undefined): Value {
  switch (field.type) {
    case "text":
    case "time":
      return plainText(text, column);
    case "bytes":
      return text.startsWith("\\x") ? text : hexOf(text);
    case "json": {
      const json = jsonOf(field, text, column);
      return json === "null" && field.nullable ? null : json;
    }
    default:
      return text;
  }
}

/** Rows that have each of these columns; no two have the same key. */
export function upsert(model: Model, columns: readonly string[], rows: readonly (readonly Value[])[]): Statement[] {
  const others = columns.filter((column) => !model.key.includes(column));
  const action =
    others.length === 0
      ? raw("NOTHING")
      : sql`UPDATE SET ${commas(others.map((column) => sql`${name(column)} = excluded.${name(column)}`))}`;
  return chunks(rows).map(
    (some) => sql`
      INSERT INTO ${table(model)} (${commas(columns.map(name))})
      SELECT * FROM ${unnested(model, columns, some)}
      ON CONFLICT (${commas(model.key.map(name))}) DO ${action}
    `,
  );
}

/** The key and the columns that have changed. */
export function update(model: Model, columns: readonly string[], rows: readonly (readonly Value[])[]): Statement[] {
  const others = columns.filter((column) => !model.key.includes(column));
  if (others.length === 0) return [];
  return chunks(rows).map(
    (some) => sql`
      UPDATE ${table(model)} AS s
      SET ${commas(others.map((column) => sql`${name(column)} = r.${name(column)}`))}
      FROM ${unnested(model, columns, some)} AS r (${commas(columns.map(name))})
      WHERE ${sameKey(model.key)}
    `,
  );
}

export function remove(model: Model, columns: readonly string[], keys: readonly (readonly Value[])[]): Statement[] {
  return chunks(keys).map(
    (some) => sql`
      DELETE FROM ${table(model)} AS s
      USING ${unnested(model, columns, some)} AS r (${commas(columns.map(name))})
      WHERE ${sameKey(columns)}
    `,
  );
}

/** Deletes what has none of these keys. */
export function removeOthers(model: Model, keys: readonly (readonly Value[])[]): Statement[] {
  const key = commas(model.key.map(name));
  return [
    sql`
      DELETE FROM ${table(model)} AS s
      USING (SELECT ${key} FROM ${table(model)} EXCEPT SELECT * FROM ${unnested(model, model.key, keys)}) AS r
      WHERE ${sameKey(model.key)}
    `,
  ];
}

/** Before the rows of a first snapshot. */
export function beginLoading(_model: Model): Statement[] {
  return [];
}

/** After them: those who show the model read it anew. */
export function endLoading(_model: Model): Statement[] {
  return [];
}

/** The server's row, its fields as JSON text. */
export async function syncedMembers(
  connection: Connection,
  model: Model,
  rowKey: string,
): Promise<Members | undefined> {
  const parts = model.key.length === 1 ? [rowKey] : (elementsOf(rowKey) ?? []).map(textOf);
  const conditions = model.key.map(
    (column, index) => sql`${name(column)} = ${parts[index] ?? null}::TEXT::${type(model, column)}`,
  );
  const [row] = await connection.query(sql`SELECT * FROM ${table(model)} WHERE ${joined(" AND ", conditions)}`);
  if (row === undefined) return undefined;
  const members = model.fields.map((field): [string, string] => {
    const value = row[field.name] ?? null;
    return [field.name, value === null ? "null" : jsonOf(field, String(value))];
  });
  return Object.fromEntries(members);
}

function table(model: Model): Statement {
  return name(`${model.name}_synced`);
}

function type(model: Model, column: string): Statement {
  const field = model.fields.find((candidate) => candidate.name === column);
  return raw(field === undefined ? "TEXT" : TYPES[field.type]);
}

/** One array for each column. */
function unnested(model: Model, columns: readonly string[], rows: readonly (readonly Value[])[]): Statement {
  const arrays = columns.map((column, index) => {
    const values = rows.map((row) => row[index] ?? null);
    return sql`${arrayOf(values)}::TEXT::${type(model, column)}[]`;
  });
  return sql`unnest(${commas(arrays)})`;
}

export function arrayOf(values: readonly Value[]): string {
  const elements = values.map((value) =>
    value === null ? "NULL" : `"${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`,
  );
  return `{${elements.join(",")}}`;
}

function sameKey(columns: readonly string[]): Statement {
  return joined(
    " AND ",
    columns.map((column) => sql`s.${name(column)} = r.${name(column)}`),
  );
}

function commas(statements: readonly Statement[]): Statement {
  return joined(", ", statements);
}

function chunks<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / CHUNK);
  return Array.from({ length: count }, (_, index) => items.slice(index * CHUNK, (index + 1) * CHUNK));
}

function hexOf(base64: string): string {
  const bytes = [...atob(base64Of(base64))].map((character) => character.charCodeAt(0).toString(16).padStart(2, "0"));
  return `\\x${bytes.join("")}`;
}
