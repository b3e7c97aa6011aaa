import { sql, type Connection, type Driver, type Row } from "./driver.js";

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
  /** Calls `listener` after each commit that may have changed the log: those who show rows have asked for them by then. */
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
    const { prunedTo, last, rows } = await newsSince(driver, position);
    // Keys are missing in between, or the table has begun anew.
    const isGap = prunedTo > position || last < position || last - position > READ_AT_ONCE;
    const changed = new Map<string, Set<string> | null>();
    for (const { table_name, row_key } of isGap ? [] : rows) {
      const model = String(table_name);
      const keys = changed.get(model);
      if (keys === null) continue;
      changed.set(model, row_key == null ? null : (keys ?? new Set()).add(String(row_key)));
    }
    position = last;
    for (const subscriber of subscribers) {
      const keys = isGap ? null : changed.get(subscriber.model);
      add(subscriber, keys === undefined ? new Set() : keys);
    }
    // Where nobody shows rows, nobody else does.
    settle();
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

  const stopListening = driver.onCommit(look);

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

interface News {
  readonly prunedTo: number;
  readonly last: number;
  /** None where there are too many. */
  readonly rows: readonly Row[];
}

/** In one statement, since a user waits for it. */
async function newsSince(connection: Connection, position: number): Promise<News> {
  const found = await connection.query(sql`
    SELECT e.pruned_to, e.last, k.seq, k.table_name, k.row_key
    FROM (
      SELECT
        (SELECT m.value FROM _sync_meta AS m WHERE m.key = 'feed_pruned_to') AS pruned_to,
        (SELECT max(c.seq) FROM _changed_keys AS c) AS last
    ) AS e
    LEFT JOIN _changed_keys AS k ON k.seq > ${position} AND e.last - ${position} <= ${READ_AT_ONCE}
    ORDER BY k.seq
  `);
  const [first = {}] = found;
  return {
    prunedTo: Number(first["pruned_to"] ?? 0),
    last: Number(first["last"] ?? 0),
    rows: found.filter(({ seq }) => seq != null),
  };
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
