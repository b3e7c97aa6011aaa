import { sqlStore, type SqlStore, type StoreOptions } from "../store.js";
import { pgliteDialect } from "./dialect.js";
import { openPglite } from "./driver.js";

/** Opens the local database: where the options say, or under this name in the browser. */
export async function openStore({ driver, directory }: StoreOptions, database: string): Promise<SqlStore> {
  return sqlStore(driver ?? (await openPglite(directory ?? `idb://${database}`)), pgliteDialect);
}
