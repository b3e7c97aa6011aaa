import { parsed, textOf } from "./client/json.js";
import { fieldOf, type Model } from "./client/model.js";
import { isoTimestamp, isSameList, shownInteger } from "./client/values.js";
import { rejectionOf, type Entry, type Store } from "./store/store.js";
import { refresh, type Source } from "./transport/schedule.js";
import { PATIENCE } from "./writes/retries.js";

/** A local write that the server doesn't have yet, or has refused. */
export interface LocalChange {
  readonly model: string;
  readonly operation: "insert" | "update" | "delete";
  /** The row's key as text. */
  readonly rowKey: string;
  /** The key, and what the write sets. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly writeId: string;
  /** When it was written. */
  readonly at: string;
  /**
   * "pending": it waits for its turn, or for its next try. "sending": it has left, and there is no answer yet. "failed":
   * the server has refused it, or hasn't taken it in five tries; these go on.
   */
  readonly state: "pending" | "sending" | "failed";
  /** Whether the server has refused it for good: `retryChange` sends it again, `discardChange` takes it back. */
  readonly rejected: boolean;
  /** How often it has been sent. */
  readonly attempts: number;
  /** Why it was refused, or why the last try has failed. */
  readonly error: { readonly status: number | null; readonly message: string } | null;
}

export interface ChangesOptions {
  /** How many to list at most: the oldest. By default 100. */
  readonly limit?: number | undefined;
}

/** The queue of one client: what the server doesn't have yet. */
export interface Changes {
  list(store: Store, options?: ChangesOptions): Promise<readonly LocalChange[]>;
  /**
   * Calls `listener` with the list, and again when it has changed, until what it returns is called. The log is read only
   * while somebody listens.
   */
  onChange(listener: (changes: readonly LocalChange[]) => void, options?: ChangesOptions): () => void;
  /** Reads the log of an open database, until what it returns is called. */
  watch(store: Store, onLog: Source): () => void;
}

const LISTED = 100;

interface Listening {
  readonly listener: (changes: readonly LocalChange[]) => void;
  readonly limit: number;
  told: readonly LocalChange[];
}

export function createChanges(models: readonly Model[]): Changes {
  const byName = new Map(models.map((model) => [model.name, model]));
  const listeners = new Set<Listening>();
  /** What was read last, by write id: a change that is as it was stays the same object. */
  let known = new Map<string, LocalChange>();
  let read = () => {};

  async function list({ log }: Store, { limit = LISTED }: ChangesOptions = {}): Promise<readonly LocalChange[]> {
    return (await log.queue(limit)).map((entry) => changeOf(byName.get(entry.model), entry));
  }

  function tell(changes: readonly LocalChange[]): void {
    for (const one of listeners) {
      const some = changes.slice(0, one.limit);
      if (isSameList(some, one.told)) continue;
      one.told = some;
      one.listener(some);
    }
  }

  async function readAll(store: Store): Promise<boolean> {
    if (listeners.size === 0) return false;
    const limit = Math.max(...[...listeners].map((one) => one.limit));
    const changes = (await list(store, { limit })).map((change) => {
      const before = known.get(change.writeId);
      return before !== undefined && textOfChange(before) === textOfChange(change) ? before : change;
    });
    known = new Map(changes.map((change) => [change.writeId, change]));
    tell(changes);
    return true;
  }

  return {
    list,
    onChange(listener, { limit = LISTED } = {}) {
      const one = { listener, limit, told: [] };
      listeners.add(one);
      read();
      return () => listeners.delete(one);
    },
    watch(store, onLog) {
      const { now, stop } = refresh(() => readAll(store));
      read = () => {
        if (listeners.size > 0) void now();
      };
      const stopLog = onLog(read);
      read();
      return () => {
        stopLog();
        stop();
        read = () => {};
        known = new Map();
        tell([]);
      };
    },
  };
}

function changeOf(model: Model | undefined, entry: Entry): LocalChange {
  const { operation, rowKey, writeId, attempts } = entry;
  const error = entry.error === null ? null : rejectionOf(entry.error);
  return {
    model: entry.model,
    operation,
    rowKey,
    value: Object.fromEntries(Object.entries(entry.members).map(([name, json]) => [name, shown(model, name, json)])),
    writeId,
    at: isoTimestamp(entry.at),
    state: stateOf(entry),
    rejected: entry.status === "rejected",
    attempts,
    error: error && { status: error.status, message: error.message },
  };
}

/** An error of an entry that is pending is that of its last try. It is gone when the next one begins. */
function stateOf({ status, attempts, error }: Entry): LocalChange["state"] {
  const failures = error === null ? attempts - 1 : attempts;
  if (status === "rejected" || failures >= PATIENCE) return "failed";
  return attempts === 0 || error !== null ? "pending" : "sending";
}

/** A value as the collection shows it. */
function shown(model: Model | undefined, name: string, json: string): unknown {
  const field = model && fieldOf(model, name);
  return field?.type === "int64" && json !== "null" ? shownInteger(field, textOf(json)) : parsed(json);
}

function textOfChange(change: LocalChange): string {
  return JSON.stringify(change, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
