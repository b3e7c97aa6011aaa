import type { Model } from "../../client/model.js";
import { keyRow, type Entry, type Store } from "../../store/store.js";
import { Ended } from "../attempts.js";
import type { Context } from "../transport.js";
import { allHeaders, urlOf } from "./exchange.js";
import { get } from "./get.js";
import type { Listed, Place } from "./places.js";
import type { Reading } from "./read-list.js";
import type { Run } from "./run.js";
import { itemRequest, Unsendable } from "./request.js";

/** The most rows that are asked for one by one after a pull, because a list lacks them. */
const ASKED = 50;
/** A row that so many pulls lack, one after the other, is gone, however busy its list is. */
const LACKED_FOR_GOOD = 10;

/**
 * Finds rows that are gone from the server, as far as that can be known: among those that a list had and now lacks, and
 * those that the entries in `taken` have made. `isUnasked`: the lists had other parameters before.
 */
type GoneRows = (
  run: Run,
  part: "all" | "new",
  readings: readonly Reading[],
  taken: readonly Entry[],
  isUnasked: boolean,
  signal: AbortSignal,
) => Promise<ReadonlySet<string>>;

export function createGoneRows({ store, settings }: Context, { model }: Listed): GoneRows {
  /** Rows that may be gone, each with the number of full pulls in a row that lacked it. */
  let lacked: ReadonlyMap<string, number> = new Map();

  async function keysOf({ given }: Place): Promise<string[]> {
    const rows = await store.synced.select(model, model.key, given);
    return rows.map((row) => store.synced.keyOf(model, row));
  }

  /** Whether the API says that there is no such row. */
  async function isGone(key: string, signal: AbortSignal): Promise<boolean> {
    const { get: item } = model.operations;
    if (item === undefined) return false;
    const known = await store.synced.read(model, key);
    const members =
      known ?? Object.fromEntries([...keyRow(model, key)].map(([name, text]) => [name, JSON.stringify(text)]));
    try {
      const request = itemRequest(item, members, settings.current().writeParams(model.name));
      const own = Object.fromEntries(allHeaders(request, await settings.headers(signal)));
      const url = urlOf(settings, request.path) + request.query;
      return (await get(settings, url, { own }, signal)).status === "missing";
    } catch (error) {
      if (error instanceof Ended || error instanceof Unsendable) return false;
      throw error;
    }
  }

  return async (run, part, readings, taken, isUnasked, signal) => {
    const gone = new Set<string>();
    const lacking = new Map<string, number>();
    let left = ASKED;
    const isSeen = (key: string) => run.seen.has(key) || run.removed.has(key);

    async function look(key: string, isCertain: boolean, isDoubtful: boolean, isSteady: boolean): Promise<void> {
      if (isSeen(key) || gone.has(key) || lacking.has(key)) return;
      const times = 1 + (lacked.get(key) ?? 0);
      const isLacked = !isDoubtful && (times >= LACKED_FOR_GOOD || (times > 1 && isSteady));
      if (isCertain || isLacked) return void gone.add(key);
      left -= 1;
      if (left >= 0 && (await isGone(key, signal))) gone.add(key);
      else lacking.set(key, times);
    }

    for (const { place, memory, keys, isWhole, isSince, requests, isDoubtful } of readings) {
      const here = run.isThorough && !run.wasEmpty ? await keysOf(place) : [...memory.prints.keys()];
      const isSteady = hasInOrder(keys, memory.order);
      for (const key of here) {
        if (run.removed.has(key)) gone.add(key);
        else if (isWhole && !isSince) {
          await look(key, isUnasked || (requests === 1 && !isDoubtful), isDoubtful, isSteady);
        }
        // So that the next pull looks for it as well.
        if (lacking.has(key) && !memory.prints.has(key)) memory.prints.set(key, 0);
      }
    }
    const isCertain = isUnasked || readings.every(({ requests, isDoubtful }) => requests === 1 && !isDoubtful);
    const isDoubtful = readings.some((reading) => reading.isDoubtful);
    const isSteady = readings.every(({ keys, memory }) => hasInOrder(keys, memory.order));
    for (const entry of taken) {
      if (!(await isNameless(store, model, entry))) await look(entry.rowKey, isCertain, isDoubtful, isSteady);
    }
    if (run.isFull && part === "all") {
      lacked = lacking;
      for (const { memory, keys } of readings) memory.order = lacking.size > 0 ? keys : undefined;
    }
    return gone;
  };
}

/**
 * Whether a list still has all keys that it had before, in the same order. Then no row has left it or moved within it
 * while it was read before: no page has passed over a row.
 */
function hasInOrder(keys: readonly string[], before: readonly string[] | undefined): boolean {
  if (before === undefined) return false;
  let next = 0;
  for (const key of keys) if (key === before[next]) next += 1;
  return next === before.length;
}

/** Whether an inserted row has a key on the server that isn't known here: no list ever shows it under this one. */
export async function isNameless({ log }: Store, model: Model, { operation, rowKey }: Entry): Promise<boolean> {
  if (operation !== "insert" || model.keyOrigin !== "server") return false;
  return !(await log.isMadeKey(model.name, rowKey));
}
