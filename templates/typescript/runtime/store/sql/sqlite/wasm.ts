import init, { type Database, type PreparedStatement, type Sqlite3Static } from "@sqlite.org/sqlite-wasm";

import type { Value } from "../driver.js";
import type { NativeDatabase, NativeStatement } from "./driver.js";

/** How often, and how long apart, the files are tried: the browser needs a while to release those of a closed tab. */
const ATTEMPTS = 50;
const PAUSE_MS = 100;

/** A database in memory. */
export async function openInMemory(): Promise<NativeDatabase> {
  const sqlite = await load();
  return native(sqlite, new sqlite.oo1.DB(":memory:"));
}

/** A database in the browser's private files: in a worker, and in one at a time. */
export async function openInFiles(folder: string): Promise<NativeDatabase> {
  const sqlite = await load();
  const pool = await openPool(sqlite, folder);
  const database = new pool.OpfsSAHPoolDb("/database.sqlite3");
  database.exec("PRAGMA temp_store = MEMORY; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL");
  const { close, ...others } = native(sqlite, database);
  return {
    ...others,
    close() {
      close();
      pool.pauseVfs();
    },
  };
}

async function load(): Promise<Sqlite3Static> {
  const sqlite = await init();
  // Otherwise it prints each statement that fails, and the caller gets the error anyway.
  sqlite.config.warn = () => {};
  return sqlite;
}

async function openPool(sqlite: Sqlite3Static, folder: string): ReturnType<Sqlite3Static["installOpfsSAHPoolVfs"]> {
  const options = {
    name: "sync-patterns",
    directory: folder,
    // Without it, a failure to open deletes the files.
    preserveOnInitFailure: true,
    forceReinitIfPreviouslyFailed: true,
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sqlite.installOpfsSAHPoolVfs(options);
    } catch (error) {
      if (attempt === ATTEMPTS || !isLocked(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && error.name === "NoModificationAllowedError";
}

function native(sqlite: Sqlite3Static, database: Database): NativeDatabase {
  return {
    exec: (script) => plainly(() => database.exec(script)),
    prepare: (text) => nativeStatement(sqlite, database, plainly(() => database.prepare(text))),
    close: () => database.close(),
  };
}

function nativeStatement(
  { capi, oo1 }: Sqlite3Static,
  database: Database,
  statement: PreparedStatement,
): NativeStatement {
  /** Numbers as floating-point values: `bind` makes 64-bit integers of those without a fraction, and 2^63 wraps. */
  function bind(value: Value, place: number): void {
    if (typeof value !== "number") statement.bind(place, value);
    else oo1.DB.checkRc(database, capi.sqlite3_bind_double(statement, place, value));
  }

  function all(...parameters: readonly Value[]): unknown[] {
    const rows: unknown[] = [];
    try {
      parameters.forEach((value, index) => bind(value, index + 1));
      while (statement.step()) rows.push(statement.get({}));
    } finally {
      statement.reset(true);
    }
    return rows;
  }
  const plain = (...parameters: readonly Value[]) => plainly(() => all(...parameters));
  return { all: plain, run: plain, finalize: () => statement.finalize() };
}

/** Throws errors with SQLite's message, and the name of its code in `code`, as better-sqlite3 does. */
function plainly<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    const [, code, message] =
      /^(SQLITE_\w+): sqlite3 result code \d+: (.*)$/s.exec(String(Object(error).message)) ?? [];
    throw code === undefined ? error : Object.assign(new Error(message), { code });
  }
}
