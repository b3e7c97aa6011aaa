import type { Driver } from "../driver.js";
import type { StoreOptions } from "../store.js";
import type { OnSilent } from "../tabs/connection.js";
import { joinTabs } from "../tabs/driver.js";
import { ownPglite } from "./driver.js";

export interface PgliteOptions extends StoreOptions {
  /**
   * The address of a file that `initial-data.mjs` has made, from the page's own or absolute. A new database in the
   * browser begins with what it has, instead of being made there, which takes seconds.
   */
  readonly initialData?: string | URL;
}

/** Storages that aren't folders of Node. */
const SCHEMES = /^(memory|opfs-ahp|memfs2opfs):\/\//;

/**
 * Opens a directory: `idb://…` in the browser, where all tabs share it; `memory://`, or a folder in Node, for this
 * client alone.
 */
export async function openPglite(
  directory: string,
  { initialData }: PgliteOptions = {},
  onSilent: OnSilent = () => {},
): Promise<Driver> {
  if (!directory.startsWith("idb://")) {
    return SCHEMES.test(directory) ? openAlone(directory) : openFolder(directory);
  }
  if (globalThis.navigator?.locks === undefined) {
    throw new Error("The local database needs a browser and a secure context: https, or localhost.");
  }
  const worker = new Worker(new URL("./pglite-worker.js", import.meta.url), { type: "module" });
  const place = {
    directory,
    ...(initialData !== undefined && { initialData: new URL(initialData, location.href).href }),
  };
  return joinTabs(worker, `sync-patterns:${directory}`, place, onSilent);
}

async function openAlone(directory: string): Promise<Driver> {
  const { createPglite } = await import("./create.js");
  return ownPglite(await createPglite(directory, undefined));
}

/** Refuses a folder that is open already. No page needs what this loads. */
async function openFolder(directory: string): Promise<Driver> {
  const { keepFolder } = await import("./folder.js");
  const release = await keepFolder(directory.replace(/^file:\/\//, ""));
  try {
    const driver = await openAlone(directory);
    return { ...driver, close: () => driver.close().finally(release) };
  } catch (error) {
    await release();
    throw error;
  }
}
