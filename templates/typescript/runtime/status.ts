import { messageOf } from "./client/json.js";
import type { Model } from "./client/model.js";
import { isoTimestamp } from "./client/values.js";
import type { RejectedChange, Settings } from "./config.js";
import { rejectedChange, type Store, type Tally } from "./store/store.js";
import type { ModelStatus, Reports, SyncError } from "./tabs/reports.js";
import { refresh, type Source } from "./transport/schedule.js";

/** For the page that shows "3 changes not saved yet". */
export interface SyncStatus {
  /** Until the database is open, and the rows of each model have been asked for: they have come, or can't come now. */
  readonly opening: boolean;
  readonly online: boolean;
  /** Whether the browser has promised to keep the data; null where nobody has asked it. */
  readonly persisted: boolean | null;
  /** The server wants other headers than the application gives: `configureSync` goes on with new ones. */
  readonly waitingForAuth: boolean;
  /** Nobody is signed in, as `configureSync({ user: null })` has said: nothing is sent or read. */
  readonly signedOut: boolean;
  /**
   * Another tab has loaded another version of the application, and the database is as that one needs it: this tab no
   * longer syncs, and its page has to be loaded again. So it is where the browser has removed the database, which
   * `lastError` says.
   */
  readonly outdated: boolean;
  /** Changes that the server has not answered yet. */
  readonly pending: number;
  /** Those of them that another user has made: they are sent when that one is signed in again. */
  readonly held: number;
  /** When the oldest of them was made. */
  readonly oldestPending: string | null;
  readonly rejected: number;
  /**
   * Writes that are in this page only: because the disk is full, and then they are tried again, or because the database
   * isn't open that they were made to. Where another one is, `lastError` says which they wait for.
   */
  readonly unsaved: number;
  /** The newest of the errors, as one line. */
  readonly lastError: string | null;
  /** What fails now, and is tried again. The newest comes last. */
  readonly errors: readonly SyncError[];
  readonly models: Readonly<Record<string, ModelStatus>>;
}

/** The status of one client. */
export interface Status {
  /** The same object until something changes. */
  current(): SyncStatus;
  rejected(): readonly RejectedChange[];
  /** Calls `listener` after each change of either, until what it returns is called. */
  onChange(listener: () => void): () => void;
  /** Calls `listener` with each error once, until what it returns is called. */
  onError(listener: (error: SyncError) => void): () => void;
  /** Tells an error to those who listen; where nobody does, to the console. */
  tellError(error: SyncError): void;
  /** Returns when the model's first sync is complete, and also when it can't go on now. */
  whenLoaded(model: Model, signal: AbortSignal): Promise<void>;
  persisted(isPersisted: boolean): void;
  /** Says what keeps the database from being opened. */
  blocked(message: string): void;
  /** Says that another tab doesn't answer that is needed; null: it does again. `about`: tells what it is needed for. */
  silent(about: string, message: string | null): void;
  /** Says how many writes wait for room on the disk, and tells the error when they begin to. */
  unsaved(count: number, error: unknown): void;
  /** Says how many writes wait for a database, and why; null where that goes without saying, as none is open. */
  elsewhere(count: number, message: string | null): void;
  /** Keeps the status of an open database, until what it returns is called. `isSyncing`: whether any tab syncs. */
  watch(store: Store, settings: Settings, reports: Reports, onLog: Source, isSyncing: boolean): Promise<() => void>;
}

/** So many entries are counted as soon as they change. */
const FEW = 100;

const closed: SyncStatus = {
  opening: true,
  online: true,
  persisted: null,
  waitingForAuth: false,
  signedOut: false,
  outdated: false,
  pending: 0,
  held: 0,
  oldestPending: null,
  rejected: 0,
  unsaved: 0,
  lastError: null,
  errors: [],
  models: {},
};

export function createStatus(): Status {
  let status = closed;
  let rejected: readonly RejectedChange[] = [];
  let counts: Tally = closed;
  let persisted: boolean | null = null;
  let unsaved = 0;
  let elsewhere = 0;
  /** What keeps the database from being opened. */
  let blocked: string | null = null;
  /** What lasts until something else is done, by what it is about. */
  const lasting = new Map<string, SyncError>();
  let isSyncing = false;
  /** Those of the open database. */
  let reports: Reports | undefined;
  const listeners = new Set<() => void>();
  const errorListeners = new Set<(error: SyncError) => void>();

  function tell(): void {
    callAll(listeners, undefined);
  }

  function withLasting({ lastError, errors }: Pick<SyncStatus, "lastError" | "errors">) {
    const last = [...lasting.values()];
    return { lastError: last.at(-1)?.message ?? lastError, errors: [...errors, ...last] };
  }

  /** Shows an error until `message` is null. */
  function showLasting(about: string, message: string | null): void {
    if (lasting.get(about)?.message === (message ?? undefined)) return show();
    lasting.delete(about);
    if (message !== null) {
      const error = { model: null, url: null, message };
      lasting.set(about, error);
      tellError(error);
    }
    show();
  }

  function show(): void {
    const next = reports === undefined ? whileClosed() : whileOpen(reports);
    if (JSON.stringify(next) === JSON.stringify(status)) return;
    status = next;
    tell();
  }

  function whileClosed(): SyncStatus {
    return { ...closed, ...withLasting({ lastError: blocked, errors: [] }), unsaved: unsaved + elsewhere };
  }

  function whileOpen(opened: Reports): SyncStatus {
    const { pending, held, oldestPending } = counts;
    const reported = opened.current();
    return {
      ...reported,
      ...withLasting(reported),
      opening: isSyncing && reported.opening,
      persisted,
      pending,
      held,
      oldestPending: oldestPending === null ? null : isoTimestamp(oldestPending),
      rejected: counts.rejected,
      unsaved: unsaved + elsewhere,
    };
  }

  /** An error that nobody listens to is told where a developer looks. */
  function tellError(error: SyncError): void {
    if (errorListeners.size === 0) console.warn([error.model, error.url, error.message].filter(Boolean).join(": "));
    callAll(errorListeners, error);
  }

  /** Counts the log's entries. Returns whether they are many. */
  async function count({ log }: Store, settings: Settings): Promise<boolean> {
    counts = await log.tally(settings.current().user ?? null);
    if (counts.rejected > 0 || rejected.length > 0) {
      const changes = (await log.rejected()).map(rejectedChange);
      if (JSON.stringify(changes) !== JSON.stringify(rejected)) {
        rejected = changes;
        tell();
      }
    }
    show();
    return counts.pending + counts.rejected > FEW;
  }

  function onChange(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  return {
    current: () => status,
    rejected: () => rejected,
    onChange,
    onError(listener) {
      errorListeners.add(listener);
      return () => errorListeners.delete(listener);
    },

    tellError,

    async whenLoaded(model, signal) {
      const isOver = () => {
        const { online, waitingForAuth, signedOut, outdated, models } = status;
        const { ready, error } = models[model.name] ?? { ready: false, error: null };
        const isStopped = waitingForAuth || signedOut || outdated || !isSyncing;
        return ready || error !== null || !online || isStopped || signal.aborted;
      };
      if (isOver()) return;
      await new Promise<void>((resolve) => {
        const look = () => {
          if (!isOver()) return;
          stop();
          signal.removeEventListener("abort", look);
          resolve();
        };
        const stop = onChange(look);
        signal.addEventListener("abort", look);
      });
    },

    persisted(isPersisted) {
      persisted = isPersisted;
      show();
    },

    blocked(message) {
      blocked = message;
      show();
      tellError({ model: null, url: null, message });
    },

    silent: showLasting,

    unsaved(count, error) {
      if (unsaved === 0 && count > 0) tellError({ model: null, url: null, message: messageOf(error) });
      unsaved = count;
      show();
    },

    elsewhere(count, message) {
      elsewhere = count;
      showLasting("writes", message);
    },

    async watch(store, settings, opened, onLog, isToSync) {
      isSyncing = isToSync;
      reports = opened;
      blocked = null;
      const { now, stop } = refresh(() => count(store, settings));
      const stopReports = opened.onChange(show);
      const stopErrors = opened.onError(tellError);
      const stopLog = onLog(() => void now());
      const stopSettings = settings.onChange(() => void now());
      await now();
      return () => {
        stopLog();
        stopSettings();
        stop();
        stopReports();
        stopErrors();
        [rejected, counts, persisted, isSyncing, reports] = [[], closed, null, false, undefined];
        status = whileClosed();
        tell();
      };
    },
  };
}

/** Calls all listeners, also after one of them has thrown: they are the application's. */
function callAll<Told>(listeners: Iterable<(told: Told) => void>, told: Told): void {
  for (const listener of listeners) {
    try {
      listener(told);
    } catch (error) {
      console.error(error);
    }
  }
}
