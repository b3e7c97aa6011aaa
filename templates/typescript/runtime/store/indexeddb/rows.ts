import { jsonMembers, type Members } from "../../client/json.js";
import {
  actionFor,
  collectionKey,
  collectionKeyOf,
  fieldOf,
  makeKey,
  own,
  ownKey,
  ownKeyIn,
  rowKey,
  WRITE_ID,
  type Field,
  type Model,
} from "../../client/model.js";
import { isDefault, isSame, refuseUnfit } from "../../client/values.js";
import { NoRowError, type Entry, type RowOperations, type Rows } from "../store.js";
import { cancelUnsent, deviceOf, entriesOf, foldOver, imageOf, noteKeys, write } from "./entries.js";
import { allOf, localName, localTable, remove, syncedName, syncedTable, type Image, type Run, type Turn } from "./tables.js";
import { convertedFields, encoded, jsonOf, shown, type LocalRow, type Stored, type StoredRow } from "./values.js";

/** A row as the application sees it. */
type Shown = Record<string, unknown>;

/** What the database has of a row, and what is shown of it. */
interface Found extends Image {
  readonly local: LocalRow | undefined;
  readonly synced: StoredRow | undefined;
}

/** The server's rows with the local ones in their place. Each write is noted in the log, and the row is folded again. */
export function rowOperations(run: Run): RowOperations {
  return {
    readAll: (model) =>
      run("readonly", [syncedName(model), localName(model)], async (turn) => {
        const makeShown = shownBy(model);
        const keyOf = collectionKeyOf(model);
        const rows: Rows = new Map();
        const table = syncedTable(turn, model);
        const read = (range: IDBKeyRange | null, count: number) => table.getAll(range, count);
        for await (const some of allOf(read, (row) => rowKey(model, row))) {
          for (const row of some) rows.set(keyOf(row), makeShown(row, null));
        }
        const locals = localTable(turn, model);
        const [keys, images] = await Promise.all([locals.getAllKeys(), locals.getAll()]);
        for (const [index, { row, writeId }] of images.entries()) {
          if (row === null) rows.delete(collectionKey(model, keys[index] ?? ""));
          else rows.set(keyOf(row), makeShown(row, writeId));
        }
        return rows;
      }),

    readByKey: (model, rowKeys) =>
      run("readonly", [syncedName(model), localName(model)], async (turn) => {
        const makeShown = shownBy(model);
        const keyOf = collectionKeyOf(model);
        const rows: Rows = new Map();
        const read = async (key: string): Promise<void> => {
          const { row, writeId } = await find(turn, model, key);
          if (row !== undefined) rows.set(keyOf(row), makeShown(row, writeId));
        };
        await Promise.all(rowKeys.map(read));
        return rows;
      }),

    insert: (model, row, inputs = {}) => run("readwrite", [], (turn) => insert(turn, model, row, jsonMembers(inputs))),
    update: (model, row, changes) => run("readwrite", [], (turn) => update(turn, model, row, changes)),
    delete: (model, row) => run("readwrite", [], (turn) => deleteRow(turn, model, row)),
  };
}

async function insert(turn: Turn, model: Model, given: object, inputs: Members): Promise<void> {
  if (actionFor(model, "insert") === undefined) throw new Error(`${model.name}: the API has no endpoint to create rows`);
  const values = new Map(Object.entries(given));
  const row = new Map<string, Stored>();
  for (const field of model.fields) {
    const isKey = model.key.includes(field.name);
    if (field.insert === "never" && !isKey) continue;
    const value = values.get(field.name);
    // A number may be a rounded one, so the exact default is taken from the field.
    const isOmitted = (value ?? null) === null || isDefault(field, value);
    if (!isOmitted) refuseUnfit(model, field, value);
    const stored = isOmitted ? omitted(model, field) : encoded(model, field, value);
    // Null counts as left out, and isn't sent.
    const isNull = stored === null || (field.type === "json" && stored === "null");
    if (!isNull) row.set(field.name, stored);
    else if (isKey || field.insert === "required") throw new TypeError(`${model.name}.${field.name} must not be null`);
  }
  await takeMadeKeys(turn, model, row);
  const key = rowKey(model, Object.fromEntries(row));
  const found = await find(turn, model, key);
  if (found.row !== undefined) {
    const names = model.key.map((name) => `${model.name}.${name}`).join(", ");
    throw new Error(`${names}: there is a row ${key} already`);
  }
  // The application may use a temporary key again, for another row.
  if (model.keyOrigin === "server") remove(turn.tx.objectStore("_made_keys"), [model.name, ownKeyIn(model, key)]);
  await save(turn, model, "insert", key, row, found, inputs);
}

/** What a new row gets where it doesn't say it. */
function omitted(model: Model, field: Field): Stored {
  if (field.default !== undefined) return encoded(model, field, field.default);
  const isMade = model.key.includes(field.name) && model.keyOrigin !== "given" && field.fromPath === undefined;
  return isMade && (model.keyOrigin === "client" || ownKey(model) !== undefined)
    ? encoded(model, field, makeKey(field))
    : null;
}

/** The log gets the key, and what differs from the row that is there. */
async function update(turn: Turn, model: Model, given: object, changes: object): Promise<void> {
  const values = new Map(Object.entries(changes));
  const fields = model.fields.filter(({ name }) => values.has(name));
  if (fields.length === 0) return;
  for (const field of fields) refuseUnfit(model, field, values.get(field.name));
  if (actionFor(model, "update") === undefined) throw new Error(`${model.name}: the API has no endpoint to update rows`);
  const key = rowKey(model, given);
  const found = await find(turn, model, key);
  const { row } = found;
  if (row === undefined) throw new NoRowError(`${model.name}: there is no row ${key}.`);
  const changed = new Map(fields.map((field) => [field.name, encoded(model, field, values.get(field.name))]));
  await takeMadeKeys(turn, model, changed);
  for (const field of fields) {
    const { name } = field;
    const value = changed.get(name) ?? null;
    const isChange = !isSameValue(model, field, own(row, name) ?? null, value);
    const problem = isChange ? refusal(model, field, value) : undefined;
    if (problem !== undefined) throw new TypeError(`${model.name}.${name} ${problem}`);
    if (!isChange) changed.delete(name);
  }
  if (changed.size > 0) await save(turn, model, "update", key, new Map([...keyOf(model, row), ...changed]), found);
}

function refusal(model: Model, field: Field, value: Stored): string | undefined {
  if (model.key.includes(field.name)) return "is the key, which can't be changed";
  if (!field.update) return "is read-only";
  return value === null && !field.nullable ? "must not be null" : undefined;
}

async function deleteRow(turn: Turn, model: Model, given: object): Promise<void> {
  if (actionFor(model, "delete") === undefined) throw new Error(`${model.name}: the API has no endpoint to delete rows`);
  const key = rowKey(model, given);
  const found = await find(turn, model, key);
  if (found.row === undefined) throw new NoRowError(`${model.name}: there is no row ${key}.`);
  // A row that was never sent is gone then, and needs no delete.
  const isCancelled = found.local !== undefined && (await cancelUnsent(turn, model, key));
  const left = isCancelled ? await find(turn, model, key) : found;
  if (left.row !== undefined) await save(turn, model, "delete", key, keyOf(model, found.row), left);
}

/**
 * Notes a write, and folds it over what is there. Where that has no local row, the log has nothing that this write's row
 * would begin with: it isn't read.
 */
async function save(
  turn: Turn,
  model: Model,
  operation: Entry["operation"],
  key: string,
  values: ReadonlyMap<string, Stored>,
  { local, synced }: Found,
  inputs: Members = {},
): Promise<void> {
  const members = [...values].map(([name, value]): [string, string] => {
    const field = fieldOf(model, name);
    return [name, field === undefined ? "null" : jsonOf(field, value)];
  });
  const before = local === undefined ? [] : await entriesOf(turn, model.name, key);
  const written = { model: model.name, rowKey: key, operation, members: Object.fromEntries(members), inputs };
  const device = await deviceOf(turn, model);
  const image = foldOver(turn, model, key, synced, [...before, write(turn, written)], device);
  noteKeys(turn, model.name, [key], new Map([[key, image]]));
}

async function find(turn: Turn, model: Model, key: string): Promise<Found> {
  const [local, synced] = await Promise.all([localTable(turn, model).get(key), syncedTable(turn, model).get(key)]);
  return { ...imageOf(local, synced), local, synced };
}

/** Puts the keys that the server has made in the place of the temporary ones that the values are. */
async function takeMadeKeys(turn: Turn, model: Model, values: Map<string, Stored>): Promise<void> {
  const take = async (field: Field, parent: string, value: Stored): Promise<void> => {
    const made = await turn.tx.objectStore("_made_keys").get([parent, String(value)]);
    if (made !== undefined) values.set(field.name, encoded(model, field, made.rowKey));
  };
  const taken = model.fields.flatMap((field) => {
    const [parent, value = null] = [own(model.references, field.name), values.get(field.name)];
    return parent === undefined || value === null ? [] : [take(field, parent, value)];
  });
  if (taken.length > 0) await Promise.all(taken);
}

function keyOf(model: Model, row: StoredRow): Map<string, Stored> {
  return new Map(model.key.map((name) => [name, own(row, name) ?? null]));
}

/** Values of JSON fields may be spelled in other ways. */
function isSameValue(model: Model, field: Field, one: Stored, other: Stored): boolean {
  if (one === other || field.type !== "json" || one === null || other === null) return one === other;
  return isSame(model, field.name, { [field.name]: String(one) }, { [field.name]: String(other) });
}

/** Makes a function that makes a stored row, which nobody else has, what the application sees. */
export function shownBy(model: Model): (row: StoredRow, writeId: string | null) => Shown {
  const converted = convertedFields(model);
  return (row, writeId) => {
    const made: Shown = row as Shown;
    delete made[WRITE_ID];
    for (const field of converted) put(made, field.name, shown(field, own(row, field.name) ?? null));
    made["_has_local_changes"] = writeId !== null;
    made["_pending_write_id"] = writeId;
    return made;
  };
}

/** Sets a member of any name, be it `__proto__`. */
function put(row: Shown, name: string, value: unknown): void {
  if (name !== "__proto__") row[name] = value;
  else Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
}
