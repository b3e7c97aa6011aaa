import type { Transaction } from "@tanstack/db";

import { models } from "../schema/index.js";
import { createChanges, type Changes, type ChangesOptions, type LocalChange } from "./changes.js";
import { openStore, type Database, type StoreOptions } from "./client/adapters.js";
import { database } from "./client/defaults.js";
import { CLOSING_SHOWN_MS } from "./client/timing.js";
import { openFeed, type Session } from "./collection/feed.js";
import { createWriter, type Writer } from "./collection/mutations.js";
import type { Place } from "./collection/place.js";
import { createStoreChanges, type StoreChanges } from "./collection/table.js";
import { createBase, defaultBase, type ClientBase, type RejectedChange, type SyncSettings } from "./config.js";
import { loadSync, type LoadSync } from "./load-sync.js";
import { createStatus, type Status, type SyncStatus } from "./status.js";
import type { Store } from "./store/store.js";
import { createLeadership, watchLeader, type Leadership } from "./tabs/leader.js";
import { openReports, type ModelStatus, type Reports, type SyncError } from "./tabs/reports.js";
import { readProgress } from "./transport/progress.js";
import { createPresence, createPulls, within, type Presence, type Pulls } from "./transport/schedule.js";
import { noteUser, whileSignedIn } from "./user.js";

export interface DatabaseOptions extends StoreOptions {
  /** Whether to sync; by default, it does. */
  readonly sync?: boolean;
}

export interface ClientOptions extends Partial<SyncSettings> {
  /** Name of the local database. By default, the one that the config has. */
  readonly database?: string;
}

/** What an application does with a client, besides its collections. */
export interface ClientFunctions {
  /**
   * Sets what is given and keeps the rest. What waits for new headers goes on at once, so this is also how an
   * application says that its user has logged in again.
   */
  configureSync(settings: Partial<SyncSettings>): void;
  /**
   * Opens the local database and begins to sync. May be called any number of times: there is one database. Where it
   * fails, the next call tries again.
   */
  initializeDatabase(options?: DatabaseOptions): Promise<Database>;
  getDatabase(): Database;
  /**
   * Stops syncing, and closes the database. What isn't sent stays in it. What is written after this waits for it, or for the
   * one that is being opened by then.
   */
  closeDatabase(): Promise<void>;
  /**
   * Removes what this device has of its user, as when they log out, and begins anew. It refuses while there are edits
   * that the server doesn't have, unless it is told to discard them.
   */
  clearDatabase(options?: { readonly unsent?: "refuse" | "discard" }): Promise<void>;
  /**
   * Runs `work`: whatever it writes to collections of the local database is saved together, or not at all. Await
   * `isPersisted.promise` of what it returns.
   */
  writeTogether(work: () => void): Transaction;
  /** Returns when all that was written to collections before is on the device, or was refused. */
  flushed(): Promise<void>;
  /** The same object until something changes. */
  getSyncStatus(): SyncStatus;
  /** Calls `listener` after each change of the status or of the rejected changes, until what it returns is called. */
  onSyncStatus(listener: () => void): () => void;
  /**
   * Calls `listener` with each error once, until what it returns is called: a request that fails and is tried again, or
   * a write that the API has refused. Without any listener, the console has them.
   */
  onSyncError(listener: (error: SyncError) => void): () => void;
  /**
   * Asks the server now for the rows of a model, or of all, where they are polled. Where this tab syncs for the others,
   * returns when they have been read, or can't be now.
   */
  syncNow(model?: string): Promise<void>;
  /** What the API has refused and nobody has discarded or sent again, in the order of writing. */
  getRejectedChanges(): readonly RejectedChange[];
  /** Lists what the server doesn't have yet, and what it has refused, in the order of writing. */
  listChanges(options?: ChangesOptions): Promise<readonly LocalChange[]>;
  /**
   * Calls `listener` with that list, and again after each change of it, until what it returns is called. Without any
   * listener, nobody reads the log for it.
   */
  onChanges(listener: (changes: readonly LocalChange[]) => void, options?: ChangesOptions): () => void;
  /** Sends a rejected change again, with all that were rejected with it. */
  retryChange(writeId: string): Promise<void>;
  /** Takes back a rejected change, with all that were rejected with it. */
  discardChange(writeId: string): Promise<void>;
}

/** A client: settings, a database, and what keeps it in sync. Nothing of it is shared with another client. */
export interface Client extends ClientBase {
  readonly status: Status;
  readonly writer: Writer;
  readonly storeChanges: StoreChanges;
  /** The database, as soon as somebody has opened it; after `signal` has aborted, never. */
  whenOpen(signal?: AbortSignal): Promise<Session>;
  readonly functions: ClientFunctions;
}

/** With what the application gets to see of it. */
type OpenedStore = Store & { readonly database: Database };

interface Running extends Session {
  readonly store: OpenedStore;
  readonly place: Place;
  readonly reports: Reports;
  readonly leadership: Leadership;
  readonly pulls: Pulls;
  /** Stops everything but the database, and returns when it has stopped. */
  readonly stop: () => Promise<void>;
}

/** A client of its own. */
export function newClient({ database: name = database, ...settings }: ClientOptions = {}): Client {
  return clientOf(createBase(settings), name);
}

/** The client that everybody has who makes no other. */
export const defaultClient: Client = clientOf(defaultBase, database);

export const {
  clearDatabase,
  closeDatabase,
  discardChange,
  flushed,
  getDatabase,
  getRejectedChanges,
  getSyncStatus,
  initializeDatabase,
  listChanges,
  onChanges,
  onSyncError,
  onSyncStatus,
  retryChange,
  syncNow,
  writeTogether,
} = defaultClient.functions;

function clientOf(base: ClientBase, databaseName: string): Client {
  let opening: Promise<Running> | undefined;
  /** The end of the last close: what is opened after it waits for that. */
  let closing: Promise<void> = Promise.resolve();
  let current: Running | undefined;
  /** Which database what is written now is for. */
  let place: Place = { directory: undefined };
  const waiting = new Set<(session: Session) => void>();
  const status = createStatus();
  const changes = createChanges(models);
  const presence = createPresence();

  function session(): Running {
    if (current === undefined) throw new Error("Database not initialized. Call initializeDatabase() first.");
    return current;
  }

  function whenOpen(signal?: AbortSignal): Promise<Session> {
    if (current !== undefined) return Promise.resolve(current);
    return new Promise((resolve) => {
      waiting.add(resolve);
      signal?.addEventListener("abort", () => waiting.delete(resolve));
    });
  }

  async function open(options: DatabaseOptions, opened: Place): Promise<Running> {
    const load = options.sync === false ? undefined : loadSync(models);
    const store = await openStore(options, databaseName, (message) => status.silent("database", message));
    try {
      current = await start(store, opened, base, status, changes, presence, writer.settled, load);
    } catch (error) {
      if (options.driver === undefined) await store.close();
      throw error;
    }
    for (const resolve of waiting) resolve(current);
    waiting.clear();
    writer.resume();
    return current;
  }

  async function close(opened: Promise<Running>): Promise<void> {
    const running = await opened.catch(() => undefined);
    // Where it has failed to open, there is nothing to close.
    if (running === undefined) return;
    // What is written from now on waits for the next one.
    do await writer.finish();
    while (writer.isSaving());
    current = undefined;
    writer.resume();
    await shown(running);
    await running.stop();
    await running.store.close();
  }

  const writer = createWriter(models, base, { present: () => place, open: () => current }, status);

  return {
    ...base,
    status,
    writer,
    storeChanges: createStoreChanges(),
    whenOpen,
    functions: {
      configureSync: base.settings.configure,

      async initializeDatabase(options = {}) {
        if (opening === undefined) {
          const { driver, directory = databaseName } = options;
          const asked: Place = { directory: driver === undefined ? directory : undefined };
          place = asked;
          const opened = closing.then(() => open(options, asked));
          opening = opened;
          opened.catch(() => {
            if (opening === opened) opening = undefined;
          });
        }
        return (await opening).store.database;
      },

      getDatabase: () => session().store.database,

      async closeDatabase() {
        if (opening === undefined) return closing;
        const closed = close(opening);
        opening = undefined;
        closing = closed.catch(() => {});
        return closed;
      },

      async clearDatabase(options = {}) {
        const { store, leadership, reports, place: cleared } = (await opening) ?? session();
        // What was written before this goes with the rest, or counts as unsent.
        await (options.unsent === "discard" ? writer.finish() : writer.settled());
        // Nothing that a stream still has in hand may arrive after this.
        await leadership.alone(async () => {
          await store.clear(options.unsent === "discard");
          cleared.id = await store.meta.clientId();
          reports.cleared();
        });
      },

      writeTogether: writer.writeTogether,
      flushed: writer.flushed,
      getSyncStatus: status.current,
      onSyncStatus: status.onChange,
      onSyncError: status.onError,

      async syncNow(model) {
        const { reports, pulls } = (await opening) ?? session();
        reports.askForPull(model);
        await pulls.ask(model);
      },

      getRejectedChanges: status.rejected,
      listChanges: async (options) => changes.list(session().store, options),
      onChanges: changes.onChange,
      retryChange: async (writeId) => session().store.log.retry(writeId),
      discardChange: async (writeId) => session().store.log.discard(writeId),
    },
  };
}

async function start(
  store: OpenedStore,
  place: Place,
  { settings }: ClientBase,
  status: Status,
  changes: Changes,
  presence: Presence,
  settled: () => Promise<void>,
  /** Gives the code that syncs; undefined where it isn't to sync. */
  load: LoadSync | undefined,
): Promise<Running> {
  const channel = (name: string) => (store.shared === undefined ? undefined : `${store.shared}:${name}`);
  // Whoever syncs holds this lock.
  const leadership = createLeadership(channel("sync"));
  // A tab with older code would send what newer code has written, without what it doesn't know.
  if (!(await store.isCurrent())) await leadership.alone(() => store.migrate(status.blocked));
  place.id = await store.meta.clientId();
  const [feed, stored] = await Promise.all([openFeed(store), progress(store)]);
  const reports = openReports(stored, store.version, channel("status"), presence);
  const tellError = (message: string) => status.tellError({ model: null, url: null, message });
  const stopUser = await noteUser(store, settings, settled, tellError);
  const stopStatus = await status.watch(store, settings, reports, feed.onLog, load !== undefined);
  const stopChanges = changes.watch(store, feed.onLog);
  const pulls = createPulls();
  reports.onPullAsked((model) => void pulls.ask(model));

  /** Returns early where the database has become that of another version of the application: this one is over. */
  async function sync(loadCode: LoadSync, signal: AbortSignal): Promise<"over" | void> {
    if (!(await store.isCurrent())) {
      reports.outdated();
      return "over";
    }
    const context = { store, models, settings, presence, reports, onLog: feed.onLog, pulls };
    reports.leads(true);
    try {
      await whileSignedIn(settings, reports, signal, async (turn) => {
        const code = await loadCode(reports, presence, turn);
        await code?.syncModels({ ...context, signal: turn });
      });
    } finally {
      reports.leads(false);
    }
  }

  const stopSync = load && leadership.lead((signal) => sync(load, signal));
  store.onOutdated?.((removed) => {
    reports.outdated(removed);
    void stopSync?.();
  });
  if (store.shared !== undefined) void askToPersist(status);
  const isWaiting = () => {
    const { pending, outdated, signedOut } = status.current();
    return load !== undefined && pending > 0 && !outdated && !signedOut;
  };
  const tellSilence = (message: string | null) => status.silent("sync", message);
  // Without other tabs there is nobody to wait for.
  const stopWatching = store.shared === undefined ? () => {} : watchLeader(isWaiting, reports.leader, tellSilence);
  const stop = async () => {
    stopWatching();
    await stopUser();
    await stopSync?.();
    await feed.caughtUp();
    stopStatus();
    stopChanges();
    reports.close();
    feed.close();
  };
  return { store, place, feed, reports, leadership, pulls, stop };
}

/** Returns when collections show what is saved, or can't in time: after the close, nobody reads it for them. */
async function shown({ store, feed }: Session): Promise<void> {
  const { signal } = new AbortController();
  await within(CLOSING_SHOWN_MS, signal, async () => feed.reached(await feed.position(store))).catch(() => {});
}

async function progress(store: Store): Promise<Record<string, ModelStatus>> {
  const all = models.map(async (model) => [model.name, await readProgress(store, model)] as const);
  return Object.fromEntries(await Promise.all(all));
}

/** Otherwise the browser may delete everything, unsent edits too, when the disk is full. */
async function askToPersist(status: Status): Promise<void> {
  try {
    status.persisted((await navigator.storage.persisted()) || (await navigator.storage.persist()));
  } catch {
    status.persisted(false);
  }
}
