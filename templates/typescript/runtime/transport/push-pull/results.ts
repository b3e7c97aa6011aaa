import { objectOf, parsed, type Members } from "../../client/json.js";
import { fieldOf, ownKey, ownKeyIn, withOwnKey, type Model } from "../../client/model.js";
import { jsonOf } from "../../client/values.js";
import type { Rejection } from "../../config.js";
import { madeKeyOf, type Entry, type StoreOperations } from "../../store/store.js";
import type { Acknowledged } from "../transport.js";
import type { Models } from "../../writes/known.js";
import { readPulled } from "./clock.js";
import type { Cursor, Place, PushResult, ResultError, WireRow } from "./protocol.js";

/** Notes what has become of what was pushed. Gives what was rejected: the entries themselves, and those that depended on them. */
export async function takeResults(
  within: StoreOperations,
  models: Models,
  entries: readonly Entry[],
  results: readonly PushResult[],
  acknowledged: Acknowledged,
): Promise<Entry[]> {
  const { log } = within;
  const byId = new Map(results.map((result) => [result.write_id, result]));
  // What another tab or a row that has come has ended meanwhile needs nothing more.
  const inLog = new Map(
    (await log.withIds(entries.map(({ writeId }) => writeId))).map((entry) => [entry.writeId, entry]),
  );
  const pulled = await readPulled(within);
  const applied: { writeIds: string[]; txid: null; place: string }[] = [];
  const settled: string[] = [];
  const unseen: string[] = [];
  const refused = new Map<
    string,
    { readonly error: ResultError; readonly row: string | undefined; readonly ids: string[] }
  >();
  for (const sent of entries) {
    const result = byId.get(sent.writeId);
    const model = models.get(sent.model);
    if (result === undefined || model === undefined) continue;
    if (result.status === "applied") {
      acknowledged.note(sent.model, sent.rowKey);
      if (result.key !== undefined) await noteKey(within, model, sent, result.key, acknowledged);
      const isShown = result.place === undefined || (pulled.isLast && isReached(result.place, pulled.cursor));
      if (isShown) settled.push(sent.writeId);
      else applied.push({ writeIds: [sent.writeId], txid: null, place: JSON.stringify(result.place) });
    } else if (result.status === "superseded") {
      settled.push(sent.writeId);
    } else if (result.status === "pending") {
      unseen.push(sent.writeId);
    } else {
      const error = result.error ?? { status: 422, code: "rejected", message: "refused" };
      const root = error.write_id ?? sent.writeId;
      const group = refused.get(root) ?? { error, row: undefined, ids: [] };
      group.ids.push(sent.writeId);
      const row = group.row ?? (result.row ? rowJson(model, result.row) : undefined);
      refused.set(root, { ...group, row });
    }
  }
  if (applied.length > 0) await log.acknowledge(applied);
  await log.settle(settled.filter((writeId) => inLog.has(writeId)));
  if (unseen.length > 0) await log.unmarkSent(unseen);
  const rejected: Entry[] = [];
  for (const [root, { error, row, ids }] of refused) {
    const first = ids.includes(root) ? root : (ids[0] ?? root);
    const others = ids.filter((writeId) => writeId !== first);
    const dependents = await dependentsOf(within, models, ids);
    const { status, message } = error;
    const rejection = (said: Members): Rejection => ({ status, message, body: objectOf(said) });
    const said = { error: JSON.stringify(error) };
    // The server's row is that of the write that was refused, and of no other.
    const own = rejection(row === undefined ? said : { ...said, row });
    await log.rejectTogether(first, own, [...others, ...dependents], rejection(said));
    rejected.push(...(await log.withIds([first])).filter(({ status }) => status === "rejected"));
  }
  return rejected;
}

/** A row as the log has those of the device. */
function rowJson(model: Model, row: WireRow): string {
  const json = ([column, text]: [string, string | null]): [string, string] => {
    const field = fieldOf(model, column);
    return [column, text === null ? "null" : field === undefined ? JSON.stringify(text) : jsonOf(field, text)];
  };
  return objectOf(Object.fromEntries(Object.entries(row).map(json)));
}

async function noteKey(
  { log }: StoreOperations,
  model: Model,
  sent: Entry,
  key: WireRow,
  acknowledged: Acknowledged,
): Promise<void> {
  const text = key[ownKey(model)?.name ?? ""] ?? null;
  const made = text === null ? null : madeKeyOf(model, text);
  if (made === null || made.rowKey === ownKeyIn(model, sent.rowKey)) return;
  acknowledged.note(model.name, withOwnKey(model, sent.rowKey, made));
  await log.noteMadeKey(model.name, ownKeyIn(model, sent.rowKey), made);
}

/** Later groups that write to a row whose insert is among the rejected ones, up to the row's next insert. */
async function dependentsOf(within: StoreOperations, models: Models, writeIds: readonly string[]): Promise<string[]> {
  const { log } = within;
  const found = new Set(writeIds);
  const transactions = new Set<string>();
  for (let before = -1; before !== found.size;) {
    before = found.size;
    const entries = (await log.withIds([...found])).filter(({ writeId }) => found.has(writeId));
    for (const { model, rowKey, id } of entries.filter(({ operation }) => operation === "insert")) {
      if (!models.has(model)) continue;
      for (const entry of await log.ofRows(model, [rowKey])) {
        if (BigInt(String(entry.id)) <= BigInt(String(id)) || entry.status !== "pending") continue;
        if (entry.operation === "insert") break;
        transactions.add(entry.transactionId);
        found.add(entry.writeId);
      }
    }
    for (const entry of transactions.size === 0 ? [] : await log.ofTransactions([...transactions])) {
      if (entry.status === "pending" && models.has(entry.model)) found.add(entry.writeId);
    }
  }
  return [...found].filter((writeId) => !writeIds.includes(writeId));
}

/** Whether the cursor of a last page shows what the server has at a place. */
export function isReached(place: Place, cursor: Cursor | null): boolean {
  const seen = cursor?.scopes[place.scope];
  return seen?.epoch === place.epoch && BigInt(seen.version) >= BigInt(place.version);
}

/** Whether a cursor is of the history that the place is of. */
export function isComparable({ scope, epoch }: Place, cursor: Cursor): boolean {
  return cursor.scopes[scope]?.epoch === epoch;
}

/** The place that an entry has. */
export function placeOf({ place }: Entry): Place | undefined {
  // Written above, and by nobody else.
  return place === null ? undefined : (parsed(place) as Place | undefined);
}
