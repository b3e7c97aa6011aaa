import { elementsOf, textOf, type Members } from "./json.js";

/** Describes a model for the code that all models share. Each file in `schema` holds one. */
export interface Model {
  /** The view that the application reads and writes; `{name}_synced` holds the server's rows. */
  readonly name: string;
  /** Optimistic (true): saved once it is in the local database. Confirmed (false): saved once the server says so. */
  readonly localFirst: boolean;
  readonly key: readonly string[];
  /** Who makes the key of a new row. The server's key is known later: until then, the key is negative, or a UUID. */
  readonly keyOrigin: "given" | "client" | "server";
  /** In the order of the columns. */
  readonly fields: readonly Field[];
  /** Columns that hold the key of another model. */
  readonly references: Readonly<Record<string, string>>;
  /** Where the API carries the id of a write. */
  readonly writeId: readonly ("row" | "create" | "update")[];
  /** What an insert must give beside the fields: the API's create needs it, and no row has it. */
  readonly inputs?: readonly string[];
  /** Those of them that hold the key of another model. */
  readonly inputReferences?: Readonly<Record<string, string>>;
  /** What the API offers. */
  readonly operations: Operations;
  /** How its rows come in. */
  readonly transport: "electric" | "rest" | "push-pull";
  /** How the API lists its rows; absent where no transport polls them. */
  readonly list?: List;
  /** Models with a higher priority are loaded first. Absent: 0. */
  readonly priority?: number;
  /** The server's table. */
  readonly table: string;
  /** The server's names of columns, where they aren't called as the fields are. */
  readonly columns: Readonly<Record<string, string>>;
  /** With Electric: the rows that aren't deleted, in SQL. */
  readonly where?: string;
}

/** A model that the local database has. */
export interface LocalModel extends Model {
  /** Identifies its tables, view and triggers, and where the server has its rows. */
  readonly tablesHash: string;
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
  /**
   * What the application sees of an `int64` ("key": a number, or text where a number doesn't hold all digits); what the
   * API has of a `decimal`. Otherwise absent.
   */
  readonly as?: "number" | "string" | "bigint" | "key";
  /** Of a `json` that is a list and comes through Electric: what its elements are. Otherwise absent. */
  readonly elements?: "number" | "boolean" | "string" | "json";
  readonly nullable: boolean;
  /** What an insert may say of it; "never": only the server sets it. */
  readonly insert: "required" | "optional" | "never";
  /** Whether an update may set it. */
  readonly update: boolean;
  /** What an insert that leaves it out gives it. An integer beyond 2^53 stands there as text. */
  readonly default?: unknown;
  /** Where it is in the API's rows: names of members, from the outside in. Absent: at their top. */
  readonly place?: readonly string[];
  /** Not in the API's rows: only the paths have it. */
  readonly fromPath?: true;
  /** Neither in the API's rows nor in the server's table: the sync fills it. */
  readonly metadata?: "edited_at" | "device_id" | "synced_at";
  /** What a new row shows until the server's row arrives: the time of the insert. */
  readonly standIn?: "inserted_at";
}

export interface Operations {
  readonly get?: Operation;
  readonly create?: Operation;
  readonly update?: Operation;
  readonly delete?: Operation;
}

export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With placeholders: `/contacts/{contact_id}`; `{+name}` for a value whose slashes are the path's. */
  readonly path: string;
  /** Placeholder to field. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** What the query has. */
  readonly query?: Readonly<Record<string, Filling>>;
  /** Headers that the document requires. */
  readonly headers?: Readonly<Record<string, Filling>>;
  /** The fields that the request's body has. */
  readonly body?: readonly string[];
  /** Those of them that the API requires, even where they are null. */
  readonly nulls?: readonly string[];
  /** Fields that the body calls otherwise, and how. */
  readonly names?: Readonly<Record<string, string>>;
  /** Those of them that an update sends even where they stay as they are. */
  readonly required?: readonly string[];
  /** Fields and inputs that lie deeper in the body: names of members, from the outside in. */
  readonly places?: Readonly<Record<string, readonly string[]>>;
  /** Members that the body always has, with the same value. */
  readonly constants?: readonly Constant[];
  /** Fields that the body has as another JSON type than the rows. */
  readonly casts?: Readonly<Record<string, "number" | "string">>;
  /** The body's only key, where the API wraps what it takes. */
  readonly envelope?: string;
  /** The body's media type; absent: `application/json`. */
  readonly media?: string;
  /** What a successful answer is, where the document says it. */
  readonly answer?: {
    /** Those from 200 to 299, beside 200, 201, 202 and 204; 303, which says where the row is. */
    readonly statuses?: readonly number[];
    /** Beside JSON. */
    readonly types?: readonly string[];
    /** The JSON media type that it has; absent: `application/json`. */
    readonly media?: string;
    /** Where the row is in it: names of members, from the outside in. Absent: no row is in it. */
    readonly row?: readonly string[];
  };
}

/** What a parameter says: the row's value, the same for every row, or the id of the write or the read. */
export type Filling = { readonly field: string } | { readonly value: string } | "write_id";

/**
 * A member of a body that is the same for every row: its place, from the outside in, and its text; or an object that has to
 * be there, empty where nothing else is sent in it.
 */
export interface Constant {
  readonly place: readonly string[];
  readonly value: string | Readonly<Record<string, never>>;
}

export interface List {
  /** With placeholders for the parents' keys: `/projects/{project_id}/tasks`. */
  readonly path: string;
  /** What fills each placeholder, in the order of the path. Those of the same model are of the same row. */
  readonly parents?: readonly ListParent[];
  /** Where the rows are in the answer: names of members, from the outside in; absent: the answer is the list. */
  readonly rows?: readonly string[];
  /** Where the row is within an element of the list; absent: the element is the row. */
  readonly row?: readonly string[];
  /** The media type of the answer; absent: `application/json`. */
  readonly media?: string;
  readonly page: Page;
  /** Whether an answer may be a part of the list, and nothing says how the rest is asked for. */
  readonly isPartial?: boolean;
  /** Incremental pulls: the parameter that takes a time, the row's column that it compares, seconds of overlap. */
  readonly since?: { readonly parameter: string; readonly column: string; readonly overlap: number };
  /** The column that says that a row is deleted: a time, or true. */
  readonly deleted?: string;
  /** The column with the time of the row's last change: an older one never replaces a newer. */
  readonly changed?: string;
  /** What the query of every request has, where the application's `listParams` says nothing else. */
  readonly query?: Readonly<Record<string, Filling>>;
  /** Headers that the document requires. */
  readonly headers?: Readonly<Record<string, Filling>>;
  /** Query parameters that the API requires and nothing here fills: the application's `listParams` has to. */
  readonly required?: readonly string[];
  /** Columns that only the item has: a pull leaves them as they are. */
  readonly lacks?: readonly string[];
}

export interface ListParent {
  readonly parameter: string;
  /** The model whose rows have the value, and their field. */
  readonly model: string;
  readonly field: string;
  /** The column of the listed rows that holds it. */
  readonly column: string;
}

/** How a list comes in pages. What names members of an answer names them from the outside in. */
export type Page =
  | { readonly by: "none"; readonly size?: Size }
  | {
      readonly by: "offset";
      readonly offset: string;
      readonly size?: Size;
      readonly total?: readonly string[];
    }
  | {
      readonly by: "page";
      readonly page: string;
      /** The number of the first page. */
      readonly first: number;
      readonly size?: Size;
      readonly total?: readonly string[];
      /** How many pages there are. */
      readonly pages?: readonly string[];
      /** Whether this page is the last. */
      readonly last?: readonly string[];
    }
  | { readonly by: "cursor"; readonly cursor: string; readonly next: readonly string[]; readonly size?: Size }
  /** The next page begins after the last row, whose key is asked with. `more`: whether there is one. */
  | {
      readonly by: "after";
      readonly after: string;
      readonly key: string;
      readonly more?: readonly string[];
      readonly size?: Size;
    }
  /** Without `next`: the header `Link`. */
  | { readonly by: "link"; readonly next?: readonly string[]; readonly size?: Size };

/** The parameter that says how many rows a page may have, and how many are asked for. */
export interface Size {
  readonly parameter: string;
  readonly rows: number;
}

/** The API's operation for a write. */
export function actionFor({ operations }: Model, operation: "insert" | "update" | "delete"): Operation | undefined {
  return { insert: operations.create, update: operations.update, delete: operations.delete }[operation];
}

/** An object's own member: a field may be called as something that every object has, such as `constructor`. */
export function own<T>(members: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/** The values that only the request has which creates a row. Throws where one is missing. */
export function inputsIn(model: Model, given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const inputs = (model.inputs ?? []).map((name): [string, unknown] => {
    const value = own(given, name);
    if (value === undefined) throw new TypeError(`${model.name}: a new row needs ${name}.`);
    return [name, value];
  });
  return Object.fromEntries(inputs);
}

/** Of what an insert's entry has beside the row, that which the API takes now: older code may have written it. */
export function inputsTaken(model: Model, inputs: Members): Members {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => model.inputs?.includes(name)));
}

/** Whether the device keeps the model's rows that were deleted. */
export function keepsDeleted({ fields }: Model): boolean {
  return fields.some(({ metadata }) => metadata !== undefined);
}

export function fieldOf(model: Model, name: string): Field | undefined {
  return model.fields.find((field) => field.name === name);
}

/** The column that carries the id of a write, here and on the server. */
export const WRITE_ID = "write_id";

/**
 * The key of a row in its collection: a number for a single integer key that the application sees as one, if a number
 * holds all its digits. Otherwise its text form.
 */
export type CollectionKey = string | number;

export function keyFields(model: Model): Field[] {
  return model.key.flatMap((name) => model.fields.filter((field) => field.name === name));
}

/** The key's only field that isn't taken from the path: the one that can be made. Undefined where there are several. */
export function ownKey(model: Model): Field | undefined {
  const [own, ...others] = keyFields(model).filter((field) => field.fromPath === undefined);
  return others.length === 0 ? own : undefined;
}

/** The value of that field as text. Where the key has several such fields, the whole key. */
export function ownKeyIn(model: Model, rowKey: string): string {
  const own = ownKey(model);
  if (own === undefined || model.key.length === 1) return rowKey;
  const part = elementsOf(rowKey)?.[model.key.indexOf(own.name)];
  return part === undefined ? rowKey : textOf(part);
}

/** The text form of a row's key with the made value in that field. */
export function withOwnKey(model: Model, rowKey: string, made: { readonly rowKey: string; readonly json: string }): string {
  const own = ownKey(model);
  if (own === undefined || model.key.length === 1) return made.rowKey;
  const parts = [...(elementsOf(rowKey) ?? [])];
  parts[model.key.indexOf(own.name)] = made.json;
  return `[${parts.join(",")}]`;
}

export function isInteger(field: Field): boolean {
  return field.type === "int32" || field.type === "int64";
}

/** The text form of a row's key that the log and the feed have; a JSON array for a composite key. */
export function rowKey(model: Model, row: object): string {
  const fields = row as Readonly<Record<string, unknown>>;
  const [first, ...others] = model.key;
  if (first !== undefined && others.length === 0) return String(fields[first]);
  const parts = keyFields(model).map((field) => {
    const part = fields[field.name];
    return isInteger(field) ? String(part) : JSON.stringify(part);
  });
  return `[${parts.join(",")}]`;
}

export function collectionKey(model: Model, key: string): CollectionKey {
  return hasNumbers(model) ? exactNumber(key) : key;
}

/** Makes a function that gives a row's key in its collection: it is called for each row of a table. */
export function collectionKeyOf(model: Model): (row: object) => CollectionKey {
  const [first = "", ...others] = model.key;
  if (others.length > 0) return (row) => rowKey(model, row);
  const text = (row: object) => String((row as Readonly<Record<string, unknown>>)[first]);
  return hasNumbers(model) ? (row) => exactNumber(text(row)) : text;
}

function exactNumber(key: string): CollectionKey {
  const number = Number(key);
  return Number.isSafeInteger(number) ? number : key;
}

function hasNumbers(model: Model): boolean {
  const [name = "", ...others] = model.key;
  const field = others.length > 0 ? undefined : fieldOf(model, name);
  return field !== undefined && isInteger(field) && (field.as ?? "key") === "key";
}

/** Whether a number may have lost digits before it came here. */
export function isRounded(value: unknown): boolean {
  return typeof value === "number" && !Number.isSafeInteger(value);
}

/** The collection's key for what an application calls the key: the key field's value, or an object with all of them. */
export function givenKey(model: Model, given: unknown): CollectionKey {
  const isComposite = typeof given === "object" && given !== null;
  const parts = new Map(isComposite ? Object.entries(given) : [[model.key[0], given]]);
  // A rounded number may be the key of another row. No row has the key that is returned here.
  if (keyFields(model).some((field) => isInteger(field) && isRounded(parts.get(field.name)))) return "";
  return collectionKey(model, isComposite ? rowKey(model, given) : String(given));
}

/** A key for a row whose own key nobody has given: final where the server takes it, and temporary where it makes one. */
export function makeKey(field: Field): unknown {
  if (!isInteger(field)) return crypto.randomUUID();
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  // Far below the temporary keys that the database makes, and still within 32 bits or an exact number.
  const key = field.type === "int32" ? -(2 ** 30) - (low % 2 ** 30) : -(2 ** 52) - (high % 2 ** 20) * 2 ** 32 - low;
  if (field.as === "bigint") return BigInt(key);
  return field.as === "string" ? String(key) : key;
}
