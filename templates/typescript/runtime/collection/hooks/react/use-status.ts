import { useSyncExternalStore } from "react";

import type { RejectedChange } from "../../config.js";
import { getRejectedChanges, getSyncStatus, onSyncStatus } from "../../init.js";
import type { SyncStatus } from "../../status.js";

/** What "3 changes not saved yet" is made from. */
export function useSyncStatus(): SyncStatus {
  return useSyncExternalStore(onSyncStatus, getSyncStatus, getSyncStatus);
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): readonly RejectedChange[] {
  return useSyncExternalStore(onSyncStatus, getRejectedChanges, getRejectedChanges);
}
