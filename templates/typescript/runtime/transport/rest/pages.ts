import { own, type List, type Model } from "../../client/model.js";
import type { ServerRow } from "../../store/store.js";
import { Ended } from "../attempts.js";
import { columnsOf, exactly, rowOf, scalarText } from "./rows.js";

/** What an answer says of the way on. */
export interface Way {
  readonly total: number | undefined;
  readonly pages: number | undefined;
  readonly isLast: boolean | undefined;
  /** The next page's cursor, or its link as it stands there. */
  readonly next: string | undefined;
}

/** One page of a list. */
export interface Page {
  readonly url: string;
  /** How many rows it has. */
  readonly count: number;
  /** Whether it has rows, and all of them have been on earlier pages. */
  readonly isRepeated: boolean;
  readonly way: Way;
}

/** There is no such list. */
export class Missing extends Ended {}

/** Gives what is at a URL; undefined where nothing is there. */
type Read<P extends Page> = (url: string) => Promise<P | undefined>;

/** Reads a list from its first page to its last, in the style that the API has. `isSized`: asks for so many rows at a time. */
export async function* pagesOf<P extends Page>(
  { page }: List,
  url: URL,
  isSized: boolean,
  read: Read<P>,
): AsyncGenerator<P> {
  if (page.size !== undefined && isSized) url.searchParams.set(page.size.parameter, String(page.size.rows));
  switch (page.by) {
    case "none":
      yield existing(await read(url.href), url.href);
      return;
    case "offset":
      yield* counted(url, page.offset, (_, received) => received, read);
      return;
    case "page":
      yield* counted(url, page.page, (number) => page.first + number, read);
      return;
    case "cursor":
      yield* followed(url, read, (next, from) => {
        from.searchParams.set(page.cursor, next);
        return from;
      });
      return;
    case "after":
      yield* followed(url, read, (next, from) => {
        from.searchParams.set(page.after, next);
        return from;
      });
      return;
    case "link":
      yield* followed(url, read, (next, from) => linked(next, from, url));
      return;
  }
}

/** Pages that have numbers: `position` says which one is next after so many pages and rows. */
async function* counted<P extends Page>(
  url: URL,
  parameter: string,
  position: (pages: number, rows: number) => number,
  read: Read<P>,
): AsyncGenerator<P> {
  let pages = 0;
  let rows = 0;
  // Servers cap what is asked for: a page is full when it has as many rows as the first one.
  let full = 0;
  let isMore: boolean | undefined;
  for (;;) {
    url.searchParams.set(parameter, String(position(pages, rows)));
    const found = await read(url.href);
    if (pages === 0) existing(found, url.href);
    if (found === undefined || found.isRepeated) {
      if (isMore !== true) return;
      throw broken(url.href, found === undefined ? "the list ends before its total" : "the page has come before");
    }
    rows += found.count;
    isMore = isMoreAfter(found.way, pages + 1, rows);
    // Otherwise the missing rows would count as deleted.
    if (found.count === 0 && isMore === true) throw broken(url.href, "the page is empty before the list's total");
    yield found;
    if (found.count === 0) return;
    pages += 1;
    full ||= found.count;
    if (isMore === false || (isMore === undefined && found.count < full)) return;
  }
}

/** Whether there are more pages; undefined where the answer doesn't say. */
function isMoreAfter({ isLast, total, pages }: Way, read: number, rows: number): boolean | undefined {
  if (isLast !== undefined) return !isLast;
  if (total !== undefined) return rows < total;
  return pages === undefined ? undefined : read < pages;
}

/** Pages of which each one names the next. */
async function* followed<P extends Page>(
  url: URL,
  read: Read<P>,
  following: (next: string, from: URL) => URL,
): AsyncGenerator<P> {
  const seen = new Set<string>();
  let at = url;
  for (let pages = 0; ; pages += 1) {
    const found = await read(at.href);
    if (pages > 0 && found === undefined) throw broken(at.href, "the next page isn't there");
    const page = existing(found, at.href);
    yield page;
    const { next, isLast } = page.way;
    // Else all that is missing would count as gone.
    if (next === undefined && isLast === false) throw broken(at.href, "there is more, and nothing says where");
    if (next === undefined) return;
    at = following(next, new URL(at));
    if (seen.has(at.href) || at.href === url.href) throw broken(at.href, "the next page has come before");
    seen.add(at.href);
  }
}

/**
 * Where a link leads: on the API's own origin only. Behind a proxy an API may know neither its origin nor what the proxy
 * removes from its paths: the link to the list itself is followed here.
 */
function linked(next: string, from: URL, list: URL): URL {
  const target = new URL(next, from);
  const isList = target.pathname.length > 1 && list.pathname.endsWith(target.pathname);
  if (isList) return new URL(target.search, new URL(list.pathname, list));
  if (target.origin !== list.origin) throw broken(target.href, "the next page is on another origin");
  return target;
}

function existing<P>(page: P | undefined, url: string): P {
  if (page === undefined) throw new Missing({ kind: "broken", message: "404: the list isn't there", url });
  return page;
}

function broken(url: string, message: string): Ended {
  return new Ended({ kind: "broken", message, url });
}

/** What an answer says of the way on. `lastKey`: of the last row, where the next page begins after that. */
export function wayOf(
  { page }: List,
  answer: unknown,
  headers: Headers,
  lastKey: string | undefined,
  url: string,
): Way {
  const at = (names: readonly string[] | undefined) => (names === undefined ? undefined : memberAt(answer, names));
  const counts = page.by === "offset" || page.by === "page";
  const last = page.by === "page" ? at(page.last) : undefined;
  const more = page.by === "after" ? at(page.more) : undefined;
  function next(): string | undefined {
    switch (page.by) {
      case "cursor":
        return nextIn(at(page.next), url);
      case "after":
        return more === false ? undefined : lastKey;
      case "link":
        return page.next === undefined ? linkIn(headers.get("Link") ?? "") : nextIn(at(page.next), url);
      default:
        return undefined;
    }
  }
  return {
    total: counts ? countOf(at(page.total)) : undefined,
    pages: page.by === "page" ? countOf(at(page.pages)) : undefined,
    isLast: typeof last === "boolean" ? last : typeof more === "boolean" ? !more : undefined,
    next: next(),
  };
}

/** Follows names of members from the outside in; undefined where one of them is missing. */
export function memberAt(value: unknown, names: readonly string[]): unknown {
  return names.reduce((outer: unknown, name) => {
    return typeof outer === "object" && outer !== null ? own(outer as Record<string, unknown>, name) : undefined;
  }, value);
}

function countOf(value: unknown): number | undefined {
  const count = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof count === "number" && Number.isInteger(count) && count >= 0 ? count : undefined;
}

/** A cursor or link, which may be an object with its `href`; undefined where the list ends. Throws where it is neither. */
function nextIn(value: unknown, url: string): string | undefined {
  const next = memberAt(value, ["href"]) ?? value ?? "";
  if (next === "" || next === false) return undefined;
  if (typeof next === "string" || typeof next === "number") return String(next);
  // Else all that is missing would count as gone.
  throw broken(url, `nothing can be read of ${JSON.stringify(next)}, which should lead to the next page`);
}

/** The link to the next page in a header: `<…>; rel="next", <…>; rel="last"`. */
function linkIn(header: string): string | undefined {
  for (const [, target, parameters = ""] of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters);
    const names = (relations?.[1] ?? relations?.[2] ?? "").toLowerCase().split(/\s+/);
    if (names.includes("next")) return target;
  }
  return undefined;
}

/** The elements of a list as its answer has them. Numbers that JavaScript would change keep their digits. */
export interface Elements {
  readonly answer: unknown;
  /** Undefined: where the list should be there is none. Null: there is null. */
  readonly rows: readonly unknown[] | null | undefined;
  readonly mark: string;
}

/** Throws where the text isn't JSON. */
export function elementsOf(model: Model, { rows }: List, text: string): Elements {
  const { value: answer, mark } = exactly(model, text);
  const found = rows === undefined ? answer : memberAt(answer, rows);
  return { answer, rows: Array.isArray(found) || found === null ? found : undefined, mark };
}

/** Reads elements of one list as rows. `given`: columns that the list's path has. */
export interface RowReader {
  /** Only the key's columns. Throws `Unfit` where the element lacks one. */
  key(element: unknown, mark: string): ServerRow;
  /** Throws `Unfit` where the row can't be one of the model. */
  row(element: unknown, mark: string): ServerRow;
  isDeleted(element: unknown): boolean;
  /** As the API spells it; undefined where the element has none. */
  text(element: unknown, name: string, mark: string): string | undefined;
}

export function rowReader(model: Model, list: List, given: ServerRow): RowReader {
  const keys = model.fields.filter(({ name }) => model.key.includes(name));
  const listed = model.fields.filter(({ name }) => !(list.lacks ?? []).includes(name));

  const places = new Map(model.fields.flatMap(({ name, place }) => (place === undefined ? [] : [[name, place]])));

  /** What the row's envelope lacks may stand beside it: an id, mostly. */
  function valueOf(element: unknown, name: string): unknown {
    const inner = list.row === undefined ? element : memberAt(element, list.row);
    const found = memberAt(inner, places.get(name) ?? [name]);
    return found ?? (list.row === undefined ? undefined : memberAt(element, [name]));
  }

  const valuesOf = (element: unknown) => (name: string) => given.get(name) ?? valueOf(element, name);

  return {
    text(element, name, mark) {
      const value = valueOf(element, name);
      return typeof value === "string" || typeof value === "number" ? scalarText(value, mark) : undefined;
    },
    key: (element, mark) => columnsOf(model, keys, valuesOf(element), mark),
    row: (element, mark) => rowOf(model, listed, valuesOf(element), mark),
    isDeleted(element) {
      const value = list.deleted === undefined ? undefined : valueOf(element, list.deleted);
      return value === true || (typeof value === "string" && value !== "" && value !== "false");
    },
  };
}

/** Hashes a text: two different texts have the same number once in 2^53. */
export function fingerprint(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  // 0 stands for no fingerprint.
  return 4294967296 * (2097151 & low) + (high >>> 0) || 1;
}
