import { fieldOf, type Field, type Model } from "../../../client/model.js";
import { base64Of, isoTimestamp, isTrue, jsonOf, shownInteger } from "../../../client/values.js";
import { keyParts } from "../../store.js";
import { allInTexts, syncedTable, viewColumns, type Dialect, type OwnRow, type RowValues } from "../dialect.js";
import { commas, joined, name, raw, sql, type Row, type Statement, type Value } from "../driver.js";

const TYPES: Readonly<Record<Field["type"], string>> = {
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

const ROWS_AT_ONCE = 5_000;

/** PostgreSQL: every value comes and goes as its text. */
export const pgliteDialect: Dialect = {
  logTable: "_changes",
  logSteps: [
    { version: 2, script: "ALTER TABLE _changes ADD COLUMN sent_with TEXT, ADD COLUMN txid TEXT" },
    {
      version: 3,
      script: `
        ALTER TABLE _changes
        ADD COLUMN user_id TEXT, ADD COLUMN base TEXT, ADD COLUMN edited_at TEXT, ADD COLUMN place TEXT,
        ALTER COLUMN transaction_id
        SET DEFAULT coalesce(nullif(current_setting('sync_patterns.group', TRUE), ''), pg_current_xact_id()::TEXT)
      `,
    },
  ],

  keepsZones: false,
  shownAsRead: ["text", "uuid", "date", "time", "decimal"],

  decode(field, value) {
    if (value === null) return null;
    const text = String(value);
    switch (field.type) {
      case "date_time":
        // As PostgreSQL writes almost every time of a UTC session; a pattern takes longer.
        return text[10] === " " && text.endsWith("+00")
          ? `${text.slice(0, 10)}T${text.slice(11, -3)}Z`
          : isoTimestamp(text);
      case "int32":
      case "float":
        return Number(text);
      case "int64":
        return shownInteger(field, text);
      case "boolean":
        return isTrue(text);
      case "bytes":
        return base64Of(text);
      case "json":
        return JSON.parse(text);
      default:
        return text;
    }
  },

  decodeBoolean: (value) => isTrue(String(value)),

  encode(field, value) {
    if (value === undefined) return null;
    // Where the column can't be null, null is a JSON value.
    if (field.type === "json") return value === null && field.nullable ? null : JSON.stringify(value);
    if (value === null) return null;
    return field.type === "bytes" ? hexOf(String(value)) : String(value);
  },

  fromServer(field, text) {
    if (field.type === "json") return text === "null" && field.nullable ? null : text;
    return field.type === "bytes" && !text.startsWith("\\x") ? hexOf(text) : text;
  },

  jsonOf: (field, value) => jsonOf(field, String(value)),
  beginGroup: (id) => sql`SELECT set_config('sync_patterns.group', ${id}, TRUE)`,
  milliseconds: (time) => sql`floor(extract(EPOCH FROM ${time}) * 1000)::BIGINT`,
  keyParameter,
  logValue: (json) => sql`CAST(${json} AS JSONB)`,
  withInputs: (json) => sql`value || jsonb_build_object('', CAST(${json} AS JSONB))`,
  hasInputs: sql`value ? ''`,
  withoutInputs: sql`value - ''`,

  async allRows(connection, model) {
    const columns = viewColumns(model);
    // Arrays: PostgreSQL takes half as long again to write objects.
    const texts = commas(columns.map((column) => sql`v.${name(column)}::TEXT`));
    const found = await connection.query(allInTexts(model, sql`ARRAY[${texts}]`, "json_agg(c.r)"));
    return named(columns, found);
  },

  rowsByKey(model, relation, rowKeys) {
    const keys = rowKeys.map((key) => keyParts(model, key));
    const [only] = keys;
    // After a write of one row; PostgreSQL keeps the plan of this.
    if (only !== undefined && keys.length === 1) {
      const isRow = model.key.map(
        (column, index) => sql`v.${name(column)} = ${keyParameter(model, column, only[index] ?? null)}`,
      );
      return sql`SELECT v.* FROM ${relation} AS v WHERE ${joined(" AND ", isRow)}`;
    }
    // By a lateral join: a plain one could read the view as a whole.
    const isKey = joined(
      " AND ",
      model.key.map((column) => sql`v.${name(column)} = k.${name(column)}`),
    );
    return sql`
      SELECT r.*
      FROM ${unnest(model, model.key, keys)} AS k (${commas(model.key.map(name))})
      CROSS JOIN LATERAL (SELECT v.* FROM ${relation} AS v WHERE ${isKey} OFFSET 0) AS r
    `;
  },

  rowsAtOnce: () => ROWS_AT_ONCE,

  // COPY takes half the time of an INSERT.
  insert: (model, columns, rows) => ({
    ...sql`COPY ${syncedTable(model)} (${commas(columns.map(name))}) FROM '/dev/blob'`,
    input: rows.map((row) => `${row.map(copied).join("\t")}\n`).join(""),
  }),

  source: (model, columns, rows) => sql`SELECT * FROM ${unnest(model, columns, rows)}`,

  differing(model, columns, rows, column) {
    const given = columns.map((_, index) => raw(`c${String(index)}`));
    const isKey = model.key.map((part) => sql`s.${name(part)} = r.${raw(`c${String(columns.indexOf(part))}`)}`);
    const isOther = columns.map(
      (other, index) => sql` OR s.${name(other)} IS DISTINCT FROM r.${raw(`c${String(index)}`)}`,
    );
    return sql`
      SELECT r.n - 1 AS n, s.${name(column)} AS before
      FROM ${unnest(model, columns, rows)} WITH ORDINALITY AS r (${commas(given)}, n)
      LEFT JOIN ${syncedTable(model)} AS s ON ${joined(" AND ", isKey)}
      WHERE s.${name(model.key[0] ?? "")} IS NULL${joined("", isOther)}
    `;
  },

  update: (model, columns, others, rows) => [
    sql`
      UPDATE ${syncedTable(model)} AS s
      SET ${commas(others.map((column) => sql`${name(column)} = r.${name(column)}`))}
      FROM ${unnest(model, columns, rows)} AS r (${commas(columns.map(name))})
      WHERE ${isSameKey(model.key)}
    `,
  ],

  delete: (model, columns, keys) => sql`
    DELETE FROM ${syncedTable(model)} AS s
    USING ${unnest(model, columns, keys)} AS r (${commas(columns.map(name))})
    WHERE ${isSameKey(columns)}
  `,

  deleteOthers(model, keys) {
    const key = commas(model.key.map(name));
    return sql`
      DELETE FROM ${syncedTable(model)} AS s
      USING (SELECT ${key} FROM ${syncedTable(model)} EXCEPT SELECT * FROM ${unnest(model, model.key, keys)}) AS r
      WHERE ${isSameKey(model.key)}
    `;
  },

  noteAll: (model) => sql`SELECT _note_keys(${model.name}, ARRAY[NULL])`,

  empty: (model) => [
    sql`TRUNCATE ${syncedTable(model)}`,
    sql`DELETE FROM _loading WHERE table_name = ${model.name}`,
  ],

  async tableExists(connection, table) {
    const rows = await connection.query(sql`
      SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ${table}
    `);
    return rows.length > 0;
  },

  async catalog(connection) {
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
  },

  // A function takes its triggers along, on tables that stay too.
  dropScript: (object) => `DROP ${object.kind.toUpperCase()} IF EXISTS ${object.identity} CASCADE;`,
};

/** Makes rows of texts that have arrays of their values. */
function* named(columns: readonly string[], texts: readonly Row[]): Iterable<OwnRow> {
  const blank: OwnRow = Object.fromEntries(columns.map((column) => [column, null]));
  for (const { rows } of texts) {
    for (const values of JSON.parse(String(rows)) as RowValues) {
      const row = { ...blank };
      for (let index = 0; index < columns.length; index += 1) row[columns[index] ?? ""] = values[index] ?? null;
      yield row;
    }
  }
}

function keyParameter(model: Model, column: string, part: string | null): Statement {
  return sql`${part}::TEXT::${type(model, column)}`;
}

function type(model: Model, column: string): Statement {
  return raw(TYPES[fieldOf(model, column)?.type ?? "text"]);
}

/** Rows as a relation: one array for each column. */
function unnest(model: Model, columns: readonly string[], rows: RowValues): Statement {
  const arrays = columns.map((column, index) => {
    const values = rows.map((row) => row[index] ?? null);
    return sql`${arrayOf(values)}::TEXT::${type(model, column)}[]`;
  });
  return sql`unnest(${commas(arrays)})`;
}

function arrayOf(values: readonly Value[]): string {
  const elements = values.map((value) =>
    value === null ? "NULL" : `"${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`,
  );
  return `{${elements.join(",")}}`;
}

const COPY_ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A value as COPY reads it. */
function copied(value: Value): string {
  return value === null ? "\\N" : String(value).replace(/[\\\t\n\r]/g, (character) => COPY_ESCAPES[character] ?? "");
}

function isSameKey(columns: readonly string[]): Statement {
  return joined(
    " AND ",
    columns.map((column) => sql`s.${name(column)} = r.${name(column)}`),
  );
}

function hexOf(base64: string): string {
  try {
    const bytes = [...atob(base64)].map((character) => character.charCodeAt(0).toString(16).padStart(2, "0"));
    return `\\x${bytes.join("")}`;
  } catch {
    throw new TypeError(`${JSON.stringify(base64)} isn't base64.`);
  }
}
