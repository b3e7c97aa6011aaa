import type { CollectionKey } from "./keys.js";

/** What a hook for one row needs of a collection. */
export interface RowSource<Shown> {
  get(key: CollectionKey): Shown | undefined;
  subscribeChanges(callback: (changes: readonly { readonly key: unknown }[]) => void): { unsubscribe(): void };
}

/** Calls `listener` whenever the row changes. */
export function onRow<Shown>(collection: RowSource<Shown>, key: CollectionKey, listener: () => void): () => void {
  const subscription = collection.subscribeChanges((changes) => {
    if (changes.some((change) => change.key === key)) listener();
  });
  return () => subscription.unsubscribe();
}
