import type { Field, Model } from "../../client/model.js";
import { name, type Connection, type Statement, type Value } from "./driver.js";

/** What differs between the SQL databases. Both have the same tables, views and columns. */
export interface Dialect {
  /** The table that stores the log. */
  readonly logTable: string;
  /** Scripts that bring the log of an older version up to date, each with the version that it leads to. */
  readonly logSteps: readonly { readonly version: number; readonly script: string }[];

  /** Converts a value of a view's column to what the application sees. */
  decode(field: Field, value: Value): unknown;
  decodeBoolean(value: Value): boolean;
  /** Converts a value of the application to a parameter for the view's column. */
  encode(field: Field, value: unknown): Value;
  /** Converts a value of the server to a parameter for the synced table's column. */
  fromServer(field: Field, text: string): Value;
  /** Converts a value of a column to JSON text of the field's type. */
  jsonOf(field: Field, value: Value): string;
  /** The milliseconds since 1970 of a time in the log. */
  milliseconds(time: Statement): Statement;
  /** Makes a parameter of one part of a row's key, to compare with its column. */
  keyParameter(model: Model, column: string, part: string | null): Statement;
  /** Makes a parameter of JSON text for a column of the log. */
  logValue(json: string): Statement;

  /** Selects rows of the view or of the synced table by their keys, each by the index. */
  rowsByKey(model: Model, relation: Statement, rowKeys: readonly string[]): Statement;

  /** The most rows that one statement can take. */
  rowsAtOnce(columns: number): number;
  /** Makes a SELECT of the rows, as the source of an INSERT. */
  source(model: Model, columns: readonly string[], rows: RowValues): Statement;
  /** Selects `n`, the places in `rows` of those that the synced table lacks or has otherwise, and `before`, its `column`. */
  differing(model: Model, columns: readonly string[], rows: RowValues, column: string): Statement;
  /** Updates rows of the synced table. `columns`: those of each row in `rows`; `others`: `columns` without the key. */
  update(model: Model, columns: readonly string[], others: readonly string[], rows: RowValues): Statement[];
  delete(model: Model, columns: readonly string[], keys: RowValues): Statement;
  /** Deletes all rows but those with these keys. */
  deleteOthers(model: Model, keys: RowValues): Statement;
  beginLoading(model: Model): Statement[];
  endLoading(model: Model): Statement[];
  /** Deletes all of the server's rows, without noting the key of each as changed. */
  empty(model: Model): Statement[];

  tableExists(connection: Connection, table: string): Promise<boolean>;
  /** Lists everything in the database that a schema can make. */
  catalog(connection: Connection): Promise<DatabaseObject[]>;
  dropScript(object: DatabaseObject): string;
}

/** Each row has a value for each of the columns. */
export type RowValues = readonly (readonly Value[])[];

/** Something that a schema can make: a table, a view, an index, a trigger, a function. */
export interface DatabaseObject {
  readonly kind: string;
  readonly name: string;
  /** Its name in a DROP statement. */
  readonly identity: string;
}

export function syncedTable(model: Model): Statement {
  return name(`${model.name}_synced`);
}
