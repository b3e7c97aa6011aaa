import { useCallback, useSyncExternalStore } from "react";

import { givenKey, type Model } from "../../client/model.js";
import { onRow, type RowSource } from "../rows.js";

/** A row by its key, without looking at any other. */
export function useRow<Shown>(collection: RowSource<Shown>, model: Model, given: unknown): Shown | undefined {
  const key = givenKey(model, given);
  const subscribe = useCallback((listener: () => void) => onRow(collection, key, listener), [collection, key]);
  const row = (): Shown | undefined => collection.get(key);
  return useSyncExternalStore(subscribe, row, row);
}
