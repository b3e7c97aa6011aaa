import { createSubscriber } from "svelte/reactivity";

import { store } from "../../../store.js";
import { defaultClient } from "../../init.js";

const subscribe = createSubscriber(defaultClient.storeChanges.subscribe);

/** What the selector makes of the store, live. Reactive where `current` is read. */
export function useStore<T>(selector: (tables: typeof store) => T): { readonly current: T } {
  return {
    get current() {
      subscribe();
      return selector(store);
    },
  };
}
