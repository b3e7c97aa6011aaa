import { within } from "./backoff.js";
import { requestHeaders, syncSettings, type HeadersRecord } from "./config.js";
import { parsed } from "./raw-json.js";
import type { Columns } from "./shape-values.js";

/** Fetches for one stream, and knows what the stream itself doesn't tell. */
export interface ShapeFetch {
  readonly fetch: typeof globalThis.fetch;
  /** The columns of the server's table. */
  columns(): Columns;
  /** The application's headers of the newest request. */
  headers(): HeadersRecord;
  /** Whether the newest request has got no answer. */
  isUnreachable(): boolean;
}

/** Until an answer begins: Electric holds a live request for 20 seconds. A connection may be dead without a sign. */
const ANSWER_MS = 45_000;
/** Until all of it is there: a snapshot can be long. */
const BODY_MS = 300_000;

/** `onSnapshot` is awaited before a request for a new snapshot leaves, `onAnswer` called after each good answer. */
export function shapeFetch(onSnapshot: () => Promise<void>, onAnswer: () => void): ShapeFetch {
  let columns: Columns = {};
  let headers: HeadersRecord = {};
  let isUnreachable = false;

  async function answer(url: URL, init: RequestInit): Promise<Response> {
    isUnreachable = true;
    headers = await requestHeaders();
    const limit = within(ANSWER_MS, init.signal ?? new AbortController().signal);
    try {
      const all = new Headers(init.headers);
      for (const [name, value] of Object.entries(headers)) all.set(name, value);
      const response = await syncSettings().fetch(url.href, { ...init, headers: all, signal: limit.signal });
      limit.extend(BODY_MS);
      // Read here, where it is cancelled in time.
      const body = await response.text();
      isUnreachable = false;
      return new Response(body === "" ? null : body, response);
    } finally {
      limit.done();
    }
  }

  return {
    fetch: async (input, init = {}) => {
      const url = new URL(String(input));
      const { searchParams } = url;
      if (searchParams.get("offset") === "-1") await onSnapshot();
      const response = await answer(url, init);
      if (!response.ok) return response;
      onAnswer();
      const schema = response.headers.get("electric-schema");
      if (schema !== null) {
        columns = (parsed(schema) as Columns | undefined) ?? columns;
        // Of columns that it doesn't know, the stream gives the text of each value.
        response.headers.set("electric-schema", "{}");
      }
      // With a cursor, the stream would keep to itself that a snapshot is complete, soon after another one was.
      if (searchParams.get("live") !== "true") response.headers.delete("electric-cursor");
      return response;
    },
    columns: () => columns,
    headers: () => headers,
    isUnreachable: () => isUnreachable,
  };
}
