// Databases that have what was written when they are opened again, each of them with what `initializeDatabase` needs.

import { type Client, inMemory, isIndexedDb } from "./generated.js";

export type Kept = NonNullable<Parameters<Client["initializeDatabase"]>[0]>;

/** Makes empty ones, until it is closed. */
export function keeper({ createClient }: Pick<Client, "createClient">): {
  kept(): Promise<Kept>;
  close(): Promise<void>;
} {
  const owners: ReturnType<typeof createClient>[] = [];
  return {
    async kept() {
      if (isIndexedDb) return { ...inMemory(), sync: false };
      const owner = createClient();
      owners.push(owner);
      const driver = await owner.initializeDatabase({ ...inMemory(), sync: false });
      return { driver: { ...driver, close: async () => {} }, sync: false };
    },
    async close() {
      for (const owner of owners) await owner.closeDatabase();
    },
  };
}
