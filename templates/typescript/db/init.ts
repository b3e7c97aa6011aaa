import { models } from "../schema/index.js";
import { emptySynced, openDriver } from "./dialect.js";
import { name, sql, type Connection, type Driver } from "./driver.js";
import { startStreams } from "./electric.js";
import { openFeed } from "./feed.js";
import { alone, lead } from "./leader.js";
import { isCurrent, migrate } from "./migrate.js";
import { reportModel, reportOutdated } from "./reports.js";
import { reportPersisted, watchStatus } from "./status.js";
import { startSyncWorker } from "./sync-worker.js";

export interface DatabaseOptions {
  /** Where it is kept. By default, the browser's storage under the name that the config has. */
  readonly directory?: string;
  /** A database that is open already. */
  readonly driver?: Driver;
  /** Whether to sync; by default, it does. */
  readonly sync?: boolean;
}

interface Session {
  readonly driver: Driver;
  /** Whoever syncs holds this lock. */
  readonly lockName: string | undefined;
  /** Stops everything but the database, and returns when it has stopped. */
  readonly stop: () => Promise<void>;
}

const NOT_OPEN = "Database not initialized. Call initializeDatabase() first.";

let opening: Promise<Session> | undefined;
let current: Session | undefined;
const waiting = new Set<(driver: Driver) => void>();

/**
 * Opens the local database and begins to sync. May be called any number of times: there is one database. Where it
 * fails, the next call tries again.
 */
export async function initializeDatabase(options: DatabaseOptions = {}): Promise<Driver> {
  opening ??= open(options).catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return (await opening).driver;
}

export function getDatabase(): Driver {
  if (current === undefined) throw new Error(NOT_OPEN);
  return current.driver;
}

/** The database, as soon as somebody has opened it. */
export function whenDatabaseIsOpen(): Promise<Driver> {
  if (current !== undefined) return Promise.resolve(current.driver);
  return new Promise((resolve) => waiting.add(resolve));
}

/** Stops syncing, and closes the database. What isn't sent stays in it. */
export async function closeDatabase(): Promise<void> {
  const session = await opening?.catch(() => undefined);
  if (session === undefined || session !== current) return;
  opening = undefined;
  current = undefined;
  await session.stop();
  await session.driver.close();
}

/**
 * Removes what this device has of its user, as when they log out, and begins anew. It refuses while there are edits
 * that the server doesn't have, unless it is told to discard them.
 */
export async function clearDatabase(options: { readonly unsent?: "refuse" | "discard" } = {}): Promise<void> {
  if (current === undefined) throw new Error(NOT_OPEN);
  const { driver, lockName } = current;
  // Nothing that a stream still has in hand may arrive after this.
  await alone(lockName, async () => {
    await driver.transaction((connection) => empty(connection, options.unsent === "discard"));
    for (const model of models) reportModel(model.name, { rows: 0, ready: false, lastSync: null });
  });
}

async function open(options: DatabaseOptions): Promise<Session> {
  const driver = options.driver ?? (await openDriver(options.directory));
  try {
    const lockName = driver.shared === undefined ? undefined : `${driver.shared}:sync`;
    // A tab with older code would send what newer code has written, without what it doesn't know.
    if (!(await isCurrent(driver))) await alone(lockName, () => migrate(driver));
    const feed = await openFeed(driver);
    const channel = driver.shared === undefined ? {} : { channel: `${driver.shared}:status` };
    const stopStatus = await watchStatus(driver, models, { sync: options.sync !== false, ...channel });
    const stopSync = options.sync === false ? undefined : lead(lockName, (signal) => sync(driver, signal));
    if (driver.shared !== undefined) void askToPersist();
    const stop = async () => {
      await stopSync?.();
      stopStatus();
      feed.close();
    };
    current = { driver, lockName, stop };
  } catch (error) {
    if (options.driver === undefined) await driver.close();
    throw error;
  }
  for (const resolve of waiting) resolve(driver);
  waiting.clear();
  return current;
}

/** Returns early where the database has become that of another version of the application: this one is over. */
async function sync(driver: Driver, signal: AbortSignal): Promise<"over" | void> {
  if (!(await isCurrent(driver))) {
    reportOutdated();
    return "over";
  }
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
  await Promise.all([startStreams(driver, models, signal), startSyncWorker(driver, models, signal), aborted]);
}

/** Otherwise the browser may delete everything, unsent edits too, when the disk is full. */
async function askToPersist(): Promise<void> {
  try {
    reportPersisted((await navigator.storage.persisted()) || (await navigator.storage.persist()));
  } catch {
    reportPersisted(false);
  }
}

async function empty(connection: Connection, discard: boolean): Promise<void> {
  const [row] = await connection.query(sql`
    SELECT count(*) AS unsent FROM _changes WHERE status IN ('pending', 'rejected')
  `);
  const unsent = Number(row?.["unsent"] ?? 0);
  if (unsent > 0 && !discard) {
    throw new Error(`${unsent} edits of this device are not on the server: send them, or discard them.`);
  }
  await connection.query(sql`DELETE FROM _changes`);
  for (const model of models) {
    for (const statement of emptySynced(model)) await connection.query(statement);
    await connection.query(sql`DELETE FROM ${name(`${model.name}_local`)}`);
  }
  await connection.query(sql`DELETE FROM _made_keys`);
  await connection.query(sql`DELETE FROM _changed_keys`);
  await connection.query(sql`DELETE FROM _sync_meta WHERE key LIKE 'shape:%' OR key LIKE 'seen:%'`);
  await connection.query(sql`UPDATE _sync_meta SET value = ${crypto.randomUUID()} WHERE key = 'client_id'`);
  for (const model of models) {
    await connection.query(sql`INSERT INTO _changed_keys (table_name, row_key) VALUES (${model.name}, ${null})`);
  }
}
