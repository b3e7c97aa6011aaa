import { useCallback, useSyncExternalStore } from "react";

import type { RejectedChange } from "./config.js";
import { keyOf } from "./keys.js";
import type { Model } from "./model.js";
import { getRejectedChanges, getSyncStatus, onSyncStatus, type SyncStatus } from "./status.js";
import { onRow, type RowSource } from "./watch.js";

/** What "3 changes not saved yet" is made from. */
export function useSyncStatus(): SyncStatus {
  return useSyncExternalStore(onSyncStatus, getSyncStatus, getSyncStatus);
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): readonly RejectedChange[] {
  return useSyncExternalStore(onSyncStatus, getRejectedChanges, getRejectedChanges);
}

/** A row by its key, without looking at any other. */
export function useRow<Shown>(
  collection: RowSource<Shown>,
  model: Model,
  given: unknown,
): Shown | undefined {
  const key = keyOf(model, given);
  const subscribe = useCallback((listener: () => void) => onRow(collection, key, listener), [collection, key]);
  const row = (): Shown | undefined => collection.get(key);
  return useSyncExternalStore(subscribe, row, row);
}
