import { shallowRef, toValue, watchEffect, type MaybeRefOrGetter, type ShallowRef } from "vue";

import { givenKey, type Model } from "../../client/model.js";
import { onRow, type RowSource } from "../rows.js";

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
    const current = givenKey(model, toValue(key));
    const read = (): void => {
      row.value = collection.get(current);
    };
    onCleanup(onRow(collection, current, read));
    read();
  });
  return row;
}
