import { messageOf } from "../../../client/json.js";
import {
  isRead,
  serialQueue,
  sql,
  type Connection,
  type Driver,
  type Row,
  type Statement,
  type Value,
} from "../driver.js";

/** A synchronous database: of better-sqlite3 or `node:sqlite`. */
export interface NativeDatabase {
  exec(script: string): unknown;
  prepare(text: string): NativeStatement;
  close(): unknown;
}

export interface NativeStatement {
  all(...parameters: Value[]): unknown[];
  run(...parameters: Value[]): unknown;
  /** better-sqlite3: whether it gives rows. */
  readonly reader?: boolean;
  /** better-sqlite3, and `node:sqlite`: integers of 64 bits. */
  safeIntegers?(isSafe: boolean): unknown;
  setReadBigInts?(isSafe: boolean): unknown;
  finalize?(): unknown;
}

/** How many statements stay prepared: preparing takes longer than running, and longer with each model. */
const PREPARED = 200;

/**
 * Makes a driver of a database, and keeps its file for this client: a second one wouldn't notice the changes of the
 * first, and would send its edits again. Throws where the file is open elsewhere, in this process or another. The system
 * frees it when the process ends, however it ends.
 */
export function nativeDriver(database: NativeDatabase): Driver {
  try {
    // In this mode SQLite keeps the locks that it has. With a write-ahead log, the next write takes that of the file.
    database.exec("BEGIN EXCLUSIVE; PRAGMA locking_mode = EXCLUSIVE; COMMIT; BEGIN EXCLUSIVE; COMMIT");
  } catch (error) {
    database.exec("PRAGMA locking_mode = NORMAL");
    if (!/\blocked\b/.test(messageOf(error))) throw error;
    const [main] = database.prepare("PRAGMA database_list").all();
    throw new Error(
      `The database in ${String(Object(main).file)} is open already, in another process or by another connection of ` +
        "this one. Only one can have it open: close the other, use its client, or give this one a file of its own.",
      { cause: error },
    );
  }
  return ownSqlite(database);
}

/** Makes a driver of a database that nobody else can open. */
export function ownSqlite(database: NativeDatabase): Driver {
  const run = runner(database);
  const inTurn = serialQueue();
  const listeners = new Set<() => void>();

  const driver: Driver = {
    async query(statement) {
      if (isRead(statement)) return inTurn(async () => run(statement));
      return driver.transaction((connection) => connection.query(statement));
    },
    exec: (script) => driver.transaction((connection) => connection.exec(script)),
    transaction: (work) =>
      inTurn(async () => {
        const { result, hasChanged } = await transaction(database, run, work);
        if (hasChanged) for (const listener of listeners) listener();
        return result;
      }),
    onCommit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () =>
      inTurn(async () => {
        listeners.clear();
        database.close();
      }),
  };
  return driver;
}

type Run = (statement: Statement) => Row[];

/** Makes a function that runs statements, and keeps the last used ones prepared. */
function runner(database: NativeDatabase): Run {
  const prepared = new Map<string, NativeStatement>();

  function prepare(text: string): NativeStatement {
    const known = prepared.get(text);
    const statement = known ?? database.prepare(text);
    if (known === undefined) {
      if (statement.reader !== false) statement.safeIntegers?.(true);
      statement.setReadBigInts?.(true);
    }
    // Moves it to the end: the first in the map is the least recently used.
    prepared.delete(text);
    prepared.set(text, statement);
    for (const [oldest, unused] of prepared) {
      if (prepared.size <= PREPARED) break;
      prepared.delete(oldest);
      unused.finalize?.();
    }
    return statement;
  }

  return ({ parts, parameters }) => {
    const statement = prepare(parts.join("?"));
    const values = parameters.map(bound);
    if (statement.reader !== false) return statement.all(...values).map(rowOf);
    statement.run(...values);
    return [];
  };
}

async function transaction<T>(
  database: NativeDatabase,
  run: Run,
  work: (connection: Connection) => Promise<T>,
): Promise<{ readonly result: T; readonly hasChanged: boolean }> {
  let isOver = false;
  const during = <R>(action: () => R): R => {
    if (isOver) throw new Error("This transaction is over.");
    return action();
  };
  run(sql`BEGIN IMMEDIATE`);
  try {
    if (hasNames(run)) run(sql`INSERT INTO _transaction (id) VALUES (${crypto.randomUUID()})`);
    const before = changes(run);
    const result = await work({
      query: async (statement) => during(() => run(statement)),
      exec: async (script) => during(() => void database.exec(script)),
    });
    const hasChanged = changes(run) !== before;
    if (hasNames(run)) run(sql`DELETE FROM _transaction`);
    run(sql`COMMIT`);
    return { result, hasChanged };
  } catch (error) {
    try {
      run(sql`ROLLBACK`);
    } catch {
      // SQLite has rolled back already.
    }
    throw error;
  } finally {
    isOver = true;
  }
}

/** Whether the schema has the table with the id of the running transaction, which its entries get in the log. */
function hasNames(run: Run): boolean {
  return run(sql`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_transaction'`).length > 0;
}

/** How many rows this connection has changed so far. */
function changes(run: Run): unknown {
  return run(sql`SELECT total_changes() AS changes`)[0]?.["changes"];
}

/** Integers as bigint: drivers bind numbers as floating-point values. */
function bound(value: Value): Value {
  return typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
}

function rowOf(row: unknown): Row {
  const members = Object.entries(row as Readonly<Record<string, Value>>);
  return Object.fromEntries(members.map(([column, value]) => [column, exact(value)]));
}

/** Integers as numbers, where a number holds all digits. */
function exact(value: Value): Value {
  return typeof value === "bigint" && BigInt.asIntN(54, value) === value ? Number(value) : value;
}
