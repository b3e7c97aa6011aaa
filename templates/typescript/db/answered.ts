import type { MadeKey } from "./answer.js";
import type { Connection } from "./driver.js";
import { acknowledge, entriesOfRow, entriesWith, noteMadeKey, reject, sentEntries, settle, type Entry } from "./log.js";
import type { Rejection } from "./rejected.js";
import type { Outgoing } from "./request.js";
import { readMemory } from "./shape-position.js";
import { syncedMembers } from "./stream.js";

/** The server has taken a write. Settles it at once where its rows have shown it before the answer came. */
export async function accept(
  connection: Connection,
  write: Outgoing,
  key: MadeKey | null,
  txid: string | null,
): Promise<void> {
  const { model, rowKey, writeIds, writeId } = write;
  const sent = await sentEntries(connection, model.name);
  const { txids } = await readMemory(connection, model.name);
  const isSeen = txid !== null && txids.includes(txid);
  const isShown = !sent.some((entry) => entry.writeId === writeId);
  if (key !== null) {
    await noteMadeKey(connection, model.name, { temporary: rowKey, rowKey: key.rowKey, key: key.json });
  }
  if (isSeen || isShown || (await isGone(connection, write))) await settle(connection, writeIds);
  else await acknowledge(connection, writeIds, txid);
}

/** Whether a deleted row has left the synced table before the answer came, and nothing brings it back. */
async function isGone(connection: Connection, { model, operation, rowKey, writeIds }: Outgoing): Promise<boolean> {
  if (operation !== "delete") return false;
  const entries = await entriesOfRow(connection, model.name, rowKey);
  if (entries.some((entry) => entry.status === "acknowledged" && !writeIds.includes(entry.writeId))) return false;
  return (await syncedMembers(connection, model, rowKey)) === undefined;
}

/** The server has refused a write for good. Gives what was rejected: its entries, and those that depended on them. */
export async function refuse(
  connection: Connection,
  writeIds: readonly string[],
  rejection: Rejection,
): Promise<Entry[]> {
  await reject(connection, writeIds, rejection);
  return (await entriesWith(connection, writeIds)).filter((entry) => entry.status === "rejected");
}
