import { createEffect, createSignal, from, onCleanup, type Accessor } from "solid-js";

import type { RejectedChange } from "./config.js";
import { keyOf } from "./keys.js";
import type { Model } from "./model.js";
import { getRejectedChanges, getSyncStatus, onSyncStatus, type SyncStatus } from "./status.js";
import { onRow, type RowSource } from "./watch.js";

/** What "3 changes not saved yet" is made from. */
export function useSyncStatus(): Accessor<SyncStatus> {
  return useSnapshot(getSyncStatus);
}

/** The writes that the server has refused, oldest first, until they are discarded or sent again. */
export function useRejectedChanges(): Accessor<readonly RejectedChange[]> {
  return useSnapshot(getRejectedChanges);
}

/** What may change while a component lives. */
export type Live<T> = Accessor<T>;

/** A row by its key, without looking at any other. */
export function useRow<Shown>(
  collection: RowSource<Shown>,
  model: Model,
  key: Live<unknown>,
): Accessor<Shown | undefined> {
  const [row, setRow] = createSignal<Shown>();
  createEffect(() => {
    const current = keyOf(model, key());
    const read = (): void => {
      setRow(() => collection.get(current));
    };
    onCleanup(onRow(collection, current, read));
    read();
  });
  return row;
}

function useSnapshot<T>(snapshot: () => T): Accessor<T> {
  return from<T>((set) => onSyncStatus(() => set(() => snapshot())), snapshot());
}
