import type { Driver } from "../client/db/store/sql/driver.js";
import { configureSync, getSyncStatus, initializeDatabase, onSyncStatus, syncNow } from "../client/index.js";
import type { ListName } from "./pages.js";
import type { Server } from "./server.js";

/** Syncs the lists, and then nothing by itself. The requests are counted. */
export async function open(driver: Driver, server: Server, list: ListName): Promise<{ readonly requests: number }> {
  const counted = { requests: 0 };
  configureSync({
    apiBaseUrl: server.url,
    poll: 100_000,
    fetch: (input, init) => {
      counted.requests += 1;
      return fetch(input, init);
    },
  });
  await initializeDatabase({ driver });
  await new Promise<void>((resolve) => {
    const look = () => {
      if (getSyncStatus().models[list]?.ready !== true) return;
      stop();
      resolve();
    };
    const stop = onSyncStatus(look);
    queueMicrotask(look);
  });
  return counted;
}

export async function pull(list: ListName): Promise<void> {
  await syncNow(list);
  const { error } = getSyncStatus().models[list] ?? {};
  if (error != null) throw new Error(error);
}
