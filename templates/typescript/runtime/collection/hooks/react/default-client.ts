import { useEffect, useMemo, useState, useSyncExternalStore } from "react";

import { store } from "../../../store.js";
import type { ChangesOptions, LocalChange } from "../../changes.js";
import { kept } from "../../client/values.js";
import type { RejectedChange } from "../../config.js";
import { defaultClient, getRejectedChanges, getSyncStatus, onChanges, onSyncStatus } from "../../init.js";
import type { SyncStatus } from "../../status.js";

const { subscribe, version } = defaultClient.storeChanges;

/** What "3 changes not saved yet" is made from. */
export function useSyncStatus(): SyncStatus {
  return useSyncExternalStore(onSyncStatus, getSyncStatus, getSyncStatus);
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): readonly RejectedChange[] {
  return useSyncExternalStore(onSyncStatus, getRejectedChanges, getRejectedChanges);
}

/** What the server doesn't have yet, and what it has refused, oldest first. */
export function useChanges({ limit }: ChangesOptions = {}): readonly LocalChange[] {
  const [changes, show] = useState<readonly LocalChange[]>([]);
  useEffect(() => onChanges(show, { limit }), [limit]);
  return changes;
}

/** What the selector makes of the store, live. The component renders again where that is something else. */
export function useStore<T>(selector: (tables: typeof store) => T): T {
  const selection = useMemo(() => selected(selector), [selector]);
  return useSyncExternalStore(subscribe, selection, selection);
}

/** Makes a function that gives the same object until something in it is another one. */
function selected<T>(selector: (tables: typeof store) => T): () => T {
  let last: { readonly version: number; readonly value: T } | undefined;
  return () => {
    if (last?.version !== version()) last = { version: version(), value: kept(last?.value, selector(store)) };
    return last.value;
  };
}
