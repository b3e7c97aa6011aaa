import { FIRST_READ_RETRY_MS, LONGEST_READ_RETRY_MS } from "../client/timing.js";
import type { Store, StoreOperations } from "../store/store.js";

/** Tells those who show rows which of them have changed. */
export interface Feed {
  /**
   * Calls `listener` with the keys of rows of a model that have changed, each once; null: read all of it, and that is
   * how it begins. It is called again once it has returned; where it throws, it gets the same keys later.
   */
  subscribe(model: string, listener: Listener): () => void;
  /** How far the feed goes, as seen from within a transaction. */
  position(within: StoreOperations): Promise<number>;
  /** Returns when the listeners have taken everything up to there. */
  reached(position: number): Promise<void>;
  /** Calls `listener` after each commit that may have changed the log: those who show rows have asked for them by then. */
  onLog(listener: () => void): () => void;
  close(): void;
}

/** An open database, as collections see it. */
export interface Session {
  readonly store: Store;
  readonly feed: Feed;
}

type Listener = (rowKeys: readonly string[] | null) => Promise<void>;

interface Subscriber {
  readonly model: string;
  readonly listener: Listener;
  /** Keys to tell it; null: all. */
  pending: Set<string> | null;
  /** Everything up to there has been taken. */
  taken: number;
  isBusy: boolean;
}

/** Keys that are kept for those who read seldom. */
const KEPT = 10_000;
/** They are counted in batches, so that not every commit has some to delete. */
const PRUNED_AT = 12_000;
/** Keys that are read at once; who is further behind reads everything anew. */
const READ_AT_ONCE = KEPT + PRUNED_AT;

export async function openFeed(store: Store): Promise<Feed> {
  const subscribers = new Set<Subscriber>();
  const logListeners = new Set<() => void>();
  const waiting = new Set<{ readonly position: number; readonly resolve: () => void }>();
  let position = await store.changedKeys.newest();
  let isOutdated = false;
  let reading: Promise<void> | undefined;
  let isClosed = false;

  /** Reads what has come, once more where more comes meanwhile. */
  function look(): void {
    isOutdated = true;
    reading ??= readAll();
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
    // In the same breath: what comes from here on is read anew.
    reading = undefined;
  }

  async function read(): Promise<void> {
    const { forgottenTo, newest, changes } = await store.changedKeys.since(position, READ_AT_ONCE);
    // Keys are missing in between, or their numbers have begun anew.
    const isGap = forgottenTo > position || newest < position || newest - position > READ_AT_ONCE;
    const changed = new Map<string, Set<string> | null>();
    for (const { model, rowKey } of isGap ? [] : changes) {
      const keys = changed.get(model);
      if (keys === null) continue;
      changed.set(model, rowKey === null ? null : (keys ?? new Set()).add(rowKey));
    }
    position = newest;
    for (const subscriber of subscribers) {
      const keys = isGap ? null : changed.get(subscriber.model);
      add(subscriber, keys === undefined ? new Set() : keys);
    }
    // Where nobody shows rows, nobody else does.
    settle();
    if (newest - forgottenTo > PRUNED_AT) {
      await store.transaction((within) => within.changedKeys.forget(newest - KEPT));
    }
  }

  function add(subscriber: Subscriber, keys: Set<string> | null): void {
    merge(subscriber, keys);
    if (!subscriber.isBusy) void tell(subscriber);
  }

  async function tell(subscriber: Subscriber): Promise<void> {
    subscriber.isBusy = true;
    let failures = 0;
    for (;;) {
      const { pending } = subscriber;
      const upTo = position;
      if (pending?.size === 0 || isClosed || !subscribers.has(subscriber)) break;
      subscriber.pending = new Set();
      try {
        await subscriber.listener(pending === null ? null : [...pending]);
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
    close() {
      isClosed = true;
      stopListening();
      for (const { resolve } of waiting) resolve();
      waiting.clear();
    },
  };
}

function merge(subscriber: Subscriber, keys: Set<string> | null): void {
  if (subscriber.pending === null || keys === null) subscriber.pending = null;
  else for (const key of keys) subscriber.pending.add(key);
}

/** Twice as long after each failure. */
async function pause(failures: number): Promise<void> {
  const length = Math.min(LONGEST_READ_RETRY_MS, FIRST_READ_RETRY_MS * 2 ** failures);
  await new Promise((resolve) => setTimeout(resolve, length));
}
