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
import { joinTabs } from "../tabs/driver.js";

/** A database that answers at once: one of better-sqlite3, or of `node:sqlite`. */
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

/**
 * Opens a directory: `opfs://…`, the browser's private files, where all tabs share it; or `memory://`. Any other
 * database is the application's: `initializeDatabase({ driver: nativeDriver(new DatabaseSync("…")) })`.
 */
export async function openSqlite(directory: string): Promise<Driver> {
  if (directory === "memory://") {
    const { openInMemory } = await import("./wasm.js");
    return nativeDriver(await openInMemory());
  }
  if (!directory.startsWith("opfs://")) {
    throw new Error(
      `${directory} is neither opfs://… nor memory://. For a file, give a driver: nativeDriver(database).`,
    );
  }
  if (globalThis.navigator?.locks === undefined) {
    throw new Error("The local database needs a browser and a secure context: https, or localhost.");
  }
  const worker = new Worker(new URL("./sqlite-worker.js", import.meta.url), { type: "module" });
  return joinTabs(worker, `sync-patterns:${directory}`, directory);
}

/** Statements that stay prepared: preparing takes longer than running, and longer with each model. */
const PREPARED = 200;

/** A driver of a database that this thread has for itself: of what others change it hears nothing. */
export function nativeDriver(database: NativeDatabase): Driver {
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

/** Keeps the statements that were used last. */
function runner(database: NativeDatabase): Run {
  const prepared = new Map<string, NativeStatement>();

  function prepare(text: string): NativeStatement {
    const known = prepared.get(text);
    const statement = known ?? database.prepare(text);
    if (known === undefined) {
      if (statement.reader !== false) statement.safeIntegers?.(true);
      statement.setReadBigInts?.(true);
    }
    // To the end of the line.
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
      // SQLite has done so already.
    }
    throw error;
  } finally {
    isOver = true;
  }
}

/** Whether the schema is there, which names transactions: entries of one have the same name in the log. */
function hasNames(run: Run): boolean {
  return run(sql`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_transaction'`).length > 0;
}

/** How many rows this connection has ever changed. */
function changes(run: Run): unknown {
  return run(sql`SELECT total_changes() AS changes`)[0]?.["changes"];
}

/** Drivers bind numbers as floating-point ones. */
function bound(value: Value): Value {
  return typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
}

function rowOf(row: unknown): Row {
  const members = Object.entries(row as Readonly<Record<string, Value>>);
  return Object.fromEntries(members.map(([column, value]) => [column, exact(value)]));
}

/** A number where it holds all digits. */
function exact(value: Value): Value {
  return typeof value === "bigint" && BigInt.asIntN(54, value) === value ? Number(value) : value;
}
