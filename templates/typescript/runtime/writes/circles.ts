import type { Members } from "../client/json.js";
import { actionFor, fieldOf, type Model } from "../client/model.js";
import type { Entry, StoreOperations } from "../store/store.js";
import { asParent, nameOfParent, referencesIn, type Known, type Models } from "./known.js";
import { isUnsent } from "./queue.js";
import { refuse } from "./settle.js";

/** A new row that waits for another one, which its column, or its input, refers to. */
interface Link {
  readonly entry: Entry;
  readonly column: string;
}

/** New rows that wait only for one another: each for the next, and the last for the first. */
export type Circle = readonly [Link, ...Link[]];

/**
 * Finds a circle of new rows: each waits for the next one, so none would ever be sent. `isOwn`: whether this worker may
 * send an entry now. It leaves a circle alone of which it may send no entry.
 */
export async function findCircle(
  known: Known,
  models: Models,
  waiting: readonly Entry[],
  isOwn: (entry: Entry) => boolean,
): Promise<Circle | undefined> {
  const inserts = waiting.filter(isUntriedInsert);
  await known.prepareToFind(inserts);
  const byRow = new Map(inserts.map((entry) => [nameOfParent(asParent(models, entry)), entry]));

  /** Follows the references from a row on, until one leads back to the first of the path. */
  async function follow(entry: Entry, path: readonly Link[], done: Set<Entry>): Promise<Circle | undefined> {
    done.add(entry);
    for (const [column, parent] of referencesIn(models.get(entry.model), entry)) {
      const next = byRow.get(nameOfParent(parent));
      if (next === undefined || next === entry || !isUnsent(await known.ofParent(parent), entry)) continue;
      const link = { entry, column };
      const [first = link, ...others] = [...path, link];
      if (next === first.entry) return [first, ...others];
      const circle = done.has(next) ? undefined : await follow(next, [first, ...others], done);
      if (circle !== undefined) return circle;
    }
    return undefined;
  }

  for (const entry of inserts.filter(isOwn)) {
    const circle = await follow(entry, [], new Set());
    if (circle !== undefined) return circle;
    // No circle goes through it.
    byRow.delete(nameOfParent(asParent(models, entry)));
  }
  return undefined;
}

/**
 * Has one of these rows that can do without its reference be sent without it, and an update after it set it: where it can
 * be, one that is sent from here. Where none can, all are rejected: gives those.
 */
export async function breakCircle(
  within: StoreOperations,
  models: Models,
  circle: Circle,
  isOwn: (entry: Entry) => boolean,
): Promise<Entry[]> {
  // Since it was found, one may have been sent by others, or be gone.
  const writeIds = circle.map(({ entry }) => entry.writeId);
  const now = new Map((await within.log.withIds(writeIds)).map((entry) => [entry.writeId, entry]));
  const links = circle.flatMap(({ entry, column }): Link[] => {
    const found = now.get(entry.writeId);
    return found !== undefined && isUntriedInsert(found) ? [{ entry: found, column }] : [];
  });
  if (links.length < circle.length) return [];
  const splits = links.filter((link) => canWait(models, link));
  const split = splits.find(({ entry }) => isOwn(entry)) ?? splits[0];
  if (split !== undefined) {
    const { entry, column } = split;
    const isKept = ([name]: [string, string]) => name !== column;
    const members = Object.fromEntries(Object.entries(entry.members).filter(isKept));
    const others = { ...keyMembers(models.get(entry.model), entry), [column]: entry.members[column] ?? "null" };
    await within.log.postpone(entry, members, (await isSetLater(within, split)) ? undefined : others);
    // As one group, the row would wait for its reference as before.
    if (!isOwn(entry)) await within.log.separate(entry.transactionId);
    return [];
  }
  const names = [...new Set(links.map(({ entry, column }) => `${entry.model}.${column}`))].join(", ");
  const message = `New rows refer to one another, so the API can have none of them first: ${names} can't be set later.`;
  return refuse(within, writeIds, { status: null, message, body: "" });
}

/** Whether it is a new row that nobody has sent yet. */
function isUntriedInsert({ operation, status, attempts }: Entry): boolean {
  return operation === "insert" && status === "pending" && attempts === 0;
}

/** Whether a new row may be without its reference until an update sets it. */
function canWait(models: Models, { entry, column }: Link): boolean {
  const model = models.get(entry.model);
  const field = model && fieldOf(model, column);
  if (model === undefined || field === undefined || model.key.includes(column)) return false;
  const isInBody = actionFor(model, "update")?.body?.includes(column) === true;
  return field.nullable && field.insert !== "required" && field.update && isInBody;
}

function keyMembers(model: Model | undefined, { members }: Entry): Members {
  return Object.fromEntries((model?.key ?? []).map((name) => [name, members[name] ?? "null"]));
}

/** Whether a later entry sets the reference anyway, or deletes the row. */
async function isSetLater({ log }: StoreOperations, { entry, column }: Link): Promise<boolean> {
  const entries = await log.ofRows(entry.model, [entry.rowKey]);
  const later = entries.slice(entries.findIndex(({ writeId }) => writeId === entry.writeId) + 1);
  return later.some(({ operation, members }) => operation === "delete" || Object.hasOwn(members, column));
}
