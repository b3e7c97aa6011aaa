import { unwrap, type DBSchema, type IDBPObjectStore, type IDBPTransaction } from "idb";

import { models } from "../../../schema/index.js";
import { keepsDeleted, type Model } from "../../client/model.js";
import type { Entry } from "../store.js";
import type { LocalRow, StoredRow } from "./values.js";

/** An entry of the log as it is stored. */
export interface StoredEntry extends Entry {
  readonly id: number;
  /** The entry's model, where the server may have the entry. Only these entries are in the index `sent`. */
  readonly sent?: string;
}

/** A key that the server has made in the place of a temporary one. */
export interface StoredKey {
  readonly model: string;
  readonly temporary: string;
  readonly rowKey: string;
  readonly json: string;
}

/** A row that may have changed; without a key, all rows of the model. */
export interface ChangedKey {
  readonly model: string;
  readonly rowKey: string | null;
}

/** What every database has besides the rows of its models. All rows have their key's text as their key. */
export interface SharedTables extends DBSchema {
  /** The log of local writes. Only this must survive: everything else is made again from it and the server. */
  _changes: {
    key: number;
    value: StoredEntry;
    indexes: {
      row: [string, string];
      status: string;
      writeId: string;
      sent: string;
      rejectedWith: string;
      transactionId: string;
    };
  };
  /** The server's keys for temporary ones, by model and temporary key. */
  _made_keys: { key: [string, string]; value: StoredKey; indexes: { row: [string, string] } };
  _changed_keys: { key: number; value: ChangedKey };
  _sync_meta: { key: string; value: string | null };
}

/** A row that the server has deleted. */
export interface StoredDeleted {
  /** As it was stored. */
  readonly row: StoredRow;
  readonly at: string;
  /** The local database that has deleted it; null where none has. */
  readonly device: string | null;
  /** Where the server has noted the delete. */
  readonly scope: string;
  readonly version: string;
}

/** What a database has as well whose models keep the rows that were deleted: these, by model and key. */
export interface DeletedTable extends DBSchema {
  _deleted_rows: { key: [string, string]; value: StoredDeleted };
}

/** The tables of any model stand for those of all. */
export interface Tables extends SharedTables, DeletedTable {
  synced: { key: string; value: StoredRow };
  local: { key: string; value: LocalRow };
}

export type Name = "_changes" | "_made_keys" | "_changed_keys" | "_sync_meta" | "_deleted_rows" | "synced" | "local";

/** A transaction. Nothing may be awaited in it but its own requests: it ends when it has none. */
export type Transaction = IDBPTransaction<Tables, Name[], "readwrite">;

/** What one transaction does. */
export interface Turn {
  readonly tx: Transaction;
  /** What its entries have in common; `beginGroup` gives another. */
  group: string;
  /** Whether it has changed the log or what collections show. */
  hasChanged: boolean;
  /** The keys that it has noted as changed. */
  readonly noted: Noted[];
}

/** A changed key, and the request that gives its number. */
export interface Noted extends ChangedKey {
  readonly request: IDBRequest<IDBValidKey>;
  /** What collections show of the row, where it is known. */
  readonly image?: Image;
}

/** A row as it is stored, and the newest of its local writes; without a row, there is none. */
export interface Image {
  readonly row: StoredRow | undefined;
  readonly writeId: string | null;
}

export type Mode = "readonly" | "readwrite";

/** Does work in a transaction: in the one that runs, or in a new one that has these tables, or all where none is named. */
export type Run = <T>(mode: Mode, tables: readonly Name[], work: (turn: Turn) => Promise<T>) => Promise<T>;

export const SHARED: readonly Name[] = [
  "_changes",
  "_made_keys",
  "_changed_keys",
  "_sync_meta",
  ...(models.some(keepsDeleted) ? (["_deleted_rows"] as const) : []),
];

/** The tables that these models have, one by one and together. */
export function tablesOf(some: readonly Model[]): Name[] {
  return [...SHARED, ...some.flatMap((model) => [syncedName(model), localName(model)])];
}

/** The tables of this version. */
export function allTables(): Name[] {
  return tablesOf(models);
}

export function syncedName({ name }: Pick<Model, "name">): "synced" {
  return `${name}_synced` as "synced";
}

export function localName({ name }: Pick<Model, "name">): "local" {
  return `${name}_local` as "local";
}

/** The server's rows as last received. */
export function syncedTable({ tx }: Turn, model: Model) {
  return tx.objectStore(syncedName(model));
}

/** Rows with unsettled local writes, as the fold makes them. */
export function localTable({ tx }: Turn, model: Model) {
  return tx.objectStore(localName(model));
}

type Table<Of extends Name> = IDBPObjectStore<Tables, Name[], Of, "readwrite">;

/**
 * Puts a value, and doesn't wait: later requests see it, and where it fails, the transaction does. A promise for each
 * would take a third of the time of a first load.
 */
export function put<Of extends Name>(table: Table<Of>, value: Tables[Of]["value"], key?: IDBValidKey): void {
  unwrap(table).put(value, key);
}

/** The same, where the key must be new, or is made. */
export function add<Of extends Name>(
  table: Table<Of>,
  value: Tables[Of]["value"],
  key?: IDBValidKey,
): IDBRequest<IDBValidKey> {
  return unwrap(table).add(value, key);
}

export function remove<Of extends Name>(table: Table<Of>, key: IDBValidKey | IDBKeyRange): void {
  unwrap(table).delete(key);
}

/** Whether there is nothing in it. To count takes longer with each row. */
export async function isEmpty<Of extends Name>(table: Table<Of>): Promise<boolean> {
  return (await table.getAllKeys(null, 1)).length === 0;
}

/** How many rows are read at once: all of a large table would be in memory twice. */
const ROWS_AT_ONCE = 10_000;

/** Reads all values of a table, some at once. `keyOf`: the key of the last one, after which the next ones begin. */
export async function* allOf<Value>(
  read: (range: IDBKeyRange | null, count: number) => Promise<Value[]>,
  keyOf: (value: Value) => IDBValidKey,
): AsyncGenerator<Value[]> {
  for (let range: IDBKeyRange | null = null; ; ) {
    const values = await read(range, ROWS_AT_ONCE);
    yield values;
    const last = values.at(-1);
    if (last === undefined || values.length < ROWS_AT_ONCE) return;
    range = IDBKeyRange.lowerBound(keyOf(last), true);
  }
}
