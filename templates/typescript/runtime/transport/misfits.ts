import { messageOf, parsed } from "../client/json.js";
import { rowKey, type Model } from "../client/model.js";
import type { ServerRow, Store, StoreOperations } from "../store/store.js";

/** A row of the server that the document says can't be, or a part of one. */
export interface Misfit {
  /** What the server has told of it. */
  readonly row: ServerRow;
  /** Whether that is all of a new row. */
  readonly isWhole: boolean;
  /** The row, its column, and what is wrong. */
  readonly message: string;
}

const LEFT_OUT = "left out";
/** Of more than these it is only told that there are more. */
const KEPT = 1_000;
/** So much of a value is told. */
const SHOWN = 100;

/** Thrown to take back what was only tried. */
class Undone extends Error {}

/**
 * Finds the changes whose rows don't fit into the synced table. Each has its reason, with the row's key and the column.
 * `rowOf`: what a change brings; undefined where it brings nothing.
 */
export async function findMisfits<Change>(
  store: Store,
  model: Model,
  changes: readonly Change[],
  rowOf: (change: Change) => Pick<Misfit, "row" | "isWhole"> | undefined,
): Promise<Map<Change, Misfit>> {
  const misfits = new Map<Change, Misfit>();

  async function search(some: readonly Change[]): Promise<void> {
    const rows = some.flatMap((change) => rowOf(change) ?? []);
    const error = rows.length === 0 ? undefined : await refusalOf(store, model, rows);
    if (error === undefined) return;
    const [[one], [only]] = [some, rows];
    if (some.length === 1 && one !== undefined && only !== undefined) {
      const own = await refusalOfRow(store, model, only);
      if (own !== undefined) misfits.set(one, { ...only, message: await misfitMessage(store, model, only, own) });
      return;
    }
    const half = Math.ceil(some.length / 2);
    await search(some.slice(0, half));
    await search(some.slice(half));
  }

  // Most of them lack something, which needs no search.
  for (const change of changes) {
    const brought = rowOf(change);
    const message = brought && lackingIn(model, brought);
    if (brought !== undefined && message !== undefined) misfits.set(change, { ...brought, message });
  }
  await search(changes.filter((change) => !misfits.has(change)));
  return misfits;
}

/**
 * The error of a row, which doesn't fit; undefined where it does. Throws where the database has failed: then it fails without
 * rows, too.
 */
async function refusalOfRow(store: Store, model: Model, row: Pick<Misfit, "row" | "isWhole">): Promise<unknown> {
  await throwIfFailing(store, model);
  const error = await refusalOf(store, model, [row]);
  if (error !== undefined) await throwIfFailing(store, model);
  return error;
}

async function throwIfFailing(store: Store, model: Model): Promise<void> {
  const error = await refusalOf(store, model, []);
  if (error !== undefined) throw error;
}

/** Tries rows out, and gives the error, where there is one. */
async function refusalOf(
  store: Store,
  model: Model,
  rows: readonly Pick<Misfit, "row" | "isWhole">[],
): Promise<unknown> {
  const of = (isWhole: boolean) => rows.filter((one) => one.isWhole === isWhole).map(({ row }) => row);
  const rolledBack = store.transaction(async ({ synced, meta }) => {
    // Something is written and read in any case.
    await meta.set(LEFT_OUT, model.name, "");
    await synced.isEmpty(model);
    await synced.upsert(model, of(true));
    // What comes in parts is there already, or was left out.
    const parts = of(false);
    await synced.update(model, parts);
    // A row that has only its key changes nothing, so the update above hasn't tried it.
    const keys = parts.filter(({ size }) => size === model.key.length);
    if (keys.length > 0) await synced.differing(model, keys);
    throw new Undone();
  });
  return rolledBack.catch((error: unknown) => (error instanceof Undone ? undefined : error));
}

/** Says of one row what is wrong with it: with its key, and the column if it can be found. */
async function misfitMessage(
  store: Store,
  model: Model,
  { row, isWhole }: Pick<Misfit, "row" | "isWhole">,
  error: unknown,
): Promise<string> {
  const lacking = lackingIn(model, { row, isWhole });
  if (lacking !== undefined) return lacking;
  const name = `the row ${leftOutKey(model, row)}`;
  const key = model.key.map((column): [string, string | null] => [column, row.get(column) ?? null]);
  const columns = [...row.keys()].filter((column) => model.fields.some((field) => field.name === column));
  for (const column of [...model.key, ...columns]) {
    const part = new Map([...key, [column, row.get(column) ?? null] as const]);
    const isUnfit = await store.synced.differing(model, [part]).then(
      () => false,
      () => true,
    );
    if (!isUnfit) continue;
    await throwIfFailing(store, model);
    const value = (row.get(column) ?? "null").slice(0, SHOWN);
    return `${name} has ${JSON.stringify(value)} as ${column}: ${messageOf(error)}`;
  }
  return `${name}: ${messageOf(error)}`;
}

/** Says that a row has nothing where the document requires something; undefined where that isn't so. */
export function lackingIn(model: Model, { row, isWhole }: Pick<Misfit, "row" | "isWhole">): string | undefined {
  const lacking = model.fields.find(({ name, nullable }) => {
    const isTold = isWhole || row.has(name);
    return isTold && !nullable && (row.get(name) ?? null) === null;
  });
  return lacking && `the row ${leftOutKey(model, row)} has no ${lacking.name}, which the document requires`;
}

/** A row's key as the server has it, be it one or not. */
export function leftOutKey(model: Model, row: ServerRow): string {
  return rowKey(model, Object.fromEntries(model.key.map((column) => [column, row.get(column) ?? "null"])));
}

/** Rows that are left out of the synced table, by key: a later part of one may mend it. */
export type LeftOut = Readonly<Record<string, Misfit>>;

export async function readLeftOut({ meta }: StoreOperations, model: Model): Promise<LeftOut> {
  const text = await meta.get(LEFT_OUT, model.name);
  // Written below, and by nobody else.
  const stored = (text === undefined ? {} : (parsed(text) ?? {})) as Record<
    string,
    [boolean, string, [string, string | null][]]
  >;
  return Object.fromEntries(
    Object.entries(stored).map(([key, [isWhole, message, row]]) => [key, { isWhole, message, row: new Map(row) }]),
  );
}

export async function writeLeftOut({ meta }: StoreOperations, model: Model, left: LeftOut): Promise<void> {
  const entries = Object.entries(left).slice(0, KEPT);
  if (entries.length === 0) return meta.delete(LEFT_OUT, model.name);
  const stored = entries.map(([key, { isWhole, message, row }]) => [key, [isWhole, message, [...row]]]);
  await meta.set(LEFT_OUT, model.name, JSON.stringify(Object.fromEntries(stored)));
}

/** What the status says of a model whose rows are left out; null where none are. */
export function problemOf(left: LeftOut): string | null {
  const [first, ...others] = Object.values(left);
  if (first === undefined) return null;
  return first.message + (others.length > 0 ? ` (and ${String(others.length)} more)` : "");
}
