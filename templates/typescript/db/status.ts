import type { RejectedChange } from "./config.js";
import type { Driver } from "./driver.js";
import { feed } from "./feed.js";
import { getDatabase } from "./init.js";
import { discard, rejectedChanges, retry, tally, type Tally } from "./log.js";
import { schemaHash } from "./migrate.js";
import type { Model } from "./model.js";
import { closeReports, onReport, openReports, reported, type ModelStatus } from "./reports.js";
import { readPosition } from "./shape-position.js";
import { isoTimestamp } from "./timestamps.js";

/** For the page that shows "3 changes not saved yet". */
export interface SyncStatus {
  readonly online: boolean;
  /** Whether the browser has promised to keep the data; null where nobody has asked it. */
  readonly persisted: boolean | null;
  /** The server wants other headers than the application gives: `configureSync` goes on with new ones. */
  readonly waitingForAuth: boolean;
  /**
   * Another tab has loaded another version of the application, and the database is as that one needs it: this tab no
   * longer syncs, and its page has to be loaded again.
   */
  readonly outdated: boolean;
  /** Changes that the server has not answered yet. */
  readonly pending: number;
  /** When the oldest of them was made. */
  readonly oldestPending: string | null;
  readonly rejected: number;
  readonly lastError: string | null;
  readonly models: Readonly<Record<string, ModelStatus>>;
}

export interface StatusOptions {
  /** Whether any tab syncs. */
  readonly sync: boolean;
  /** A name that the tabs of one database share; without it, this tab is alone. */
  readonly channel?: string;
}

const closed: SyncStatus = {
  online: true,
  persisted: null,
  waitingForAuth: false,
  outdated: false,
  pending: 0,
  oldestPending: null,
  rejected: 0,
  lastError: null,
  models: {},
};

let status = closed;
let rejected: readonly RejectedChange[] = [];
let counts: Tally = { pending: 0, rejected: 0, oldestPending: null };
let persisted: boolean | null = null;
let isSyncing = false;

const listeners = new Set<() => void>();

/** The same object until something changes. */
export function getSyncStatus(): SyncStatus {
  return status;
}

/** Calls `listener` after each change of the status or of the rejected changes, until what it returns is called. */
export function onSyncStatus(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What the API has refused and nobody has discarded or sent again, in the order of writing. */
export function getRejectedChanges(): readonly RejectedChange[] {
  return rejected;
}

/** Sends a rejected change again, with all that were rejected with it. */
export async function retryChange(writeId: string): Promise<void> {
  await retry(getDatabase(), writeId);
}

/** Takes back a rejected change, with all that were rejected with it. */
export async function discardChange(writeId: string): Promise<void> {
  await discard(getDatabase(), writeId);
}

export function reportPersisted(isPersisted: boolean | null): void {
  persisted = isPersisted;
  show();
}

/** Returns when the model's first sync is complete, and also when it can't go on now. */
export async function whenLoaded(model: string, signal: AbortSignal): Promise<void> {
  const isOver = () => {
    const { online, waitingForAuth, outdated, models } = status;
    const { ready, error } = models[model] ?? { ready: false, error: null };
    const isStopped = waitingForAuth || outdated || !isSyncing;
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
    const stop = onSyncStatus(look);
    signal.addEventListener("abort", look);
  });
}

/** Keeps the status of an open database, until what it returns is called. */
export async function watchStatus(
  driver: Driver,
  models: readonly Model[],
  options: StatusOptions,
): Promise<() => void> {
  isSyncing = options.sync;
  openReports(await storedStatus(driver, models), schemaHash(), options.channel);
  const stopReports = onReport(show);
  const stopLog = feed().onLog(() => void count(driver));
  await count(driver);
  return () => {
    stopLog();
    stopReports();
    closeReports();
    [status, rejected, counts, persisted, isSyncing] = [closed, [], closed, null, false];
    for (const listener of listeners) listener();
  };
}

async function storedStatus(driver: Driver, models: readonly Model[]): Promise<Record<string, ModelStatus>> {
  const stored: Record<string, ModelStatus> = {};
  for (const { name } of models) {
    const position = await readPosition(driver, name);
    const { rows = 0, isComplete = false, at = null } = position ?? {};
    stored[name] = { rows, ready: isComplete, lastSync: at, error: null };
  }
  return stored;
}

let counting: Promise<void> | undefined;
let isOutdated = false;

/** Counts once more where the log changes meanwhile. */
function count(driver: Driver): Promise<void> {
  isOutdated = true;
  counting ??= (async () => {
    while (isOutdated) {
      isOutdated = false;
      counts = await tally(driver);
      if (counts.rejected > 0 || rejected.length > 0) showRejected(await rejectedChanges(driver));
      show();
    }
  })()
    // The database was closed; if not, the next change of the log tries again.
    .catch(() => {})
    .finally(() => {
      counting = undefined;
    });
  return counting;
}

function showRejected(changes: readonly RejectedChange[]): void {
  if (JSON.stringify(changes) === JSON.stringify(rejected)) return;
  rejected = changes;
  for (const listener of listeners) listener();
}

function show(): void {
  const { pending, oldestPending } = counts;
  const next: SyncStatus = {
    ...reported(),
    persisted,
    pending,
    oldestPending: oldestPending === null ? null : isoTimestamp(String(oldestPending)),
    rejected: counts.rejected,
  };
  if (JSON.stringify(next) === JSON.stringify(status)) return;
  status = next;
  for (const listener of listeners) listener();
}
