import { createEffect, createMemo, createSignal, from, onCleanup, type Accessor } from "solid-js";

import { store } from "../../../store.js";
import type { ChangesOptions, LocalChange } from "../../changes.js";
import { kept } from "../../client/values.js";
import type { RejectedChange } from "../../config.js";
import { defaultClient, getRejectedChanges, getSyncStatus, onChanges, onSyncStatus } from "../../init.js";
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

/** What the server doesn't have yet, and what it has refused, oldest first. */
export function useChanges(options: Accessor<ChangesOptions> = () => ({})): Accessor<readonly LocalChange[]> {
  const [changes, show] = createSignal<readonly LocalChange[]>([]);
  createEffect(() => onCleanup(onChanges((next) => void show(next), options())));
  return changes;
}

/** What the selector makes of the store, live. What depends on it runs again where that is something else. */
export function useStore<T>(selector: (tables: typeof store) => T): Accessor<T> {
  const { subscribe, version } = defaultClient.storeChanges;
  const [seen, see] = createSignal(version());
  onCleanup(subscribe(() => void see(version())));
  return createMemo<T>((before) => {
    seen();
    return kept(before as T | undefined, selector(store));
  });
}
