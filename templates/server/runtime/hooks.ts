import type { Query } from "./database.js";
import type { ModelTypes } from "./models/index.js";
import type { User } from "./server.js";

/** A model's name. */
export type TableName = keyof ModelTypes;

export type KeyOf<T extends TableName> = ModelTypes[T]["key"];

/** A row's columns. Values are text in PostgreSQL's notation. */
export type RowOf<T extends TableName> = ModelTypes[T]["row"];

/** Some columns of a row, but those of its key. */
export type ColumnsOf<T extends TableName> = {
  readonly [C in Exclude<keyof RowOf<T>, keyof KeyOf<T>>]?: string | null;
};

type Columns = { [T in TableName]: ColumnsOf<T> }[TableName];

interface About<T extends TableName, O> {
  readonly user: User;
  readonly table: T;
  readonly operation: O;
  readonly key: KeyOf<T>;
}

interface WriteTo<T extends TableName> extends About<T, "insert" | "update" | "delete"> {
  readonly value: ColumnsOf<T>;
}

interface ConflictOf<T extends TableName> extends About<T, "update" | "delete"> {
  readonly value: ColumnsOf<T>;
  /** The server's row. */
  readonly row: RowOf<T>;
  /** The columns of the write that somebody else has changed. */
  readonly columns: readonly (keyof ColumnsOf<T>)[];
}

interface InsertInto<T extends TableName, V> extends About<T, "insert"> {
  readonly value: V;
}

interface UpdateOf<T extends TableName, V> extends About<T, "update"> {
  readonly value: V;
}

interface DeleteFrom<T extends TableName> extends About<T, "delete"> {
  readonly value: { readonly [C in keyof ColumnsOf<T>]?: never };
}

type CheckedWriteTo<T extends TableName> =
  | (ModelTypes[T] extends { readonly insert: infer V } ? InsertInto<T, V> : never)
  | (ModelTypes[T] extends { readonly update: infer V } ? UpdateOf<T, V> : never)
  | (ModelTypes[T] extends { readonly delete: true } ? DeleteFrom<T> : never);

/** A write, by its table. */
export type Write<T extends TableName = TableName> = { [N in T]: WriteTo<N> }[T];

/** A write that the model allows, with valid values, by its table and operation. */
export type CheckedWrite<T extends TableName = TableName> = { [N in T]: CheckedWriteTo<N> }[T];

/** A write that meets a change of somebody else, by its table: one with `conflict: reject`. */
export type Conflict<T extends TableName = TableName> = {
  [N in T]: ModelTypes[N] extends { readonly rejects: true } ? ConflictOf<N> : never;
}[T];

/** `query` runs a statement in the transaction of the push. Where one fails, the whole push does. */
export interface Hooks {
  /** Whether the user may write. By default, each user may write to the rows that they see. The values aren't checked yet. */
  readonly authorize?: (write: Write, query: Query) => boolean | Promise<boolean>;
  /** Gives the columns to set. Throw a `Refusal` to refuse the write. Runs again where the database wants the transaction again. */
  readonly beforeWrite?: (write: CheckedWrite, query: Query) => Columns | Promise<Columns>;
  /** Hears of the writes of a push, once they are in the database. */
  readonly afterCommit?: (writes: readonly Write[]) => void | Promise<void>;
  /** Decides a conflict of a model with `conflict: reject`: the columns to set, or null to refuse. */
  readonly resolve?: (conflict: Conflict, query: Query) => Columns | null | Promise<Columns | null>;
}
