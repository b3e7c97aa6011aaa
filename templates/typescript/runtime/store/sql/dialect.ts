import type { Field, Model } from "../../client/model.js";
import { name, raw, sql, type Connection, type Statement, type Value } from "./driver.js";

/** What differs between the SQL databases. Both have the same tables, views and columns. */
export interface Dialect {
  /** The table that stores the log. */
  readonly logTable: string;
  /** Scripts that bring the log of an older version up to date, each with the version that it leads to. */
  readonly logSteps: readonly { readonly version: number; readonly script: string }[];

  /** Whether a column keeps it that a time came without a zone. */
  readonly keepsZones: boolean;
  /** Types whose values the application sees as they are read. */
  readonly shownAsRead: readonly Field["type"][];
  /** Converts a value of a view's column to what the application sees. */
  decode(field: Field, value: Value): unknown;
  decodeBoolean(value: Value): boolean;
  /** Converts a value of the application to a parameter for the view's column. */
  encode(field: Field, value: unknown): Value;
  /** Converts a value of the server to a parameter for the synced table's column. */
  fromServer(field: Field, text: string): Value;
  /** Converts a value of a column to JSON text of the field's type. */
  jsonOf(field: Field, value: Value): string;
  /** Gives what the running transaction writes from now on this `transaction_id`. */
  beginGroup(id: string): Statement;
  /** The milliseconds since 1970 of a time in the log. */
  milliseconds(time: Statement): Statement;
  /** Makes a parameter of one part of a row's key, to compare with its column. */
  keyParameter(model: Model, column: string, part: string | null): Statement;
  /** Makes a parameter of JSON text for a column of the log. */
  logValue(json: string): Statement;
  /** The value of an entry with its inputs, given as JSON. */
  withInputs(json: string): Statement;
  /** Whether an entry's value has inputs. */
  readonly hasInputs: Statement;
  /** The value of an entry without its inputs. */
  readonly withoutInputs: Statement;

  /** Reads all rows of the view. Nobody else has these objects. */
  allRows(connection: Connection, model: Model): Promise<Iterable<OwnRow>>;
  /** Selects rows of the view or of the synced table by their keys, each by the index. */
  rowsByKey(model: Model, relation: Statement, rowKeys: readonly string[]): Statement;

  /** The most rows that one statement can take. */
  rowsAtOnce(columns: number): number;
  /** Inserts rows into the synced table, which has none of them. */
  insert(model: Model, columns: readonly string[], rows: RowValues): Statement;
  /** Makes a SELECT of the rows, as the source of an INSERT. */
  source(model: Model, columns: readonly string[], rows: RowValues): Statement;
  /** Selects `n`, the places in `rows` of those that the synced table lacks or has otherwise, and `before`, its `column`. */
  differing(model: Model, columns: readonly string[], rows: RowValues, column: string): Statement;
  /** Updates rows of the synced table. `columns`: those of each row in `rows`; `others`: `columns` without the key. */
  update(model: Model, columns: readonly string[], others: readonly string[], rows: RowValues): Statement[];
  delete(model: Model, columns: readonly string[], keys: RowValues): Statement;
  /** Deletes all rows but those with these keys. */
  deleteOthers(model: Model, keys: RowValues): Statement;
  /** Notes that all rows of the model may have changed, and tells that there is a note. */
  noteAll(model: Model): Statement;
  /** Deletes all of the server's rows, without noting the key of each as changed. */
  empty(model: Model): Statement[];

  tableExists(connection: Connection, table: string): Promise<boolean>;
  /** Lists everything in the database that a schema can make. */
  catalog(connection: Connection): Promise<DatabaseObject[]>;
  dropScript(object: DatabaseObject): string;
}

/** Each row has a value for each of the columns. */
export type RowValues = readonly (readonly Value[])[];

/** A row with values as `decode` takes them, in the columns' order. */
export type OwnRow = Record<string, Value>;

/** Something that a schema can make: a table, a view, an index, a trigger, a function. */
export interface DatabaseObject {
  readonly kind: string;
  readonly name: string;
  /** Its name in a DROP statement. */
  readonly identity: string;
}

/** The columns of a model's view, in their order. */
export function viewColumns({ fields }: Model): string[] {
  return [...fields.map((field) => field.name), "_has_local_changes", "_pending_write_id"];
}

/** Rows of one JSON text. */
const ROWS_IN_TEXT = 5_000;

/**
 * Selects all rows of the view in a few texts, `rows`: reading them takes a third of the time of reading each value on
 * its own, and less memory. `row`: one row as JSON; `together`: the aggregate that joins the rows.
 */
export function allInTexts(model: Model, row: Statement, together: string): Statement {
  return sql`
    SELECT ${raw(together)} AS rows
    FROM (SELECT ${row} AS r, row_number() OVER () / ${raw(String(ROWS_IN_TEXT))} AS n FROM ${name(model.name)} AS v) AS c
    GROUP BY c.n
  `;
}

export function syncedTable(model: Model): Statement {
  return name(`${model.name}_synced`);
}
