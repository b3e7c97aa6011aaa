import { createSubscriber } from "svelte/reactivity";

import { store } from "../../../store.js";
import type { RejectedChange } from "../../config.js";
import { defaultClient, getRejectedChanges, getSyncStatus, onSyncStatus } from "../../init.js";
import type { SyncStatus } from "../../status.js";

const watchStatus = createSubscriber(onSyncStatus);
const watchStore = createSubscriber(defaultClient.storeChanges.subscribe);

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

/** What the selector makes of the store, live. Reactive where `current` is read. */
export function useStore<T>(selector: (tables: typeof store) => T): { readonly current: T } {
  return {
    get current() {
      watchStore();
      return selector(store);
    },
  };
}
