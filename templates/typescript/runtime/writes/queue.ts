import { textOf, type Members } from "../client/json.js";
import { ownKeyIn, type Model, type Operation } from "../client/model.js";
import type { Entry, StoreOperations } from "../store/store.js";
import type { Outgoing } from "../transport/transport.js";

export type Models = ReadonlyMap<string, Model>;

const PAGE = 20;
/** The most entries that one request has. */
const TOGETHER = 50;

interface RowName {
  readonly model: string;
  readonly rowKey: string;
}

/** A row that others refer to: by that part of its key that isn't from the path. */
interface ParentName {
  readonly model: string;
  readonly ownKey: string;
}

/** Rows with an entry that has to wait: no later entry may be sent before it. */
interface Passed {
  readonly rows: Set<string>;
  /** Rows that a waiting entry refers to: if one were deleted before, the server might delete the referring row too. */
  readonly parents: Set<string>;
}

/**
 * Finds the entry to send next: the first of the log that needn't wait. `isHeldBack`: whether an entry that keeps
 * failing has to wait for its next try. Others are sent ahead of it, but none of its row and none that depends on it.
 */
export async function nextEntry(
  store: StoreOperations,
  models: Models,
  isHeldBack: (entry: Entry) => boolean,
): Promise<Entry | undefined> {
  const passed: Passed = { rows: new Set(), parents: new Set() };
  let page = await store.log.pending(null, PAGE);
  while (page.length > 0) {
    for (const entry of page) {
      const mustWait = isHeldBack(entry) || isBehind(models, entry, passed) || (await isHeld(store, models, entry));
      if (!mustWait) return entry;
      await pass(store, models, entry, passed);
    }
    page = await store.log.pending(page.at(-1)?.id ?? null, PAGE);
  }
  return undefined;
}

/** The rows that these members refer to. */
export function parentsOf(model: Model | undefined, members: Members): ParentName[] {
  return Object.entries(model?.references ?? {}).flatMap(([column, parent]) => {
    const value = members[column] ?? "null";
    return value === "null" ? [] : [{ model: parent, ownKey: textOf(value) }];
  });
}

function isBehind(models: Models, entry: Entry, passed: Passed): boolean {
  const isReferredTo = () => passed.parents.has(nameOfParent(asParent(models, entry)));
  return passed.rows.has(nameOf(entry)) || (entry.operation === "delete" && isReferredTo());
}

async function pass(store: StoreOperations, models: Models, entry: Entry, passed: Passed): Promise<void> {
  passed.rows.add(nameOf(entry));
  const model = models.get(entry.model);
  if (model === undefined || Object.keys(model.references).length === 0) return;
  // The rows that it refers to on the server, and those that the entry makes it refer to.
  const before = entry.operation === "insert" ? undefined : await store.synced.read(model, entry.rowKey);
  for (const members of [entry.members, before ?? {}]) {
    for (const parent of parentsOf(model, members)) passed.parents.add(nameOfParent(parent));
  }
}

/** Whether the server doesn't know the row yet, or one that it refers to. */
async function isHeld(store: StoreOperations, models: Models, entry: Entry): Promise<boolean> {
  const name = asParent(models, entry);
  if (entry.operation !== "insert") {
    const entries = await store.log.ofRow(entry.model, entry.rowKey);
    if (await isNameless(store, models, name, entries)) return true;
  }
  for (const parent of parentsOf(models.get(entry.model), entry.members)) {
    if (nameOfParent(parent) === nameOfParent(name)) continue;
    const entries = await entriesOf(store, models, parent);
    if (isUnsent(entries, entry)) return true;
    if (await isNameless(store, models, parent, entries)) return true;
  }
  return false;
}

/** Whether the server has taken the row's insert, but hasn't told yet which key it has made. */
async function isNameless(
  store: StoreOperations,
  models: Models,
  row: ParentName,
  entries: readonly Entry[],
): Promise<boolean> {
  if (models.get(row.model)?.keyOrigin !== "server") return false;
  const isTaken = entries.some((entry) => entry.operation === "insert" && entry.status === "acknowledged");
  return isTaken && !(await store.log.isMadeKey(row.model, row.ownKey));
}

/** Whether the insert that a reference relies on is still to be sent, or was rejected. */
function isUnsent(entries: readonly Entry[], child: Entry): boolean {
  const at = (entry: Entry) => BigInt(String(entry.id));
  const earlier = entries.filter((entry) => at(entry) < at(child));
  const valid = (entry: Entry) => entry.operation === "insert" && entry.status !== "rejected";
  const made = earlier.filter(valid).at(-1);
  if (made !== undefined) return made.status === "pending";
  // A rejected insert moves to the end of the log when it is sent again.
  const later = entries
    .slice(earlier.length)
    .find((entry) => entry.operation !== "update" && entry.status !== "rejected");
  if (later !== undefined) return later.operation === "insert" && later.status === "pending";
  return entries.some((entry) => entry.operation === "insert");
}

/**
 * Finds the entries that are sent in one request with `first`: consecutive updates of one row. Entries that were sent
 * together once are always sent together, under the same write id.
 */
export async function together(
  store: StoreOperations,
  models: Models,
  first: Entry,
): Promise<readonly [Entry, ...Entry[]]> {
  const pending = (await store.log.ofRow(first.model, first.rowKey)).filter((entry) => entry.status === "pending");
  const following = pending.slice(pending.findIndex(({ writeId }) => writeId === first.writeId) + 1);
  if (first.sentWith !== null) return [first, ...following.filter((entry) => entry.sentWith === first.sentWith)];
  const set: [Entry, ...Entry[]] = [first];
  if (!isUnsentUpdate(first)) return set;
  for (const entry of following) {
    if (set.length === TOGETHER || !isUnsentUpdate(entry) || (await isHeld(store, models, entry))) break;
    set.push(entry);
  }
  return set;
}

function isUnsentUpdate(entry: Entry): boolean {
  return entry.operation === "update" && entry.sentWith === null && entry.attempts === 0;
}

/** The entries of a row that others refer to. */
async function entriesOf(store: StoreOperations, models: Models, row: ParentName): Promise<Entry[]> {
  const model = models.get(row.model);
  if (model === undefined || model.key.length === 1) return store.log.ofRow(row.model, row.ownKey);
  const found = await store.log.ofOwnKey(row.model, row.ownKey);
  return found.filter((entry) => ownKeyIn(model, entry.rowKey) === row.ownKey);
}

function asParent(models: Models, { model, rowKey }: RowName): ParentName {
  const known = models.get(model);
  return { model, ownKey: known === undefined ? rowKey : ownKeyIn(known, rowKey) };
}

function nameOfParent({ model, ownKey }: ParentName): string {
  return JSON.stringify([model, ownKey]);
}

function nameOf({ model, rowKey }: RowName): string {
  return JSON.stringify([model, rowKey]);
}

/** Makes one write of entries that are sent together. */
export async function compose(
  store: StoreOperations,
  model: Model,
  action: Operation,
  entries: readonly [Entry, ...Entry[]],
): Promise<Outgoing> {
  const [first] = entries;
  const newest = entries.at(-1) ?? first;
  const members = entries.reduce<Members>((set, entry) => ({ ...set, ...entry.members }), {});
  return {
    model,
    action,
    operation: first.operation,
    rowKey: first.rowKey,
    writeIds: entries.map((entry) => entry.writeId),
    writeId: first.sentWith ?? newest.writeId,
    attempts: Math.max(...entries.map((entry) => entry.attempts)) + 1,
    members: await withMadeKeys(store, model, members),
    before: first.operation === "insert" ? {} : await rowBefore(store, model, first),
  };
}

/** The row before these entries: the server's, with the earlier entries of the log over it. */
async function rowBefore(store: StoreOperations, model: Model, first: Entry): Promise<Members> {
  let row = await store.synced.read(model, first.rowKey);
  for (const entry of await store.log.ofRow(model.name, first.rowKey)) {
    if (entry.writeId === first.writeId) break;
    if (entry.status === "rejected") continue;
    if (entry.operation === "delete") row = undefined;
    else if (row !== undefined || entry.operation === "insert") row = { ...row, ...entry.members };
  }
  return withMadeKeys(store, model, { ...row, ...keyMembers(model, first) });
}

function keyMembers(model: Model, entry: Entry): Members {
  return Object.fromEntries(model.key.map((column) => [column, entry.members[column] ?? "null"]));
}

/** Replaces temporary keys in references: a form may have been opened before the server made the key. */
async function withMadeKeys(store: StoreOperations, model: Model, members: Members): Promise<Members> {
  const made: Record<string, string> = {};
  for (const [column, parent] of Object.entries(model.references)) {
    const value = members[column] ?? "null";
    const key = value === "null" ? undefined : (await store.log.madeKey(parent, textOf(value)))?.json;
    if (key !== undefined) made[column] = key;
  }
  return { ...members, ...made };
}
