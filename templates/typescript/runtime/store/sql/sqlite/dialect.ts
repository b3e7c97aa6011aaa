import { fieldOf, isInteger, type Model } from "../../../client/model.js";
import { base64Of, dateOf, isoTimestamp, isTrue, shownInteger } from "../../../client/values.js";
import { allInTexts, syncedTable, viewColumns, type Dialect, type OwnRow, type RowValues } from "../dialect.js";
import { commas, joined, name, raw, sql, type Row, type Statement, type Value } from "../driver.js";

/** SQLite takes 32,766 parameters in a statement. */
const PARAMETERS = 30_000;
const ROWS_AT_ONCE = 500;
/** A function takes 127 arguments: two for each member of an object. */
const MEMBERS = 63;

/** SQLite: values are text, integers, floating-point numbers and null. */
export const sqliteDialect: Dialect = {
  logTable: "_changes_log",
  logSteps: [
    {
      version: 2,
      script: "ALTER TABLE _changes_log ADD COLUMN sent_with TEXT; ALTER TABLE _changes_log ADD COLUMN txid TEXT",
    },
    {
      version: 3,
      script: ["user_id", "base", "edited_at", "place"]
        .map((column) => `ALTER TABLE _changes_log ADD COLUMN ${column} TEXT`)
        .join("; "),
    },
  ],

  keepsZones: true,
  shownAsRead: ["text", "uuid", "date", "time", "decimal", "date_time", "bytes"],

  decode(field, value) {
    if (value === null) return null;
    switch (field.type) {
      case "int32":
      case "float":
        return Number(value);
      case "int64":
        return shownInteger(field, value);
      case "boolean":
        return Number(value) === 1;
      case "json":
        return JSON.parse(String(value));
      default:
        return String(value);
    }
  },

  decodeBoolean: (value) => Number(value) === 1,

  // What doesn't fit, the view refuses.
  encode(field, value) {
    if (value === undefined) return null;
    // Where the column can't be null, null is a JSON value.
    if (field.type === "json") return value === null && field.nullable ? null : JSON.stringify(value);
    if (value === null) return null;
    switch (field.type) {
      case "boolean":
        return typeof value === "boolean" ? Number(value) : String(value);
      case "int32":
      case "int64":
        return numberOf(String(value));
      case "float":
        return typeof value === "number" || typeof value === "bigint" ? value : numberOf(String(value));
      default:
        return String(value);
    }
  },

  fromServer(field, text) {
    switch (field.type) {
      case "int32":
      case "int64":
        return exactInteger(text);
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
      case "json":
        return text === "null" && field.nullable ? null : text;
      default:
        return text;
    }
  },

  jsonOf(field, value) {
    if (field.type === "json") return String(value);
    if (field.type === "boolean") return String(Number(value) === 1);
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  },

  beginGroup: (id) => sql`UPDATE _transaction SET id = ${id}`,
  milliseconds: (time) => sql`CAST(round((julianday(${time}) - 2440587.5) * 86400000) AS INTEGER)`,
  keyParameter: (_model, _column, part) => sql`${part}`,
  logValue: (json) => sql`${json}`,
  withInputs: (json) => sql`json_set(value, '$.""', json(${json}))`,
  hasInputs: sql`json_type(value, '$.""') IS NOT NULL`,
  withoutInputs: sql`json_remove(value, '$.""')`,

  async allRows(connection, model) {
    const columns = viewColumns(model);
    // SQLite doesn't write every floating-point number as JSON so that it is read as the same number.
    if (columns.length > MEMBERS || model.fields.some(({ type }) => type === "float")) {
      const found = await connection.query(sql`SELECT * FROM ${name(model.name)}`);
      return found.map((row) => ({ ...row }));
    }
    // JSON.parse doesn't keep all digits of a number.
    const members = columns.map((column) =>
      fieldOf(model, column)?.type === "int64"
        ? sql`${column}, CAST(v.${name(column)} AS TEXT)`
        : sql`${column}, v.${name(column)}`,
    );
    const found = await connection.query(
      allInTexts(model, sql`json_object(${commas(members)})`, "'[' || group_concat(c.r) || ']'"),
    );
    return parsed(found);
  },

  rowsByKey(model, relation, rowKeys) {
    const columns = model.key.map((column) => sql`v.${name(column)}`);
    const [first = "", ...others] = model.key;
    const field = others.length > 0 ? undefined : fieldOf(model, first);
    if (field !== undefined) {
      const keys = rowKeys.map((key) => (isInteger(field) ? key : JSON.stringify(key)));
      return sql`
        SELECT v.* FROM ${relation} AS v
        WHERE ${commas(columns)} IN (SELECT k.value FROM json_each(${`[${keys.join(",")}]`}) AS k)
      `;
    }
    const parts = model.key.map((_, index) => sql`k.value ->> ${raw(String(index))}`);
    return sql`
      SELECT v.* FROM ${relation} AS v
      WHERE (${commas(columns)}) IN (
        SELECT ${commas(parts)} FROM json_each(${`[${rowKeys.join(",")}]`}) AS k
      )
    `;
  },

  rowsAtOnce: (columns) => Math.max(1, Math.min(ROWS_AT_ONCE, Math.floor(PARAMETERS / columns))),
  insert: (model, columns, rows) =>
    sql`INSERT INTO ${syncedTable(model)} (${commas(columns.map(name))}) ${source(model, columns, rows)}`,
  source,

  differing(model, columns, rows, column) {
    // In VALUES, columns have numbers from 1 on.
    const given = (name: string) => raw(`r.column${String(columns.indexOf(name) + 2)}`);
    const isKey = model.key.map((part) => sql`s.${name(part)} = ${given(part)}`);
    const isOther = columns.map((other) => sql` OR s.${name(other)} IS NOT ${given(other)}`);
    const numbered = rows.map((row, index) => [index, ...row]);
    return sql`
      SELECT r.column1 AS n, s.${name(column)} AS before
      FROM (VALUES ${tuples(numbered)}) AS r
      LEFT JOIN ${syncedTable(model)} AS s ON ${joined(" AND ", isKey)}
      WHERE s.${name(model.key[0] ?? "")} IS NULL${joined("", isOther)}
    `;
  },

  update: (model, columns, others, rows) =>
    rows.map((row) => {
      const equals = (column: string) => sql`${name(column)} = ${row[columns.indexOf(column)] ?? null}`;
      return sql`
        UPDATE ${syncedTable(model)}
        SET ${commas(others.map(equals))}
        WHERE ${joined(" AND ", model.key.map(equals))}
      `;
    }),

  delete: (model, columns, keys) =>
    sql`DELETE FROM ${syncedTable(model)} WHERE ${tuple(columns)} IN (${listed(columns.length, keys)})`,

  deleteOthers: (model, keys) =>
    sql`DELETE FROM ${syncedTable(model)} WHERE ${tuple(model.key)} NOT IN (${listed(model.key.length, keys)})`,

  noteAll: (model) => sql`INSERT INTO _changed_keys (table_name, row_key) VALUES (${model.name}, NULL)`,

  empty: (model) => [
    sql`INSERT OR IGNORE INTO _loading (table_name) VALUES (${model.name})`,
    sql`DELETE FROM ${syncedTable(model)}`,
    sql`DELETE FROM _loading WHERE table_name = ${model.name}`,
  ],

  async tableExists(connection, table) {
    const rows = await connection.query(sql`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ${table}`);
    return rows.length > 0;
  },

  async catalog(connection) {
    const rows = await connection.query(sql`SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL`);
    return rows
      .map((row) => ({ kind: String(row["type"]), name: String(row["name"]) }))
      .filter((object) => !object.name.startsWith("sqlite_"))
      .map((object) => ({ ...object, identity: `"${object.name.replaceAll('"', '""')}"` }));
  },

  // A table and a view take their triggers along.
  dropScript: (object) => `DROP ${object.kind.toUpperCase()} IF EXISTS ${object.identity};`,
};

/**
 * As one JSON text, which takes a third of the time of a parameter for each value; but SQLite doesn't read every
 * floating-point number exactly from JSON, and older ones end a text at its first NUL.
 */
function source(model: Model, columns: readonly string[], rows: RowValues): Statement {
  const hasFloats = columns.some((column) => fieldOf(model, column)?.type === "float");
  const json = hasFloats ? "" : jsonOf(rows);
  if (hasFloats || json.includes("\\u0000")) return sql`VALUES ${tuples(rows)}`;
  // Without WHERE, ON CONFLICT would be read as the ON of a join.
  return sql`${valuesIn(columns.length, json)} WHERE true`;
}

/** A bigint where a number doesn't hold all digits. */
function exactInteger(text: string): Value {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function numberOf(text: string): Value {
  return /^-?\d+$/.test(text) ? BigInt(text) : text;
}

function tuple(columns: readonly string[]): Statement {
  return columns.length === 1 ? commas(columns.map(name)) : sql`(${commas(columns.map(name))})`;
}

function tuples(rows: RowValues): Statement {
  const parameters = rows.flat();
  const parts = rows.flatMap((row, index) => row.map((_, column) => (column > 0 ? ", " : index > 0 ? "), (" : "(")));
  return { parts: [...parts, ")"], parameters };
}

/** Keys as rows of a query. */
function listed(count: number, keys: RowValues): Statement {
  return valuesIn(count, jsonOf(keys));
}

/** Selects so many columns of the rows in a JSON text. */
function valuesIn(count: number, json: string): Statement {
  const columns = Array.from({ length: count }, (_, index) => raw(`value ->> ${String(index)}`));
  return sql`SELECT ${commas(columns)} FROM json_each(${json})`;
}

function jsonOf(rows: RowValues): string {
  return `[${rows.map((row) => `[${row.map(jsonValue).join(",")}]`).join(",")}]`;
}

/** One text after the other, so that what has been read of one can go. */
function* parsed(texts: readonly Row[]): Iterable<OwnRow> {
  for (const { rows } of texts) yield* JSON.parse(String(rows)) as OwnRow[];
}

function jsonValue(value: Value): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
