import { createSubscriber } from "svelte/reactivity";

import type { RejectedChange } from "../../config.js";
import { getRejectedChanges, getSyncStatus, onSyncStatus } from "../../init.js";
import type { SyncStatus } from "../../status.js";

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
