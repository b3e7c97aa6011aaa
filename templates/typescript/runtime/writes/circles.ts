import type { Members } from "../client/json.js";
import { actionFor, fieldOf, type Model } from "../client/model.js";
import type { Entry, StoreOperations } from "../store/store.js";
import { asParent, nameOfParent, referencesOf, type Known, type Models } from "./known.js";
import { isUnsent } from "./queue.js";
import { refuse } from "./settle.js";

/** A new row that waits for another one, which its column refers to. */
interface Link {
  readonly entry: Entry;
  readonly column: string;
}

/** New rows that wait only for one another: each for the next, and the last for the first. */
export type Circle = readonly [Link, ...Link[]];

/** Finds new rows among entries that wait for one another, so that none of them would ever be sent. */
export async function findCircle(known: Known, models: Models, waiting: readonly Entry[]): Promise<Circle | undefined> {
  const inserts = waiting.filter(({ operation, attempts }) => operation === "insert" && attempts === 0);
  await known.prepareToFind(inserts);
  const byRow = new Map(inserts.map((entry) => [nameOfParent(asParent(models, entry)), entry]));
  const done = new Set<Entry>();

  /** Follows the references from a row on. `path`: how it was come to. */
  async function follow(entry: Entry, path: readonly Link[]): Promise<Circle | undefined> {
    const start = path.findIndex((link) => link.entry === entry);
    const [first, ...others] = start < 0 ? [] : path.slice(start);
    if (first !== undefined) return [first, ...others];
    if (done.has(entry)) return undefined;
    done.add(entry);
    for (const [column, parent] of referencesOf(models.get(entry.model), entry.members)) {
      const next = byRow.get(nameOfParent(parent));
      if (next === undefined || next === entry || !isUnsent(await known.ofParent(parent), entry)) continue;
      const circle = await follow(next, [...path, { entry, column }]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  }

  for (const entry of inserts) {
    const circle = await follow(entry, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/**
 * Has the first of these rows that can do without its reference be sent without it, and an update after it set it. Where
 * none can, all are rejected: gives those.
 */
export async function breakCircle(within: StoreOperations, models: Models, circle: Circle): Promise<Entry[]> {
  const split = circle.find((link) => canWait(models, link));
  if (split !== undefined) {
    const { entry, column } = split;
    const isKept = ([name]: [string, string]) => name !== column;
    const members = Object.fromEntries(Object.entries(entry.members).filter(isKept));
    const others = { ...keyMembers(models.get(entry.model), entry), [column]: entry.members[column] ?? "null" };
    await within.log.postpone(entry, members, (await isSetLater(within, split)) ? undefined : others);
    return [];
  }
  const names = [...new Set(circle.map(({ entry, column }) => `${entry.model}.${column}`))].join(", ");
  const message = `New rows refer to one another, so the API can have none of them first: ${names} can't be set later.`;
  return refuse(
    within,
    circle.map(({ entry }) => entry.writeId),
    { status: null, message, body: "" },
  );
}

/** Whether a new row may be without its reference until an update sets it. */
function canWait(models: Models, { entry, column }: Link): boolean {
  const model = models.get(entry.model);
  const field = model && fieldOf(model, column);
  if (model === undefined || field === undefined || model.key.includes(column)) return false;
  const isInBody = actionFor(model, "update")?.body?.includes(column) === true;
  return field.nullable && field.update && isInBody;
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
