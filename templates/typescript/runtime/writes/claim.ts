import { textOf, type Members } from "../client/json.js";
import { actionFor, own, type Model, type Operation } from "../client/model.js";
import type { Entry, StoreOperations } from "../store/store.js";
import type { Outgoing, Writes } from "../transport/transport.js";
import { createKnown, type Known, type Models } from "./known.js";
import { findSendable, type Look, type Sendable, type Waiting } from "./queue.js";
import { canDouble, noteEarlier } from "./sender.js";
import { refuse } from "./settle.js";

/** A write that is marked as sent in the log. It may leave once the mark is committed. */
export interface Claim extends Sendable {
  readonly write: Outgoing;
}

export interface Claimed {
  readonly claims: readonly Claim[];
  /** Entries that can't be sent at all. */
  readonly rejected: readonly Entry[];
  readonly waiting: Waiting;
}

/** Finds what is to be sent next, and marks it as sent. */
export async function claim(
  within: StoreOperations,
  models: Models,
  writes: Writes,
  look: Look,
): Promise<Claimed> {
  const known = createKnown(within, models);
  const { found, waiting } = await findSendable(within, known, models, look);
  await known.prepareToCompose(found.flatMap(({ entries }) => entries));
  const claims: Claim[] = [];
  const rejected: Entry[] = [];
  for (const sendable of found) {
    const write = await composed(known, models, writes, sendable.entries);
    if (typeof write !== "string") {
      claims.push({ ...sendable, write });
      continue;
    }
    const writeIds = sendable.entries.map(({ writeId }) => writeId);
    rejected.push(...(await refuse(within, writeIds, { status: null, message: write, body: "" })));
  }
  const sent = claims.map(({ write }) => write);
  await noteEarlier(
    within,
    sent.filter((write) => write.attempts === 1 && canDouble(write)),
  );
  if (sent.length > 0) await within.log.markSent(sent);
  return { claims, rejected, waiting };
}

/** Makes one write of entries, or says why they can't be sent. */
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
    members: await withMadeKeys(known, model.references, members),
    inputs:
      model.inputReferences === undefined
        ? first.inputs
        : await withMadeKeys(known, model.inputReferences, first.inputs),
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
  return withMadeKeys(known, model.references, { ...row, ...keyMembers(model, first) });
}

function keyMembers(model: Model, entry: Entry): Members {
  return Object.fromEntries(model.key.map((column) => [column, entry.members[column] ?? "null"]));
}

/**
 * Replaces temporary keys in references: a form may have been opened before the server made the key, and what only the
 * request has is nowhere replaced before.
 */
export async function withMadeKeys(known: Known, references: Model["references"], members: Members): Promise<Members> {
  const made: Record<string, string> = {};
  for (const [name, parent] of Object.entries(references)) {
    const value = own(members, name) ?? "null";
    if (value === "null") continue;
    const key = await known.madeKey({ model: parent, ownKey: textOf(value) });
    if (key !== undefined) made[name] = key.json;
  }
  return { ...members, ...made };
}
