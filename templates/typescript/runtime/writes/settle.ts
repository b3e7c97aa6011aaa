import { parsed, textOf, type Members } from "../client/json.js";
import { ownKeyIn, withOwnKey, WRITE_ID, type Model } from "../client/model.js";
import { ARRIVAL_MS } from "../client/timing.js";
import { compareTimes, isSame } from "../client/values.js";
import type { Rejection } from "../config.js";
import { keyRow, type Entry, type ServerRow, type Store, type StoreOperations } from "../store/store.js";
import { wait } from "../transport/schedule.js";
import type { Acknowledged, Outcome, Outgoing } from "../transport/transport.js";

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

/** Marks writes as acknowledged, or settles them where nothing is left to show. Gives those that it marked. */
async function acknowledge(within: StoreOperations, model: Model, taken: readonly Taken[]): Promise<Taken[]> {
  const { log } = within;
  const sent = new Set((await log.sent(model.name)).map(({ writeId }) => writeId));
  const seen = await readSeen(within, model.name);
  const left: Taken[] = [];
  const settled: string[] = [];
  for (const one of taken) {
    const { write, outcome } = one;
    const isSeen = outcome.txid !== null && hasSeen(seen, outcome.txid);
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
  // The row now shows these writes, and the earlier ones of the same row.
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

/** What has arrived from the server and is written in one transaction. */
export interface Arrivals {
  /** Ids of the server's transactions. */
  readonly txids: ReadonlySet<string>;
  /** Rows that have come without a write of ours that is in the log. */
  readonly rowKeys: ReadonlySet<string>;
  /** Whether a row is new. */
  readonly hasNewRows: boolean;
}

/** Which of the server's transactions a snapshot has: those before `xmax` that weren't under way. */
export interface Snapshot {
  readonly xmax: string;
  readonly underWay: readonly string[];
}

/** How many transactions are remembered for writes that are still without an answer. */
const REMEMBERED = 1_000;

/** What is remembered of a model's arrivals while writes to it are under way. */
export interface Seen {
  /** Transactions of the server, as long as one of them may be that of a write without answer. */
  readonly txids: readonly string[];
  /** The newest snapshot, as long as it may have a write without answer, or one that is awaited. */
  readonly snapshot: Snapshot | null;
  /** Sent writes whose rows have arrived without them. */
  readonly overtaken: readonly string[];
  /** Sent writes that a snapshot doesn't show, which may be older than they are. */
  readonly awaited: readonly string[];
}

export const nothingSeen: Seen = { txids: [], snapshot: null, overtaken: [], awaited: [] };

const SEEN = "seen";

export async function readSeen({ meta }: StoreOperations, model: string): Promise<Seen> {
  const text = await meta.get(SEEN, model);
  return { ...nothingSeen, ...((text === undefined ? undefined : parsed(text)) as Partial<Seen> | undefined) };
}

export async function writeSeen({ meta }: StoreOperations, model: string, seen: Seen): Promise<void> {
  if (isSameSeen(seen, nothingSeen)) await meta.delete(SEEN, model);
  else await meta.set(SEEN, model, JSON.stringify(seen));
}

export function isSameSeen(one: Seen, other: Seen): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether the synced rows show what a transaction has written. */
function hasSeen({ txids, snapshot }: Seen, txid: string): boolean {
  return txids.includes(txid) || (snapshot !== null && isIn(snapshot, txid));
}

/** Ids are 32 bits, and begin anew: one is before another from which it is less than half of them away. */
function isIn({ xmax, underWay }: Snapshot, txid: string): boolean {
  return BigInt.asIntN(32, BigInt(xmax) - BigInt(txid)) > 0n && !underWay.includes(txid);
}

/** Settles what the server's rows now show, once they are in the synced table. Gives what is to be remembered. */
export async function settleArrived(
  { log }: StoreOperations,
  model: Model,
  arrivals: Arrivals,
  seen: Seen,
): Promise<Seen> {
  const sent = await log.sent(model.name);
  const acknowledged = sent.filter((entry) => entry.status === "acknowledged");
  const arrived = sent.filter((entry) => hasArrived(entry, model, arrivals));
  const shown = [
    ...sent.filter((entry) => hasBeenSeen(entry, sent)),
    ...acknowledged.filter((entry) => entry.txid !== null && arrivals.txids.has(entry.txid)),
    ...oldestOfEachRow(acknowledged.filter((entry) => arrived.includes(entry) && isUntraceable(entry, model))),
  ];
  await log.settle([...new Set(shown.map((entry) => entry.writeId))]);
  const left = sent.filter((entry) => !shown.includes(entry));
  const overtaken = left.filter((entry) => arrived.includes(entry) || seen.overtaken.includes(entry.writeId));
  return remembered(left, {
    ...seen,
    txids: [...new Set([...seen.txids, ...arrivals.txids])].slice(-REMEMBERED),
    overtaken: overtaken.map((entry) => entry.writeId),
  });
}

/** What of it is of use for these writes, which are under way. */
function remembered(sent: readonly Entry[], seen: Seen): Seen {
  const isUnanswered = sent.some((entry) => entry.status === "pending");
  const isSent = (writeId: string) => sent.some((entry) => entry.writeId === writeId);
  return {
    txids: isUnanswered ? seen.txids : [],
    snapshot: isUnanswered || seen.awaited.some(isSent) ? seen.snapshot : null,
    overtaken: seen.overtaken.filter(isSent),
    awaited: seen.awaited.filter(isSent),
  };
}

/** The ids of the writes that the synced rows show, by the keys of those rows to which writes are under way. */
export type LastWrites = ReadonlyMap<string, string | null>;

export async function lastWrites({ log, synced }: StoreOperations, model: Model): Promise<LastWrites> {
  const last = new Map<string, string | null>();
  if (!model.writeId.includes("row")) return last;
  for (const rowKey of new Set((await log.sent(model.name)).map((entry) => entry.rowKey))) {
    const [row] = await synced.select(model, [WRITE_ID], keyRow(model, rowKey));
    if (row !== undefined) last.set(rowKey, row.get(WRITE_ID) ?? null);
  }
  return last;
}

/**
 * Settles what a snapshot shows, once all of it is in the synced table. It may be older than the acknowledgement of a
 * write, whenever it was asked for, because the stream may lag behind the server's database. `before`: from before the
 * snapshot was written. Gives what is to be remembered.
 */
export async function settleLoaded(
  within: StoreOperations,
  model: Model,
  snapshot: Snapshot | null,
  before: LastWrites,
  seen: Seen,
): Promise<Seen> {
  const { log, synced } = within;
  const sent = await log.sent(model.name);
  const rows = await synced.readByKey(model, [...new Set(sent.map((entry) => entry.rowKey))]);
  const after = await lastWrites(within, model);
  const acknowledged = sent.filter(({ status }) => status === "acknowledged");
  const shown: Entry[] = [];
  for (const rowKey of new Set(acknowledged.map((entry) => entry.rowKey))) {
    const ofRow = acknowledged.filter((entry) => entry.rowKey === rowKey);
    shown.push(...shownOfRow(model, ofRow, rows.get(rowKey), snapshot));
  }
  await log.settle(shown.map((entry) => entry.writeId));
  const left = sent.filter((entry) => !shown.includes(entry));
  const awaited = left.filter(({ txid, rowKey }) => {
    // A row that still shows the same write hasn't come to this one yet.
    const isOld = before.has(rowKey) && before.get(rowKey) === after.get(rowKey);
    return (snapshot === null || txid === null) && !isOld;
  });
  return remembered(left, { ...seen, snapshot, awaited: awaited.map((entry) => entry.writeId) });
}

/**
 * Those of a row's acknowledged writes that a snapshot shows: the newest one that it shows, and all before. Of one that went
 * before, what was left in the log would be shown over it.
 */
function shownOfRow(
  model: Model,
  entries: readonly Entry[],
  row: Members | undefined,
  snapshot: Snapshot | null,
): readonly Entry[] {
  const areShown = entries.map(({ txid }, index) =>
    snapshot !== null && txid !== null ? isIn(snapshot, txid) : isShownBy(model, entries.slice(0, index + 1), row),
  );
  return entries.slice(0, areShown.lastIndexOf(true) + 1);
}

/** Whether a row is as these writes have left it, one after the other. */
function isShownBy(model: Model, entries: readonly Entry[], row: Members | undefined): boolean {
  const lastDelete = entries.map(({ operation }) => operation).lastIndexOf("delete");
  const after = entries.slice(lastDelete + 1);
  if (after.length === 0 || row === undefined) return after.length === 0 && row === undefined;
  // The server may change a new row, so that it is there is enough, unless it may be the one that was deleted.
  const compared = lastDelete < 0 ? after.filter(({ operation }) => operation === "update") : after;
  return hasMembers(model, compared, row);
}

/** Whether a row has what these entries have set, one after the other. */
function hasMembers(model: Model, entries: readonly Entry[], row: Members): boolean {
  const members = entries.reduce<Members>((set, entry) => ({ ...set, ...entry.members }), {});
  return Object.keys(members).every((name) => isSame(model, name, members, row));
}

/**
 * Settles those of the overtaken or awaited writes that are in `due`, which were acknowledged a while ago: somebody else's
 * write has taken the place of theirs, and they never arrive. Gives what is to be remembered.
 */
export async function settleDue(
  { log }: StoreOperations,
  model: Model,
  seen: Seen,
  which: "overtaken" | "awaited",
  due: readonly string[],
): Promise<Seen> {
  // What is known not to be in the snapshot will arrive.
  const isLater = ({ txid }: Entry) => which === "awaited" && seen.snapshot !== null && txid !== null;
  const sent = await log.sent(model.name);
  const late = sent.filter((entry) => seen[which].includes(entry.writeId) && !isLater(entry));
  const settled = late.filter(({ writeId }) => due.includes(writeId));
  await log.settle(settled.map(({ writeId }) => writeId));
  return remembered(
    sent.filter((entry) => !settled.includes(entry)),
    seen,
  );
}

/** Whether an entry was sent together with a newer one that has left the log: the server knows only the newest. */
export function hasBeenSeen(entry: Entry, sent: readonly Entry[]): boolean {
  const { sentWith, writeId } = entry;
  return sentWith !== null && sentWith !== writeId && !sent.some((other) => other.writeId === sentWith);
}

function hasArrived(entry: Entry, model: Model, arrivals: Arrivals): boolean {
  if (arrivals.rowKeys.has(entry.rowKey)) return true;
  // The server has made another key, and its answer didn't have it.
  const isUnknown = model.keyOrigin === "server" && entry.operation === "insert" && ownKeyIn(model, entry.rowKey).startsWith("-");
  return isUnknown && arrivals.hasNewRows;
}

/** Whether nothing tells which arrival shows the write: neither the row nor the server's answer. */
function isUntraceable(entry: Entry, model: Model): boolean {
  return entry.txid === null && !model.writeId.includes("row");
}

/** Each request makes the row arrive once, so one arrival settles one of them. */
function oldestOfEachRow(entries: readonly Entry[]): Entry[] {
  const oldest = new Map<string, Entry>();
  for (const entry of entries) {
    if (!oldest.has(entry.rowKey)) oldest.set(entry.rowKey, entry);
  }
  return entries.filter((entry) => {
    const first = oldest.get(entry.rowKey);
    return entry === first || (entry.sentWith !== null && entry.sentWith === first?.sentWith);
  });
}

/**
 * Settles updates that the server has taken although they change nothing there, so that their rows never arrive. What it
 * returns is to be called when an update has been taken.
 */
export function watchUnchanged(store: Store, models: readonly Model[], signal: AbortSignal): () => void {
  let isOutdated = false;
  let watching: Promise<void> | undefined;

  async function watch(): Promise<void> {
    while (isOutdated && !signal.aborted) {
      isOutdated = false;
      const due = (await store.log.acknowledged()).map(({ writeId }) => writeId);
      if (due.length === 0) continue;
      await wait(ARRIVAL_MS, signal);
      const late = new Set((await store.log.acknowledged()).map(({ model }) => model));
      for (const model of models.filter(({ name }) => late.has(name))) {
        if (signal.aborted) return;
        await store.transaction(async (within) => within.log.settle(await unchangedBy(within, model, new Set(due))));
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
async function unchangedBy(
  { log, synced }: StoreOperations,
  model: Model,
  due: ReadonlySet<string>,
): Promise<string[]> {
  const sent = await log.sent(model.name);
  const found: string[] = [];
  for (const rowKey of new Set(sent.filter(({ writeId }) => due.has(writeId)).map((entry) => entry.rowKey))) {
    const ofRow = sent.filter((entry) => entry.rowKey === rowKey);
    if (ofRow.some(({ operation, writeId }) => operation !== "update" || !due.has(writeId))) continue;
    const row = await synced.read(model, rowKey);
    if (row !== undefined && hasMembers(model, ofRow, row)) found.push(...ofRow.map(({ writeId }) => writeId));
  }
  return found;
}
