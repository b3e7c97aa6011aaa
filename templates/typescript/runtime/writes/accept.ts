import { textOf, type Members } from "../client/json.js";
import { ownKeyIn, withOwnKey, type Model } from "../client/model.js";
import { compareTimes } from "../client/times.js";
import type { Rejection } from "../config.js";
import type { Entry, ServerRow, StoreOperations } from "../store/store.js";
import type { Outcome, Outgoing } from "../transport/transport.js";
import type { Acknowledged } from "./acknowledged.js";
import { readSeen } from "./settle.js";

/** The server has taken a write. Returns whether it is settled: the synced rows show it. */
export async function accept(
  within: StoreOperations,
  write: Outgoing,
  { key, txid, row }: Extract<Outcome, { kind: "acknowledged" }>,
  acknowledged: Acknowledged,
): Promise<boolean> {
  const { model, rowKey, writeIds, writeId } = write;
  const { log } = within;
  acknowledged.note(model.name, rowKey);
  const knownAs = key === null ? rowKey : withOwnKey(model, rowKey, key);
  if (key !== null) {
    acknowledged.note(model.name, knownAs);
    await log.noteMadeKey(model.name, ownKeyIn(model, rowKey), key);
  }
  if (model.transport === "rest" && (await show(within, write, knownAs, row))) return true;
  const sent = await log.sent(model.name);
  const { txids } = await readSeen(within, model.name);
  const isSeen = txid !== null && txids.includes(txid);
  const isShown = !sent.some((entry) => entry.writeId === writeId);
  const isSettled = isSeen || isShown || (await isGone(within, write));
  if (isSettled) await log.settle(writeIds);
  else await log.acknowledge(writeIds, txid);
  return isSettled;
}

/** Has the synced table show a write that the server has taken, where its answer says enough, and settles it. */
async function show(
  { log, synced }: StoreOperations,
  { model, operation, writeIds }: Outgoing,
  rowKey: string,
  row: ServerRow | null,
): Promise<boolean> {
  const known = await synced.read(model, rowKey);
  if (operation === "delete") {
    const values = model.key.map((column): [string, string] => [column, textOf(known?.[column] ?? "null")]);
    if (known !== undefined) await synced.delete(model, [new Map(values)]);
  } else if (row !== null && synced.keyOf(model, row) === rowKey) {
    if (!isOlder(model, row, known)) await synced.upsert(model, [row]);
  } else if (operation === "update" || known === undefined) {
    return false;
  }
  // The row is as all of them have made it.
  const earlier = (await log.ofRow(model.name, rowKey)).filter(({ status }) => status === "acknowledged");
  await log.settle([...writeIds, ...earlier.map(({ writeId }) => writeId)]);
  return true;
}

/** Whether a row is from before the one that is there: from a cache, or a server that is behind. */
function isOlder({ list }: Model, row: ServerRow, known: Members | undefined): boolean {
  const [time, there] = list?.changed === undefined ? [] : [row.get(list.changed), known?.[list.changed]];
  return time != null && there !== undefined && there !== "null" && compareTimes(time, textOf(there)) < 0;
}

/** Whether a deleted row has left the synced table before the answer came, and nothing brings it back. */
async function isGone(
  { log, synced }: StoreOperations,
  { model, operation, rowKey, writeIds }: Outgoing,
): Promise<boolean> {
  if (operation !== "delete") return false;
  const entries = await log.ofRow(model.name, rowKey);
  if (entries.some((entry) => entry.status === "acknowledged" && !writeIds.includes(entry.writeId))) return false;
  return (await synced.read(model, rowKey)) === undefined;
}

/** The server has refused a write for good. Gives what was rejected: its entries, and those that depended on them. */
export async function refuse(
  { log }: StoreOperations,
  writeIds: readonly string[],
  rejection: Rejection,
): Promise<Entry[]> {
  await log.reject(writeIds, rejection);
  return (await log.withIds(writeIds)).filter((entry) => entry.status === "rejected");
}
