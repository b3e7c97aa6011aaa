import { useCallback, useSyncExternalStore } from "react";

import { keyOf } from "./keys.js";
import type { Model } from "./model.js";
import { onRow, type RowSource } from "./watch.js";

/** A row by its key, without looking at any other. */
export function useRow<Shown>(collection: RowSource<Shown>, model: Model, given: unknown): Shown | undefined {
  const key = keyOf(model, given);
  const subscribe = useCallback((listener: () => void) => onRow(collection, key, listener), [collection, key]);
  const row = (): Shown | undefined => collection.get(key);
  return useSyncExternalStore(subscribe, row, row);
}
