import { sqlStore, type SqlStore, type StoreOptions } from "../store.js";
import { sqliteDialect } from "./dialect.js";
import { openSqlite } from "./driver.js";

/** Opens the local database: where the options say, or under this name in the browser. */
export async function openStore({ driver, directory }: StoreOptions, database: string): Promise<SqlStore> {
  return sqlStore(driver ?? (await openSqlite(directory ?? `opfs://${database}`)), sqliteDialect);
}
