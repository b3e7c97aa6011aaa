import { computed, onScopeDispose, shallowRef, type ComputedRef } from "vue";

import { store } from "../../../store.js";
import { defaultClient } from "../../init.js";

/** What the selector makes of the store, live. */
export function useStore<T>(selector: (tables: typeof store) => T): ComputedRef<T> {
  const { subscribe, version } = defaultClient.storeChanges;
  const seen = shallowRef(version());
  onScopeDispose(
    subscribe(() => {
      seen.value = version();
    }),
  );
  return computed(() => {
    void seen.value;
    return selector(store);
  });
}
