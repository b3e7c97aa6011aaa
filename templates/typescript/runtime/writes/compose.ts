import { textOf, type Members } from "../client/json.js";
import type { Model, Operation } from "../client/model.js";
import type { Entry, StoreOperations } from "../store/store.js";
import type { Outgoing } from "../transport/transport.js";

/** What goes out of entries that are sent together. */
export async function compose(
  store: StoreOperations,
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
    members: await withMadeKeys(store, model, members),
    before: first.operation === "insert" ? {} : await rowBefore(store, model, first),
  };
}

/** The server's row, with what earlier entries make of it. */
async function rowBefore(store: StoreOperations, model: Model, first: Entry): Promise<Members> {
  let row = await store.synced.read(model, first.rowKey);
  for (const entry of await store.log.ofRow(model.name, first.rowKey)) {
    if (entry.writeId === first.writeId) break;
    if (entry.status === "rejected") continue;
    if (entry.operation === "delete") row = undefined;
    else if (row !== undefined || entry.operation === "insert") row = { ...row, ...entry.members };
  }
  return withMadeKeys(store, model, { ...row, ...keyMembers(model, first) });
}

function keyMembers(model: Model, entry: Entry): Members {
  return Object.fromEntries(model.key.map((column) => [column, entry.members[column] ?? "null"]));
}

/** A form that was open when the server made a key may still refer to the row by the temporary one. */
async function withMadeKeys(store: StoreOperations, model: Model, members: Members): Promise<Members> {
  const made: Record<string, string> = {};
  for (const [column, parent] of Object.entries(model.references)) {
    const value = members[column] ?? "null";
    const key = value === "null" ? undefined : (await store.log.madeKey(parent, textOf(value)))?.json;
    if (key !== undefined) made[column] = key;
  }
  return { ...members, ...made };
}
