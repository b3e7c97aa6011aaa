import { elementsOf, textOf } from "../../client/json.js";
import type { Field, Model } from "../../client/model.js";
import { name, type Connection, type Statement, type Value } from "./driver.js";

/** In what the SQL stores differ. Both have the same tables, views and columns. */
export interface Dialect {
  /** The log as it is stored. */
  readonly logTable: string;
  /** What a log of an older version lacks, by the version that brought it. */
  readonly logSteps: readonly { readonly version: number; readonly script: string }[];

  /** What a column of a view holds, as the application sees it. */
  decode(field: Field, value: Value): unknown;
  decodeBoolean(value: Value): boolean;
  /** What the application gives, as a parameter for the view's column. */
  encode(field: Field, value: unknown): Value;
  /** A value that the server has sent, for the column of the synced table. */
  fromServer(field: Field, text: string): Value;
  /** A value of a column as JSON text of the field's type. */
  jsonOf(field: Field, value: Value): string;
  /** A part of a row's key, for a comparison with its column. */
  keyParameter(model: Model, column: string, part: string | null): Statement;
  /** JSON text as the log has it. */
  logValue(json: string): Statement;

  /** Rows of a view, each looked up by the index. */
  rowsByKey(model: Model, rowKeys: readonly string[]): Statement;

  /** How many rows one statement takes. */
  rowsAtOnce(columns: number): number;
  /** Rows as the source of an INSERT. */
  source(model: Model, columns: readonly string[], rows: RowValues): Statement;
  /** The key and the columns that have changed: `others` are those that aren't of the key. */
  update(model: Model, columns: readonly string[], others: readonly string[], rows: RowValues): Statement[];
  delete(model: Model, columns: readonly string[], keys: RowValues): Statement;
  /** Deletes what has none of these keys. */
  deleteOthers(model: Model, keys: RowValues): Statement;
  beginLoading(model: Model): Statement[];
  endLoading(model: Model): Statement[];
  /** Takes all of the server's rows away, without a note of each. */
  empty(model: Model): Statement[];

  tableExists(connection: Connection, table: string): Promise<boolean>;
  /** Everything in the database that a schema can make. */
  catalog(connection: Connection): Promise<DatabaseObject[]>;
  dropScript(object: DatabaseObject): string;
}

/** Each row has a value for each of the columns. */
export type RowValues = readonly (readonly Value[])[];

/** Something that the schema has made. */
export interface DatabaseObject {
  readonly kind: string;
  readonly name: string;
  /** How a statement that drops it calls it. */
  readonly identity: string;
}

export function syncedTable(model: Model): Statement {
  return name(`${model.name}_synced`);
}

/** The values of the key's columns, as text. */
export function keyParts(model: Model, rowKey: string): string[] {
  return model.key.length === 1 ? [rowKey] : (elementsOf(rowKey) ?? []).map(textOf);
}
