import { PGlite } from "@electric-sql/pglite";
import { live, type LiveNamespace } from "@electric-sql/pglite/live";

import { raw, type Driver } from "../client/db/store/sql/driver.js";
import { pgliteDriver } from "../client/db/store/sql/pglite/driver.js";
import type { ServerRow } from "./rows.js";

export const ADAPTER = "PGlite";

/** Another way to hear of changes of the view. */
export interface Observer {
  readonly name: string;
  /** Calls `listener` with each new result, but not with the first. */
  observe(listener: () => void): Promise<() => Promise<void>>;
}

export interface Engine {
  readonly driver: Driver;
  readonly observers: readonly Observer[];
  close(): Promise<void>;
}

export async function openEngine(directory = "memory://"): Promise<Engine> {
  const pg = await PGlite.create(directory, { extensions: { live } });
  return { driver: await pgliteDriver(pg), observers: observers(pg.live), close: () => pg.close() };
}

function observers({ query, incrementalQuery }: LiveNamespace): Observer[] {
  const all = "SELECT * FROM contacts";
  return [
    {
      name: "`live.query`",
      observe: async (listener) => (await query(all, [], afterTheFirst(listener))).unsubscribe,
    },
    {
      name: "`live.incrementalQuery`",
      observe: async (listener) => (await incrementalQuery(all, [], "id", afterTheFirst(listener))).unsubscribe,
    },
  ];
}

function afterTheFirst(listener: () => void): () => void {
  let isFirst = true;
  return () => {
    if (!isFirst) listener();
    isFirst = false;
  };
}

const TABLE = `CREATE TABLE bare (
  id UUID PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT,
  created_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ NOT NULL, write_id TEXT
)`;
const COLUMNS = ["id", "first_name", "last_name", "email", "created_at", "updated_at"] as const;
const TYPES = ["UUID", "TEXT", "TEXT", "TEXT", "TIMESTAMPTZ", "TIMESTAMPTZ"];

/** Reads all rows of the view as one JSON value. */
export async function readAsJson(driver: Driver): Promise<number> {
  const [row] = await driver.query(raw("SELECT json_agg(c) AS rows FROM contacts AS c"));
  return (JSON.parse(String(row?.["rows"])) as unknown[]).length;
}

/** Ways to insert many rows into a bare table. */
export const inserts = [
  plain("`COPY`", async (pg, rows) => {
    const lines = rows.map((row) => COLUMNS.map((column) => row[column]).join("\t"));
    const blob = new Blob([lines.join("\n")]);
    await pg.query(`COPY bare (${COLUMNS.join(", ")}) FROM '/dev/blob'`, [], { blob });
  }),
  plain("`unnest`", async (pg, rows) => {
    const arrays = TYPES.map((type, index) => `$${index + 1}::TEXT::${type}[]`).join(", ");
    const text = `INSERT INTO bare (${COLUMNS.join(", ")}) SELECT * FROM unnest(${arrays})`;
    const values = COLUMNS.map((column) => `{${rows.map((row) => `"${row[column]}"`).join(",")}}`);
    await pg.query(text, values);
  }),
  plain("`jsonb_to_recordset`", async (pg, rows) => {
    const columns = COLUMNS.map((column, index) => `${column} ${TYPES[index] ?? ""}`).join(", ");
    const text = `INSERT INTO bare (${COLUMNS.join(", ")}) SELECT * FROM jsonb_to_recordset($1::JSONB) AS r (${columns})`;
    await pg.query(text, [JSON.stringify(rows)]);
  }),
];

function plain(name: string, insert: (pg: PGlite, rows: readonly ServerRow[]) => Promise<void>) {
  return {
    name,
    async prepare() {
      const pg = await PGlite.create("memory://");
      await pg.exec(TABLE);
      return { run: (rows: readonly ServerRow[]) => insert(pg, rows), close: () => pg.close() };
    },
  };
}
