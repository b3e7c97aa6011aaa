import { parsed } from "../../client/json.js";
import { WRITE_ID, type Model } from "../../client/model.js";
import { keyRow, type Entry, type ServerRow, type StoreOperations } from "../../store/store.js";
import { noteStamp, stampEdits, writePulled } from "./clock.js";
import type { PullAnswer, PullChange, WireRow } from "./protocol.js";
import { isReachedSince, placeOf } from "./results.js";

/** A fresh copy of all rows, which replaces what is there once it has come as a whole: the keys that it has, by model. */
export type Copy = ReadonlyMap<string, Set<string>>;

/** What one pull knows, from its first page to its last. */
export interface Pull {
  /** Entries that the server had taken when it began. */
  readonly taken: readonly Entry[];
  readonly copy: Copy | undefined;
  /** Models that are filled for the first time: their keys aren't noted one by one. */
  readonly filled: ReadonlySet<string>;
}

/** How far the rows of one model have come. It is deleted with them. */
export interface Loaded {
  readonly rows: number;
  readonly isComplete: boolean;
  readonly at: string;
}

const LOADED = "loaded";

export async function readLoaded({ meta }: StoreOperations, model: string): Promise<Loaded | undefined> {
  const text = await meta.get(LOADED, model);
  // Written below, and by nobody else.
  return text === undefined ? undefined : (parsed(text) as Loaded | undefined);
}

/** What a page has brought. */
export interface Page {
  /** Rows that came, by model. */
  readonly rows: ReadonlyMap<string, number>;
  /** What couldn't be taken, by model. */
  readonly problems: ReadonlyMap<string, string>;
}

/** Brings a page and its cursor into the store, in the running transaction. */
export async function takePage(
  within: StoreOperations,
  models: readonly Model[],
  answer: PullAnswer,
  { taken, copy, filled }: Pull,
): Promise<Page> {
  await stampEdits(within, models);
  await noteStamp(within, answer.stamp);
  const rows = new Map<string, number>();
  const problems = new Map<string, string>();
  const hidden = await showsTooEarly(within, answer.changes);
  for (const model of models) {
    const changes = answer.changes.filter(({ table }) => table === model.name);
    if (changes.length === 0) continue;
    if (filled.has(model.name)) await within.synced.beginLoading(model);
    const { there, gone, problem } = sorted(within, model, changes, hidden);
    if (problem !== undefined) problems.set(model.name, problem);
    if (there.size > 0) await within.synced.upsert(model, [...there.values()]);
    if (gone.size > 0) await within.synced.delete(model, [...gone.values()]);
    rows.set(model.name, there.size);
    const keys = copy?.get(model.name);
    for (const key of there.keys()) keys?.add(key);
    for (const key of gone.keys()) keys?.delete(key);
  }
  const { cursor, more } = answer;
  if (!more && copy !== undefined) {
    for (const model of models) {
      const keys = [...(copy.get(model.name) ?? [])];
      await within.synced.deleteOthers(
        model,
        keys.map((key) => keyRow(model, key)),
      );
    }
  }
  if (!more && cursor !== null) {
    for (const model of models) if (filled.has(model.name)) await within.synced.endLoading(model);
    const reached = taken.filter((entry) => {
      const place = placeOf(entry);
      return place === undefined || isReachedSince(place, cursor);
    });
    await within.log.settle(await inOrder(within, reached));
  }
  await noteLoaded(within, models, rows, !more);
  // Until a fresh copy is whole, there is nothing to go on from.
  await writePulled(within, { cursor: more && copy !== undefined ? null : cursor, isLast: !more });
  return { rows, problems };
}

async function noteLoaded(
  within: StoreOperations,
  models: readonly Model[],
  rows: ReadonlyMap<string, number>,
  isComplete: boolean,
): Promise<void> {
  for (const { name } of models) {
    const before = await readLoaded(within, name);
    if (before?.isComplete === true) continue;
    const loaded: Loaded = {
      rows: (before?.rows ?? 0) + (rows.get(name) ?? 0),
      isComplete,
      at: new Date().toISOString(),
    };
    await within.meta.set(LOADED, name, JSON.stringify(loaded));
  }
}

/** Rows that are there and rows that have gone, by key: of one that comes twice, the later. */
function sorted(
  { synced }: StoreOperations,
  model: Model,
  changes: readonly PullChange[],
  hidden: ReadonlySet<string>,
) {
  const there = new Map<string, ServerRow>();
  const gone = new Map<string, ServerRow>();
  let problem: string | undefined;
  for (const { key, row, write_id } of changes) {
    const keys: ServerRow = new Map(model.key.map((column) => [column, key[column] ?? null]));
    const rowKey = synced.keyOf(model, keys);
    there.delete(rowKey);
    gone.delete(rowKey);
    if (row === null) {
      gone.set(rowKey, keys);
      continue;
    }
    const lacking = model.fields.find(({ name, nullable }) => !nullable && (row[name] ?? null) === null);
    if (lacking === undefined) {
      there.set(rowKey, rowOf(model, row, write_id !== null && hidden.has(write_id) ? null : write_id));
    } else {
      problem = `a row has no ${lacking.name}, which the document requires`;
    }
  }
  return { there, gone, problem };
}

function rowOf(model: Model, row: WireRow, writeId: string | null): ServerRow {
  const fields = model.fields.map(({ name }): [string, string | null] => [name, row[name] ?? null]);
  return new Map([...fields, [WRITE_ID, writeId]]);
}

/** Our writes that a row shows while an earlier one of that row has no answer yet: that one would show over it. */
async function showsTooEarly({ log }: StoreOperations, changes: readonly PullChange[]): Promise<ReadonlySet<string>> {
  const ids = changes.flatMap(({ write_id }) => write_id ?? []);
  const hidden = new Set<string>();
  if (ids.length === 0) return hidden;
  const own = (await log.withIds(ids)).filter(({ writeId }) => ids.includes(writeId));
  for (const entry of own) if (await hasEarlierPending(log, entry)) hidden.add(entry.writeId);
  return hidden;
}

async function hasEarlierPending(log: StoreOperations["log"], { model, rowKey, id }: Entry): Promise<boolean> {
  const entries = await log.ofRows(model, [rowKey]);
  return entries.some(({ status, id: other }) => status === "pending" && BigInt(String(other)) < BigInt(String(id)));
}

/** Those of them before which nothing of their row is without an answer. */
async function inOrder({ log }: StoreOperations, entries: readonly Entry[]): Promise<string[]> {
  const free: string[] = [];
  for (const entry of entries) if (!(await hasEarlierPending(log, entry))) free.push(entry.writeId);
  return free;
}
