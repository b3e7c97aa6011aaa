import { onScopeDispose, shallowRef, type ShallowRef } from "vue";

import type { RejectedChange } from "../../config.js";
import { getRejectedChanges, getSyncStatus, onSyncStatus } from "../../init.js";
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
