import type { Connection } from "./driver.js";
import { entriesOfRow, madeKey, type Entry } from "./log.js";
import type { Model, Operation } from "./model.js";
import { textOf, type Members } from "./raw-json.js";
import type { Outgoing } from "./request.js";
import { syncedMembers } from "./stream.js";

export function actionFor(model: Model, operation: Entry["operation"]): Operation | undefined {
  const { create, update, delete: remove } = model.operations;
  return { insert: create, update, delete: remove }[operation];
}

export async function outgoing(
  connection: Connection,
  model: Model,
  action: Operation,
  entries: readonly [Entry, ...Entry[]],
): Promise<Outgoing> {
  const [first] = entries;
  const newest = entries.at(-1) ?? first;
  const members = entries.reduce<Members>((set, entry) => ({ ...set, ...entry.members }), {});
  return {
    model,
    action,
    operation: first.operation,
    rowKey: first.rowKey,
    writeIds: entries.map((entry) => entry.writeId),
    writeId: first.sentWith ?? newest.writeId,
    attempts: Math.max(...entries.map((entry) => entry.attempts)) + 1,
    members: await withMadeKeys(connection, model, members),
    before: first.operation === "insert" ? {} : await rowBefore(connection, model, first),
  };
}

/** The server's row, with what earlier entries make of it. */
async function rowBefore(connection: Connection, model: Model, first: Entry): Promise<Members> {
  let row = await syncedMembers(connection, model, first.rowKey);
  for (const entry of await entriesOfRow(connection, model.name, first.rowKey)) {
    if (entry.writeId === first.writeId) break;
    if (entry.status === "rejected") continue;
    if (entry.operation === "delete") row = undefined;
    else if (row !== undefined || entry.operation === "insert") row = { ...row, ...entry.members };
  }
  return withMadeKeys(connection, model, { ...row, ...keyOf(model, first) });
}

function keyOf(model: Model, entry: Entry): Members {
  return Object.fromEntries(model.key.map((column) => [column, entry.members[column] ?? "null"]));
}

/** A form that was open when the server made a key may still refer to the row by the temporary one. */
async function withMadeKeys(connection: Connection, model: Model, members: Members): Promise<Members> {
  const made: Record<string, string> = {};
  for (const [column, parent] of Object.entries(model.references)) {
    const value = members[column] ?? "null";
    const key = value === "null" ? undefined : await madeKey(connection, parent, textOf(value));
    if (key !== undefined) made[column] = key;
  }
  return { ...members, ...made };
}
