import type { IDBPDatabase } from "idb";

import type { Tables } from "./tables.js";

/**
 * Chromium has all databases of an origin in one log. Where a full disk has cut off a record, it goes on after that in the
 * same log, and can't read it when it is started again: then it takes them for broken, and removes all of them. Once a log
 * is full it begins another, and moves what the first one had to where it is safe.
 */

/** Left for other tabs, and for this page when it is loaded again. */
const MARK = "sync-patterns: IndexedDB needs a new log";

/** A value of this size stays in the log; Chromium has larger ones in files. */
const PIECE = 32_768;
/** A log has 4 MB. */
const PIECES = 160;

/** Where there is no local storage, as in workers, or where the application has cleared it. */
let isNoted = false;
const renewing = new WeakMap<IDBPDatabase<Tables>, Promise<void>>();

/** Notes that the browser has ended a connection by itself: the log may be cut off. */
export function noteCut(): void {
  isNoted = true;
  try {
    localStorage.setItem(MARK, "true");
  } catch {
    // This page knows it in any case.
  }
}

/** Whether the log may be cut off, and nothing should be written after that. */
export function isCut(): boolean {
  if (isNoted) return true;
  try {
    return localStorage.getItem(MARK) !== null;
  } catch {
    return false;
  }
}

/** Has Chromium begin a new log. Throws where there is still no room. */
export function renewLog(database: IDBPDatabase<Tables>): Promise<void> {
  const work = renewing.get(database) ?? renew(database).finally(() => renewing.delete(database));
  renewing.set(database, work);
  return work;
}

async function renew(database: IDBPDatabase<Tables>): Promise<void> {
  // At random, because it may be compressed.
  const piece = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(PIECE)));
  const names = Array.from({ length: PIECES }, (_, index) => `filler:${String(index)}`);
  const filling = database.transaction("_sync_meta", "readwrite");
  for (const name of names) filling.store.put(piece, name).catch(() => {});
  await filling.done;
  const emptying = database.transaction("_sync_meta", "readwrite", { durability: "strict" });
  for (const name of names) emptying.store.delete(name).catch(() => {});
  await emptying.done;
  isNoted = false;
  try {
    localStorage.removeItem(MARK);
  } catch {
    // There is none.
  }
}
