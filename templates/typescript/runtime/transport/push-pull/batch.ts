import { textOf, type Members } from "../../client/json.js";
import { fieldOf, ownKeyIn, type Field, type Model } from "../../client/model.js";
import type { Entry, EntryId, StoreOperations } from "../../store/store.js";
import { withMadeKeys } from "../../writes/claim.js";
import {
  asParent,
  createKnown,
  nameOf,
  nameOfParent,
  parentsOf,
  type Known,
  type Models,
  type ParentName,
} from "../../writes/known.js";
import { LARGEST_GROUP } from "../transport.js";
import type { PushChange, Scopes, WireRow } from "./protocol.js";

/** A request is full with so many entries, or so many bytes. It has one group at least, even a larger one. */
export const ENTRIES = LARGEST_GROUP;
const BYTES = 256_000;
/** A larger transaction isn't sent as one group: a request of more than 1 MB is refused. */
const GROUP_BYTES = 800_000;

/** The fewest entries that are read at once. */
const READ_AT_ONCE = 50;

const encoder = new TextEncoder();

/** Entries that are sent in one request, in the order of the log. */
export interface Batch {
  readonly entries: readonly Entry[];
  /** How many groups they are. */
  readonly groups: number;
  readonly changes: readonly PushChange[];
  readonly bases: readonly Scopes[];
  /** A transaction that no request can hold. Nothing is found until its entries are groups of their own. */
  readonly tooLarge?: string;
}

interface Group {
  readonly entries: readonly [Entry, ...Entry[]];
  readonly changes: readonly Omit<PushChange, "base">[];
  readonly bytes: number;
}

/** What the push can't contain now, and what depends on it. */
interface Blocked {
  readonly rows: Set<string>;
  /** Rows that blocked entries refer to: to delete one before might delete more than was meant. */
  readonly parents: Set<string>;
}

/**
 * Finds the next entries to push: whole groups, from the start of the log on, without those that have to wait and what
 * depends on them. `isWaiting`: whether an entry has to wait, whatever else is in the log. `mine`: models whose writes go
 * to the sync server. At most `limit` entries, but at least one group.
 */
export async function findBatch(
  within: StoreOperations,
  models: Models,
  mine: ReadonlySet<string>,
  isWaiting: (entry: Entry) => boolean,
  limit: number,
): Promise<Batch> {
  const known = createKnown(within, models);
  const blocked: Blocked = { rows: new Set(), parents: new Set() };
  const chosen: Group[] = [];
  /** New rows of the batch whose keys the server makes. */
  const nameless = new Set<string>();
  const bases = new Set<string>();
  let count = 0;
  let bytes = 0;
  for await (const entries of groupsOf(within, mine, known, Math.max(limit, READ_AT_ONCE))) {
    const [{ transactionId }] = entries;
    if (entries.length > ENTRIES) return { ...batchOf([]), tooLarge: transactionId };
    if (await isBlocked(known, models, mine, blocked, entries, isWaiting)) {
      block(models, blocked, entries);
      continue;
    }
    // The key has to be known before what comes after refers to it: sent again, it must be the same.
    if (entries.some((entry) => refersTo(models, nameless, entry))) break;
    const group = await groupOf(known, models, entries);
    if (entries.length > 1 && group.bytes > GROUP_BYTES) return { ...batchOf([]), tooLarge: transactionId };
    const seen = basesOf(group.entries).filter((base) => !bases.has(base));
    const more = group.bytes + seen.reduce((sum, base) => sum + base.length, 0);
    const isFull = count + entries.length > limit || bytes + more > BYTES;
    if (chosen.length > 0 && isFull) return batchOf(chosen);
    chosen.push(group);
    count += entries.length;
    bytes += more;
    for (const base of seen) bases.add(base);
    for (const entry of entries) {
      if (entry.operation === "insert" && models.get(entry.model)?.keyOrigin === "server") {
        nameless.add(nameOfParent(asParent(models, entry)));
      }
    }
  }
  return batchOf(chosen);
}

/** Pending entries, those of one transaction together. `size`: how many are read at once. */
async function* groupsOf(
  { log }: StoreOperations,
  mine: ReadonlySet<string>,
  known: Known,
  size: number,
): AsyncGenerator<[Entry, ...Entry[]]> {
  let after: EntryId | null = null;
  let group: Entry[] = [];
  for (;;) {
    const page: Entry[] = await log.pending(after, size);
    const own = page.filter(({ model }) => mine.has(model));
    await known.prepareToFind(own);
    await known.prepareToCompose(own);
    for (const entry of own) {
      const [first, ...others] = group;
      if (first !== undefined && (first.transactionId !== entry.transactionId || group.length > ENTRIES)) {
        yield [first, ...others];
        group = [];
      }
      group.push(entry);
    }
    after = page.at(-1)?.id ?? after;
    if (page.length < size) break;
  }
  const [first, ...others] = group;
  if (first !== undefined) yield [first, ...others];
}

async function isBlocked(
  known: Known,
  models: Models,
  mine: ReadonlySet<string>,
  blocked: Blocked,
  entries: readonly Entry[],
  isWaiting: (entry: Entry) => boolean,
): Promise<boolean> {
  for (const entry of entries) {
    if (isWaiting(entry) || blocked.rows.has(nameOf(entry))) return true;
    const own = asParent(models, entry);
    if (entry.operation === "delete" && blocked.parents.has(nameOfParent(own))) return true;
    for (const parent of parentsOf(models.get(entry.model), entry.members)) {
      if (nameOfParent(parent) === nameOfParent(own)) continue;
      if (blocked.rows.has(nameOf({ model: parent.model, rowKey: parent.ownKey }))) return true;
      if (await isMissing(known, mine, parent, entries)) return true;
    }
  }
  return false;
}

/** Whether nobody will have made the row that is referred to: its insert was rejected, or goes to another server and hasn't been taken. */
async function isMissing(
  known: Known,
  mine: ReadonlySet<string>,
  parent: ParentName,
  group: readonly Entry[],
): Promise<boolean> {
  const inserts = (await known.ofParent(parent)).filter(({ operation }) => operation === "insert");
  const last = inserts.at(-1);
  if (last === undefined || group.some(({ writeId }) => writeId === last.writeId)) return false;
  return last.status === "rejected" || (last.status === "pending" && !mine.has(parent.model));
}

function block(models: Models, blocked: Blocked, entries: readonly Entry[]): void {
  for (const entry of entries) {
    blocked.rows.add(nameOf(entry));
    const model = models.get(entry.model);
    if (model !== undefined) blocked.rows.add(nameOf({ model: entry.model, rowKey: ownKeyIn(model, entry.rowKey) }));
    for (const parent of parentsOf(model, entry.members)) blocked.parents.add(nameOfParent(parent));
  }
}

function refersTo(models: Models, rows: ReadonlySet<string>, entry: Entry): boolean {
  if (rows.has(nameOfParent(asParent(models, entry)))) return true;
  return parentsOf(models.get(entry.model), entry.members).some((parent) => rows.has(nameOfParent(parent)));
}

async function groupOf(known: Known, models: Models, entries: readonly [Entry, ...Entry[]]): Promise<Group> {
  const changes: Omit<PushChange, "base">[] = [];
  for (const entry of entries) changes.push(await changeOf(known, models.get(entry.model), entry));
  return { entries, changes, bytes: encoder.encode(JSON.stringify(changes)).length };
}

/** What the device had seen when the edits were made. */
function basesOf(entries: readonly Entry[]): string[] {
  return [...new Set(entries.flatMap(({ base }) => base ?? []))];
}

async function changeOf(known: Known, model: Model | undefined, entry: Entry): Promise<Omit<PushChange, "base">> {
  const members = model === undefined ? entry.members : await withMadeKeys(known, model.references, entry.members);
  const columns = Object.keys(members);
  const isKey = (column: string) => model?.key.includes(column) ?? false;
  const others = entry.operation === "delete" ? [] : columns.filter((column) => !isKey(column));
  return {
    id: String(entry.id),
    write_id: entry.writeId,
    transaction_id: entry.transactionId,
    table: entry.model,
    operation: entry.operation,
    // No column of a key is null.
    key: wireRow(model, columns.filter(isKey), members) as PushChange["key"],
    value: wireRow(model, others, members),
    edited_at: entry.editedAt,
  };
}

function wireRow(model: Model | undefined, columns: readonly string[], members: Members): WireRow {
  return Object.fromEntries(
    columns.map((column) => {
      const field = model === undefined ? undefined : fieldOf(model, column);
      return [column, wireValue(field, members[column] ?? "null")];
    }),
  );
}

/** JSON text of the log as PostgreSQL's text. */
function wireValue(field: Field | undefined, json: string): string | null {
  if (json === "null") return field?.type === "json" && !field.nullable ? json : null;
  if (field?.type === "json") return json;
  const text = textOf(json);
  return field?.type === "bytes" ? hexOf(text) : text;
}

function hexOf(base64: string): string {
  const bytes = [...atob(base64)].map((character) => character.charCodeAt(0).toString(16).padStart(2, "0"));
  return `\\x${bytes.join("")}`;
}

function batchOf(groups: readonly Group[]): Batch {
  const entries = groups.flatMap((group) => group.entries);
  const places = basesOf(entries);
  const changes = groups
    .flatMap((group) => group.changes)
    .map((change, index): PushChange => {
      const base = entries[index]?.base ?? null;
      return { ...change, base: base === null ? null : places.indexOf(base) };
    });
  // The log has what `stampEdits` has written.
  return { entries, groups: groups.length, changes, bases: places.map((place) => JSON.parse(place) as Scopes) };
}
