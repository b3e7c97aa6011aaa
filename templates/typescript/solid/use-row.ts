import { createEffect, createSignal, onCleanup, type Accessor } from "solid-js";

import { keyOf } from "./keys.js";
import type { Model } from "./model.js";
import { onRow, type RowSource } from "./watch.js";

/** What may change while a component lives. */
export type LiveKey<T> = Accessor<T>;

/** A row by its key, without looking at any other. */
export function useRow<Shown>(
  collection: RowSource<Shown>,
  model: Model,
  key: LiveKey<unknown>,
): Accessor<Shown | undefined> {
  const [row, setRow] = createSignal<Shown>();
  createEffect(() => {
    const current = keyOf(model, key());
    const read = (): void => {
      setRow(() => collection.get(current));
    };
    onCleanup(onRow(collection, current, read));
    read();
  });
  return row;
}
