import type { IDBPDatabase } from "idb";

import type { Tables } from "./tables.js";

/** Smaller than what Chromium keeps in a file of its own. */
const PIECE = 32_768;
/** Chromium begins another log after 4 MB. */
const PIECES = 160;

/**
 * Has Chromium begin a new log of its database. Where a full disk has cut off a record, it goes on after that in the same
 * log, and can't read it when it is started again: then it takes the database for broken, and removes all of it. Once
 * the log is full, what it had is moved to where it is safe. Throws where there is still no room.
 */
export async function renewLog(database: IDBPDatabase<Tables>): Promise<void> {
  // It may be compressed, which mustn't make it smaller.
  const piece = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(PIECE)));
  const filling = database.transaction("_sync_meta", "readwrite");
  for (let index = 0; index < PIECES; index += 1) filling.store.put(piece, nameOf(index)).catch(() => {});
  await filling.done;
  const emptying = database.transaction("_sync_meta", "readwrite", { durability: "strict" });
  for (let index = 0; index < PIECES; index += 1) emptying.store.delete(nameOf(index)).catch(() => {});
  await emptying.done;
}

function nameOf(index: number): string {
  return `filler ${String(index)}`;
}
