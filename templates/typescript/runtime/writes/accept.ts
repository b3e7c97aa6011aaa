import { textOf, type Members } from "../client/json.js";
import { ownKeyIn, withOwnKey, type Model } from "../client/model.js";
import { compareTimes } from "../client/values.js";
import type { Rejection } from "../config.js";
import { keyRow, type Entry, type ServerRow, type StoreOperations } from "../store/store.js";
import type { Acknowledged, Outcome, Outgoing } from "../transport/transport.js";
import { readSeen } from "./settle.js";

/** A write that the server has taken. */
export interface Taken {
  readonly write: Outgoing;
  readonly outcome: Extract<Outcome, { kind: "acknowledged" }>;
}

/** Notes that the server has taken these writes. Gives those that aren't settled yet: the synced rows don't show them. */
export async function accept(
  within: StoreOperations,
  taken: readonly Taken[],
  acknowledged: Acknowledged,
): Promise<Taken[]> {
  for (const { write, outcome } of taken) {
    const { model, rowKey } = write;
    acknowledged.note(model.name, rowKey);
    if (outcome.key === null) continue;
    acknowledged.note(model.name, withOwnKey(model, rowKey, outcome.key));
    await within.log.noteMadeKey(model.name, ownKeyIn(model, rowKey), outcome.key);
  }
  const unsettled: Taken[] = [];
  for (const model of new Set(taken.map(({ write }) => write.model))) {
    const ofModel = taken.filter(({ write }) => write.model === model);
    const left = model.transport === "rest" ? await show(within, model, ofModel) : ofModel;
    if (left.length > 0) unsettled.push(...(await acknowledge(within, model, left)));
  }
  return unsettled;
}

/** Gives those of the writes that are still to be shown. The others are settled. */
async function acknowledge(within: StoreOperations, model: Model, taken: readonly Taken[]): Promise<Taken[]> {
  const { log } = within;
  const sent = new Set((await log.sent(model.name)).map(({ writeId }) => writeId));
  const { txids } = await readSeen(within, model.name);
  const left: Taken[] = [];
  const settled: string[] = [];
  for (const one of taken) {
    const { write, outcome } = one;
    const isSeen = outcome.txid !== null && txids.includes(outcome.txid);
    if (isSeen || !sent.has(write.writeId) || (await isGone(within, write))) settled.push(...write.writeIds);
    else left.push(one);
  }
  await log.settle(settled);
  if (left.length > 0) {
    await log.acknowledge(left.map(({ write, outcome }) => ({ writeIds: write.writeIds, txid: outcome.txid })));
  }
  return left;
}

/** Has the synced table show what the server has taken, where the answers say enough, and settles that. Gives the rest. */
async function show({ log, synced }: StoreOperations, model: Model, taken: readonly Taken[]): Promise<Taken[]> {
  const keyOf = ({ write: { rowKey }, outcome: { key } }: Taken) =>
    key === null ? rowKey : withOwnKey(model, rowKey, key);
  const known = await synced.readByKey(model, taken.map(keyOf));
  const left: Taken[] = [];
  const rows: ServerRow[] = [];
  const gone: ServerRow[] = [];
  const shown: Taken[] = [];
  for (const one of taken) {
    const { operation } = one.write;
    const { row } = one.outcome;
    const key = keyOf(one);
    const there = known.get(key);
    if (operation === "delete") {
      if (there !== undefined) gone.push(keyRow(model, key));
    } else if (row !== null && synced.keyOf(model, row) === key) {
      if (!isOlder(model, row, there)) rows.push(row);
    } else if (operation === "update" || there === undefined) {
      left.push(one);
      continue;
    }
    shown.push(one);
  }
  if (rows.length > 0) await synced.upsert(model, rows);
  if (gone.length > 0) await synced.delete(model, gone);
  if (shown.length === 0) return left;
  // The row is as all of them have made it.
  const entries = await log.ofRows(model.name, shown.map(keyOf));
  const earlier = entries.filter(({ status }) => status === "acknowledged").map(({ writeId }) => writeId);
  await log.settle([...shown.flatMap(({ write }) => write.writeIds), ...earlier]);
  return left;
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
  const entries = await log.ofRows(model.name, [rowKey]);
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
