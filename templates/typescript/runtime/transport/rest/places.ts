import { own, type List, type ListParent, type Model } from "../../client/model.js";
import type { HeadersRecord, Settings } from "../../config.js";
import type { ServerRow, Store } from "../../store/store.js";
import { Ended } from "../attempts.js";
import { urlOf } from "./exchange.js";
import type { Way } from "./pages.js";
import { filledOf, inPath } from "./request.js";

/** One list of a model: the only one, or that of one row of its parent. */
export interface Place {
  /** With the query that the list requires, and that of `listParams`. */
  readonly url: string;
  /** The columns that the path has. */
  readonly given: ServerRow;
}

/** A model, and how its API lists it. */
export interface Listed {
  readonly model: Model;
  readonly list: List;
  /** Of its parents, the one whose rows have lists of their own. */
  readonly parent: NearestParent | undefined;
}

export interface NearestParent {
  readonly model: Model;
  /** Columns of the listed rows, and the parent's fields that they hold. */
  readonly columns: ReadonlyMap<string, string>;
}

/** Undefined where the model isn't polled, or its parents aren't synced. */
export function listedOf(model: Model, models: readonly Model[]): Listed | undefined {
  const { list } = model;
  if (list === undefined || model.transport !== "rest") return undefined;
  const by = list.parents?.at(-1);
  if (by === undefined) return { model, list, parent: undefined };
  const parent = models.find(({ name }) => name === by.model);
  if (parent === undefined) return undefined;
  const same = (list.parents ?? []).filter((other) => other.model === by.model);
  const columns = new Map(same.map(({ column, field }) => [column, field]));
  return { model, list, parent: { model: parent, columns } };
}

/** The lists that there are now. */
export async function placesOf(settings: Settings, store: Store, listed: Listed): Promise<Place[]> {
  const { model, list, parent } = listed;
  const base = urlOf(settings, list.path);
  const asked = settings.current().listParams(model.name);
  const missing = (list.required ?? []).filter((name) => own(asked, name) === undefined);
  if (missing.length > 0) {
    throw new Ended({ kind: "broken", message: `\`listParams\` has to give ${missing.join(" and ")}`, url: base });
  }
  const params = { ...filledOf(list, list.query, {}, ""), ...asked };
  if (parent === undefined) return [{ url: withParams(base, params), given: new Map() }];
  const sources = (list.parents ?? []).map((by) => ({ by, column: columnOf(by, parent.model) }));
  const unknown = sources.find(({ column }) => column === undefined);
  if (unknown !== undefined) {
    const message = `no column of ${parent.model.name} fills {${unknown.by.parameter}} of ${list.path}`;
    throw new Ended({ kind: "broken", message, url: base });
  }
  const columns = [...new Set(sources.flatMap(({ column }) => column ?? []))];
  const rows = await store.synced.select(parent.model, columns);
  return rows.flatMap((row) => {
    const values = sources.map(({ by, column = "" }) => ({ by, value: row.get(column) ?? null }));
    if (values.some(({ value }) => value === null)) return [];
    const path = values.reduce(
      (text, { by: { parameter }, value }) =>
        text
          .replace(`{${parameter}}`, encodeURIComponent(value ?? ""))
          .replace(`{+${parameter}}`, inPath(value ?? "")),
      list.path,
    );
    const given = values.map(({ by, value }): [string, string | null] => [by.column, value]);
    return [{ url: withParams(urlOf(settings, path), params), given: new Map(given) }];
  });
}

/** The column of the nearest parent that holds the key of an outer one, or its own. */
function columnOf(by: ListParent, model: Model): string | undefined {
  if (by.model === model.name) return by.field;
  const outer = model.list?.parents?.find((other) => other.model === by.model && other.field === by.field);
  return outer?.column ?? Object.entries(model.references).find(([, parent]) => parent === by.model)?.[0];
}

function withParams(text: string, params: Readonly<Record<string, string>>): string {
  const url = new URL(text);
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return url.href;
}

/** What is remembered of one list from one pull to the next, as long as this tab leads. */
export interface Memory {
  /** The rows that the synced table has of it: their fingerprints, and 0 where it may have come from elsewhere. */
  readonly prints: Map<string, number>;
  /** By URL and headers. */
  readonly pages: Map<string, KnownPage>;
  /** Rows of the last whole list that were older than those that are there, and so didn't replace them. */
  older: Map<string, Older>;
  /** The newest time of a change that the complete list has shown. */
  newest: string | undefined;
  /** Whether the server refuses as many rows at a time as are asked for: then it says itself how many it gives. */
  isSizeRefused: boolean;
  /** The most rows that a page has had: the server gives that many at a time. */
  most: number;
  /** The keys of the last pull of the whole list, in its order, where that lacked rows. */
  order: readonly string[] | undefined;
}

/** A row that is older than the one that is there: its fingerprint, and how many whole lists in a row have shown it. */
export interface Older {
  readonly print: number;
  readonly times: number;
}

/** A page that needn't be sent or read again while it stays the same. */
export interface KnownPage {
  /** The fingerprint of its text, with what a header says of the next page. */
  readonly print: number;
  readonly validators: HeadersRecord;
  readonly keys: readonly string[];
  /** How many elements it has. */
  readonly count: number;
  readonly way: Way;
}

export function noMemory(): Memory {
  return {
    prints: new Map(),
    pages: new Map(),
    older: new Map(),
    newest: undefined,
    isSizeRefused: false,
    most: 0,
    order: undefined,
  };
}
