import { messageOf } from "../../client/json.js";
import { API_ANSWER_MS, LIST_BODY_MS } from "../../client/timing.js";
import type { HeadersRecord, Settings } from "../../config.js";
import { Ended } from "../attempts.js";
import { isAway, isPassing, retryAfter, strayed, within } from "../schedule.js";
import { isPage } from "./redirects.js";

/** A good answer, or that there is nothing, or nothing new. */
export interface Answer {
  /** Nothing: the server says that it has no content. */
  readonly status: "ok" | "nothing" | "unchanged" | "missing";
  readonly headers: Headers;
  readonly body: string;
}

/** What a request has for headers, by who gives them: of the same name, the later ones count. */
export interface Asking {
  /** What the list requires, an id of the request among them. */
  readonly required?: HeadersRecord;
  /** The application's: where the API refuses the request, others of these may help. */
  readonly own: HeadersRecord;
  readonly validators?: HeadersRecord;
}

const LONGEST_MESSAGE = 300;

/**
 * Reads a URL of the API. Throws `Ended` where the answer is none: a page for people, such as one to log in, isn't one,
 * whatever its status.
 */
export async function get(
  settings: Settings,
  url: string,
  { required = {}, own, validators = {} }: Asking,
  signal: AbortSignal,
): Promise<Answer> {
  // Names that differ in case are one.
  const all = new Headers({ Accept: "application/json" });
  for (const [name, value] of [required, own, validators].flatMap(Object.entries<string>)) all.set(name, value);
  const { response, body } = await within(API_ANSWER_MS, signal, async (limit) => {
    const response = await settings.current().fetch(url, { headers: all, cache: "no-store", signal: limit.signal });
    limit.extend(LIST_BODY_MS);
    return { response, body: await response.text() };
  }).catch((error: unknown) => {
    throw new Ended({ kind: "failed", message: messageOf(error), retryAfter: 0, isUnreachable: true, url });
  });
  const { status } = response;
  const isForPeople = isPage(response.headers);
  if (status === 304) return { status: "unchanged", headers: response.headers, body };
  if (status === 401 || status === 403 || (isForPeople && response.redirected)) {
    throw new Ended({ kind: "refused", headers: own, status, url });
  }
  const base = settings.current().apiBaseUrl.replace(/\/$/, "");
  const stray = strayed(url.startsWith(base) ? url.slice(base.length) : url, response);
  if (stray !== undefined) throw new Ended({ kind: "broken", message: stray, status, url });
  if (status === 404 || status === 410) return { status: "missing", headers: response.headers, body };
  if (status === 204) return { status: "nothing", headers: response.headers, body };
  if (response.ok && !isForPeople) return { status: "ok", headers: response.headers, body };
  const said = isForPeople ? "the answer is an HTML page, and no JSON" : body.slice(0, LONGEST_MESSAGE);
  const message = said.trim() === "" ? String(status) : `${String(status)}: ${said}`;
  if (response.ok || !isPassing(status)) throw new Ended({ kind: "broken", message, status, url });
  const asked = retryAfter(response.headers.get("Retry-After"));
  throw new Ended({ kind: "failed", message, retryAfter: asked, isUnreachable: isAway(status), status, url });
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
