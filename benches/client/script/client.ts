import type { Driver } from "../client/db/store/sql/driver.js";
import { sql } from "../client/db/store/sql/driver.js";
import { closeDatabase, configureSync, contactsCollection, getDatabase, initializeDatabase } from "../client/index.js";
import type { Server } from "./server.js";
import { until } from "./until.js";

/** Syncs all rows of the server into the collection; gives the time until that is ready. */
export async function open(driver: Driver, server: Server): Promise<number> {
  configureSync({ electricUrl: server.url, apiBaseUrl: server.url });
  const ready = contactsCollection.preload();
  const start = performance.now();
  // The database stays open when the client is closed.
  await initializeDatabase({ driver: { ...driver, close: async () => {} } });
  await ready;
  return performance.now() - start;
}

export async function close(): Promise<void> {
  await contactsCollection.cleanup();
  await closeDatabase();
}

/** Returns once nothing is pending, and nothing that was sent hasn't come back. */
export async function settled(): Promise<void> {
  while ((await getDatabase().query(sql`SELECT 1 FROM _changes LIMIT 1`)).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Returns once the collection has this. */
export async function shown(id: string, email: string): Promise<void> {
  await until(onContacts, () => contactsCollection.get(id)?.email === email);
}

export function onContacts(look: () => void): () => void {
  const subscription = contactsCollection.subscribeChanges(look);
  return () => subscription.unsubscribe();
}
