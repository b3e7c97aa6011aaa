import { textOf, type Members } from "../client/json.js";
import { actionFor, type Model, type Operation } from "../client/model.js";
import type { Entry } from "../store/store.js";
import type { Outgoing, Writes } from "../transport/transport.js";
import type { Known, Models } from "./known.js";

/** What entries are as one write, or why they can't be sent. */
export async function composed(
  known: Known,
  models: Models,
  writes: Writes,
  entries: readonly [Entry, ...Entry[]],
): Promise<Outgoing | string> {
  const [{ model: name, operation }] = entries;
  const model = models.get(name);
  if (model === undefined) return `There is no model ${name} any more.`;
  const action = actionFor(model, operation);
  if (action === undefined) return `The API has no ${operation} of ${name}.`;
  const write = await compose(known, model, action, entries);
  return writes.refusal(write) ?? write;
}

/** Makes one write of entries that are sent together. */
async function compose(
  known: Known,
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
    members: await withMadeKeys(known, model, members),
    before: first.operation === "insert" ? {} : await rowBefore(known, model, first),
  };
}

/** The row before these entries: the server's, with the earlier entries of the log over it. */
async function rowBefore(known: Known, model: Model, first: Entry): Promise<Members> {
  let row = await known.synced(model, first.rowKey);
  for (const entry of await known.ofRow(first)) {
    if (entry.writeId === first.writeId) break;
    if (entry.status === "rejected") continue;
    if (entry.operation === "delete") row = undefined;
    else if (row !== undefined || entry.operation === "insert") row = { ...row, ...entry.members };
  }
  return withMadeKeys(known, model, { ...row, ...keyMembers(model, first) });
}

function keyMembers(model: Model, entry: Entry): Members {
  return Object.fromEntries(model.key.map((column) => [column, entry.members[column] ?? "null"]));
}

/** Replaces temporary keys in references: a form may have been opened before the server made the key. */
async function withMadeKeys(known: Known, model: Model, members: Members): Promise<Members> {
  const made: Record<string, string> = {};
  for (const [column, parent] of Object.entries(model.references)) {
    const value = members[column] ?? "null";
    if (value === "null") continue;
    const key = await known.madeKey({ model: parent, ownKey: textOf(value) });
    if (key !== undefined) made[column] = key.json;
  }
  return { ...members, ...made };
}
