import type { CollectionConfig, SyncConfig } from "@tanstack/db";

import { wait } from "./backoff.js";
import { isWaiting, onWaiting } from "./confirmation.js";
import { feed } from "./feed.js";
import { whenDatabaseIsOpen } from "./init.js";
import { collectionKey, rowKey, type CollectionKey } from "./keys.js";
import type { Model } from "./model.js";
import { persistMutations } from "./mutations.js";
import { rowSchema, type RowSchema } from "./row-schema.js";
import { readAll, readByKey, type Rows } from "./rows.js";
import { whenLoaded } from "./status.js";

/** TanStack DB holds what is synced into a collection while a transaction of its own lasts: for so long at most. */
const HELD_MS = 300;
/** During a first sync, reading what is there rests for so many times as long as it took. */
const RESTS = 4;

/** Options of a collection over a model's view. `Input`: what a new row takes; `Shown`: what a row has. */
export function localCollection<Input extends object, Shown extends object, Key extends CollectionKey>(
  model: Model,
): CollectionConfig<Shown, Key, RowSchema<Input, Shown>> & { schema: RowSchema<Input, Shown> } {
  const { create, update, delete: remove } = model.operations;
  return {
    id: model.name,
    schema: rowSchema(model),
    getKey: (row) => collectionKey(model, rowKey(model, row)) as Key,
    sync: { sync: (sync) => follow(model, sync), rowUpdateMode: "full" },
    ...(create && { onInsert: persistMutations }),
    ...(update && { onUpdate: persistMutations }),
    ...(remove && { onDelete: persistMutations }),
  };
}

type Sync<Shown extends object, Key extends CollectionKey> = Parameters<SyncConfig<Shown, Key>["sync"]>[0];

/** Keeps a collection as the view is: all rows once, and from then on those that the feed names. */
function follow<Shown extends object, Key extends CollectionKey>(model: Model, sync: Sync<Shown, Key>): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let rows: Rows = new Map();

  function write(type: "insert" | "update", row: object): void {
    sync.write({ type, value: row as Shown });
  }

  /** Says all rows anew. What is said so is shown at once, also while the collection waits for the server. */
  function replaceAll(isFirst: boolean): void {
    sync.begin();
    if (!isFirst) sync.truncate();
    for (const row of rows.values()) write("insert", row);
    sync.commit();
  }

  function replace(keys: readonly CollectionKey[], present: Rows): void {
    sync.begin();
    for (const key of keys) {
      const row = present.get(key);
      if (row !== undefined) {
        write(rows.has(key) ? "update" : "insert", row);
        rows.set(key, row);
      } else if (rows.delete(key)) {
        sync.write({ type: "delete", key: key as Key });
      }
    }
    sync.commit();
  }

  async function start(): Promise<void> {
    const driver = await whenDatabaseIsOpen();
    if (signal.aborted) return;
    const loaded = whenLoaded(model.name, signal);
    let rest = 0;
    const unsubscribe = feed().subscribe(model.name, async (keys) => {
      if (keys === null) {
        await Promise.race([loaded, wait(rest, signal)]);
        const start = performance.now();
        // While the collection waits for the server, only what is said anew is shown.
        const isFirst = rows.size === 0 && !isWaiting(model.name);
        rows = await readAll(driver, model);
        if (!signal.aborted) replaceAll(isFirst);
        rest = (performance.now() - start) * RESTS;
        return;
      }
      const present = await readByKey(driver, model, keys);
      if (signal.aborted) return;
      replace(
        keys.map((key) => collectionKey(model, key)),
        present,
      );
      if (isWaiting(model.name)) replaceAll(false);
    });
    const stopListening = onWaiting(model.name, () => {
      setTimeout(() => {
        if (isWaiting(model.name) && !signal.aborted) replaceAll(false);
      }, HELD_MS);
    });
    signal.addEventListener("abort", () => {
      unsubscribe();
      stopListening();
    });
    await loaded;
    // What has been loaded isn't shown yet.
    await feed().reached(await feed().position(driver));
    if (!signal.aborted) sync.markReady();
  }

  start().catch(sync.markError);
  return () => stop.abort();
}
