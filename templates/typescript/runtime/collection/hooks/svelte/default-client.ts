import { createSubscriber } from "svelte/reactivity";

import { store } from "../../../store.js";
import type { ChangesOptions, LocalChange } from "../../changes.js";
import { kept } from "../../client/values.js";
import type { RejectedChange } from "../../config.js";
import { defaultClient, getRejectedChanges, getSyncStatus, onChanges, onSyncStatus } from "../../init.js";
import type { SyncStatus } from "../../status.js";

const watchStatus = createSubscriber(onSyncStatus);

/** What "3 changes not saved yet" is made from. Reactive where `current` is read. */
export function useSyncStatus(): { readonly current: SyncStatus } {
  return {
    get current() {
      watchStatus();
      return getSyncStatus();
    },
  };
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): { readonly current: readonly RejectedChange[] } {
  return {
    get current() {
      watchStatus();
      return getRejectedChanges();
    },
  };
}

/** What the server doesn't have yet, and what it has refused, oldest first. Reactive where `current` is read. */
export function useChanges(options: () => ChangesOptions = () => ({})): { readonly current: readonly LocalChange[] } {
  let changes: readonly LocalChange[] = [];
  let watched: { readonly limit: number | undefined; readonly watch: () => void } | undefined;

  function watching(limit: number | undefined): () => void {
    return createSubscriber((update) => {
      const show = (next: readonly LocalChange[]): void => {
        changes = next;
        update();
      };
      return onChanges(show, { limit });
    });
  }

  return {
    get current() {
      const { limit } = options();
      if (watched === undefined || watched.limit !== limit) watched = { limit, watch: watching(limit) };
      watched.watch();
      return changes;
    },
  };
}

/**
 * What the selector makes of the store, live. Reactive where `current` is read: that runs again where it is something
 * else.
 */
export function useStore<T>(selector: (tables: typeof store) => T): { readonly current: T } {
  let value: T | undefined;
  const watch = createSubscriber((update) =>
    defaultClient.storeChanges.subscribe(() => {
      if (kept(value, selector(store)) !== value) update();
    }),
  );
  return {
    get current() {
      watch();
      value = kept(value, selector(store));
      return value;
    },
  };
}
