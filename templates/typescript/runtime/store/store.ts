import { membersOf, parsed, textOf, type Members } from "../client/json.js";
import { fieldOf, type CollectionKey, type Model } from "../client/model.js";
import type { RejectedChange, Rejection } from "../config.js";

/**
 * The interface of a store: where rows and edits are kept on the device. Collections, transports and the sync worker use
 * nothing else of it. Each adapter of the config implements it; only the SQL stores know SQL.
 */
export interface Store extends StoreOperations {
  /** What the tabs that share the database call it; absent where nobody else has it open. */
  readonly shared?: string;
  /** Identifies the schema of this code. */
  readonly version: string;
  /** Whether the database has this version of the schema. */
  isCurrent(): Promise<boolean>;
  /** Brings the database to this version of the schema. Nobody may sync meanwhile. */
  migrate(): Promise<void>;
  /**
   * Runs `work`: what it does is committed as a whole, or, where it throws, not at all. Others wait, in this tab and in
   * every other; so `work` uses nothing but what it is given. It may run again from the start, with nothing of it kept:
   * what it leaves in variables must bear that.
   */
  transaction<T>(work: (within: StoreOperations) => Promise<T>): Promise<T>;
  /** Calls `listener` after each commit, of this tab or another, that may have changed what the views show. */
  onCommit(listener: () => void): () => void;
  /** Removes all rows and entries. Refuses, unless told to discard them, while there are edits that the server lacks. */
  clear(discardsUnsent: boolean): Promise<void>;
  close(): Promise<void>;
}

/** What can be done in a transaction, and outside of one. */
export interface StoreOperations {
  readonly rows: RowOperations;
  readonly log: LogOperations;
  readonly synced: SyncedOperations;
  readonly changedKeys: ChangedKeys;
  readonly meta: Meta;
}

/** Rows as the application sees them, by the key that they have in their collection. */
export type Rows = Map<CollectionKey, object>;

/** The application's rows: the server's, with the local writes over them. Each write is noted in the log. */
export interface RowOperations {
  readAll(model: Model): Promise<Rows>;
  /** Those of the rows that there are. */
  readByKey(model: Model, rowKeys: readonly string[]): Promise<Rows>;
  insert(model: Model, row: object): Promise<void>;
  /** `row` has the key. */
  update(model: Model, row: object, changes: object): Promise<void>;
  delete(model: Model, row: object): Promise<void>;
}

/** Ascending: the order of writing. */
export type EntryId = string | number | bigint;

/** An entry of the log: one local write. */
export interface Entry {
  readonly id: EntryId;
  readonly model: string;
  readonly rowKey: string;
  readonly operation: "insert" | "update" | "delete";
  /** The key, and what the write sets, each as JSON text. */
  readonly members: Members;
  readonly writeId: string;
  readonly status: "pending" | "acknowledged" | "rejected";
  readonly attempts: number;
  /** The newest write_id of those that went out together; null before that. */
  readonly sentWith: string | null;
  readonly transactionId: string;
  readonly error: string | null;
  readonly txid: string | null;
  readonly rejectedWith: string | null;
}

export interface Tally {
  readonly pending: number;
  readonly oldestPending: string | null;
  readonly rejected: number;
}

/** A key that the server has made. */
export interface MadeKey {
  readonly rowKey: string;
  readonly json: string;
}

/** A key of the server's, given as text, as the log has it; null where it can't be one. */
export function madeKeyOf(model: Model, text: string): MadeKey | null {
  if (text === "") return null;
  const type = fieldOf(model, model.key[0] ?? "")?.type;
  if (type === "int32" || type === "int64") return /^-?\d+$/.test(text) ? { rowKey: text, json: text } : null;
  const rowKey = type === "uuid" ? text.toLowerCase() : text;
  return { rowKey, json: JSON.stringify(rowKey) };
}

/** The log of local writes. Lists of entries are in its order. */
export interface LogOperations {
  /** The first pending entries, or those behind `after`; so many at most. */
  pending(after: EntryId | null, limit: number): Promise<Entry[]>;
  /** The entries of one row. */
  ofRow(model: string, rowKey: string): Promise<Entry[]>;
  /** What has been sent, and isn't settled yet. */
  sent(model: string): Promise<Entry[]>;
  /** What the server has taken, and has not shown yet. */
  acknowledged(): Promise<Entry[]>;
  /** What the server has refused, and nobody has discarded or sent again. */
  rejected(): Promise<Entry[]>;
  /** The entries with these write ids, and those that were rejected with one of them. */
  withIds(writeIds: readonly string[]): Promise<Entry[]>;
  newest(): Promise<EntryId | null>;
  writtenAfter(id: EntryId | null): Promise<Pick<Entry, "id" | "model">[]>;
  /** Those of the entries that the server hasn't taken. */
  unacknowledged(ids: readonly EntryId[]): Promise<Pick<Entry, "id" | "status" | "error">[]>;
  tally(): Promise<Tally>;

  /** To be committed before the request leaves: from then on the server may have seen it. */
  markSent(writeIds: readonly string[], sentWith: string): Promise<void>;
  acknowledge(writeIds: readonly string[], txid: string | null): Promise<void>;
  reject(writeIds: readonly string[], rejection: Rejection): Promise<void>;
  /** Takes entries out of the log: the server's rows show them. */
  settle(writeIds: readonly string[]): Promise<void>;
  /** Sends a rejected entry again, with all that were rejected with it. */
  retry(writeId: string): Promise<void>;
  /** Takes back a rejected entry, with all that were rejected with it. */
  discard(writeId: string): Promise<void>;
  /** Takes back these rejected entries, and no others. */
  discardOnly(ids: readonly EntryId[]): Promise<void>;

  /** The key that the server has made for a row with this temporary one. */
  madeKey(model: string, temporary: string): Promise<MadeKey | undefined>;
  /** Whether the server is known to call a row by this key, where it makes the keys. */
  isMadeKey(model: string, rowKey: string): Promise<boolean>;
  /** Gives the key to the row's entries, and to those that refer to it. */
  noteMadeKey(model: string, temporary: string, made: MadeKey): Promise<void>;
}

/**
 * A row as the server has it, or a part of one: values by field, and the id of a write by `write_id`. A value is text in
 * PostgreSQL's notation or the API's; that of a `json` field is JSON text.
 */
export type ServerRow = ReadonlyMap<string, string | null>;

/** The server's rows. Of those in one call, no two have the same key. Entries that they show are settled. */
export interface SyncedOperations {
  /** The text form of a row's key. */
  keyOf(model: Model, row: ServerRow): string;
  isEmpty(model: Model): Promise<boolean>;
  /** A row's fields as JSON text. */
  read(model: Model, rowKey: string): Promise<Members | undefined>;
  /** Keys of the rows that have these values, given as JSON text. */
  find(model: Model, members: Members): Promise<string[]>;
  upsert(model: Model, rows: readonly ServerRow[]): Promise<void>;
  /** Each has the key, and the fields that have changed. */
  update(model: Model, rows: readonly ServerRow[]): Promise<void>;
  delete(model: Model, rows: readonly ServerRow[]): Promise<void>;
  /** Deletes what has none of these keys. */
  deleteOthers(model: Model, rows: readonly ServerRow[]): Promise<void>;
  /** Before the rows of a first snapshot, in each of its transactions: they needn't be noted one by one. */
  beginLoading(model: Model): Promise<void>;
  /** After them: those who show the model read it anew. */
  endLoading(model: Model): Promise<void>;
}

/** Rows that have changed, in the order of their commits. Old ones are forgotten. */
export interface ChangedKeys {
  /** The number of the newest. */
  newest(): Promise<number>;
  /** None are listed where there are more than `limit`. */
  since(position: number, limit: number): Promise<ChangesSince>;
  forget(upTo: number): Promise<void>;
}

export interface ChangesSince {
  /** What comes before has been forgotten. */
  readonly forgottenTo: number;
  readonly newest: number;
  /** Without a row's key: all of the model's rows. */
  readonly changes: readonly { readonly model: string; readonly rowKey: string | null }[];
}

/** What a transport remembers of a model, as text. It goes when the model's rows go. */
export interface Meta {
  get(kind: string, model: string): Promise<string | undefined>;
  set(kind: string, model: string, value: string): Promise<void>;
  delete(kind: string, model: string): Promise<void>;
}

/** A rejection as an entry has it. */
export function errorText({ status, message, body }: Rejection): string {
  return JSON.stringify({ status, message, body });
}

/** What a rejected entry says of the reason in `error`. */
export function rejectionOf(error: string | null): Rejection {
  const text = error ?? "";
  const said = membersOf(text);
  if (said === undefined) return { status: null, message: text, body: "" };
  const status = parsed(said["status"] ?? "null");
  return {
    status: typeof status === "number" ? status : null,
    message: textOf(said["message"] ?? '""'),
    body: textOf(said["body"] ?? '""'),
  };
}

export function rejectedChange(entry: Entry): RejectedChange {
  const { model, operation, rowKey, writeId } = entry;
  const { status, message } = rejectionOf(entry.error);
  return { model, operation, rowKey, writeId, status, message };
}
