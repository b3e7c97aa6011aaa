import type { ChangeMessage, Message } from "@electric-sql/client";

import { own, WRITE_ID, type Field, type Model } from "../../client/model.js";
import { jsonOf, plainText, transactionId, type Column, type Columns } from "../../client/values.js";
import type { ServerRow, StoreOperations, SyncedOperations } from "../../store/store.js";
import type { Arrivals, Snapshot } from "../../writes/settle.js";
import { leftOutKey } from "../misfits.js";

/** Values by the server's names of columns, as PostgreSQL's text. */
export type ShapeRow = Record<string, string | null>;

export type ShapeMessage = ChangeMessage<ShapeRow>;

/** A message in the terms of the store. */
export interface Change {
  readonly operation: "insert" | "update" | "delete";
  /** The row's key as text. */
  readonly key: string;
  readonly values: ServerRow;
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
export function changeReader(
  model: Model,
  synced: SyncedOperations,
): (message: ShapeMessage, columns: Columns) => Change {
  const fields = fieldsByColumn(model);
  const unknown = new Set<string>();

  function keyOf(values: ServerRow): string {
    try {
      return synced.keyOf(model, values);
    } catch {
      // It is no key, so the row is left out.
      return leftOutKey(model, values);
    }
  }

  return (message, columns) => {
    const values = new Map<string, string | null>();
    for (const [column, text] of Object.entries(message.value)) {
      const field = fields.get(column);
      if (field !== undefined) {
        values.set(field.name, text === null ? null : storable(field, text, own(columns, column)));
      } else if (column === WRITE_ID) {
        values.set(WRITE_ID, text);
      } else if (!unknown.has(column)) {
        unknown.add(column);
        console.warn(`${model.name}: the server's rows have a column ${column}, which is unknown here and ignored.`);
      }
    }
    return { operation: message.headers.operation, key: keyOf(values), values, message };
  };
}

/** A value as the store takes it: what depends on the column of the server's table is resolved. */
function storable(field: Field, text: string, column: Column | undefined): string {
  switch (field.type) {
    case "json":
      return jsonOf(field, text, column);
    case "text":
    case "uuid":
    case "time":
    case "decimal":
      return plainText(text, column);
    default:
      return text;
  }
}

/** Whether the changes can be rows of a table that has none yet: inserts only, each with a key of its own. */
export function areNewRows(changes: readonly Change[]): boolean {
  const keys = new Set(changes.map(({ key }) => key));
  return keys.size === changes.length && changes.every(({ operation }) => operation === "insert");
}

/**
 * Brings the synced rows up to date. `areNew`: inserts only, of rows that the table hasn't. Changes of different rows may go together; two of the same row may not, since each
 * of them may show a write of ours.
 */
export async function applyChanges(
  { synced }: StoreOperations,
  model: Model,
  changes: readonly Change[],
  areNew: boolean,
): Promise<void> {
  if (areNew) {
    return synced.insert(
      model,
      changes.map(({ values }) => values),
    );
  }
  let together: Change[] = [];
  let keys = new Set<string>();

  async function flush(): Promise<void> {
    const rows = (operation: Change["operation"]) =>
      together.filter((change) => change.operation === operation).map(({ values }) => values);
    await synced.upsert(model, rows("insert"));
    await synced.update(model, rows("update"));
    await synced.delete(model, rows("delete"));
    together = [];
    keys = new Set();
  }

  for (const change of changes) {
    if (keys.has(change.key)) await flush();
    keys.add(change.key);
    together.push(change);
  }
  await flush();
}

/** What the changes mean for writes under way. `own`: ids of those that the log has. */
export function arrivalsOf(changes: readonly Change[], own: ReadonlySet<string>, offset: string): Arrivals {
  const news = changes.filter(
    (change) => isAfter(change.message, offset) && !own.has(String(change.values.get(WRITE_ID) ?? "")),
  );
  return {
    txids: txidsOf(changes),
    rowKeys: new Set(news.map(({ key }) => key)),
    hasNewRows: news.some((change) => change.operation === "insert"),
  };
}

/**
 * The same of a snapshot and of what has come with it: that a row is there doesn't say that it has arrived since. Rows of the
 * snapshot itself name no transaction.
 */
export function loadedBy(changes: readonly Change[]): Arrivals {
  return { txids: txidsOf(changes), rowKeys: new Set(), hasNewRows: false };
}

function txidsOf(changes: readonly Change[]): Set<string> {
  return new Set(changes.flatMap(({ message }) => (message.headers.txids ?? []).map(transactionId)));
}

/** Which transactions a snapshot has, where its last message says so. */
export function snapshotOf(messages: readonly Message<ShapeRow>[]): Snapshot | null {
  const headers = messages.find(({ headers }) => headers["control"] === "snapshot-end")?.headers;
  // Electric writes them, and an older one may not.
  const { xmax, xip_list: underWay } = (headers ?? {}) as { xmax?: unknown; xip_list?: unknown };
  if (!isId(xmax) || !Array.isArray(underWay) || !underWay.every(isId)) return null;
  return { xmax: transactionId(xmax), underWay: underWay.map(transactionId) };
}

function isId(value: unknown): value is string | number {
  return typeof value === "number" ? Number.isSafeInteger(value) : typeof value === "string" && /^\d+$/.test(value);
}

/** Whether a message is beyond an offset: after a lost connection some come again. */
function isAfter(message: ShapeMessage, offset: string): boolean {
  const [, position, operation] = /^(\d+)_(\d+)$/.exec(offset) ?? [];
  const { lsn, op_position: within } = message.headers;
  if (position === undefined || operation === undefined || typeof lsn !== "string") return true;
  if (BigInt(lsn) !== BigInt(position)) return BigInt(lsn) > BigInt(position);
  return typeof within !== "number" || within > Number(operation);
}
