import { getActiveTransaction, type Transaction } from "@tanstack/db";

import { messageOf } from "../client/json.js";
import {
  fieldOf,
  givenKey,
  inputsIn,
  makeKey,
  own,
  ownKey,
  type CollectionKey,
  type Field,
  type Model,
} from "../client/model.js";
import { refuseUnfit } from "../client/values.js";
import type { Client } from "../init.js";

/** What a row is found by: the key field's value, or an object with all of them. */
export type KeyOf<Row, Names extends readonly (keyof Row)[]> = Names extends readonly [infer Name extends keyof Row]
  ? Row[Name]
  : Pick<Row, Names[number]>;

/** What `set` takes: what a new row takes beside its key; where the API creates none, what a change takes. */
type Settable<Create, Update, Name> = [Create] extends [never] ? Update : Omit<Create, Name & PropertyKey>;

/**
 * A model's rows, as a map in memory. Reads are synchronous. Writes show at once, and are saved together with those of
 * the same moment; where the database refuses one, it is taken back, and `onSyncError` says why. What the server changes
 * comes in by itself.
 */
export interface Table<
  Row extends object,
  Create,
  Update,
  Names extends readonly (keyof Row)[],
  Key = KeyOf<Row, Names>,
> extends Iterable<readonly [Key, Row]> {
  readonly size: number;
  get(key: Key): Row | undefined;
  has(key: Key): boolean;
  values(): Iterable<Row>;
  /** Returns when the rows that the device has are there. The first read asks for them; until then, there are none. */
  ready(): Promise<void>;
  /** Inserts a row. Gives its key, which is made here where the row has none; one of the server's takes its place later. */
  add(row: Create): Key;
  /** Inserts the row, or updates what differs from the row that is there. Throws where that is known to be wrong. */
  set(key: Key, row: Settable<Create, Update, Names[number]>): void;
  /** Throws where there is no such row, or the change is known to be wrong. */
  update(key: Key, change: (draft: Required<Update>) => void): void;
  /** Returns whether there was such a row. */
  delete(key: Key): boolean;
  /** Calls `listener` for each row that changes from now on, until what it returns is called. */
  subscribe(
    listener: (key: Key, row: Row | undefined, change: "insert" | "update" | "delete") => void,
  ): () => void;
}

/** The part of a collection that a table stands on. */
interface Source<Row> {
  readonly size: number;
  get(key: CollectionKey): Row | undefined;
  has(key: CollectionKey): boolean;
  values(): Iterable<Row>;
  preload(): Promise<void>;
  insert(row: object): Written;
  update(key: CollectionKey, change: (draft: object) => void): Written;
  delete(key: CollectionKey): Written;
  subscribeChanges(listener: (changes: readonly Change<Row>[]) => void): { unsubscribe(): void };
}

interface Change<Row> {
  readonly type: "insert" | "update" | "delete";
  readonly value: Row;
}

type Written = Pick<Transaction, "isPersisted">;
type Values = Readonly<Record<string, unknown>>;

/** A table that stands on the client's collection of the model. */
export function table<Row extends object, Create, Update, Names extends readonly (keyof Row)[]>(
  { status, storeChanges }: Client,
  model: Model,
  collections: object,
): Table<Row, Create, Update, Names> {
  type Key = KeyOf<Row, Names>;
  // The collection's type says more than a table needs.
  const source = own(collections as Readonly<Record<string, unknown>>, model.name) as Source<Row>;
  let isFollowed = false;

  /** The first use has the collection read its rows, and keep them. */
  function rows(): Source<Row> {
    if (!isFollowed) {
      isFollowed = true;
      source.subscribeChanges(storeChanges.tell);
    }
    return source;
  }

  function keyOf(row: Row): Key {
    const { key } = model;
    const values = row as Values;
    if (key.length === 1) return values[key[0] ?? ""] as Key;
    return Object.fromEntries(key.map((name) => [name, values[name]])) as Key;
  }

  function keyValues(key: Key): Values {
    const [name = "", ...others] = model.key;
    return others.length === 0 ? { [name]: key } : (key as Values);
  }

  /** In a transaction of the application, who awaits that hears of it. */
  function write(work: (source: Source<Row>) => Written): void {
    const isAlone = getActiveTransaction() === undefined;
    const { isPersisted } = work(rows());
    if (!isAlone) return;
    isPersisted.promise.catch((error: unknown) => {
      const message = error === undefined ? "An earlier write of the row was refused." : messageOf(error);
      status.tellError({ model: model.name, url: null, message });
    });
  }

  function insert(given: Values): void {
    const row = Object.fromEntries(Object.entries(given).filter(([name]) => !isForeign(model, name)));
    refuseWrong(model, withoutInputs(model, row));
    refuseIncomplete(model, row);
    write((source) => source.insert(row));
  }

  return {
    get size() {
      return rows().size;
    },
    get: (key) => rows().get(givenKey(model, key)),
    has: (key) => rows().has(givenKey(model, key)),
    values: () => rows().values(),
    *[Symbol.iterator]() {
      for (const row of rows().values()) yield [keyOf(row), row] as const;
    },
    ready: () => rows().preload(),

    add(given) {
      const made = ownKey(model);
      const isMade = made !== undefined && model.keyOrigin !== "given";
      const row = { ...(isMade && { [made.name]: makeKey(made) }), ...(given as Values) };
      insert(row);
      return keyOf(row as Row);
    },

    set(key, given) {
      const row = { ...(given as Values), ...keyValues(key) };
      const present = rows().get(givenKey(model, key));
      if (present === undefined) {
        if (model.keyOrigin === "server") {
          throw new Error(`${model.name}: there is no such row, and the server makes the keys of new ones: use add.`);
        }
        return insert(row);
      }
      const changes = changesOf(model, present as Values, row);
      if (Object.keys(changes).length === 0) return;
      write((source) => source.update(givenKey(model, key), (draft) => void Object.assign(draft, changes)));
    },

    update(key, change) {
      const present = rows().get(givenKey(model, key));
      if (present === undefined) throw new Error(`${model.name}: there is no such row.`);
      write((source) =>
        source.update(givenKey(model, key), (draft) => {
          change(draft as Required<Update>);
          changesOf(model, present as Values, draft as Values);
        }),
      );
    },

    delete(key) {
      if (!rows().has(givenKey(model, key))) return false;
      write((source) => source.delete(givenKey(model, key)));
      return true;
    },

    subscribe(listener) {
      const subscription = rows().subscribeChanges((changes) => {
        for (const { type, value } of changes) listener(keyOf(value), type === "delete" ? undefined : value, type);
      });
      return () => subscription.unsubscribe();
    },
  };
}

/** What a row says differently from the one that is there. Throws where that can't be saved. */
function changesOf(model: Model, present: Values, row: Values): Values {
  const changed = Object.keys(row).filter(
    (name) => row[name] !== undefined && !isForeign(model, name) && !isEqual(own(present, name), row[name]),
  );
  const changes = Object.fromEntries(changed.map((name) => [name, row[name]]));
  refuseWrong(model, changes);
  for (const name of changed) {
    if (fieldOf(model, name)?.update === false) throw new TypeError(`${model.name}.${name} can't be changed.`);
  }
  return changes;
}

/** Whether a row that was read has it, and the application doesn't set it. */
function isForeign(model: Model, name: string): boolean {
  const field = fieldOf(model, name);
  if (field === undefined) return /^(_has_local_changes$|_pending_write_id$|\$)/.test(name);
  return field.insert === "never" && !field.update && !model.key.includes(name);
}

function isEqual(one: unknown, other: unknown): boolean {
  const isJson = typeof one === "object" && typeof other === "object";
  return isJson ? JSON.stringify(one) === JSON.stringify(other) : Object.is(one, other);
}

/** Throws where these values can't be saved: a name that the model doesn't have, null where there is none, another type. */
export function refuseWrong(model: Model, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    const field = fieldOf(model, name);
    if (field === undefined) throw new TypeError(`${model.name} has no ${name}.`);
    if (value === undefined) continue;
    const expected = expectedOf(field, value);
    if (expected !== undefined) throw new TypeError(`${model.name}.${name} must be ${expected}, and not ${shown(value)}.`);
    refuseUnfit(model, field, value);
  }
}

/** Throws where a new row lacks what it needs. */
export function refuseIncomplete(model: Model, row: Readonly<Record<string, unknown>>): void {
  for (const { name, insert } of model.fields) {
    const isNeeded = model.key.includes(name) ? model.keyOrigin === "given" : insert === "required";
    if (isNeeded && own(row, name) === undefined) throw new TypeError(`${model.name}: a new row needs ${name}.`);
  }
  inputsIn(model, row);
}

function withoutInputs(model: Model, row: Values): Values {
  return Object.fromEntries(Object.entries(row).filter(([name]) => model.inputs?.includes(name) !== true));
}

/** What the field takes, where the value isn't that. */
function expectedOf(field: Field, value: unknown): string | undefined {
  if (value === null) return field.nullable ? undefined : `a ${field.type}`;
  switch (field.type) {
    case "json":
      return undefined;
    case "boolean":
      return typeof value === "boolean" ? undefined : "true or false";
    case "int32":
    case "int64":
    case "float":
    case "decimal":
      return ["number", "bigint", "string"].includes(typeof value) ? undefined : "a number";
    case "uuid":
      return isText(value, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i) ? undefined : "a UUID";
    case "date":
      return isText(value, /^\d{4,}-\d\d-\d\d$/) ? undefined : "a date such as 2026-01-31";
    case "date_time":
      return isText(value, /^\d{4,}-\d\d-\d\d[T ]/) ? undefined : "a time such as 2026-01-31T12:00:00Z";
    default:
      return typeof value === "string" ? undefined : "text";
  }
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Tells that something has changed in a store that somebody has read. */
export interface StoreChanges {
  /** Another number after each change. */
  version(): number;
  tell(): void;
  subscribe(listener: () => void): () => void;
}

export function createStoreChanges(): StoreChanges {
  let version = 0;
  const listeners = new Set<() => void>();
  return {
    version: () => version,
    tell() {
      version += 1;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
