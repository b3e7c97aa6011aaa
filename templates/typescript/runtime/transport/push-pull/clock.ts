import { parsed } from "../../client/json.js";
import type { Model } from "../../client/model.js";
import { stampOf, type Stamp, type StoreOperations } from "../../store/store.js";
import type { Cursor, Scopes } from "./protocol.js";

/** What is stored for all models together: it has the name of none. */
const ALL = "";
const CLOCK = "clock";
const CURSOR = "pulled to";

/** How far the rows have been pulled. It is committed together with them. */
export interface Pulled {
  /** Null until the first page of a first load is there, and while a fresh copy is read. */
  readonly cursor: Cursor | null;
  /** Whether it is that of a last page. */
  readonly isLast: boolean;
}

export async function readPulled({ meta }: StoreOperations): Promise<Pulled> {
  const text = await meta.get(CURSOR, ALL);
  // Written below, and by nobody else.
  return (text === undefined ? undefined : (parsed(text) as Pulled | undefined)) ?? { cursor: null, isLast: false };
}

export async function writePulled({ meta }: StoreOperations, pulled: Pulled): Promise<void> {
  await meta.set(CURSOR, ALL, JSON.stringify(pulled));
}

/**
 * Notes when the edits were made that don't say it yet, and what the device had seen by then. To be called before
 * something of the server's is taken: later edits are made with that in view.
 */
export async function stampEdits(within: StoreOperations, models: readonly Model[]): Promise<void> {
  const text = await within.meta.get(CLOCK, ALL);
  const clock = stampOf(text ?? "");
  const { cursor } = await readPulled(within);
  const names = models.map(({ name }) => name);
  const base = cursor === null ? null : JSON.stringify(seenIn(cursor));
  const newest = await within.log.stamp(names, clock, base);
  if (newest !== undefined) await setClock(within, newest);
}

/** Of scopes that are being filled, the device hasn't seen all rows. */
function seenIn({ scopes, loads = [] }: Cursor): Scopes {
  const loading = new Set(loads.map(({ scope }) => scope));
  return Object.fromEntries(Object.entries(scopes).filter(([scope]) => !loading.has(scope)));
}

/** The next edit is later than this stamp of the server's. To be called after `stampEdits`. */
export async function noteStamp(within: StoreOperations, stamp: string): Promise<void> {
  const text = await within.meta.get(CLOCK, ALL);
  const [clock, seen] = [stampOf(text ?? ""), stampOf(stamp)];
  if (isLater(seen, clock)) await setClock(within, seen);
}

function isLater(one: Stamp, other: Stamp): boolean {
  return one.milliseconds === other.milliseconds ? one.counter > other.counter : one.milliseconds > other.milliseconds;
}

async function setClock({ meta }: StoreOperations, { milliseconds, counter }: Stamp): Promise<void> {
  await meta.set(CLOCK, ALL, `${String(milliseconds)}.${String(counter)}`);
}
