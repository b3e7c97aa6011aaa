import { elementsOf, membersOf, objectOf, parsed, textOf, type Members } from "../client/json.js";
import { ownKey, type CollectionKey, type Model } from "../client/model.js";
import type { RejectedChange, Rejection } from "../config.js";

/**
 * The interface of a store: where rows and edits are kept on the device. Collections, transports and the sync worker use
 * nothing else of it. Each adapter of the config implements it; only the SQL stores know SQL.
 */
export interface Store extends StoreOperations {
  /** The name of the database that all its tabs use for locks and channels; absent if no other tab can open it. */
  readonly shared?: string;
  /** Identifies the schema of this code. */
  readonly version: string;
  /** Whether the database has this version of the schema. */
  isCurrent(): Promise<boolean>;
  /** Brings the database to this version of the schema. Nobody may sync meanwhile. `tell` hears of what keeps it waiting. */
  migrate(tell: (message: string) => void): Promise<void>;
  /**
   * Runs `work` in a transaction: commits when it returns, rolls back when it throws. All other calls wait for it, in
   * every tab; so `work` uses only what it is given, and awaits nothing else. It may run again from the start, after a
   * rollback, so it must not rely on variables that an earlier run has changed. `models`: the only ones whose rows `work`
   * may use; without it, all.
   */
  transaction<T>(work: (within: StoreOperations) => Promise<T>, models?: readonly Model[]): Promise<T>;
  /** The same for what the server has anyway: a power cut may undo it. */
  receive<T>(work: (within: StoreOperations) => Promise<T>): Promise<T>;
  /**
   * Calls `listener` after each commit, of this tab or another, that may have changed what the views show; with what it has
   * changed, where the store knows that without reading.
   */
  onCommit(listener: (commit?: Commit) => void): () => void;
  /** Whether this tab is writing something. Absent where the store doesn't tell what a commit has changed. */
  isWriting?(): boolean;
  /**
   * Calls `listener` where another tab has brought the database to another version, which this code can't use, or where the
   * database was removed: then with what is to be said of that.
   */
  onOutdated?(listener: (removed?: string) => void): () => void;
  /** Removes all rows and entries. Refuses, unless told to discard them, while there are edits that the server lacks. */
  clear(discardsUnsent: boolean): Promise<void>;
  close(): Promise<void>;
}

/** What can be done in a transaction, and outside of one. */
export interface StoreOperations {
  readonly rows: RowOperations;
  readonly log: LogOperations;
  readonly synced: SyncedOperations;
  readonly deleted: DeletedRows;
  readonly changedKeys: ChangedKeys;
  readonly meta: Meta;
}

/** Rows as the application sees them, by the key that they have in their collection. */
export type Rows = Map<CollectionKey, object>;

/** The application's rows: the server's, with the local writes over them. Each write is noted in the log. */
export interface RowOperations {
  readAll(model: Model): Promise<Rows>;
  /** Reads the rows with these keys; keys without a row are left out. */
  readByKey(model: Model, rowKeys: readonly string[]): Promise<Rows>;
  /** `inputs`: what the API's create needs beside the row. Only the log has it, until the server has taken the row. */
  insert(model: Model, row: object, inputs?: object): Promise<void>;
  /** `row` has the key. Throws `NoRowError` where there is no such row. */
  update(model: Model, row: object, changes: object): Promise<void>;
  /** `row` has the key. Throws `NoRowError` where there is no such row. */
  delete(model: Model, row: object): Promise<void>;
}

/** A write by key has met no row: without an error, the edit would be lost. */
export class NoRowError extends Error {}

/** Ids ascend in the order of writing. */
export type EntryId = string | number | bigint;

/** An entry of the log: one local write. */
export interface Entry {
  readonly id: EntryId;
  readonly model: string;
  readonly rowKey: string;
  readonly operation: "insert" | "update" | "delete";
  /** The key, and what the write sets, each as JSON text. */
  readonly members: Members;
  /** What an insert gives beside the row's columns, each as JSON text. */
  readonly inputs: Members;
  readonly writeId: string;
  readonly status: "pending" | "acknowledged" | "rejected";
  readonly attempts: number;
  /** The newest write_id of the entries that were sent in one request; null until then. */
  readonly sentWith: string | null;
  readonly transactionId: string;
  /** Why it is rejected, or why its last try has failed. */
  readonly error: string | null;
  readonly txid: string | null;
  readonly rejectedWith: string | null;
  /** When it was written. */
  readonly at: string;
  /** Who has made the write; null where the application hasn't said who was signed in, or that nobody was. */
  readonly user: string | null;
  /** For a sync server: what the device had seen when the edit was made, and when that was. */
  readonly base: string | null;
  readonly editedAt: string | null;
  /** Where the sync server has the write, as JSON. */
  readonly place: string | null;
}

export interface Tally {
  readonly pending: number;
  /** Those of them that others have made than the user who is signed in. */
  readonly held: number;
  readonly oldestPending: string | null;
  readonly rejected: number;
}

/** A key that the server has made; of one with columns from the path, the other column. */
export interface MadeKey {
  readonly rowKey: string;
  readonly json: string;
}

/** A key of the server's, given as text, as the log has it; null where it can't be one. */
export function madeKeyOf(model: Model, text: string): MadeKey | null {
  if (text === "") return null;
  const type = ownKey(model)?.type;
  if (type === "int32" || type === "int64") return /^-?\d+$/.test(text) ? { rowKey: text, json: text } : null;
  const rowKey = type === "uuid" ? text.toLowerCase() : text;
  return { rowKey, json: JSON.stringify(rowKey) };
}

/** Entries that go out in one request, and the id under which they do. */
export interface SentWrite {
  readonly writeIds: readonly string[];
  readonly writeId: string;
}

/** Entries that the server hasn't taken, and why. */
export interface FailedWrite {
  readonly writeIds: readonly string[];
  readonly failure: Rejection;
}

/** Entries that the server has taken in one of its transactions, where it has told which. */
export interface TakenWrite {
  readonly writeIds: readonly string[];
  readonly txid: string | null;
  /** What a sync server tells instead: where it has the write, as JSON. */
  readonly place?: string | null;
}

/** The time of a sync server's clock, or of the device's: milliseconds since 1970, and a counter. */
export interface Stamp {
  readonly milliseconds: number;
  readonly counter: number;
}

/** Reads a stamp as it is on the wire and in the log: `1795932681000.3`. */
export function stampOf(text: string): Stamp {
  const [milliseconds = 0, counter = 0] = text.split(".").map(Number);
  return { milliseconds, counter };
}

/** The member of an entry's value that has the inputs of an insert: no column has an empty name. */
export const INPUTS = "";

/** The log of local writes. Lists of entries are in its order. */
export interface LogOperations {
  /** Reads at most `limit` pending entries: the first ones, or those after the id `after`. */
  pending(after: EntryId | null, limit: number): Promise<Entry[]>;
  /** How many of the pending entries up to this id have not been sent. */
  countUnsent(upTo: EntryId): Promise<number>;
  /** The entries of these rows. */
  ofRows(model: string, rowKeys: readonly string[]): Promise<Entry[]>;
  /** Reads the entries that have been sent and aren't settled yet. */
  sent(model: string): Promise<Entry[]>;
  /** Reads the acknowledged entries: the server has taken them, and its rows don't show them yet. */
  acknowledged(): Promise<Entry[]>;
  /** Reads the rejected entries: nobody has discarded them or sent them again yet. */
  rejected(): Promise<Entry[]>;
  /** The entries with these write ids, and those that were rejected with one of them. */
  withIds(writeIds: readonly string[]): Promise<Entry[]>;
  /** The entries of these transactions of the local database. */
  ofTransactions(transactionIds: readonly string[]): Promise<Entry[]>;
  newest(): Promise<EntryId | null>;
  writtenAfter(id: EntryId | null): Promise<Pick<Entry, "id" | "model">[]>;
  /** Reads the queue: the first entries that the server hasn't taken, `limit` at most. */
  queue(limit: number): Promise<Entry[]>;
  /** Reads those of the entries that the server hasn't taken. */
  unacknowledged(ids: readonly EntryId[]): Promise<Pick<Entry, "id" | "status" | "error">[]>;
  /** `user`: who is signed in. */
  tally(user: string | null): Promise<Tally>;

  /** What the running transaction writes from now on is a group of its own: it has its own fate on a sync server. */
  beginGroup(): Promise<void>;
  /** Counts a try of each. It must be committed before the requests are sent: from then on the server may have seen them. */
  markSent(writes: readonly SentWrite[]): Promise<void>;
  /** Notes why the last try of each has failed. */
  noteFailures(failures: readonly FailedWrite[]): Promise<void>;
  /** Takes that back: the requests have not been sent. */
  unmarkSent(writeIds: readonly string[]): Promise<void>;
  acknowledge(writes: readonly TakenWrite[]): Promise<void>;
  reject(writeIds: readonly string[], rejection: Rejection): Promise<void>;
  /** Rejects a write, and others with it. They are sent again, or discarded, together. */
  rejectTogether(writeId: string, rejection: Rejection, others: readonly string[], ofOthers: Rejection): Promise<void>;
  /**
   * Notes of the edits of these models that don't say it yet when they were made, and what the device had seen by then.
   * The times are later than `clock`, and in the order of the log. Gives the latest; undefined where all said it.
   */
  stamp(models: readonly string[], clock: Stamp, base: string | null): Promise<Stamp | undefined>;
  /** Makes each pending entry of a transaction a group of its own. */
  separate(transactionId: string): Promise<void>;
  /** Has a new row, which nobody has sent, set only these members, and an update at the end of the log set others. */
  postpone(entry: Entry, members: Members, others: Members | undefined): Promise<void>;
  /** The server may have lost these, which it has taken: they are sent again, under the same write ids. */
  reopen(writeIds: readonly string[]): Promise<void>;
  /** Deletes entries that the server's rows show. */
  settle(writeIds: readonly string[]): Promise<void>;
  /** Sends a rejected entry again, with all that were rejected with it. */
  retry(writeId: string): Promise<void>;
  /** Takes back a rejected entry, with all that were rejected with it. */
  discard(writeId: string): Promise<void>;
  /** Takes back these rejected entries, and no others. */
  discardOnly(ids: readonly EntryId[]): Promise<void>;

  /**
   * Says who makes what is written from now on: null: nobody in particular. What such a nobody has written becomes that
   * of the next user.
   */
  signIn(user: string | null): Promise<void>;

  /** The keys that the server has made for rows with these temporary ones. */
  madeKeys(model: string, temporary: readonly string[]): Promise<Map<string, MadeKey>>;
  /** Entries of rows with this part of their keys, beside the columns from the path. */
  ofOwnKey(model: string, ownKey: string): Promise<Entry[]>;
  /** Whether the server has made this key for a row. */
  isMadeKey(model: string, rowKey: string): Promise<boolean>;
  /** Gives the key to the row's entries, and to those that refer to it. */
  noteMadeKey(model: string, temporary: string, made: MadeKey): Promise<void>;
}

/**
 * A row as the server has it, or a part of one: values by field, and the id of a write by `write_id`. A value is text in
 * PostgreSQL's notation or the API's; that of a `json` field is JSON text.
 */
export type ServerRow = ReadonlyMap<string, string | null>;

/** A row that isn't in the synced table, or is otherwise there. */
export interface Differing {
  readonly row: ServerRow;
  /** What the row that is there has in the column that was asked for. */
  readonly before: string | null;
}

/** The values of the key's columns, as text. */
export function keyParts(model: Model, rowKey: string): string[] {
  return model.key.length === 1 ? [rowKey] : (elementsOf(rowKey) ?? []).map(textOf);
}

/** A row of which only the key is known. */
export function keyRow(model: Model, rowKey: string): ServerRow {
  const parts = keyParts(model, rowKey);
  return new Map(model.key.map((column, index) => [column, parts[index] ?? null]));
}

/** The server's rows. Of those in one call, no two have the same key. Entries that they show are settled. */
export interface SyncedOperations {
  /** The text form of a row's key. */
  keyOf(model: Model, row: ServerRow): string;
  isEmpty(model: Model): Promise<boolean>;
  /** A row's fields as JSON text. */
  read(model: Model, rowKey: string): Promise<Members | undefined>;
  /** The same of the rows with these keys; keys without a row are left out. */
  readByKey(model: Model, rowKeys: readonly string[]): Promise<Map<string, Members>>;
  /** Keys of the rows that have these values, given as JSON text. */
  find(model: Model, members: Members): Promise<string[]>;
  /** These columns of the rows that have these values, or of all. */
  select(model: Model, columns: readonly string[], where?: ServerRow): Promise<ServerRow[]>;
  /** The keys of rows without a parent: `columns` hold what a row of it has in these fields. */
  orphans(model: Model, parent: Model, columns: ReadonlyMap<string, string>): Promise<ServerRow[]>;
  /** Those of the rows, all with the same columns, that aren't there as they are. `column`: whose value to tell. */
  differing(model: Model, rows: readonly ServerRow[], column?: string): Promise<Differing[]>;
  /** Adds rows of which none is there, quicker than `upsert`. Throws where one is there. */
  insert(model: Model, rows: readonly ServerRow[]): Promise<void>;
  upsert(model: Model, rows: readonly ServerRow[]): Promise<void>;
  /** Each has the key, and the fields that have changed. */
  update(model: Model, rows: readonly ServerRow[]): Promise<void>;
  delete(model: Model, rows: readonly ServerRow[]): Promise<void>;
  /** Deletes all rows but those with these keys. */
  deleteOthers(model: Model, rows: readonly ServerRow[]): Promise<void>;
  /** Call it before writing rows of a first snapshot, in each transaction: their keys aren't noted one by one then. */
  beginLoading(model: Model): Promise<void>;
  isLoading(model: Model): Promise<boolean>;
  /** Call it after them: collections then read the model again as a whole. */
  endLoading(model: Model): Promise<void>;
}

/** A row that the server has deleted. */
export interface DeletedRow {
  readonly rowKey: string;
  /** Its fields as the server had them last, as JSON text. */
  readonly members: Members;
  readonly at: string;
  /** What the local database is called that has deleted it; null where none has. */
  readonly device: string | null;
  /** Where the server has noted the delete. */
  readonly scope: string;
  readonly version: string;
}

/** Rows that the server has deleted, of models that keep them. None of them is a row of the server's. */
export interface DeletedRows {
  all(model: Model): Promise<DeletedRow[]>;
  isEmpty(model: Model): Promise<boolean>;
  put(model: Model, rows: readonly DeletedRow[]): Promise<void>;
  remove(model: Model, rowKeys: readonly string[]): Promise<void>;
  clear(model: Model): Promise<void>;
}

/** The keys of changed rows, in the order of the commits. The oldest are deleted after a while. */
export interface ChangedKeys {
  /** The number of the newest. */
  newest(): Promise<number>;
  /**
   * Within a transaction: gives what tells the number of the newest once that is committed. A commit that waited for the
   * number would be later.
   */
  mark(): Promise<() => number>;
  /** Lists nothing if there are more than `limit`. */
  since(position: number, limit: number): Promise<ChangesSince>;
  forget(upTo: number): Promise<void>;
}

export interface ChangesSince {
  /** The oldest number that is still there. */
  readonly forgottenTo: number;
  readonly newest: number;
  /** Notes a changed row; without a key, all rows of the model. */
  readonly changes: readonly { readonly model: string; readonly rowKey: string | null }[];
}

/** What one commit has changed: the keys after the number `before`, up to `newest`. */
export interface Commit {
  readonly before: number;
  readonly newest: number;
  readonly changes: readonly ChangedRow[];
}

export interface ChangedRow {
  readonly model: string;
  readonly rowKey: string | null;
  /** The row since then, where it is known; without a row, there is none. */
  readonly seen?: Known;
}

/** A row as the application sees it, if there is one. */
export interface Known {
  readonly row?: object;
}

/** Text that a transport stores for a model. It is deleted with the model's rows. */
export interface Meta {
  /** What the database is called among those of other devices. */
  clientId(): Promise<string>;
  get(kind: string, model: string): Promise<string | undefined>;
  set(kind: string, model: string, value: string): Promise<void>;
  delete(kind: string, model: string): Promise<void>;
}

/** A rejection as an entry has it. */
export function errorText({ status, message, body }: Rejection): string {
  return JSON.stringify({ status, message, body });
}

/** Reads the rejection in the `error` of an entry. */
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
  const { model, operation, rowKey, writeId, rejectedWith } = entry;
  const { status, message, body } = rejectionOf(entry.error);
  const values = parsed(objectOf(entry.members)) as RejectedChange["values"];
  return { model, operation, rowKey, writeId, status, message, values, rejectedWith, serverRow: serverRowIn(body) };
}

/** What a sync server tells in a conflict. */
function serverRowIn(body: string): RejectedChange["serverRow"] {
  const said = parsed(body);
  if (typeof said !== "object" || said === null || !("error" in said) || !("row" in said)) return null;
  return said.row as RejectedChange["serverRow"];
}

/** Whether something couldn't be stored because there is no room: what SQLite, PostgreSQL, a file system or a browser says. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = "" } = error as { readonly code?: unknown };
  const said = `${error.name} ${String(code)} ${error.message}`;
  return /SQLITE_FULL|disk is full|\b53100\b|ENOSPC|No space left|QuotaExceeded/i.test(said);
}
