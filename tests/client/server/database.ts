import { PGlite, type Transaction } from "@electric-sql/pglite";
import { type Table, tables } from "./tables.js";

export type { Transaction };

export interface Column {
  readonly name: string;
  /** As Postgres calls it: `timestamptz`. Of an array, what its elements are. */
  readonly type: string;
  /** Dimensions of an array. */
  readonly dims: number;
  /** What is in the brackets behind the type; -1 where there is nothing. */
  readonly modifier: number;
  readonly generated: boolean;
  readonly notNull: boolean;
  /** Its place in the primary key. */
  readonly key: number | undefined;
}

/**
 * The server's Postgres. Every change of a row is noted in `_log`, in the transaction that makes it, with the values
 * as replication would print them. With a `schema`, it has the tables of a sync server instead, and what that notes.
 */
export async function openDatabase(schema?: string): Promise<PGlite> {
  const db = await PGlite.create();
  if (schema !== undefined) {
    await db.exec(`SET TIME ZONE 'UTC'; ${schema}`);
    return db;
  }
  await db.exec(`
    SET TIME ZONE 'UTC';
    CREATE TABLE _log (
      position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
      relation TEXT NOT NULL,
      operation TEXT NOT NULL,
      old JSONB,
      new JSONB
    );
    CREATE INDEX ON _log (xid, position);
    CREATE TABLE _answers (
      key TEXT PRIMARY KEY,
      request TEXT NOT NULL,
      answer JSONB NOT NULL
    );
    -- A body under the names of the columns. Its numbers keep their digits: JavaScript never reads them.
    CREATE FUNCTION _renamed(body JSONB, names JSONB) RETURNS JSONB LANGUAGE sql AS $$
      SELECT coalesce(jsonb_object_agg(coalesce(names ->> key, key), value), '{}') FROM jsonb_each(body)
    $$;
  `);
  for (const table of tables) {
    await db.exec(table.ddl);
    await db.exec(capture(table.name, await columnsOf(db, table.name)));
  }
  return db;
}

/** No rows, no answers, keys from the start: as new. The log goes on, and transactions too. */
export async function emptyDatabase(db: PGlite): Promise<void> {
  const all = ["_answers", ...tables.map((table) => table.name)];
  const { rows } = await db.query<{ name: string }>(
    "SELECT name FROM unnest($1::TEXT[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL",
    [all],
  );
  await db.exec(`TRUNCATE ${rows.map(({ name }) => quote(name)).join(", ")} RESTART IDENTITY`);
}

function capture(table: string, columns: readonly Column[]): string {
  const image = (of: string): string => {
    const members = columns.map(({ name, type }) => {
      const value =
        type === "bool"
          ? `CASE ${of}.${quote(name)} WHEN true THEN 't' WHEN false THEN 'f' END`
          : `${of}.${quote(name)}::TEXT`;
      return `'${name}', ${value}`;
    });
    return `jsonb_build_object(${members.join(", ")})`;
  };
  return `
    CREATE FUNCTION _capture_${table}() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO _log (relation, operation, old, new) VALUES (
        '${table}',
        lower(TG_OP),
        CASE WHEN TG_OP <> 'INSERT' THEN ${image("OLD")} END,
        CASE WHEN TG_OP <> 'DELETE' THEN ${image("NEW")} END
      );
      NOTIFY _log;
      RETURN NULL;
    END $$;
    CREATE TRIGGER _capture AFTER INSERT OR UPDATE OR DELETE ON ${quote(table)}
      FOR EACH ROW EXECUTE FUNCTION _capture_${table}();
    CREATE FUNCTION _capture_truncate_${table}() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO _log (relation, operation) VALUES ('${table}', 'truncate');
      NOTIFY _log;
      RETURN NULL;
    END $$;
    CREATE TRIGGER _capture_truncate AFTER TRUNCATE ON ${quote(table)}
      FOR EACH STATEMENT EXECUTE FUNCTION _capture_truncate_${table}();
  `;
}

export async function columnsOf(db: PGlite | Transaction, table: string): Promise<Column[]> {
  const { rows } = await db.query<Column>(
    `SELECT a.attname AS name, coalesce(e.typname, t.typname) AS type, a.attndims::INT AS dims, a.atttypmod AS modifier,
       a.attgenerated <> '' AS generated, a.attnotnull AS "notNull", array_position(i.indkey::INT2[], a.attnum) AS key
     FROM pg_attribute AS a
     JOIN pg_type AS t ON t.oid = a.atttypid
     LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
     LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
     WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum`,
    [table],
  );
  return rows.map((column) => ({ ...column, key: column.key ?? undefined }));
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A row as the API has it. Made by Postgres, so that no digit gets lost. */
export function asJson(table: Table, columns: readonly Column[]): string {
  const properties = new Map(Object.entries(table.columns ?? {}).map(([property, column]) => [column, property]));
  const shown = columns.filter(({ name }) => name !== "internal_rank");
  const members = shown.map(({ name, type }) => `'${properties.get(name) ?? name}', ${jsonValue(quote(name), type)}`);
  return `json_build_object(${members.join(", ")})::TEXT`;
}

function jsonValue(column: string, type: string): string {
  switch (type) {
    case "numeric":
      return `${column}::TEXT`;
    case "timestamptz":
      return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
    default:
      return column;
  }
}
