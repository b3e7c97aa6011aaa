import type { Driver } from "../driver.js";
import type { OnSilent } from "../tabs/connection.js";
import { joinTabs } from "../tabs/driver.js";
import { ownSqlite } from "./driver.js";

/**
 * Opens a directory: `opfs://…`, the browser's private files, where all tabs share it; or `memory://`. Any other
 * database is the application's: `initializeDatabase({ driver: nativeDriver(new DatabaseSync("…")) })`.
 */
export async function openSqlite(directory: string, onSilent: OnSilent = () => {}): Promise<Driver> {
  if (directory === "memory://") {
    const { openInMemory } = await import("./wasm.js");
    return ownSqlite(await openInMemory());
  }
  if (!directory.startsWith("opfs://")) {
    throw new Error(
      `${directory} is neither opfs://… nor memory://. For a file, give a driver: nativeDriver(database).`,
    );
  }
  if (globalThis.navigator?.locks === undefined) {
    throw new Error("The local database needs a browser and a secure context: https, or localhost.");
  }
  const worker = new Worker(new URL("./sqlite-worker.js", import.meta.url), { type: "module" });
  return joinTabs(worker, `sync-patterns:${directory}`, { directory }, onSilent);
}
