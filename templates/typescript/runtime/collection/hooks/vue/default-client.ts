import {
  computed,
  onScopeDispose,
  shallowRef,
  toValue,
  watchEffect,
  type ComputedRef,
  type MaybeRefOrGetter,
  type ShallowRef,
} from "vue";

import { store } from "../../../store.js";
import type { ChangesOptions, LocalChange } from "../../changes.js";
import { kept } from "../../client/values.js";
import type { RejectedChange } from "../../config.js";
import { defaultClient, getRejectedChanges, getSyncStatus, onChanges, onSyncStatus } from "../../init.js";
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

/** What the server doesn't have yet, and what it has refused, oldest first. */
export function useChanges(
  options: MaybeRefOrGetter<ChangesOptions> = {},
): Readonly<ShallowRef<readonly LocalChange[]>> {
  const changes = shallowRef<readonly LocalChange[]>([]);
  const show = (next: readonly LocalChange[]): void => {
    changes.value = next;
  };
  watchEffect((onCleanup) => onCleanup(onChanges(show, toValue(options))));
  return changes;
}

/** What the selector makes of the store, live. The component renders again where that is something else. */
export function useStore<T>(selector: (tables: typeof store) => T): ComputedRef<T> {
  const { subscribe, version } = defaultClient.storeChanges;
  const seen = shallowRef(version());
  onScopeDispose(
    subscribe(() => {
      seen.value = version();
    }),
  );
  return computed((before?: T) => {
    void seen.value;
    return kept(before, selector(store));
  });
}
