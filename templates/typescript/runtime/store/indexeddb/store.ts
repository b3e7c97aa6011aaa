import type { IDBPDatabase } from "idb";

import { models } from "../../../schema/index.js";
import { messageOf } from "../../client/json.js";
import { loadPart } from "../../client/parts.js";
import type { ChangedRow, Commit, Store, StoreOperations } from "../store.js";
import { connect, type Connection } from "./connection.js";
import { deletedRows } from "./deleted.js";
import { logTable, noteKeys } from "./entries.js";
import { loadsFirst } from "./loads.js";
import { logOperations } from "./log.js";
import { changedKeys, meta, setMeta } from "./meta.js";
import { rowOperations, shownBy } from "./rows.js";
import { schemaHash } from "./schema-hash.js";
import { syncedOperations } from "./synced.js";
import {
  localTable,
  remove,
  SHARED,
  syncedTable,
  tablesOf,
  type Noted,
  type Run,
  type Tables,
  type Turn,
} from "./tables.js";

/** Where the database is kept. */
export interface StoreOptions {
  /** Its name among those of the page's origin. By default, the one that the config has. */
  readonly directory?: string;
  /** Other databases have one. This one is always the browser's. */
  readonly driver?: never;
}

/** A store that also gives the application its database. */
export interface IndexedDbStore extends Store {
  /** To read: what is written there without the store is neither sent nor shown. */
  readonly database: IDBPDatabase<Tables>;
}

const BLOCKED =
  "Another tab has the local database of another version of this application open, and doesn't close it: close that tab.";

/** Opens the browser's database of this name. */
export async function openIndexedDb(name: string): Promise<IndexedDbStore> {
  if (globalThis.isSecureContext === false) {
    throw new Error("The local database needs a secure context: https, or localhost.");
  }
  // Without locks there are no other tabs, as in Node.
  const shared = globalThis.navigator?.locks === undefined ? undefined : `sync-patterns:indexeddb:${name}`;
  const connection = await connect(name, shared);
  const alone: Run = (mode, tables, work) => connection.run(mode, tables, "strict", work);
  return {
    ...loadsFirst(operations(alone)),
    ...(shared !== undefined && { shared }),
    get database() {
      return connection.database;
    },
    version: schemaHash,
    isCurrent: connection.isCurrent,
    migrate: (tell) => upgrade(connection, tell),
    // With the tables of 100 models in place of one's, a write takes half as long again.
    transaction: (work, used) =>
      connection.run("readwrite", used === undefined ? [] : tablesOf(used), "strict", (turn) => work(within(turn))),
    receive: (work) => connection.run("readwrite", [], "relaxed", (turn) => work(within(turn))),
    onCommit: (listener) => connection.onCommit((noted) => listener(noted && commitOf(noted))),
    isWriting: connection.isWriting,
    onOutdated: connection.onOutdated,
    clear: (discardsUnsent) => alone("readwrite", [], (turn) => clear(turn, discardsUnsent)),
    close: async () => connection.close(),
  };
}

/** Only a new database or an older one needs the code. */
async function upgrade(connection: Connection, tell: (message: string) => void): Promise<void> {
  const { migrate } = await loadPart(() => import("./migrate.js"), "migrate").catch((error: unknown) => {
    const message = `The code that makes the local database can't be loaded: ${messageOf(error)}. Nothing was changed.`;
    throw new Error(message, { cause: error });
  });
  await connection.upgrade(migrate, () => tell(BLOCKED));
}

function operations(run: Run): StoreOperations {
  return {
    rows: rowOperations(run),
    log: logOperations(run),
    synced: syncedOperations(run),
    deleted: deletedRows(run),
    changedKeys: changedKeys(run),
    meta: meta(run),
  };
}

/** Gives the rows that a commit has changed; undefined if the numbers of its changes have a gap. */
function commitOf(noted: readonly Noted[]): Commit | undefined {
  const numbers = noted.map(({ request }) => Number(request.result));
  const [first = 0, newest = 0] = [numbers[0], numbers.at(-1)];
  if (newest - first !== noted.length - 1) return undefined;
  return { before: first - 1, newest, changes: noted.map(changedRow) };
}

function changedRow({ model: name, rowKey, image }: Noted): ChangedRow {
  const model = models.find((one) => one.name === name);
  if (model === undefined || image === undefined) return { model: name, rowKey };
  const { row, writeId } = image;
  return { model: name, rowKey, seen: row === undefined ? {} : { row: shownBy(model)({ ...row }, writeId) } };
}

function within(turn: Turn): StoreOperations {
  return operations((_mode, _tables, work) => work(turn));
}

async function clear(turn: Turn, discardsUnsent: boolean): Promise<void> {
  const status = logTable(turn).index("status");
  const [pending, rejected] = await Promise.all([status.count("pending"), status.count("rejected")]);
  const unsent = pending + rejected;
  if (unsent > 0 && !discardsUnsent) {
    throw new Error(`${String(unsent)} edits of this device are not on the server: send them, or discard them.`);
  }
  const tables = models.flatMap((model) => [syncedTable(turn, model), localTable(turn, model)]);
  const { tx } = turn;
  const shared = SHARED.filter((name) => name !== "_sync_meta").map((name) => tx.objectStore(name));
  await Promise.all([...tables, ...shared].map((table) => table.clear()));
  const facts = tx.objectStore("_sync_meta");
  for (const key of await facts.getAllKeys()) if (key.includes(":")) remove(facts, key);
  setMeta(turn, "client_id", crypto.randomUUID());
  for (const { name } of models) noteKeys(turn, name, null);
}
