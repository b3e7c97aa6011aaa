/** What the code that all models share knows of one of them. Each file in `schema` holds one. */
export interface Model {
  /** The view that the application reads and writes; `{name}_synced` holds the server's rows. */
  readonly name: string;
  /** Optimistic (true): saved once it is in the local database. Confirmed (false): saved once the server says so. */
  readonly localFirst: boolean;
  readonly key: readonly string[];
  /** Who makes the key of a new row. One of the server's is negative, or a UUID, until it is known. */
  readonly keyOrigin: "given" | "client" | "server";
  /** In the order of the columns. */
  readonly fields: readonly Field[];
  /** Columns that hold the key of another model. */
  readonly references: Readonly<Record<string, string>>;
  /** Where the API carries the id of a write. */
  readonly writeId: readonly ("row" | "create" | "update")[];
  /** What the API offers. */
  readonly operations: Operations;
  /** The server's table. */
  readonly table: string;
  /** The server's names of columns, where they aren't called as the fields are. */
  readonly columns: Readonly<Record<string, string>>;
}

/** A model that the local database has. */
export interface LocalModel extends Model {
  /** Tables, view and triggers. */
  readonly sql: string;
}

export interface Field {
  readonly name: string;
  readonly type:
    | "text"
    | "uuid"
    | "date_time"
    | "date"
    | "time"
    | "int32"
    | "int64"
    | "float"
    | "decimal"
    | "boolean"
    | "bytes"
    | "json";
  /** What the application sees of an `int64`; what the API has of a `decimal`. Otherwise absent. */
  readonly as?: "number" | "string" | "bigint";
  readonly nullable: boolean;
  /** What an insert may say of it; "never": only the server sets it. */
  readonly insert: "required" | "optional" | "never";
  /** Whether an update may set it. */
  readonly update: boolean;
  /** What an insert that leaves it out gives it. */
  readonly default?: unknown;
}

export interface Operations {
  readonly get?: Operation;
  readonly create?: Operation;
  readonly update?: Operation;
  readonly delete?: Operation;
}

export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With placeholders: `/contacts/{contact_id}`. */
  readonly path: string;
  /** Placeholder to field. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The fields that the request's body has. */
  readonly body?: readonly string[];
  /** Those of them that the API wants even as null. */
  readonly nulls?: readonly string[];
  /** The body's only key, where the API wraps what it takes. */
  readonly envelope?: string;
}

/** An object's own member: a field may be called as something that every object has, such as `constructor`. */
export function own<T>(members: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
