import { createMemo, createSignal, from, onCleanup, type Accessor } from "solid-js";

import { store } from "../../../store.js";
import type { RejectedChange } from "../../config.js";
import { defaultClient, getRejectedChanges, getSyncStatus, onSyncStatus } from "../../init.js";
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

/** What the selector makes of the store, live. */
export function useStore<T>(selector: (tables: typeof store) => T): Accessor<T> {
  const { subscribe, version } = defaultClient.storeChanges;
  const [seen, see] = createSignal(version());
  onCleanup(subscribe(() => void see(version())));
  return createMemo(() => {
    seen();
    return selector(store);
  });
}
