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
import { cancelUnsent, foldAgain, write } from "./entries.js";
import { allOf, localName, localTable, remove, syncedName, syncedTable, type Run, type Turn } from "./tables.js";
import { convertedFields, encoded, jsonOf, shown, type Stored, type StoredRow } from "./values.js";

/** A row as the application sees it. */
type Shown = Record<string, unknown>;

/** The server's rows with the local ones in their place. Each write is noted in the log, and the row is folded again. */
export function rowOperations(run: Run): RowOperations {
  return {
    readAll: (model) =>
      run("readonly", [syncedName(model), localName(model)], async (turn) => {
        const makeShown = shownBy(model);
        const keyOf = collectionKeyOf(model);
        const rows: Rows = new Map();
        for await (const some of allOf(syncedTable(turn, model), (row) => rowKey(model, row))) {
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
          const { row, writeId } = await seen(turn, model, key);
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
    if (!isNull) row.set(field.name, await withMadeKey(turn, model, field, stored));
    else if (isKey || field.insert === "required") throw new TypeError(`${model.name}.${field.name} must not be null`);
  }
  const key = rowKey(model, Object.fromEntries(row));
  const { row: there } = await seen(turn, model, key);
  if (there !== undefined) {
    const names = model.key.map((name) => `${model.name}.${name}`).join(", ");
    throw new Error(`${names}: there is a row ${key} already`);
  }
  // The application may use a temporary key again, for another row.
  if (model.keyOrigin === "server") remove(turn.tx.objectStore("_made_keys"), [model.name, ownKeyIn(model, key)]);
  await save(turn, model, "insert", key, row, inputs);
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
  const { row } = await seen(turn, model, key);
  if (row === undefined) throw new NoRowError(`${model.name}: there is no row ${key}.`);
  const changed = new Map<string, Stored>();
  for (const field of fields) {
    const { name } = field;
    const value = await withMadeKey(turn, model, field, encoded(model, field, values.get(name)));
    const before = own(row, name) ?? null;
    if (isSameValue(model, field, before, value)) continue;
    const problem = refusal(model, field, value);
    if (problem !== undefined) throw new TypeError(`${model.name}.${name} ${problem}`);
    changed.set(name, value);
  }
  if (changed.size > 0) await save(turn, model, "update", key, new Map([...keyOf(model, row), ...changed]));
}

function refusal(model: Model, field: Field, value: Stored): string | undefined {
  if (model.key.includes(field.name)) return "is the key, which can't be changed";
  if (!field.update) return "is read-only";
  return value === null && !field.nullable ? "must not be null" : undefined;
}

async function deleteRow(turn: Turn, model: Model, given: object): Promise<void> {
  if (actionFor(model, "delete") === undefined) throw new Error(`${model.name}: the API has no endpoint to delete rows`);
  const key = rowKey(model, given);
  const { row } = await seen(turn, model, key);
  if (row === undefined) throw new NoRowError(`${model.name}: there is no row ${key}.`);
  // A row that was never sent is gone then, and needs no delete.
  const isCancelled = await cancelUnsent(turn, model, key);
  if (isCancelled && (await seen(turn, model, key)).row === undefined) return;
  await save(turn, model, "delete", key, keyOf(model, row));
}

async function save(
  turn: Turn,
  model: Model,
  operation: Entry["operation"],
  key: string,
  values: ReadonlyMap<string, Stored>,
  inputs: Members = {},
): Promise<void> {
  const members = [...values].map(([name, value]): [string, string] => {
    const field = fieldOf(model, name);
    return [name, field === undefined ? "null" : jsonOf(field, value)];
  });
  write(turn, { model: model.name, rowKey: key, operation, members: Object.fromEntries(members), inputs });
  await foldAgain(turn, model.name, [key]);
}

/** A row as collections show it; undefined where there is none. */
async function seen(
  turn: Turn,
  model: Model,
  key: string,
): Promise<{ readonly row: StoredRow | undefined; readonly writeId: string | null }> {
  const [local, synced] = await Promise.all([localTable(turn, model).get(key), syncedTable(turn, model).get(key)]);
  if (local === undefined) return { row: synced, writeId: null };
  return { row: local.row ?? undefined, writeId: local.writeId };
}

/** The value, or the key that the server has made in the place of the temporary one that it is. */
async function withMadeKey(turn: Turn, model: Model, field: Field, value: Stored): Promise<Stored> {
  const parent = own(model.references, field.name);
  if (parent === undefined || value === null) return value;
  const made = await turn.tx.objectStore("_made_keys").get([parent, String(value)]);
  return made === undefined ? value : encoded(model, field, made.rowKey);
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
function shownBy(model: Model): (row: StoredRow, writeId: string | null) => Shown {
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
