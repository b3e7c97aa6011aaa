import type { CollectionConfig, SyncConfig } from "@tanstack/db";

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

/** Options of a collection over a model's view. `Input`: what a new row takes; `Shown`: what a row has. */
export function localCollection<Input extends object, Shown extends object, Key extends CollectionKey>(
  model: Model,
): CollectionConfig<Shown, Key, RowSchema<Input, Shown>> & { schema: RowSchema<Input, Shown> } {
  const { create, update, delete: remove } = model.operations;
  return {
    id: model.name,
    schema: rowSchema(model),
    getKey: (row) => collectionKey(model, rowKey(model, { ...row })) as Key,
    sync: { sync: (sync) => follow(model, sync), rowUpdateMode: "full" },
    ...(create && { onInsert: persistMutations }),
    ...(update && { onUpdate: persistMutations }),
    ...(remove && { onDelete: persistMutations }),
  };
}
