import { sql, type Connection, type Driver } from "./driver.js";

/** What the tables hold is shown otherwise: tells who shows it, row by row. */
export interface Feed {
  /**
   * Calls `listener` with the keys of rows of a model that have changed, each once; null: read all of it, and that is
   * how it begins. It is called again once it has returned; where it throws, it gets the same keys later.
   */
  subscribe(model: string, listener: Listener): () => void;
  /** How far the feed goes, as seen from within a transaction. */
  position(connection: Connection): Promise<number>;
  /** Returns when the listeners have taken everything up to there. */
  reached(position: number): Promise<void>;
  /** Calls `listener` after each commit that may have changed the log. */
  onLog(listener: () => void): () => void;
  close(): void;
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
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

let current: Feed | undefined;

/** The feed of the open database. */
export function feed(): Feed {
  if (current === undefined) throw new Error("Database not initialized. Call initializeDatabase() first.");
  return current;
}

export async function openFeed(driver: Driver): Promise<Feed> {
  const subscribers = new Set<Subscriber>();
  const logListeners = new Set<() => void>();
  const waiting = new Set<{ readonly position: number; readonly resolve: () => void }>();
  let position = await newest(driver);
  let isOutdated = false;
  let isReading = false;
  let isClosed = false;

  /** Reads what has come, once more where more comes meanwhile. */
  function look(): void {
    isOutdated = true;
    if (isReading) return;
    isReading = true;
    void (async () => {
      let failures = 0;
      while (isOutdated && !isClosed) {
        isOutdated = false;
        try {
          await read();
          failures = 0;
        } catch {
          isOutdated = true;
          await pause(failures);
          failures += 1;
        }
      }
      isReading = false;
    })();
  }

  async function read(): Promise<void> {
    const { prunedTo, last } = await extent(driver);
    // Keys are missing in between, or the table has begun anew.
    const isGap = prunedTo > position || last < position || last - position > READ_AT_ONCE;
    const rows = isGap
      ? []
      : await driver.query(sql`
          SELECT seq, table_name, row_key FROM _changed_keys WHERE seq > ${position} ORDER BY seq
        `);
    const changed = new Map<string, Set<string> | null>();
    for (const { table_name, row_key } of rows) {
      const model = String(table_name);
      const keys = changed.get(model);
      if (keys === null) continue;
      changed.set(model, row_key == null ? null : (keys ?? new Set()).add(String(row_key)));
    }
    position = isGap ? last : Number(rows.at(-1)?.["seq"] ?? position);
    for (const subscriber of subscribers) {
      const keys = isGap ? null : changed.get(subscriber.model);
      add(subscriber, keys === undefined ? new Set() : keys);
    }
    if (last - prunedTo > PRUNED_AT) await prune(driver, last - KEPT);
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

  const stopListening = driver.onCommit(() => {
    look();
    for (const listener of logListeners) listener();
  });

  const opened: Feed = {
    subscribe(model, listener) {
      const subscriber: Subscriber = { model, listener, pending: null, taken: -1, isBusy: false };
      subscribers.add(subscriber);
      void tell(subscriber);
      return () => {
        subscribers.delete(subscriber);
        settle();
      };
    },
    position: newest,
    reached(target) {
      return new Promise((resolve) => {
        waiting.add({ position: target, resolve });
        settle();
        if (position < target) look();
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
      if (current === opened) current = undefined;
    },
  };
  current = opened;
  return opened;
}

function merge(subscriber: Subscriber, keys: Set<string> | null): void {
  if (subscriber.pending === null || keys === null) subscriber.pending = null;
  else for (const key of keys) subscriber.pending.add(key);
}

async function newest(connection: Connection): Promise<number> {
  const [row] = await connection.query(sql`SELECT max(seq) AS seq FROM _changed_keys`);
  return Number(row?.["seq"] ?? 0);
}

async function extent(connection: Connection): Promise<{ prunedTo: number; last: number }> {
  const [row] = await connection.query(sql`
    SELECT
      (SELECT m.value FROM _sync_meta AS m WHERE m.key = 'feed_pruned_to') AS pruned_to,
      (SELECT max(k.seq) FROM _changed_keys AS k) AS last
  `);
  return { prunedTo: Number(row?.["pruned_to"] ?? 0), last: Number(row?.["last"] ?? 0) };
}

async function prune(driver: Driver, upTo: number): Promise<void> {
  await driver.transaction(async (connection) => {
    await connection.query(sql`DELETE FROM _changed_keys WHERE seq <= ${upTo}`);
    await connection.query(sql`
      INSERT INTO _sync_meta (key, value)
      VALUES ('feed_pruned_to', ${String(upTo)})
      ON CONFLICT (key) DO UPDATE SET value = excluded.value
    `);
  });
}

/** Twice as long after each failure. */
async function pause(failures: number): Promise<void> {
  const length = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
  await new Promise((resolve) => setTimeout(resolve, length));
}
