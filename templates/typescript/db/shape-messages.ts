import type { ChangeMessage } from "@electric-sql/client";

import type { Statement, Value } from "./driver.js";
import { rowKey } from "./keys.js";
import { own, type Field, type Model } from "./model.js";
import type { Arrivals } from "./settle.js";
import type { Columns } from "./shape-values.js";
import { remove, synced, update, upsert } from "./stream.js";
import { transactionId, WRITE_ID } from "./wire.js";

/** Values by the server's names of columns, as PostgreSQL's text. */
export type ServerRow = Record<string, string | null>;

export type ShapeMessage = ChangeMessage<ServerRow>;

/** A message in terms of the synced table. */
export interface Change {
  readonly operation: "insert" | "update" | "delete";
  readonly values: ReadonlyMap<string, Value>;
  readonly message: ShapeMessage;
}

/** What the shape has to have: the server's names of the columns. */
export function serverColumns(model: Model): string[] {
  return [...fieldsByColumn(model).keys(), ...(model.writeId.includes("row") ? [WRITE_ID] : [])];
}

function fieldsByColumn(model: Model): Map<string, Field> {
  return new Map(model.fields.map((field) => [own(model.columns, field.name) ?? field.name, field]));
}

/** Reads the messages of one model. A column that nobody has asked for is passed over, with one warning. */
export function changeReader(model: Model): (message: ShapeMessage, columns: Columns) => Change {
  const fields = fieldsByColumn(model);
  const unknown = new Set<string>();
  return (message, columns) => {
    const values = new Map<string, Value>();
    for (const [column, text] of Object.entries(message.value)) {
      const field = fields.get(column);
      if (field !== undefined) {
        values.set(field.name, text === null ? null : synced(field, text, own(columns, column)));
      } else if (column === WRITE_ID) {
        values.set(WRITE_ID, text);
      } else if (!unknown.has(column)) {
        unknown.add(column);
        console.warn(`${model.name}: the server's rows have a column ${column}, which is unknown here and ignored.`);
      }
    }
    return { operation: message.headers.operation, values, message };
  };
}

export function keyOf(model: Model, change: Change): string {
  return rowKey(model, Object.fromEntries(model.key.map((column) => [column, change.values.get(column)])));
}

/**
 * Statements that bring the synced table up to date. Changes of different rows may go together; two of the same row
 * may not, since each of them may show a write of ours.
 */
export function statementsFor(model: Model, changes: readonly Change[]): Statement[] {
  const statements: Statement[] = [];
  let together: Change[] = [];
  let keys = new Set<string>();
  for (const change of changes) {
    const key = keyOf(model, change);
    if (keys.has(key)) {
      statements.push(...groups(model, together));
      together = [];
      keys = new Set();
    }
    keys.add(key);
    together.push(change);
  }
  return [...statements, ...groups(model, together)];
}

/** One list of rows for each operation and set of columns. */
function groups(model: Model, changes: readonly Change[]): Statement[] {
  const alike = new Map<string, Change[]>();
  for (const change of changes) {
    const kind = [change.operation, ...change.values.keys()].join("\n");
    const group = alike.get(kind);
    if (group === undefined) alike.set(kind, [change]);
    else group.push(change);
  }
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const columns = [...first.values.keys()];
    const rows = group.map(({ values }) => columns.map((column) => values.get(column) ?? null));
    if (first.operation === "insert") return upsert(model, columns, rows);
    return first.operation === "update" ? update(model, columns, rows) : remove(model, columns, rows);
  });
}

/** What the changes mean for writes under way. `own`: ids of those that the log has. */
export function arrivalsOf(
  model: Model,
  changes: readonly Change[],
  own: ReadonlySet<string>,
  offset: string,
  isSnapshot: boolean,
): Arrivals {
  const txids = changes.flatMap(({ message }) => (message.headers.txids ?? []).map(transactionId));
  const isLoaded = ({ message }: Change) => isSnapshot && message.headers["lsn"] === undefined;
  const news = changes.filter(
    (change) =>
      !isLoaded(change) && isAfter(change.message, offset) && !own.has(String(change.values.get(WRITE_ID) ?? "")),
  );
  return {
    txids: new Set(txids),
    rowKeys: new Set(news.map((change) => keyOf(model, change))),
    hasNewRows: news.some((change) => change.operation === "insert"),
    loaded: new Set(changes.filter(isLoaded).map((change) => keyOf(model, change))),
  };
}

/** Whether a message is beyond an offset: after a lost connection some come again. */
function isAfter(message: ShapeMessage, offset: string): boolean {
  const [, position, operation] = /^(\d+)_(\d+)$/.exec(offset) ?? [];
  const { lsn, op_position: within } = message.headers;
  if (position === undefined || operation === undefined || typeof lsn !== "string") return true;
  if (BigInt(lsn) !== BigInt(position)) return BigInt(lsn) > BigInt(position);
  return typeof within !== "number" || within > Number(operation);
}
