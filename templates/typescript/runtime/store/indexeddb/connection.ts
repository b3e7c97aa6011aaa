import { openDB, type IDBPDatabase } from "idb";

import { messageOf } from "../../client/json.js";
import { isCut, noteCut, renewLog } from "./renew-log.js";
import { schemaHash } from "./schema-hash.js";
import { allTables, type Mode, type Name, type Noted, type Tables, type Transaction, type Turn } from "./tables.js";

/** What a power cut may undo: nothing, or what the server has anyway. */
export type Durability = "strict" | "relaxed";

/** The work of an upgrade, in its transaction. */
export type Upgrade = (database: IDBPDatabase<Tables>, turn: Turn) => Promise<void>;

/** The database of one name, which other tabs may have open as well. */
export interface Connection {
  /** Closed and opened again where another tab upgrades it. */
  readonly database: IDBPDatabase<Tables>;
  isCurrent(): Promise<boolean>;
  /** Does work in a transaction of its own. Throws where something else was awaited in it. */
  run<T>(mode: Mode, tables: readonly Name[], durability: Durability, work: (turn: Turn) => Promise<T>): Promise<T>;
  /** Whether this tab writes. */
  isWriting(): boolean;
  /** Upgrades the database where it isn't current. `onBlocked` is called where another tab keeps it from that. */
  upgrade(work: Upgrade, onBlocked: () => void): Promise<void>;
  /**
   * Calls `listener` after each commit, of this tab or another, that may have changed what is shown, or the log; after one of
   * this tab with the keys that it has noted.
   */
  onCommit(listener: (noted?: readonly Noted[]) => void): () => void;
  /**
   * Calls `listener` where another tab has upgraded the database to another version of the application, or where the
   * browser has removed it: then with what is to be said of that.
   */
  onOutdated(listener: (removed?: string) => void): () => void;
  close(): void;
}

interface Opened {
  readonly database: IDBPDatabase<Tables>;
  /** Of the schema that it has; undefined where it has none. */
  readonly hash: string | undefined;
}

const OUTDATED = "Another tab has loaded another version of this application, and the database is as that one needs it.";

const REMOVED =
  "The browser has removed the local database while this page was open, and with it the edits that were not sent: " +
  "somebody has cleared the site's data, or the browser needed the space. Load this page again.";

const NO_ROOM =
  "The local database has no room (QuotaExceededError): the disk is full, or what the browser lets this site have of it.";

/** `channelName`: what all tabs of the database share; without it, there are no others. */
export async function connect(name: string, channelName: string | undefined): Promise<Connection> {
  const outdatedListeners = new Set<(removed?: string) => void>();
  const commitListeners = new Set<(noted?: readonly Noted[]) => void>();
  const channel = channelName === undefined ? undefined : new BroadcastChannel(channelName);
  let isClosed = false;
  let isMade = false;
  /** How many transactions of this tab write. */
  let writing = 0;
  /** What another tab makes in its place is for pages that show none of what was there. */
  let isRemoved = false;
  let opening: Promise<Opened> | undefined;
  let latest = (await opened()).database;
  channel?.addEventListener("message", () => hear());

  function hear(noted?: readonly Noted[]): void {
    for (const listener of commitListeners) listener(noted);
  }

  function tell(noted: readonly Noted[]): void {
    if (isClosed) return;
    channel?.postMessage("commit");
    hear(noted);
  }

  /** The open database. A tab that upgrades it has all others close it, and they open it again after that. */
  function opened(): Promise<Opened> {
    if (isClosed) throw new Error("The database is closed.");
    const now = opening ?? open(name, () => leave(now)).then(noted, refused);
    opening = now;
    now.catch(() => {
      if (opening === now) opening = undefined;
    });
    return now;
  }

  function noted(found: Opened): Opened {
    if (found.hash !== undefined) isMade = true;
    else if (isMade) isRemoved = true;
    return found;
  }

  function refused(error: unknown): never {
    throw isMade ? unusable("opened again", error) : error;
  }

  /** This connection has ended. Finds out whether this tab can still use the database. */
  function leave(ended: Promise<Opened>): void {
    if (opening !== ended) return;
    opening = undefined;
    if (isClosed) return;
    const look = async (): Promise<void> => {
      const [before, { database, hash }] = [await ended, await opened()];
      latest = database;
      if (before.hash !== schemaHash || hash === schemaHash) return;
      for (const listener of outdatedListeners) listener(isRemoved ? REMOVED : undefined);
    };
    // Whoever uses the database next hears of it.
    look().catch(() => {});
  }

  async function run<T>(
    mode: Mode,
    tables: readonly Name[],
    durability: Durability,
    work: (turn: Turn) => Promise<T>,
  ): Promise<T> {
    if (mode === "readonly") return execute(mode, tables, durability, work);
    writing += 1;
    try {
      return await execute(mode, tables, durability, work);
    } finally {
      writing -= 1;
    }
  }

  async function execute<T>(
    mode: Mode,
    tables: readonly Name[],
    durability: Durability,
    work: (turn: Turn) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const now = opened();
      const { database, hash } = await now;
      if (isRemoved) throw new Error(REMOVED);
      if (hash !== schemaHash) throw new Error(`${OUTDATED} Load this page again.`);
      const isUsable = mode === "readonly" || !isCut() || (await renewed(database));
      const within = tables.length === 0 ? allTables() : tables;
      const tx = isUsable ? begin(database, within, mode, durability) : undefined;
      if (tx !== undefined) return finished(tx, work, tell);
      leave(now);
    }
  }

  async function upgrade(work: Upgrade, onBlocked: () => void): Promise<void> {
    for (;;) {
      const { database, hash } = await opened();
      // Another tab may have done it meanwhile.
      if (hash === schemaHash) return;
      if (hash !== undefined && isCut() && !(await renewed(database))) continue;
      opening = undefined;
      database.close();
      if (!(await upgradeTo(name, database.version + 1, work, onBlocked))) continue;
      latest = (await opened()).database;
      // Others of this origin may have edits in the same log. Where there is no room yet, the first write does it.
      if (isCut()) await renewed(latest).catch(() => {});
      return;
    }
  }

  return {
    get database() {
      return latest;
    },
    isCurrent: async () => (await opened()).hash === schemaHash,
    run,
    isWriting: () => writing > 0,
    upgrade,
    onCommit(listener) {
      commitListeners.add(listener);
      return () => commitListeners.delete(listener);
    },
    onOutdated(listener) {
      outdatedListeners.add(listener);
      return () => outdatedListeners.delete(listener);
    },
    close() {
      isClosed = true;
      commitListeners.clear();
      outdatedListeners.clear();
      channel?.close();
      opening?.then(({ database }) => database.close()).catch(() => {});
    },
  };
}

/**
 * Opens it in the version that it has, whichever that is: versions of applications have no order. `onEnd` is called where
 * another tab upgrades it, or where the browser ends the connection by itself.
 */
async function open(name: string, onEnd: () => void): Promise<Opened> {
  if (globalThis.indexedDB === undefined) throw new Error(noStorage("there is no IndexedDB"));
  try {
    const database = await openDB<Tables>(name, undefined, {
      blocking(_current, _next, event) {
        (event.target as IDBDatabase).close();
        onEnd();
      },
      terminated() {
        noteCut();
        onEnd();
      },
    });
    const isMade = database.objectStoreNames.contains("_sync_meta");
    const hash = isMade ? await database.get("_sync_meta", "schema_hash") : undefined;
    return { database, hash: hash ?? undefined };
  } catch (error) {
    throw new Error(noStorage(messageOf(error)), { cause: error });
  }
}

function noStorage(reason: string): string {
  return (
    `The browser gives this page no local database: ${reason}. ` +
    "Private windows, blocked site data and a full disk are the usual causes: allow storage for this page, and load it again."
  );
}

/** Returns whether it has been upgraded: another tab may have been quicker. */
async function upgradeTo(name: string, version: number, work: Upgrade, onBlocked: () => void): Promise<boolean> {
  let failure: unknown;
  try {
    const database = await openDB<Tables>(name, version, {
      upgrade(database, _before, _after, tx) {
        const turn = turnOf(tx as unknown as Transaction);
        // How it ends is told by the request that has opened the database.
        tx.done.catch(() => {});
        work(database, turn).catch((error: unknown) => {
          failure = error;
          tx.abort();
        });
      },
      blocked: onBlocked,
    });
    database.close();
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "VersionError") return false;
    throw failure ?? error;
  }
}

/** Has the browser begin a new log. Gives whether the connection can still be used. */
async function renewed(database: IDBPDatabase<Tables>): Promise<boolean> {
  try {
    await renewLog(database);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "InvalidStateError") return false;
    throw name === "QuotaExceededError" ? inWords(error) : unusable("written", error);
  }
  return true;
}

/** Begins a transaction; undefined where the connection has just ended. */
function begin(
  database: IDBPDatabase<Tables>,
  tables: readonly Name[],
  mode: Mode,
  durability: Durability,
): Transaction | undefined {
  try {
    return database.transaction([...tables], mode, { durability }) as unknown as Transaction;
  } catch (error) {
    if (error instanceof DOMException && error.name === "InvalidStateError") return undefined;
    throw error;
  }
}

/** What Chromium says of a disk that is really full; large values are files there. It has closed the connection by then. */
const FULL = /FILE_ERROR_NO_SPACE|^Failed to write blobs/;

/** Says what there is no room for: browsers don't. */
function inWords(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === "QuotaExceededError") return new Error(NO_ROOM, { cause: error });
  return FULL.test(error.message) ? unusable("written", error) : error;
}

/** The words are those of a full disk: edits wait until it is usable again. */
function unusable(done: string, cause: unknown): Error {
  return new Error(`The local database can't be ${done} (${messageOf(cause)}): the disk is full, or fails.`);
}

function turnOf(tx: Transaction): Turn {
  return { tx, group: crypto.randomUUID(), hasChanged: false, noted: [] };
}

/** Does the work, and returns when it is stored; where it fails, nothing of it is. */
async function finished<T>(
  tx: Transaction,
  work: (turn: Turn) => Promise<T>,
  onChange: (noted: readonly Noted[]) => void,
): Promise<T> {
  let isCommitted = false;
  const done = tx.done.then(() => {
    isCommitted = true;
  });
  done.catch(() => {});
  const turn = turnOf(tx);
  let stored: { readonly result: T } | undefined;
  try {
    const result = await work(turn);
    if (!isCommitted) {
      tx.commit();
      await done;
      stored = { result };
    }
  } catch (error) {
    try {
      tx.abort();
    } catch {
      // It has ended by itself.
    }
    await done.catch(() => {});
    if (!isCommitted) throw inWords(tx.error ?? error);
  }
  if (stored !== undefined) {
    if (turn.hasChanged) onChange(turn.noted);
    return stored.result;
  }
  throw new Error("A transaction of the local database has ended before its work: something else was awaited in it.");
}
