import { raw, sql, type Driver } from "../client/db/store/sql/driver.js";
import { nativeDriver, type NativeDatabase } from "../client/db/store/sql/sqlite/driver.js";
import { openInMemory } from "../client/db/store/sql/sqlite/wasm.js";
import type { ServerRow } from "./rows.js";

export const ADAPTER = "SQLite";

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

export async function openEngine(): Promise<Engine> {
  const driver = nativeDriver(await openInMemory());
  return { driver, observers: [queryAgain(driver)], close: () => driver.close() };
}

/** SQLite has no live queries: this is what they would do. */
function queryAgain(driver: Driver): Observer {
  return {
    name: "the query again",
    observe: async (listener) => {
      const stop = driver.onCommit(() => void driver.query(sql`SELECT * FROM contacts`).then(listener));
      return async () => stop();
    },
  };
}

const COLUMNS = ["id", "first_name", "last_name", "email", "created_at", "updated_at"] as const;

/** Reads all rows of the view as one JSON value. */
export async function readAsJson(driver: Driver): Promise<number> {
  const members = [...COLUMNS, "_has_local_changes", "_pending_write_id"].map((column) => `'${column}', ${column}`);
  const [row] = await driver.query(
    raw(`SELECT json_group_array(json_object(${members.join(", ")})) AS rows FROM contacts`),
  );
  return (JSON.parse(String(row?.["rows"])) as unknown[]).length;
}

/** Ways to insert many rows into a bare table. */
export const inserts = [
  plain("a prepared `INSERT` in a transaction", (database, rows) => {
    const insert = database.prepare(`INSERT INTO bare (${COLUMNS.join(", ")}) VALUES (?, ?, ?, ?, ?, ?)`);
    database.exec("BEGIN");
    for (const row of rows) insert.run(...COLUMNS.map((column) => row[column]));
    database.exec("COMMIT");
  }),
  plain("`json_each`", (database, rows) => {
    const members = COLUMNS.map((column) => `value ->> '${column}'`).join(", ");
    const insert = database.prepare(`INSERT INTO bare (${COLUMNS.join(", ")}) SELECT ${members} FROM json_each(?)`);
    insert.run(JSON.stringify(rows));
  }),
];

function plain(name: string, insert: (database: NativeDatabase, rows: readonly ServerRow[]) => void) {
  return {
    name,
    async prepare() {
      const database = await openInMemory();
      database.exec(`CREATE TABLE bare (
        id TEXT PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT,
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL, write_id TEXT
      ) WITHOUT ROWID`);
      return {
        run: async (rows: readonly ServerRow[]) => insert(database, rows),
        close: async () => void database.close(),
      };
    },
  };
}
