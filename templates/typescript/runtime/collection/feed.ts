import { COUNTED_MS, FIRST_READ_RETRY_MS, LONGEST_READ_RETRY_MS } from "../client/timing.js";
import type { Commit, Known, Store, StoreOperations } from "../store/store.js";

/** Tells collections which rows have changed. */
export interface Feed {
  /**
   * Calls `listener` with the keys of a model's changed rows, each key once, and with the rows that are known already;
   * null means all rows. The first call has null. The next call waits until `listener` has returned; if it throws,
   * it gets the same keys again later.
   */
  subscribe(model: string, listener: Listener): () => void;
  /** The number of the newest changed key. */
  position(within: StoreOperations): Promise<number>;
  /** The same within a transaction, told once that is committed. */
  mark(within: StoreOperations): Promise<() => number>;
  /** Returns when the listeners have been called with all keys up to that number. */
  reached(position: number): Promise<void>;
  /**
   * Calls `listener` after each commit that may have changed the log, when collections have read the changed rows; once for
   * several commits that quickly follow each other.
   */
  onLog(listener: () => void): () => void;
  /** Tells the listeners of the log what they don't know yet, and returns when they have begun to read it. */
  caughtUp(): Promise<void>;
  /** Calls `listener` when the database is being closed, until what it returns is called. */
  onClose(listener: () => void): () => void;
  close(): void;
}

/** An open database, as collections see it. */
export interface Session {
  readonly store: Store;
  readonly feed: Feed;
}

type Listener = (rowKeys: readonly string[] | null, known: KnownRows) => Promise<void>;

/** Rows by their keys. */
type KnownRows = ReadonlyMap<string, Known>;

interface Subscriber {
  readonly model: string;
  readonly listener: Listener;
  /** The keys to call it with; null: all. */
  pending: Set<string> | null;
  /** The listener has been called with all keys up to this number. */
  taken: number;
  isBusy: boolean;
}

/** How many changed keys are kept, for tabs that read seldom. */
const KEPT = 10_000;
/** Old keys are deleted in batches of so many, so that not every commit has some to delete. */
const PRUNED_AT = 12_000;
/** The most keys that are read at once. A listener that is further behind reads all rows again. */
const READ_AT_ONCE = KEPT + PRUNED_AT;

export async function openFeed(store: Store): Promise<Feed> {
  const subscribers = new Set<Subscriber>();
  const logListeners = new Set<() => void>();
  const closeListeners = new Set<() => void>();
  const waiting = new Set<{ readonly position: number; readonly resolve: () => void }>();
  let position = await store.changedKeys.newest();
  /** The newest number whose key was deleted by the last read. */
  let forgotten = 0;
  let isOutdated = false;
  let reading: Promise<void> | undefined;
  /** When the log is told of at the latest, and what does that; undefined where there is nothing to tell. */
  let late: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  let isClosed = false;

  /** Takes what a commit tells. Where that isn't all, reads the new keys, and reads again if more arrive meanwhile. */
  function look(commit?: Commit): void {
    const isNext = commit?.before === position && reading === undefined && !isClosed;
    if (commit === undefined || !isNext || commit.newest - forgotten > PRUNED_AT) {
      isOutdated = true;
      reading ??= readAll();
      return;
    }
    take(commit.newest, commit.changes);
    late ??= { at: performance.now() + COUNTED_MS, timer: setTimeout(tellLog, COUNTED_MS) };
    afterThis(() => {
      // In a page that is hidden, a timer may take a minute.
      const isLate = late !== undefined && performance.now() > late.at;
      if (isLate || store.isWriting?.() !== true) tellLog();
    });
  }

  /**
   * To read the log takes a third of the time of a write, and the next one waits for that. So what this tab has written is
   * told when it shows, and nothing else is being written; or after a while.
   */
  function tellLog(): void {
    if (late === undefined) return;
    clearTimeout(late.timer);
    late = undefined;
    for (const listener of logListeners) listener();
  }

  async function readAll(): Promise<void> {
    let failures = 0;
    while (isOutdated && !isClosed) {
      isOutdated = false;
      const isRead = await read().then(
        () => true,
        () => false,
      );
      for (const listener of logListeners) listener();
      if (isRead) {
        failures = 0;
      } else {
        isOutdated = true;
        await pause(failures);
        failures += 1;
      }
    }
    // Before anything is awaited: a notice that arrives from here on starts another read.
    reading = undefined;
  }

  async function read(): Promise<void> {
    const { forgottenTo, newest, changes } = await store.changedKeys.since(position, READ_AT_ONCE);
    // Keys in between are deleted already, or the numbers have started again.
    const isGap = forgottenTo > position || newest < position || newest - position > READ_AT_ONCE;
    forgotten = forgottenTo;
    take(newest, isGap ? null : changes);
    // Nobody else deletes old keys while no collection reads them.
    if (newest - forgottenTo > PRUNED_AT) {
      await store.transaction((within) => within.changedKeys.forget(newest - KEPT));
    }
  }

  /** Tells the collections of changes up to a number; null: anything may have changed. */
  function take(newest: number, changes: Commit["changes"] | null): void {
    position = newest;
    for (const subscriber of subscribers) {
      const ofModel = changes?.filter(({ model }) => model === subscriber.model);
      const isAll = ofModel === undefined || ofModel.some(({ rowKey }) => rowKey === null);
      merge(subscriber, isAll ? null : new Set(ofModel.flatMap(({ rowKey }) => rowKey ?? [])));
      // Who is reading now reads these, too: what is known of them is older by then.
      if (!subscriber.isBusy) void tell(subscriber, knownOf(ofModel ?? []));
    }
    settle();
  }

  async function tell(subscriber: Subscriber, first: KnownRows = new Map()): Promise<void> {
    subscriber.isBusy = true;
    let known = first;
    let failures = 0;
    for (;;) {
      const { pending } = subscriber;
      const upTo = position;
      if (pending?.size === 0 || isClosed || !subscribers.has(subscriber)) break;
      subscriber.pending = new Set();
      try {
        const told = subscriber.listener(pending === null ? null : [...pending], known);
        known = new Map();
        await told;
        failures = 0;
        subscriber.taken = upTo;
        settle();
      } catch {
        merge(subscriber, pending);
        await pause(failures);
        failures += 1;
      }
    }
    subscriber.isBusy = false;
    subscriber.taken = position;
    settle();
  }

  function settle(): void {
    for (const one of waiting) {
      const isReached = position >= one.position && [...subscribers].every(({ taken }) => taken >= one.position);
      if (!isReached) continue;
      waiting.delete(one);
      one.resolve();
    }
  }

  const stopListening = store.onCommit(look);

  return {
    subscribe(model, listener) {
      const subscriber: Subscriber = { model, listener, pending: null, taken: -1, isBusy: false };
      subscribers.add(subscriber);
      void tell(subscriber);
      return () => {
        subscribers.delete(subscriber);
        settle();
      };
    },
    position: ({ changedKeys }) => changedKeys.newest(),
    mark: ({ changedKeys }) => changedKeys.mark(),
    caughtUp() {
      tellLog();
      return new Promise(afterThis);
    },
    reached(target) {
      if (isClosed) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.add({ position: target, resolve });
        settle();
        // A read that is under way may have begun before.
        void Promise.resolve(reading).then(() => {
          if (position < target) look();
        });
      });
    },
    onLog(listener) {
      logListeners.add(listener);
      return () => logListeners.delete(listener);
    },
    onClose(listener) {
      closeListeners.add(listener);
      return () => closeListeners.delete(listener);
    },
    close() {
      isClosed = true;
      stopListening();
      clearTimeout(late?.timer);
      late = undefined;
      for (const { resolve } of waiting) resolve();
      waiting.clear();
      for (const listener of closeListeners) listener();
    },
  };
}

/** What is known of rows after all of these changes. */
function knownOf(changes: Commit["changes"]): KnownRows {
  const last = new Map(changes.map(({ rowKey, seen }) => [rowKey, seen]));
  return new Map([...last].flatMap(([key, seen]) => (key === null || seen === undefined ? [] : [[key, seen]])));
}

function merge(subscriber: Subscriber, keys: Set<string> | null): void {
  if (subscriber.pending === null || keys === null) subscriber.pending = null;
  else for (const key of keys) subscriber.pending.add(key);
}

/** Runs work when the running code and its promises are done, and sooner than a timer would. */
function afterThis(work: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    work();
  };
  port2.postMessage(null);
}

/** The pause after a failure: it doubles each time. */
async function pause(failures: number): Promise<void> {
  const length = Math.min(LONGEST_READ_RETRY_MS, FIRST_READ_RETRY_MS * 2 ** failures);
  await new Promise((resolve) => setTimeout(resolve, length));
}
