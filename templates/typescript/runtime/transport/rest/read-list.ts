import { messageOf } from "../../client/json.js";
import { atMost, before, compareTimes } from "../../client/values.js";
import type { HeadersRecord } from "../../config.js";
import type { Differing, ServerRow } from "../../store/store.js";
import { Ended } from "../attempts.js";
import type { Context } from "../transport.js";
import { get, validatorsOf, type Answer } from "./get.js";
import { elementsOf, fingerprint, Missing, pagesOf, rowReader, wayOf, type Elements, type Page } from "./pages.js";
import type { KnownPage, Listed, Memory, Older, Place } from "./places.js";
import { filledOf } from "./request.js";
import type { RowWriter } from "./row-writer.js";
import { Unfit } from "./rows.js";
import { fitting, ROWS_AT_ONCE, type Change, type Run } from "./run.js";

/** A list that has been read. */
export interface Reading {
  readonly place: Place;
  readonly memory: Memory;
  /** Whether only changed rows were asked for. */
  readonly isSince: boolean;
  /** How many requests were made. */
  readonly requests: number;
  /** Whether the key of each element could be read. */
  readonly isWhole: boolean;
  /** Whether rows that it lacks may be there: nothing stands in place of the list, or the answer may be a part of it. */
  readonly isDoubtful: boolean;
  /** Why it couldn't be read to its end, where that says nothing of other lists. */
  readonly failure: Ended | undefined;
  readonly newest: string | undefined;
  readonly keys: readonly string[];
  readonly pages: ReadonlyMap<string, KnownPage>;
}

/** A page, and the keys of its rows that aren't deleted. */
interface ReadPage extends Page {
  readonly keys: readonly string[];
}

/** What an answer has of one row. */
interface Keyed {
  readonly key: string;
  readonly element: unknown;
}

/**
 * A row that is older than the one that is there, mostly a cache's, replaces it when so many whole lists in a row have shown it:
 * then the server has lost a change, such as where it was restored from a copy.
 */
const OLDER_FOR_GOOD = 3;

/** Reads one list to its end, and hands what has changed to the writer. */
export async function readList(
  context: Context,
  { model, list, parent }: Listed,
  place: Place,
  memory: Memory,
  run: Run,
  conditional: { isPossible: boolean },
  writer: RowWriter,
  signal: AbortSignal,
): Promise<Reading> {
  const { store, settings, reports } = context;
  const since = run.isFull || memory.newest === undefined ? undefined : list.since;
  // Where this pull fails, it is unknown which of its rows are there.
  const known = new Map(run.isThorough || since !== undefined ? [] : memory.pages);
  memory.pages.clear();
  const here = new Set<string>();
  const older = new Map<string, Older>();
  const pages = new Map<string, KnownPage>();
  let [requests, isWhole, isDoubtful] = [0, true, false];
  let failure: Ended | undefined;
  let newest: string | undefined;
  let date: string | null = null;
  const reader = rowReader(model, list, place.given);

  const accepted: HeadersRecord = list.media === undefined ? {} : { Accept: list.media };

  async function ask(url: string, own: HeadersRecord, validators: HeadersRecord): Promise<Answer> {
    // An id of the request is a new one each time.
    const required = { ...accepted, ...filledOf(list, list.headers, {}, crypto.randomUUID()) };
    try {
      return await get(settings, url, { required, own, validators }, signal);
    } catch (error) {
      const isUnanswered = error instanceof Ended && error.end.kind === "failed" && error.end.status === undefined;
      if (!isUnanswered || Object.keys(validators).length === 0 || signal.aborted) throw error;
      // A server of another origin may not allow these headers.
      const answer = await get(settings, url, { required, own }, signal);
      conditional.isPossible = false;
      return answer;
    }
  }

  async function read(url: string): Promise<ReadPage | undefined> {
    const headers = await settings.headers(signal);
    const name = JSON.stringify([url, headers]);
    const page = known.get(name);
    const validators = (conditional.isPossible ? page?.validators : undefined) ?? {};
    requests += 1;
    const answer = await ask(url, headers, validators);
    if (answer.status === "missing") return undefined;
    if (date === null) date = answer.headers.get("Date");
    if (answer.status === "unchanged" && page === undefined) {
      throw new Ended({ kind: "broken", message: "304 to a request for all", url });
    }
    const print = fingerprint((answer.headers.get("Link") ?? "") + answer.body);
    if (page !== undefined && (answer.status === "unchanged" || page.print === print)) {
      const isRepeated = page.count > 0 && page.keys.every((key) => here.has(key));
      pages.set(name, page);
      for (const key of page.keys) see(key);
      return { url, ...page, isRepeated };
    }
    const elements = parsed(url, answer);
    const way = wayOf(list, elements.answer, answer.headers, lastKeyOf(elements), url);
    run.total ??= way.total ?? null;
    const { found, isRepeated } = keyed(elements);
    const keys = isRepeated ? [] : await take(found, elements.mark);
    const count = elements.rows?.length ?? 0;
    // The tag of a last page needn't change when a header says that there is another one after it.
    const isOpen = list.page.by === "link" && list.page.next === undefined && way.next === undefined;
    if (elements.rows !== null && !isRepeated && !isOpen) {
      pages.set(name, { print, validators: validatorsOf(answer.headers), keys, way, count });
    }
    return { url, count, isRepeated, way, keys };
  }

  function lastKeyOf({ rows, mark }: Elements): string | undefined {
    return list.page.by === "after" ? reader.text(rows?.at(-1), list.page.key, mark) : undefined;
  }

  function parsed(url: string, { status, body }: Answer): Elements {
    let elements: Elements = { answer: null, rows: null, mark: "" };
    try {
      if (status !== "nothing") elements = elementsOf(model, list, body);
    } catch (error) {
      throw new Ended({ kind: "broken", message: `the answer isn't JSON: ${messageOf(error)}`, url });
    }
    if (elements.rows === undefined) {
      const where = list.rows === undefined ? "" : ` at \`${list.rows.join(".")}\``;
      throw new Ended({ kind: "broken", message: `the answer has no list${where}`, url });
    }
    if (elements.rows === null) isDoubtful = true;
    return elements;
  }

  /** Reads the keys of a page. Those that can't be read are told. */
  function keyed({ rows, mark }: Elements) {
    const found: Keyed[] = [];
    let isRepeated = (rows ?? []).length > 0;
    for (const element of rows ?? []) {
      try {
        const key = store.synced.keyOf(model, reader.key(element, mark));
        if (!here.has(key)) isRepeated = false;
        found.push({ key, element });
      } catch (error) {
        if (!(error instanceof Unfit)) throw error;
        run.problems.push({ message: `a row ${error.message}`, url: place.url });
        [isRepeated, isWhole] = [false, false];
      }
    }
    return { found, isRepeated };
  }

  /**
   * Hands what has changed to the writer. Where no row was there, a large page is taken in parts: while one is written, the
   * next one is read. Gives the keys of the rows that aren't deleted.
   */
  async function take(found: readonly Keyed[], mark: string): Promise<string[]> {
    const size = run.wasEmpty ? ROWS_AT_ONCE : Math.max(found.length, 1);
    const all: string[] = [];
    for (let start = 0; start < found.length; start += size) {
      const { keys, changes } = told(found.slice(start, start + size), mark);
      for (const key of keys) all.push(key);
      run.rows += keys.length;
      await compare(changes);
      if (run.isFirst) reports.model(model.name, { rows: run.rows, of: run.total, ready: false });
      await writer.flush();
    }
    return all;
  }

  /** Gives the keys of the rows, and the changes that have to be compared. What is surely new goes to the writer at once. */
  function told(found: readonly Keyed[], mark: string) {
    const keys: string[] = [];
    const changes = new Map<string, Change>();
    for (const { key, element } of found) {
      here.add(key);
      if (reader.isDeleted(element)) {
        run.removed.add(key);
        continue;
      }
      keys.push(key);
      const isNew = run.wasEmpty && !run.seen.has(key);
      see(key);
      const print = fingerprint(JSON.stringify(element));
      const isKnown = !run.isThorough && memory.prints.get(key) === print;
      if (isKnown || run.seen.get(key) !== memory) continue;
      try {
        const row = reader.row(element, mark);
        note(row);
        (isNew ? run.changed : changes).set(key, { key, row, print, memory, place });
      } catch (error) {
        if (!(error instanceof Unfit)) throw error;
        run.problems.push({ message: `the row ${key} ${error.message}`, url: place.url });
        run.kept.add(key);
      }
    }
    return { keys, changes: [...changes.values()] };
  }

  function see(key: string): void {
    here.add(key);
    run.removed.delete(key);
    const other = run.seen.get(key);
    // Where the lists of two parents have the row, it stays below the one that it is below.
    const isOurs = other === undefined || (memory.prints.has(key) && !other.prints.has(key));
    if (!isOurs) return;
    run.seen.set(key, memory);
    if (other !== undefined) run.changed.delete(key);
  }

  function note(row: ServerRow): void {
    const time = list.since === undefined ? undefined : row.get(list.since.column);
    if (time != null && (newest === undefined || compareTimes(newest, time) < 0)) newest = time;
  }

  /** Adds what differs from what is there to the changes of the run. */
  async function compare(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    // They may have come before in this pull.
    await writer.written();
    const byRow = new Map(changes.map((change) => [change.row, change]));
    const rest = new Set(changes);
    for (const { row, before: there } of await differing(changes)) {
      const change = byRow.get(row);
      if (change === undefined) continue;
      rest.delete(change);
      if (run.seen.get(change.key) !== memory) continue;
      const time = list.changed === undefined ? undefined : row.get(list.changed);
      const isOlder = there !== null && time != null && compareTimes(time, there) < 0;
      if (isOlder && !isForGood(change)) run.kept.add(change.key);
      else run.changed.set(change.key, change);
    }
    for (const { key, print } of rest) if (!run.kept.has(key)) memory.prints.set(key, print);
  }

  /** Notes that a row is older than the one that is there. Says whether the server keeps to it. */
  function isForGood({ key, print }: Change): boolean {
    const before = memory.older.get(key);
    const shown = before?.print === print ? before.times : 0;
    const times = since === undefined ? shown + 1 : shown;
    older.set(key, { print, times });
    return times >= OLDER_FOR_GOOD;
  }

  async function differing(changes: readonly Change[]): Promise<Differing[]> {
    const rows = changes.map(({ row }) => row);
    try {
      // Without a time to compare, the value is of no use.
      const found = await store.synced.differing(model, rows, list.changed);
      return list.changed === undefined ? found.map(({ row }) => ({ row, before: null })) : found;
    } catch (error) {
      const others = await fitting(context, model, run, changes, error, signal);
      return others.length === 0 ? [] : differing(others);
    }
  }

  async function readPages(): Promise<void> {
    const url = new URL(place.url);
    if (since !== undefined && memory.newest !== undefined) {
      url.searchParams.set(since.parameter, before(memory.newest, since.overlap));
    }
    for await (const page of pagesOf(list, url, !memory.isSizeRefused, read)) {
      if (list.isPartial === true) isDoubtful ||= page.count >= memory.most;
      memory.most = Math.max(memory.most, page.count);
    }
  }

  /** Some servers refuse a page as large as is asked for, where the document doesn't say how large one may be. */
  function isTooLarge(error: unknown): boolean {
    if (list.page.size === undefined || memory.isSizeRefused || requests !== 1) return false;
    return error instanceof Ended && error.end.kind === "broken" && [400, 413, 422].includes(error.end.status ?? 0);
  }

  try {
    await readPages().catch((error: unknown) => {
      if (!isTooLarge(error)) throw error;
      memory.isSizeRefused = true;
      requests = 0;
      return readPages();
    });
  } catch (error) {
    if (parent === undefined || !isOfOneList(error)) throw error;
    isWhole = false;
    // Perhaps the parent has gone on the server: its own list says so.
    if (!(error instanceof Missing)) failure = error;
  }
  if (since === undefined) memory.older = older;
  const latest = newest === undefined ? memory.newest : atMost(newest, date);
  return {
    place,
    memory,
    isSince: since !== undefined,
    requests,
    isWhole,
    isDoubtful,
    failure,
    newest:
      memory.newest !== undefined && latest !== undefined && compareTimes(latest, memory.newest) < 0
        ? memory.newest
        : latest,
    keys: [...here],
    pages,
  };
}

/** Whether an error says nothing of the lists of other parents: this one isn't for the user, or isn't what it should be. */
function isOfOneList(error: unknown): error is Ended {
  if (!(error instanceof Ended) || error.end.kind === "stopped") return false;
  return error.end.kind === "broken" || error.end.status === 403 || error.end.status === 500;
}
