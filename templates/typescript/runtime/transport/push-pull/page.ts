import { parsed } from "../../client/json.js";
import { keepsDeleted, WRITE_ID, type Model } from "../../client/model.js";
import { keyRow, type Entry, type ServerRow, type Store, type StoreOperations } from "../../store/store.js";
import {
  findMisfits,
  lackingIn,
  leftOutKey,
  problemOf,
  readLeftOut,
  writeLeftOut,
  type LeftOut,
  type Misfit,
} from "../misfits.js";
import { POSITION } from "../progress.js";
import { noteStamp, stampEdits, writePulled } from "./clock.js";
import { keepDeleted } from "./deleted-rows.js";
import type { Cursor, PullAnswer, PullChange, WireRow } from "./protocol.js";
import { isComparable, isReached, placeOf } from "./results.js";

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

/** What else there is to know of a page. */
export interface Taking {
  /** Filled models whose rows are shown now, though more are to come. */
  readonly shown: ReadonlySet<string>;
  /** What to leave out, and why. */
  readonly unfit: ReadonlyMap<PullChange, Misfit>;
}

/** How far the rows of one model have come. It is deleted with them. */
export interface Loaded {
  readonly rows: number;
  readonly isComplete: boolean;
  readonly at: string;
}

export async function readLoaded({ meta }: StoreOperations, model: string): Promise<Loaded | undefined> {
  const text = await meta.get(POSITION["push-pull"], model);
  // Written below, and by nobody else.
  return text === undefined ? undefined : (parsed(text) as Loaded | undefined);
}

/** What a page has brought. */
export interface Page {
  /** Rows that came, by model. */
  readonly rows: ReadonlyMap<string, number>;
  /** What couldn't be taken, by model. */
  readonly problems: ReadonlyMap<string, string>;
  /** Ids of writes that the server had taken before: those that it has, and those that it may have lost. */
  readonly reached: readonly string[];
  readonly lost: readonly string[];
}

/** Brings a page and its cursor into the store, in the running transaction. */
export async function takePage(
  within: StoreOperations,
  models: readonly Model[],
  answer: PullAnswer,
  { taken, copy, filled }: Pull,
  { shown, unfit }: Taking,
): Promise<Page> {
  await stampEdits(within, models);
  await noteStamp(within, answer.stamp);
  const rows = new Map<string, number>();
  const problems = new Map<string, string>();
  const hidden = await showsTooEarly(within, answer.changes);
  for (const model of models) {
    const changes = answer.changes.filter(({ table }) => table === model.name);
    const left = await leftOutBy(within, model, changes, unfit);
    const problem = problemOf(left);
    if (problem !== null) problems.set(model.name, problem);
    if (changes.length === 0) continue;
    if (filled.has(model.name)) await within.synced.beginLoading(model);
    const { there, gone, ends } = sorted(within, model, changes, hidden, left);
    if (there.size > 0) await within.synced.upsert(model, [...there.values()]);
    if (keepsDeleted(model)) await keepDeleted(within, model, new Set(there.keys()), ends);
    if (gone.size > 0) await within.synced.delete(model, [...gone.values()]);
    rows.set(model.name, there.size);
    const keys = copy?.get(model.name);
    for (const key of there.keys()) keys?.add(key);
    for (const key of gone.keys()) keys?.delete(key);
    if (shown.has(model.name)) await within.synced.endLoading(model);
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
  const { reached, lost } = more || cursor === null ? { reached: [], lost: [] } : fatesOf(taken, cursor);
  if (!more && cursor !== null) {
    for (const model of models) if (filled.has(model.name)) await within.synced.endLoading(model);
    await within.log.settle(await inOrder(within, reached));
    await within.log.reopen(idsOf(lost));
  }
  await noteLoaded(within, models, rows, !more);
  // Until a fresh copy is whole, there is nothing to go on from.
  await writePulled(within, { cursor: more && copy !== undefined ? null : cursor, isLast: !more });
  return { rows, problems, reached: idsOf(reached), lost: idsOf(lost) };
}

function idsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ writeId }) => writeId);
}

/**
 * What the cursor of a last page says of writes that the server had taken before: what it shows, and what may be lost,
 * because a backup has been put back that doesn't have it. A server that has it says so when it comes again.
 */
function fatesOf(taken: readonly Entry[], cursor: Cursor): { readonly reached: Entry[]; readonly lost: Entry[] } {
  const reached: Entry[] = [];
  const lost: Entry[] = [];
  for (const entry of taken) {
    const place = placeOf(entry);
    if (place === undefined || isReached(place, cursor)) reached.push(entry);
    else if (!isComparable(place, cursor)) lost.push(entry);
  }
  return { reached, lost };
}

/** Finds the rows that the tables can't hold, and says why. */
export async function findUnfit(
  store: Store,
  models: readonly Model[],
  changes: readonly PullChange[],
): Promise<Map<PullChange, Misfit>> {
  const unfit = new Map<PullChange, Misfit>();
  for (const model of models) {
    const rows = changes.filter(({ table, row }) => table === model.name && row !== null);
    const byKey = new Map(rows.map((change) => [JSON.stringify(change.key), change]));
    const found = await findMisfits(store, model, [...byKey.values()], ({ row }) => ({
      row: rowOf(model, row ?? {}, null),
      isWhole: true,
    }));
    for (const [change, misfit] of found) unfit.set(change, misfit);
  }
  return unfit;
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
    await within.meta.set(POSITION["push-pull"], name, JSON.stringify(loaded));
  }
}

/** Rows that are there, and rows that have gone, by key: of one that comes twice, the later. */
function sorted(
  { synced }: StoreOperations,
  model: Model,
  changes: readonly PullChange[],
  hidden: ReadonlySet<string>,
  left: LeftOut,
) {
  const there = new Map<string, ServerRow>();
  const gone = new Map<string, ServerRow>();
  // A row that was deleted may have left another scope of the user's before.
  const ends = new Map<string, PullChange[]>();
  for (const change of changes) {
    const { key, row, write_id } = change;
    const keys: ServerRow = new Map(model.key.map((column) => [column, key[column] ?? null]));
    if (Object.hasOwn(left, leftOutKey(model, keys))) continue;
    const rowKey = synced.keyOf(model, keys);
    there.delete(rowKey);
    gone.delete(rowKey);
    if (row === null) {
      gone.set(rowKey, keys);
      ends.set(rowKey, [...(ends.get(rowKey) ?? []), change]);
    } else {
      there.set(rowKey, rowOf(model, row, write_id !== null && hidden.has(write_id) ? null : write_id));
      ends.delete(rowKey);
    }
  }
  return { there, gone, ends };
}

/** Which rows of a model are left out after these changes: of one that comes twice, the later counts. */
async function leftOutBy(
  within: StoreOperations,
  model: Model,
  changes: readonly PullChange[],
  unfit: ReadonlyMap<PullChange, Misfit>,
): Promise<LeftOut> {
  const before = await readLeftOut(within, model);
  const left: Record<string, Misfit> = { ...before };
  for (const change of changes) {
    const row = rowOf(model, change.row ?? change.key, null);
    const lacking = change.row === null ? undefined : lackingIn(model, { row, isWhole: true });
    const misfit = lacking === undefined ? unfit.get(change) : { row, isWhole: true, message: lacking };
    if (misfit === undefined) delete left[leftOutKey(model, row)];
    else left[leftOutKey(model, row)] = misfit;
  }
  if (changes.length > 0 && Object.keys({ ...before, ...left }).length > 0) await writeLeftOut(within, model, left);
  return left;
}

function rowOf(model: Model, row: WireRow, writeId: string | null): ServerRow {
  const fields = model.fields.map(({ name, metadata }): [string, string | null] => {
    return [name, metadata === "synced_at" ? new Date().toISOString() : (row[name] ?? null)];
  });
  return new Map([...fields, [WRITE_ID, writeId]]);
}

/** Our writes that a row shows while an earlier one of that row has no answer yet: that one would show over it. */
async function showsTooEarly({ log }: StoreOperations, changes: readonly PullChange[]): Promise<ReadonlySet<string>> {
  const ids = new Set(changes.flatMap(({ write_id }) => write_id ?? []));
  const own = (await log.withIds([...ids])).filter(({ writeId }) => ids.has(writeId));
  return waiting(log, own);
}

/** Those of them before which nothing of their row is without an answer. */
async function inOrder({ log }: StoreOperations, entries: readonly Entry[]): Promise<string[]> {
  const late = await waiting(log, entries);
  return entries.map(({ writeId }) => writeId).filter((writeId) => !late.has(writeId));
}

/** Those of them before which something of their row is without an answer. */
async function waiting(log: StoreOperations["log"], entries: readonly Entry[]): Promise<Set<string>> {
  const late = new Set<string>();
  for (const model of new Set(entries.map((entry) => entry.model))) {
    const some = entries.filter((entry) => entry.model === model);
    /** The first of each row. */
    const pending = new Map<string, bigint>();
    for (const { status, rowKey, id } of await log.ofRows(model, [...new Set(some.map(({ rowKey }) => rowKey))])) {
      if (status === "pending" && !pending.has(rowKey)) pending.set(rowKey, BigInt(String(id)));
    }
    for (const { rowKey, writeId, id } of some) {
      if ((pending.get(rowKey) ?? BigInt(String(id))) < BigInt(String(id))) late.add(writeId);
    }
  }
  return late;
}
