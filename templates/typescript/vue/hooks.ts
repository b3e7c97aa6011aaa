import { onScopeDispose, shallowRef, toValue, watchEffect, type MaybeRefOrGetter, type ShallowRef } from "vue";

import type { RejectedChange } from "./config.js";
import { keyOf } from "./keys.js";
import type { Model } from "./model.js";
import { getRejectedChanges, getSyncStatus, onSyncStatus, type SyncStatus } from "./status.js";
import { onRow, type RowSource } from "./watch.js";

/** What "3 changes not saved yet" is made from. */
export function useSyncStatus(): Readonly<ShallowRef<SyncStatus>> {
  return useSnapshot(getSyncStatus);
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): Readonly<ShallowRef<readonly RejectedChange[]>> {
  return useSnapshot(getRejectedChanges);
}

/** What may change while a component lives. */
export type Live<T> = MaybeRefOrGetter<T>;

/** A row by its key, without looking at any other. */
export function useRow<Shown>(
  collection: RowSource<Shown>,
  model: Model,
  key: Live<unknown>,
): Readonly<ShallowRef<Shown | undefined>> {
  const row = shallowRef<Shown>();
  watchEffect((onCleanup) => {
    const current = keyOf(model, toValue(key));
    const read = (): void => {
      row.value = collection.get(current);
    };
    onCleanup(onRow(collection, current, read));
    read();
  });
  return row;
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
