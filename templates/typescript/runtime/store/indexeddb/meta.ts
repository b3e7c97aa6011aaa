import { wrap } from "idb";

import type { ChangedKeys, Meta } from "../store.js";
import { put, remove, type Run, type Turn } from "./tables.js";

const PRUNED = "feed_pruned_to";

/** Keys with a colon belong to transports. */
export function metaKey(kind: string, model: string): string {
  return `${kind}:${model}`;
}

export async function getMeta({ tx }: Turn, key: string): Promise<string | undefined> {
  return (await tx.objectStore("_sync_meta").get(key)) ?? undefined;
}

export function setMeta({ tx }: Turn, key: string, value: string): void {
  put(tx.objectStore("_sync_meta"), value, key);
}

export function meta(run: Run): Meta {
  return {
    clientId: () => run("readonly", ["_sync_meta"], async (turn) => (await getMeta(turn, "client_id")) ?? ""),
    get: (kind, model) => run("readonly", ["_sync_meta"], (turn) => getMeta(turn, metaKey(kind, model))),
    set: (kind, model, value) =>
      run("readwrite", ["_sync_meta"], async (turn) => setMeta(turn, metaKey(kind, model), value)),
    delete: (kind, model) =>
      run("readwrite", ["_sync_meta"], async ({ tx }) => remove(tx.objectStore("_sync_meta"), metaKey(kind, model))),
  };
}

export function changedKeys(run: Run): ChangedKeys {
  return {
    newest: () => run("readonly", ["_changed_keys"], newest),

    mark: () =>
      run("readonly", ["_changed_keys"], async (turn) => {
        const own = turn.noted.at(-1)?.request;
        if (own !== undefined) return () => Number(own.result);
        const number = await newest(turn);
        return () => number;
      }),

    since: (position, limit) =>
      run("readonly", ["_changed_keys", "_sync_meta"], async (turn) => {
        const [forgotten, last] = await Promise.all([getMeta(turn, PRUNED), newest(turn)]);
        const isMuch = last - position > limit || last <= position;
        const changes = isMuch
          ? []
          : await turn.tx.objectStore("_changed_keys").getAll(IDBKeyRange.lowerBound(position, true));
        return { forgottenTo: Number(forgotten ?? 0), newest: last, changes };
      }),

    forget: (upTo) =>
      run("readwrite", ["_changed_keys", "_sync_meta"], async (turn) => {
        remove(turn.tx.objectStore("_changed_keys"), IDBKeyRange.upperBound(upTo));
        setMeta(turn, PRUNED, String(upTo));
      }),
  };
}

async function newest({ tx, noted }: Turn): Promise<number> {
  const own = noted.at(-1)?.request;
  // A request that is done tells nobody any more.
  if (own !== undefined) return Number(own.readyState === "done" ? own.result : await wrap(own));
  return (await tx.objectStore("_changed_keys").openKeyCursor(null, "prev"))?.key ?? 0;
}
