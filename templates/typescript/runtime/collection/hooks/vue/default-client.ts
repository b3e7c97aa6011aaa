import { computed, onScopeDispose, shallowRef, type ComputedRef, type ShallowRef } from "vue";

import { store } from "../../../store.js";
import type { RejectedChange } from "../../config.js";
import { defaultClient, getRejectedChanges, getSyncStatus, onSyncStatus } from "../../init.js";
import type { SyncStatus } from "../../status.js";

/** What "3 changes not saved yet" is made from. */
export function useSyncStatus(): Readonly<ShallowRef<SyncStatus>> {
  return useSnapshot(getSyncStatus);
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): Readonly<ShallowRef<readonly RejectedChange[]>> {
  return useSnapshot(getRejectedChanges);
}

function useSnapshot<T>(snapshot: () => T): Readonly<ShallowRef<T>> {
  const current = shallowRef(snapshot());
  onScopeDispose(
    onSyncStatus(() => {
      current.value = snapshot();
    }),
  );
  return current;
}

/** What the selector makes of the store, live. */
export function useStore<T>(selector: (tables: typeof store) => T): ComputedRef<T> {
  const { subscribe, version } = defaultClient.storeChanges;
  const seen = shallowRef(version());
  onScopeDispose(
    subscribe(() => {
      seen.value = version();
    }),
  );
  return computed(() => {
    void seen.value;
    return selector(store);
  });
}
