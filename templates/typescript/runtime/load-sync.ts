import { messageOf } from "./client/json.js";
import type { Model } from "./client/model.js";
import { loadPart } from "./client/parts.js";
import { API_ANSWER_MS } from "./client/timing.js";
import type { Reports } from "./tabs/reports.js";
import { backoff, wait, within, type Presence } from "./transport/schedule.js";

/** The code that talks to servers, about a third of the client. */
type SyncCode = typeof import("./sync.js");

/**
 * Gives that code; undefined where `signal` aborts before. Throws where it can't be had now, after a pause: then, it has
 * been told, and may be asked again.
 */
export type LoadSync = (reports: Reports, presence: Presence, signal: AbortSignal) => Promise<SyncCode | undefined>;

/** The source of the error. */
const CODE = "the code that syncs";

/**
 * Begins to load the code that syncs. A page shows its rows and keeps its edits without it, so nobody waits for it but
 * who syncs; and who can't load it couldn't reach a server either, unless the files of the page have been replaced.
 */
export function loadSync(models: readonly Model[]): LoadSync {
  let failures = 0;
  let loading = load();

  function reachable(reports: Reports, isReachable: boolean): void {
    for (const { name } of models) reports.reachable(name, isReachable);
  }

  return async (reports, presence, signal) => {
    try {
      const code = await within(API_ANSWER_MS, signal, () => loading);
      if (failures > 0) reachable(reports, true);
      // It may be that of a tab that has led before.
      reports.error(CODE, null);
      return code;
    } catch (error) {
      if (signal.aborted) return undefined;
      failures += 1;
      reachable(reports, false);
      reports.error(
        CODE,
        `The code that syncs can't be loaded: ${messageOf(error)}. What is written stays on this device. It is tried ` +
          "again; where that doesn't help, load the page again.",
      );
      await wait(backoff(failures), signal, presence.onReturn);
      loading = load();
      throw error;
    }
  };
}

function load(): Promise<SyncCode> {
  const loading = loadPart(() => import("./sync.js"), "syncModels");
  // Whoever syncs hears of it.
  loading.catch(() => {});
  return loading;
}
