import { createEffect, createSignal, onCleanup, type Accessor } from "solid-js";

import { givenKey, type Model } from "../../client/model.js";
import { onRow, type RowSource } from "../rows.js";

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
    const current = givenKey(model, key());
    const read = (): void => {
      setRow(() => collection.get(current));
    };
    onCleanup(onRow(collection, current, read));
    read();
  });
  return row;
}
