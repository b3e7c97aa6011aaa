import { createSubscriber } from "svelte/reactivity";

import type { RejectedChange } from "./config.js";
import { keyOf, type CollectionKey } from "./keys.js";
import type { Model } from "./model.js";
import { getRejectedChanges, getSyncStatus, onSyncStatus, type SyncStatus } from "./status.js";
import { onRow, type RowSource } from "./watch.js";

const subscribe = createSubscriber(onSyncStatus);

/** What "3 changes not saved yet" is made from. Reactive where `current` is read. */
export function useSyncStatus(): { readonly current: SyncStatus } {
  return {
    get current() {
      subscribe();
      return getSyncStatus();
    },
  };
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): { readonly current: readonly RejectedChange[] } {
  return {
    get current() {
      subscribe();
      return getRejectedChanges();
    },
  };
}

/** What may change while a component lives. */
export type Live<T> = () => T;

/** A row by its key, without looking at any other. Reactive where `current` is read. */
export function useRow<Shown>(
  collection: RowSource<Shown>,
  model: Model,
  key: Live<unknown>,
): { readonly current: Shown | undefined } {
  let subscribed: { readonly key: CollectionKey; readonly subscribe: () => void } | undefined;
  return {
    get current() {
      const current = keyOf(model, key());
      if (subscribed?.key !== current) {
        subscribed = { key: current, subscribe: createSubscriber((update) => onRow(collection, current, update)) };
      }
      subscribed.subscribe();
      return collection.get(current);
    },
  };
}
