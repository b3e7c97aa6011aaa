import { from, type Accessor } from "solid-js";

import type { RejectedChange } from "../../config.js";
import { getRejectedChanges, getSyncStatus, onSyncStatus } from "../../init.js";
import type { SyncStatus } from "../../status.js";

/** What "3 changes not saved yet" is made from. */
export function useSyncStatus(): Accessor<SyncStatus> {
  return useSnapshot(getSyncStatus);
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): Accessor<readonly RejectedChange[]> {
  return useSnapshot(getRejectedChanges);
}

function useSnapshot<T>(snapshot: () => T): Accessor<T> {
  return from<T>((set) => onSyncStatus(() => set(() => snapshot())), snapshot());
}
