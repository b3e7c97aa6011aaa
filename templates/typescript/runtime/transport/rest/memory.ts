import type { HeadersRecord } from "../../config.js";
import type { Way } from "./pages.js";

/** What is remembered of one list from one pull to the next, as long as this tab leads. */
export interface Memory {
  /** The rows that the synced table has of it: their fingerprints, and 0 where it may have come from elsewhere. */
  readonly prints: Map<string, number>;
  /** By URL and headers. */
  readonly pages: Map<string, KnownPage>;
  /** The newest time of a change that the complete list has shown. */
  newest: string | undefined;
  /** Whether the server refuses as many rows at a time as are asked for: then it says itself how many it gives. */
  isSizeRefused: boolean;
  /** The most rows that a page has had: the server gives that many at a time. */
  most: number;
  /** The keys of the last pull of the whole list, in its order, where that lacked rows. */
  order: readonly string[] | undefined;
}

/** A page that needn't be sent again, and needn't be read again, while it is the same. */
export interface KnownPage {
  /** Of its text, and of what a header says of the next one. */
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
    newest: undefined,
    isSizeRefused: false,
    most: 0,
    order: undefined,
  };
}

/** What asks for a page only if it has changed; empty where the answer doesn't say. */
export function validatorsOf(headers: Headers): HeadersRecord {
  const [etag, modified] = [headers.get("ETag"), lastModified(headers)];
  return {
    ...(etag !== null && { "If-None-Match": etag }),
    ...(modified !== null && { "If-Modified-Since": modified }),
  };
}

/** Null where the list may have changed again within the same second: these times have no smaller parts. */
function lastModified(headers: Headers): string | null {
  const modified = headers.get("Last-Modified");
  const age = Date.parse(headers.get("Date") ?? "") - Date.parse(modified ?? "");
  return age >= 1_000 ? modified : null;
}
