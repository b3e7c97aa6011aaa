import { wait } from "./backoff.js";
import type { Connection, Driver } from "./driver.js";
import { acknowledgedEntries, sentEntries, settle } from "./log.js";
import type { Model } from "./model.js";
import type { Members } from "./raw-json.js";
import { isSame } from "./same-value.js";
import { syncedMembers } from "./stream.js";

/** How long a row may take to arrive that the server has changed after all. */
const PATIENCE_MS = 3_000;

/**
 * Settles updates that the server has taken although they change nothing there, so that their rows never arrive. What it
 * returns is to be called when an update has been taken.
 */
export function watchUnchanging(driver: Driver, models: readonly Model[], signal: AbortSignal): () => void {
  let isOutdated = false;
  let watching: Promise<void> | undefined;

  async function watch(): Promise<void> {
    while (isOutdated && !signal.aborted) {
      isOutdated = false;
      const due = (await acknowledgedEntries(driver)).map(({ writeId }) => writeId);
      if (due.length === 0) continue;
      await wait(PATIENCE_MS, signal);
      const late = new Set((await acknowledgedEntries(driver)).map(({ model }) => model));
      for (const model of models.filter(({ name }) => late.has(name))) {
        if (signal.aborted) return;
        await driver.transaction(async (connection) =>
          settle(connection, await unchanging(connection, model, new Set(due))),
        );
      }
    }
  }

  return () => {
    isOutdated = true;
    // Where the database fails, the next update tries again.
    watching ??= watch()
      .catch(() => {})
      .finally(() => {
        watching = undefined;
      });
  };
}

/** Updates in `due` that leave the server's row as it is, together with all else that was sent of the row. */
async function unchanging(connection: Connection, model: Model, due: ReadonlySet<string>): Promise<string[]> {
  const sent = await sentEntries(connection, model.name);
  const found: string[] = [];
  for (const rowKey of new Set(sent.filter(({ writeId }) => due.has(writeId)).map((entry) => entry.rowKey))) {
    const ofRow = sent.filter((entry) => entry.rowKey === rowKey);
    if (ofRow.some(({ operation, writeId }) => operation !== "update" || !due.has(writeId))) continue;
    const row = await syncedMembers(connection, model, rowKey);
    const members = ofRow.reduce<Members>((set, entry) => ({ ...set, ...entry.members }), {});
    const isShown = row !== undefined && Object.keys(members).every((name) => isSame(model, name, members, row));
    if (isShown) found.push(...ofRow.map(({ writeId }) => writeId));
  }
  return found;
}
