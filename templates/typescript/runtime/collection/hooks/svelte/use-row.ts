import { createSubscriber } from "svelte/reactivity";

import { givenKey, type CollectionKey, type Model } from "../../client/model.js";
import { onRow, type RowSource } from "../rows.js";

/** What may change while a component lives. */
export type LiveKey<T> = () => T;

/** A row by its key, without looking at any other. Reactive where `current` is read. */
export function useRow<Shown>(
  collection: RowSource<Shown>,
  model: Model,
  key: LiveKey<unknown>,
): { readonly current: Shown | undefined } {
  let subscribed: { readonly key: CollectionKey; readonly subscribe: () => void } | undefined;
  return {
    get current() {
      const current = givenKey(model, key());
      if (subscribed?.key !== current) {
        subscribed = { key: current, subscribe: createSubscriber((update) => onRow(collection, current, update)) };
      }
      subscribed.subscribe();
      return collection.get(current);
    },
  };
}
