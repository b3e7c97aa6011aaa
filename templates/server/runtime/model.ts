import type { ZodType } from "zod";

/** A column, by the name of its property. */
export interface Column {
  /** The column's name in SQL, quoted. */
  readonly sql: string;
  /** Its type in SQL. */
  readonly type: string;
  /** Whether only the owner of a row may see and set it. */
  readonly ownerOnly?: boolean;
  /** The model whose key it holds. */
  readonly references?: string;
}

/** A model, as the document and the config describe it. */
export interface ServerModel {
  readonly name: string;
  /** The table's name in SQL, quoted. */
  readonly table: string;
  readonly key: readonly string[];
  /** The column of the key whose value the server makes, and how. */
  readonly made?: { readonly column: string; readonly as: "integer" | "uuid" };
  readonly columns: Readonly<Record<string, Column>>;
  /** What an insert may set, and must set. Null where rows can't be inserted. */
  readonly insert: ZodType | null;
  /** What an update may set. Null where rows can't be updated. */
  readonly update: ZodType | null;
  readonly insertable: readonly string[];
  readonly updatable: readonly string[];
  readonly canDelete: boolean;
  /** The column that says whose row it is, and the kind of scope. Without it, rows are everybody's. */
  readonly scope?: { readonly column: string; readonly kind: string };
  /** Which roles may set which columns, as the document or the config says it. Without it, all may. */
  readonly access?: object;
  readonly conflict: "merge" | "reject" | "last-write-wins";
  /** The column that a delete sets. */
  readonly softDelete?: { readonly column: string; readonly as: "time" | "boolean" };
  /** Columns with the time of the row's last change. */
  readonly touched: readonly string[];
  /** What `sync_row` tells of a row, beside its columns: who has edited it, and when. */
  readonly metadata?: readonly string[];
}

export type Models = Readonly<Record<string, ServerModel>>;

/** The model of a name that a client has sent, or nothing. */
export function modelOf(models: Models, name: string): ServerModel | undefined {
  return Object.hasOwn(models, name) ? models[name] : undefined;
}

/** The column of a name that a client has sent, or nothing. */
export function columnOf(model: ServerModel, name: string): Column | undefined {
  return Object.hasOwn(model.columns, name) ? model.columns[name] : undefined;
}

/** A key's text in `sync_row`: that of a JSON array, as PostgreSQL writes it. */
export function rowKey(model: ServerModel, key: Readonly<Record<string, string>>): string {
  return `[${model.key.map((name) => JSON.stringify(key[name])).join(", ")}]`;
}

/** The key's columns from their text in `sync_row`. */
export function keyOf(model: ServerModel, text: string): Record<string, string> {
  const parts = JSON.parse(text) as string[];
  return Object.fromEntries(model.key.map((name, index) => [name, parts[index] ?? ""]));
}
