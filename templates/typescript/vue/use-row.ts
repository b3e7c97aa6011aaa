import { shallowRef, toValue, watchEffect, type MaybeRefOrGetter, type ShallowRef } from "vue";

import { keyOf } from "./keys.js";
import type { Model } from "./model.js";
import { onRow, type RowSource } from "./watch.js";

/** What may change while a component lives. */
export type LiveKey<T> = MaybeRefOrGetter<T>;

/** A row by its key, without looking at any other. */
export function useRow<Shown>(
  collection: RowSource<Shown>,
  model: Model,
  key: LiveKey<unknown>,
): Readonly<ShallowRef<Shown | undefined>> {
  const row = shallowRef<Shown>();
  watchEffect((onCleanup) => {
    const current = keyOf(model, toValue(key));
    const read = (): void => {
      row.value = collection.get(current);
    };
    onCleanup(onRow(collection, current, read));
    read();
  });
  return row;
}
