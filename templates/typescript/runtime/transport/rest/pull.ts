import { parsed } from "../../client/json.js";
import { keyRow, type Entry, type StoreOperations } from "../../store/store.js";
import { Ended, reportWell } from "../attempts.js";
import { showsEarly } from "../loading.js";
import { POSITION } from "../progress.js";
import type { Context } from "../transport.js";
import { urlOf } from "./exchange.js";
import { createGoneRows, isNameless } from "./gone-rows.js";
import { noMemory, placesOf, type Listed, type Memory, type Place } from "./places.js";
import { readList, type Reading } from "./read-list.js";
import { rowWriter, type RowWriter } from "./row-writer.js";
import type { Problem, Run } from "./run.js";

/** How far the lists of a model have been read. It is committed together with their rows. */
interface Position {
  /** What was asked for: the rows of another definition would be other rows. */
  readonly definition: string;
  /** Whether all rows have been read once. */
  readonly isComplete: boolean;
  readonly rows: number;
  readonly at: string;
}

async function readPosition({ meta }: StoreOperations, model: string): Promise<Position | undefined> {
  const text = await meta.get(POSITION.rest, model);
  // Only `finish` writes it.
  return text === undefined ? undefined : (parsed(text) as Position | undefined);
}

/** Reads the lists of one model, again and again. */
export interface Puller {
  /** What is asked for now. */
  definition(): string;
  /** Whether a parent has appeared whose list hasn't been read, or one has gone. */
  hasOtherParents(): Promise<boolean>;
  /**
   * Reads all lists, or only those of parents that are new, and brings the synced rows up to date. Returns whether it
   * has to be done again soon: rows were left alone that this device has written meanwhile. Throws `Ended` where the
   * lists can't be read.
   */
  pull(part: "all" | "new", signal: AbortSignal): Promise<boolean>;
}

/** The first pull and every tenth read everything and compare it with the synced table, without what is remembered. */
const THOROUGH = 10;
/** How many lists of one model are read at the same time. */
const LISTS_AT_ONCE = 4;

export function createPuller(context: Context, listed: Listed): Puller {
  const { store, settings, reports, acknowledged } = context;
  const { model, list, parent } = listed;
  /** By the URLs of the lists. */
  let memories = new Map<string, Memory>();
  let pulls = 0;
  /** `memories` take account of what this device had written by then. */
  let known = acknowledged.mark();
  let definedBy = "";
  const conditional = { isPossible: true };
  const goneRows = createGoneRows(context, listed);
  const isToShow = showsEarly();

  function definition(): string {
    const asked = [urlOf(settings, list.path), settings.current().listParams(model.name)];
    // Only where there is something: other lists' definitions are stored without it.
    const isAlone = list.query === undefined && list.headers === undefined;
    return JSON.stringify(isAlone ? asked : [...asked, list.query ?? {}, list.headers ?? {}]);
  }

  async function pull(part: "all" | "new", signal: AbortSignal): Promise<boolean> {
    // Before anything is asked: what is noted from here on may be newer than the answers.
    const mark = acknowledged.mark();
    const taken = (await store.log.sent(model.name)).filter(({ status }) => status === "acknowledged");
    const stored = await readPosition(store, model.name);
    if (stored === undefined) reports.model(model.name, { rows: 0, of: null, ready: false, lastSync: null });
    const asked = definition();
    if (definedBy !== asked) [definedBy, memories, pulls] = [asked, new Map(), 0];
    const places = await placesOf(settings, store, listed);
    await forgetOwn(places, mark);
    const isThorough = part === "all" && pulls % THOROUGH === 0;
    const isFirst = stored?.isComplete !== true;
    const run: Run = {
      mark,
      isThorough,
      isFull: isThorough || list.since === undefined,
      isFirst,
      wasEmpty: isFirst && (await store.synced.isEmpty(model)),
      seen: new Map(),
      removed: new Set(),
      kept: new Set(),
      changed: new Map(),
      problems: [],
      rows: 0,
      total: null,
      isAgain: false,
    };
    const chosen = part === "all" ? places : places.filter(({ url }) => !memories.has(url));
    const writer = rowWriter(context, listed, run, isToShow, signal);
    const readings = await readAll(chosen, run, writer, signal).catch((error: unknown) => {
      // Perhaps it fails because of what is remembered: then only a pull of everything helps.
      if (part === "all" && !isThorough && isAnswered(error)) pulls += 1;
      throw error;
    });
    const failures = readings.flatMap(({ failure }) => failure ?? []);
    const [failure] = failures;
    if (failure !== undefined && failures.length === places.length) throw failure;
    for (const { end, message } of failures) {
      const url = "url" in end && end.url !== undefined ? end.url : urlOf(settings, list.path);
      run.problems.push({
        url,
        message: end.kind === "refused" ? `${String(end.status)}: not for this user` : message,
      });
    }
    const isUnasked = stored !== undefined && stored.definition !== asked;
    await finish(run, writer, part, readings, taken, isUnasked, stored, signal);
    if (part === "all") pulls += 1;
    const urls = new Set(places.map(({ url }) => url));
    for (const url of memories.keys()) if (!urls.has(url)) memories.delete(url);
    report(run, part);
    return run.isAgain;
  }

  function report(run: Run, part: "all" | "new"): void {
    // Lists are read in any order, and the same problem isn't told again.
    const textOf = ({ url, message }: Problem) => `${url} ${message}`;
    const sorted = [...run.problems].sort((one, other) => (textOf(one) < textOf(other) ? -1 : 1));
    const [problem, ...others] = sorted;
    const more = others.length > 0 ? ` (and ${String(others.length)} more)` : "";
    reportWell(reports, model, problem === undefined ? null : problem.message + more, problem?.url);
    const isAll = part === "all" && run.isFull;
    const at = new Date().toISOString();
    reports.model(model.name, { ...(isAll && { rows: run.seen.size }), of: null, ready: true, lastSync: at });
  }

  /** Forgets what lists have shown of rows that this device has written since: the synced table has other rows now. */
  async function forgetOwn(places: readonly Place[], mark: number): Promise<void> {
    const keys = acknowledged.since(model.name, known);
    known = mark;
    if (keys.size === 0) return;
    for (const memory of memories.values()) memory.pages.clear();
    for (const key of keys) {
      for (const memory of memories.values()) {
        memory.prints.delete(key);
        memory.older.delete(key);
      }
      const [row] = await store.synced.select(model, [...model.key, ...givenColumns()], keyRow(model, key));
      if (row === undefined) continue;
      const place = places.find(({ given }) => [...given].every(([column, value]) => row.get(column) === value));
      memories.get(place?.url ?? "")?.prints.set(key, 0);
    }
  }

  function givenColumns(): string[] {
    return (list.parents ?? []).map(({ column }) => column).filter((column) => !model.key.includes(column));
  }

  /** Reads lists, some at the same time. Returns when all reads and writes have ended, even if one fails. */
  async function readAll(
    places: readonly Place[],
    run: Run,
    writer: RowWriter,
    signal: AbortSignal,
  ): Promise<Reading[]> {
    const waiting = [...places];
    const readings: Reading[] = [];
    let failed: { readonly error: unknown } | undefined;
    async function work(): Promise<void> {
      for (let place = waiting.shift(); place !== undefined && failed === undefined; place = waiting.shift()) {
        const memory = memories.get(place.url) ?? noMemory();
        try {
          readings.push(await readList(context, listed, place, memory, run, conditional, writer, signal));
        } catch (error) {
          failed ??= { error };
        }
      }
    }
    await Promise.all(Array.from({ length: LISTS_AT_ONCE }, work));
    try {
      await writer.written();
      for (const { place, memory } of readings) memories.set(place.url, memory);
    } catch (error) {
      failed ??= { error };
    }
    if (failed !== undefined) throw failed.error;
    return readings;
  }

  /** Writes what is left, takes away what is gone, and settles what the lists have shown. */
  async function finish(
    run: Run,
    writer: RowWriter,
    part: "all" | "new",
    readings: readonly Reading[],
    taken: readonly Entry[],
    isUnasked: boolean,
    stored: Position | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const isComplete = run.isFull && part === "all" && readings.every(({ isWhole }) => isWhole);
    const gone = await goneRows(run, part, readings, isComplete ? taken : [], isUnasked, signal);
    const shown: Entry[] = [];
    for (const entry of taken) {
      const isShown = run.seen.has(entry.rowKey) || gone.has(entry.rowKey) || run.removed.has(entry.rowKey);
      if (isShown || (isComplete && (await isNameless(store, model, entry)))) shown.push(entry);
    }
    const isNew = part === "all" && (run.isFirst || stored?.definition !== definedBy);
    signal.throwIfAborted();
    if (run.changed.size + gone.size + shown.length > 0 || isNew || (await orphans(store)).length > 0) {
      const rest = writer.takeRest();
      const removed = await store.receive(async (within) => {
        const own = acknowledged.since(model.name, run.mark);
        await rest.write(within);
        const free = [...gone].filter((key) => !own.has(key));
        const others = (await orphans(within)).filter((row) => !own.has(within.synced.keyOf(model, row)));
        const rows = [...free.map((key) => keyRow(model, key)), ...others];
        if (rows.length > 0) await within.synced.delete(model, rows);
        const isSettled = ({ rowKey }: Entry) => !own.has(rowKey) && !run.kept.has(rowKey);
        await within.log.settle(shown.filter(isSettled).map(({ writeId }) => writeId));
        if (isNew) {
          const at = new Date().toISOString();
          const position: Position = { definition: definedBy, isComplete: true, rows: run.seen.size, at };
          await within.meta.set(POSITION.rest, model.name, JSON.stringify(position));
        }
        if (isNew || run.isFirst) await within.synced.endLoading(model);
        return free;
      });
      rest.noteWritten();
      for (const key of removed) for (const memory of memories.values()) memory.prints.delete(key);
    }
    const hasNews = acknowledged.since(model.name, run.mark).size > 0;
    if (hasNews) run.isAgain = true;
    for (const { memory, pages, keys, newest, isWhole, isSince } of readings) {
      const isClean = !hasNews && isWhole && !keys.some((key) => run.kept.has(key));
      if (isClean && !isSince && list.since === undefined) for (const [key, page] of pages) memory.pages.set(key, page);
      if (isWhole && newest !== undefined) memory.newest = newest;
    }
  }

  async function orphans({ synced }: StoreOperations) {
    return parent === undefined ? [] : synced.orphans(model, parent.model, parent.columns);
  }

  return {
    definition,
    pull,
    async hasOtherParents() {
      if (parent === undefined) return false;
      const places = await placesOf(settings, store, listed);
      return places.length !== memories.size || places.some(({ url }) => !memories.has(url));
    },
  };
}

/** Whether the server has answered, and doesn't say that it is away or busy. */
function isAnswered(error: unknown): boolean {
  if (!(error instanceof Ended)) return false;
  return error.end.kind === "broken" || (error.end.kind === "failed" && error.end.status === 500);
}
