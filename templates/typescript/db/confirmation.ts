import { sql, type Row, type Value } from "./driver.js";
import { feed } from "./feed.js";
import { getDatabase } from "./init.js";
import { list, rejectionOf } from "./log.js";
import { RejectedError } from "./rejected.js";

/** Models whose collections have a transaction that waits for the server, and how many. */
const waiting = new Map<string, number>();
const listeners = new Map<string, Set<() => void>>();

export function isWaiting(model: string): boolean {
  return (waiting.get(model) ?? 0) > 0;
}

/** Calls `listener` when a transaction of the model has begun to wait for the server. */
export function onWaiting(model: string, listener: () => void): () => void {
  const ofModel = listeners.get(model) ?? new Set();
  listeners.set(model, ofModel.add(listener));
  return () => ofModel.delete(listener);
}

/**
 * Returns once the server has taken all of these entries of the log. Where it refuses one, discards what it has refused
 * and throws its answer, when the others have been answered too. `models`: all that the transaction has written to.
 */
export async function confirmation(ids: readonly Value[], models: ReadonlySet<string>): Promise<void> {
  if (ids.length === 0) return;
  for (const model of models) {
    waiting.set(model, (waiting.get(model) ?? 0) + 1);
    for (const listener of listeners.get(model) ?? []) listener();
  }
  try {
    const rejected = await answered(ids);
    const [first] = rejected;
    if (first === undefined) return;
    const refused = rejected.map((entry) => entry["id"] ?? null);
    await getDatabase().query(sql`DELETE FROM _changes WHERE status = 'rejected' AND id IN (${list(refused)})`);
    throw new RejectedError(rejectionOf(first["error"] ?? null));
  } finally {
    for (const model of models) waiting.set(model, (waiting.get(model) ?? 1) - 1);
  }
}

/** Waits until none of the entries is pending; gives those that were rejected. */
async function answered(ids: readonly Value[]): Promise<readonly Row[]> {
  for (;;) {
    // Listens before it looks: a change in between counts.
    const changed = nextLogChange();
    const entries = await getDatabase().query(
      sql`SELECT id, status, error FROM _changes WHERE status <> 'acknowledged' AND id IN (${list(ids)}) ORDER BY id`,
    );
    if (entries.every(({ status }) => status === "rejected")) return entries;
    await changed;
  }
}

function nextLogChange(): Promise<void> {
  return new Promise((resolve) => {
    const stop = feed().onLog(() => {
      stop();
      resolve();
    });
  });
}
