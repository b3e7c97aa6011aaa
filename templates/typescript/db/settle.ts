import type { Connection } from "./driver.js";
import { sentEntries, settle, type Entry } from "./log.js";
import type { Model } from "./model.js";
import type { Memory } from "./shape-position.js";

/** What has come from the server in one transaction of ours. */
export interface Arrivals {
  /** The server's transactions. */
  readonly txids: ReadonlySet<string>;
  /** Rows that have come without a write of ours that is in the log. */
  readonly rowKeys: ReadonlySet<string>;
  /** Whether a row is new. */
  readonly hasNewRows: boolean;
  /** Rows of a snapshot, which may have been taken before a write that was acknowledged since. */
  readonly loaded: ReadonlySet<string>;
}

/** How many transactions are remembered for writes that are still without an answer. */
const REMEMBERED = 1_000;

/** Settles what the server's rows now show, once they are in the synced table. Gives what is to be remembered. */
export async function settleArrived(
  connection: Connection,
  model: Model,
  arrivals: Arrivals,
  memory: Memory,
): Promise<Memory> {
  const sent = await sentEntries(connection, model.name);
  const acknowledged = sent.filter((entry) => entry.status === "acknowledged");
  const arrived = sent.filter((entry) => hasArrived(entry, model, arrivals));
  const shown = [
    ...sent.filter((entry) => hasBeenSeen(entry, sent)),
    ...acknowledged.filter((entry) => entry.txid !== null && arrivals.txids.has(entry.txid)),
    ...oldestOfEachRow(acknowledged.filter((entry) => arrived.includes(entry) && isUntraceable(entry, model))),
  ];
  const settled = new Set(shown.map((entry) => entry.writeId));
  await settle(connection, [...settled]);

  const isUnanswered = sent.some((entry) => entry.status === "pending" && !settled.has(entry.writeId));
  const overtaken = sent.filter(
    (entry) =>
      !settled.has(entry.writeId) &&
      (arrived.includes(entry) || arrivals.loaded.has(entry.rowKey) || memory.overtaken.includes(entry.writeId)),
  );
  return {
    txids: isUnanswered ? [...new Set([...memory.txids, ...arrivals.txids])].slice(-REMEMBERED) : [],
    overtaken: overtaken.map((entry) => entry.writeId),
  };
}

/**
 * Settles those of the overtaken writes that the server has taken, and lists the others. A write is overtaken when its
 * row has arrived without it: somebody else's write may have come first, or the server may have joined the two. Of
 * those in `due`, which were acknowledged a while ago, it has joined them.
 */
export async function settleOvertaken(
  connection: Connection,
  model: Model,
  memory: Memory,
  due: readonly string[],
): Promise<Memory> {
  const sent = await sentEntries(connection, model.name);
  const overtaken = sent.filter((entry) => memory.overtaken.includes(entry.writeId));
  const writeIds = overtaken.map((entry) => entry.writeId);
  const settled = writeIds.filter((writeId) => due.includes(writeId));
  await settle(connection, settled);
  return { ...memory, overtaken: writeIds.filter((writeId) => !settled.includes(writeId)) };
}

/** Of writes that went out together the server knows only the newest; once that one has come back, all have. */
export function hasBeenSeen(entry: Entry, sent: readonly Entry[]): boolean {
  const { sentWith, writeId } = entry;
  return sentWith !== null && sentWith !== writeId && !sent.some((other) => other.writeId === sentWith);
}

function hasArrived(entry: Entry, model: Model, arrivals: Arrivals): boolean {
  if (arrivals.rowKeys.has(entry.rowKey)) return true;
  // The server has made another key, and has told nobody which.
  const isUnknown = model.keyOrigin === "server" && entry.operation === "insert" && entry.rowKey.startsWith("-");
  return isUnknown && arrivals.hasNewRows;
}

/** Neither the row nor the server's answer tells which arrival shows the write. */
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
