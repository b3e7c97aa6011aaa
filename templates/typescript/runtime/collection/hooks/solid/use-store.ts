import { createMemo, createSignal, onCleanup, type Accessor } from "solid-js";

import { store } from "../../../store.js";
import { defaultClient } from "../../init.js";

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
