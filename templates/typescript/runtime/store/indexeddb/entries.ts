import { models } from "../../../schema/index.js";
import { textOf, type Members } from "../../client/json.js";
import { own, type Model } from "../../client/model.js";
import type { Entry, MadeKey } from "../store.js";
import { fold, type Unnumbered } from "./fold.js";
import { getMeta } from "./meta.js";
import { add, localTable, put, remove, syncedTable, type Image, type StoredEntry, type Turn } from "./tables.js";
import type { LocalRow, StoredRow } from "./values.js";

const byName = new Map<string, Model>(models.map((model) => [model.name, model]));

export function logTable({ tx }: Turn) {
  return tx.objectStore("_changes");
}

export function isUnsettled({ status }: Pick<Entry, "status">): boolean {
  return status !== "rejected";
}

/** The entries of one row, in the log's order. */
export function entriesOf(turn: Turn, model: string, rowKey: string): Promise<StoredEntry[]> {
  return logTable(turn).index("row").getAll([model, rowKey]);
}

/** Finds the entries of the log that have these write ids. */
export async function entriesWith(turn: Turn, writeIds: Iterable<string>): Promise<StoredEntry[]> {
  const index = logTable(turn).index("writeId");
  const found = await Promise.all([...new Set(writeIds)].map((writeId) => index.get(writeId)));
  return inOrder(found.filter((entry) => entry !== undefined));
}

export function inOrder(entries: readonly StoredEntry[]): StoredEntry[] {
  return [...entries].sort((one, other) => one.id - other.id);
}

/** What the application has written now. */
export type Written = Pick<Entry, "model" | "rowKey" | "operation" | "members"> & Partial<Pick<Entry, "inputs">>;

/** Notes a write at the end of the log. */
export function write(turn: Turn, written: Written): Unnumbered {
  return append(turn, { ...written, transactionId: turn.group, at: new Date().toISOString(), user: null });
}

/** Adds a new entry, which the database numbers: nobody has sent it. */
export function append(
  turn: Turn,
  { model, rowKey, operation, members, inputs = {}, transactionId, at, user, status = "pending", error = null }: Written &
    Pick<Entry, "transactionId" | "at" | "user"> &
    Partial<Pick<Entry, "status" | "error">>,
): Unnumbered {
  turn.hasChanged = true;
  const entry: Omit<StoredEntry, "id"> = {
    model,
    rowKey,
    operation,
    members,
    inputs,
    writeId: crypto.randomUUID(),
    transactionId,
    at,
    user,
    status,
    attempts: 0,
    error,
    rejectedWith: null,
    sentWith: null,
    txid: null,
    base: null,
    editedAt: null,
    place: null,
  };
  add(logTable(turn), entry as StoredEntry);
  return entry;
}

/** Changes an entry. It is folded again by who changes what the row shows. */
export function change(turn: Turn, before: StoredEntry, news: Partial<Omit<StoredEntry, "id" | "sent">>): void {
  turn.hasChanged = true;
  const { sent: _, ...entry } = { ...before, ...news };
  const isSent = entry.status === "acknowledged" || (entry.status === "pending" && entry.attempts > 0);
  put(logTable(turn), isSent ? { ...entry, sent: entry.model } : entry);
}

export function drop(turn: Turn, entries: readonly StoredEntry[]): void {
  if (entries.length > 0) turn.hasChanged = true;
  for (const { id } of entries) remove(logTable(turn), id);
}

/** How many keys of one change are noted, before it counts as a change of all rows. */
const NOTED = 1_000;

/** Notes that rows may have changed; null: all rows of the model. `images`: what is known of them. */
export function noteKeys(
  turn: Turn,
  model: string,
  rowKeys: readonly string[] | null,
  images: ReadonlyMap<string, Image> = new Map(),
): void {
  if (rowKeys?.length === 0) return;
  turn.hasChanged = true;
  const keys = rowKeys === null || rowKeys.length > NOTED ? [null] : rowKeys;
  for (const rowKey of keys) {
    const request = add(turn.tx.objectStore("_changed_keys"), { model, rowKey });
    const image = rowKey === null ? undefined : images.get(rowKey);
    turn.noted.push({ request, model, rowKey, ...(image && { image }) });
  }
}

/** Makes local rows again, from the log and the server's rows. The log may have entries of a model that is gone. */
export async function foldAgain(turn: Turn, modelName: string, rowKeys: readonly string[]): Promise<void> {
  const model = byName.get(modelName);
  if (model === undefined) return;
  const device = await deviceOf(turn, model);
  const images = new Map<string, Image>();
  const foldOne = async (key: string): Promise<void> => {
    const [entries, synced] = await Promise.all([entriesOf(turn, modelName, key), syncedTable(turn, model).get(key)]);
    images.set(key, foldOver(turn, model, key, synced, entries, device));
  };
  const keys = [...new Set(rowKeys)];
  await Promise.all(keys.map(foldOne));
  noteKeys(turn, modelName, keys, images);
}

/** Gives the device's id if the model has a column for it, else an empty text. */
export async function deviceOf(turn: Turn, { fields }: Model): Promise<string> {
  const isShown = fields.some(({ metadata }) => metadata === "device_id");
  return (isShown ? await getMeta(turn, "client_id") : undefined) ?? "";
}

/** Makes a local row of what is there. Gives what is shown of it. */
export function foldOver(
  turn: Turn,
  model: Model,
  key: string,
  synced: StoredRow | undefined,
  entries: readonly Unnumbered[],
  device: string,
): Image {
  const local = fold(model, synced, entries.filter(isUnsettled), device);
  if (local === undefined) remove(localTable(turn, model), key);
  else put(localTable(turn, model), local, key);
  return imageOf(local, synced);
}

/** What collections show of a row. */
export function imageOf(local: LocalRow | undefined, synced: StoredRow | undefined): Image {
  if (local === undefined) return { row: synced, writeId: null };
  return { row: local.row ?? undefined, writeId: local.writeId };
}

/** The same for the rows of these entries. */
export async function foldRowsOf(turn: Turn, entries: readonly Pick<Entry, "model" | "rowKey">[]): Promise<void> {
  const rows = new Map<string, string[]>();
  for (const { model, rowKey } of entries) {
    const keys = rows.get(model);
    if (keys === undefined) rows.set(model, [rowKey]);
    else keys.push(rowKey);
  }
  for (const [model, keys] of rows) await foldAgain(turn, model, keys);
}

/** Rejects pending entries, and what was written to a row whose insert is among them, up to the next insert of that key. */
export async function rejectAll(
  turn: Turn,
  entries: readonly StoredEntry[],
  error: string,
  rejectedWith: string | null = null,
): Promise<void> {
  const pending = entries.filter(({ status }) => status === "pending");
  const done = new Set<number>();
  const reject = (entry: StoredEntry, root: string | null): void => {
    if (done.has(entry.id)) return;
    done.add(entry.id);
    change(turn, entry, { status: "rejected", error, ...(root !== null && { rejectedWith: root }) });
  };
  for (const entry of pending) reject(entry, rejectedWith);
  for (const { model, rowKey, id, writeId } of pending.filter(({ operation }) => operation === "insert")) {
    for (const later of await entriesOf(turn, model, rowKey)) {
      if (later.id <= id) continue;
      if (later.operation === "insert") break;
      if (later.status === "pending") reject(later, writeId);
    }
  }
  await foldRowsOf(turn, pending);
}

/** Takes back what was never sent of a row, from its last insert on. Gives whether there was such an insert. */
export async function cancelUnsent(turn: Turn, model: Model, rowKey: string): Promise<boolean> {
  const entries = await entriesOf(turn, model.name, rowKey);
  const start = entries.map(({ operation }) => operation).lastIndexOf("insert");
  const unsent = start < 0 ? [] : entries.slice(start);
  if (unsent.length === 0 || unsent.some(({ status, attempts }) => status !== "pending" || attempts > 0)) return false;
  drop(turn, unsent);
  await foldAgain(turn, model.name, [rowKey]);
  return true;
}

/** Entries of a model that is there, with the columns of each that hold a temporary key. */
type Holders = Map<StoredEntry, Set<string>>;

/** Gives a key that the server has made to the row's entries, from its insert on, and to those that refer to the row. */
export async function giveKey(turn: Turn, modelName: string, temporary: string, made: MadeKey): Promise<void> {
  const table = turn.tx.objectStore("_made_keys");
  if ((await table.get([modelName, temporary])) !== undefined) return;
  put(table, { model: modelName, temporary, ...made }, [modelName, temporary]);
  const holders: Holders = new Map();
  const hold = (entry: StoredEntry, column: string): void => {
    holders.set(entry, (holders.get(entry) ?? new Set()).add(column));
  };

  const model = byName.get(modelName);
  const entries = await entriesOfModel(turn, modelName);
  for (const column of model?.key ?? []) {
    const isHeld = ({ members }: Entry) => hasText(members, column, temporary);
    const own = entries.filter(isHeld);
    const first = own.findIndex(({ operation, status }) => operation === "insert" && status !== "rejected");
    if (first >= 0) for (const entry of own.slice(first)) hold(entry, column);
  }
  for (const child of models) {
    const columns = Object.keys(child.references).filter((column) => own(child.references, column) === modelName);
    if (columns.length === 0) continue;
    const ofChild = child.name === modelName ? entries : await entriesOfModel(turn, child.name);
    for (const column of columns) {
      for (const entry of ofChild) if (hasText(entry.members, column, temporary)) hold(entry, column);
    }
  }

  const moved: Pick<Entry, "model" | "rowKey">[] = [];
  for (const [entry, columns] of holders) {
    const taken = Object.fromEntries([...columns].map((column) => [column, made.json]));
    const members = { ...entry.members, ...taken };
    const rowKey = keyIn(byName.get(entry.model), members) ?? entry.rowKey;
    change(turn, entry, { members, rowKey });
    moved.push(entry, { model: entry.model, rowKey });
  }
  await foldRowsOf(turn, moved);
}

/** All entries of a model, in the log's order. */
export async function entriesOfModel(turn: Turn, model: string): Promise<StoredEntry[]> {
  return inOrder(await logTable(turn).index("row").getAll(IDBKeyRange.bound([model], [model, []])));
}

function hasText(members: Members, column: string, text: string): boolean {
  const json = own(members, column);
  return json !== undefined && textOf(json) === text;
}

/** The text form of the key among an entry's members. */
function keyIn(model: Model | undefined, members: Members): string | undefined {
  const parts = model?.key.map((column) => own(members, column) ?? "null") ?? [];
  const [first, ...others] = parts;
  if (first === undefined) return undefined;
  return others.length === 0 ? textOf(first) : `[${parts.join(",")}]`;
}
