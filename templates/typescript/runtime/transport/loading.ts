import type { Model } from "../client/model.js";
import { LOADING_SHOWN_MS } from "../client/timing.js";
import type { Store } from "../store/store.js";

/**
 * Makes a function that says whether the rows of a first load are to be shown now, before its end: the first ones are,
 * and then others after twice the time each time, because collections read all rows to show them.
 */
export function showsEarly(): () => boolean {
  let begun: number | undefined;
  let due = 0;
  return () => {
    const now = Date.now();
    begun ??= now;
    if (now < due) return false;
    due = now + Math.max(LOADING_SHOWN_MS, now - begun);
    return true;
  };
}

/** Shows what a first load has brought that can't go on now. Where that fails, its next end does it. */
export async function showLoaded(store: Store, model: Model): Promise<void> {
  try {
    if (await store.synced.isLoading(model)) await store.transaction(({ synced }) => synced.endLoading(model));
  } catch {
    // The database is closed, or its disk is full.
  }
}
