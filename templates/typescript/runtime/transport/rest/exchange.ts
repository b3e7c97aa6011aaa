import { messageOf } from "../../client/json.js";
import { API_ANSWER_MS } from "../../client/timing.js";
import type { HeadersRecord, Settings } from "../../config.js";
import { strayed, within } from "../schedule.js";
import { createRedirects, isRedirect, type Lead, type Look, type Place } from "./redirects.js";
import { SEE_OTHER, type ApiRequest } from "./request.js";

/** There was no answer, or not all of it. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The browser lets no answer through. */
export class Blocked extends Error {
  override readonly name = "Blocked";
}

/** The answer is a redirect that isn't followed. */
export class Misled extends Error {
  override readonly name = "Misled";
  readonly kind: Lead["kind"];

  constructor({ kind, message }: Exclude<Lead, { kind: "found" | "done" }>) {
    super(message);
    this.kind = kind;
  }
}

/** An answer, its body read. */
export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Whether `fetch` has followed a redirect on its own, perhaps with another method. */
  readonly isRedirected: boolean;
}

export type Exchange = (request: ApiRequest, headers: HeadersRecord, signal: AbortSignal) => Promise<Received>;

/** As much of a response as is read of it. */
type Answered = Pick<Response, "status" | "headers" | "redirected" | "text" | "url">;

/** What comes after 303 is for others to read. */
const NOTHING = { status: SEE_OTHER, redirected: false, url: "", text: () => Promise.resolve("") };

/** Redirects of one write that are followed. */
const HOPS = 4;

/** A path's URL. A relative one is the page's. */
export function urlOf(settings: Settings, path: string): string {
  const url = settings.current().apiBaseUrl.replace(/\/$/, "") + path;
  return typeof location === "undefined" ? url : new URL(url, location.href).href;
}

/** Makes requests to the API. A write that is redirected is sent to where the API is, with the same method. */
export function createExchange(settings: Settings): Exchange {
  const redirects = createRedirects();

  async function write(request: ApiRequest, place: Place, send: Send, look: Look): Promise<Answered> {
    let url = redirects.direct(place);
    // Whether the answer that comes may be because the API has moved since.
    let isOld = url !== place.base + place.path;
    for (let hop = 0; hop < HOPS; hop += 1) {
      const response = await send(request, url, "manual");
      const isMoved = isOld && (isRedirect(response) || [404, 405, 410].includes(response.status));
      if (!isMoved && !isRedirect(response)) return response;
      if (isMoved) {
        redirects.forget(place);
        isOld = false;
        url = place.base + place.path;
      } else {
        const lead = await redirects.follow(place, url, response, look);
        if (lead.kind === "done") return { ...NOTHING, headers: lead.headers };
        if (lead.kind !== "found") throw new Misled(lead);
        url = lead.url;
      }
    }
    redirects.forget(place);
    throw new Misled({ kind: "lost", message: `redirected again and again, at last to ${url}` });
  }

  async function received(request: ApiRequest, headers: HeadersRecord, signal: AbortSignal): Promise<Received> {
    const send: Send = async (asked, url, redirect) => {
      // What comes after an answer that nobody waits for any more doesn't leave.
      signal.throwIfAborted();
      const { method, body } = asked;
      const all = allHeaders(asked, headers);
      return settings.current().fetch(url + asked.query, { method, headers: all, body, redirect, signal });
    };
    const look: Look = async (url, redirect) => {
      const { Accept = "application/json" } = request.headers;
      const query = url.includes("?") ? "" : request.query;
      const get = { ...request, method: "GET" as const, query, body: null, headers: { Accept } };
      const response = await send(get, url, redirect);
      await response.body?.cancel();
      return response;
    };
    try {
      const place = placeOf(request, urlOf(settings, ""), urlOf(settings, request.path));
      const response =
        request.method === "GET"
          ? await send(request, place.base + place.path, "follow")
          : await write(request, place, send, look);
      const stray = request.method === "GET" ? strayed(request.path + request.query, response) : undefined;
      if (stray !== undefined) throw new Misled({ kind: "lost", message: stray });
      return {
        status: response.status,
        headers: response.headers,
        body: await response.text(),
        isRedirected: response.redirected,
      };
    } catch (error) {
      const isNetwork = error instanceof TypeError && !signal.aborted;
      if (!isNetwork) throw error;
      const url = urlOf(settings, request.path);
      const cause = await corsCause(request, url, allHeaders(request, headers), settings.current().fetch, signal);
      throw cause === undefined ? error : new Blocked(cause);
    }
  }

  return async (request, headers, signal) => {
    try {
      return await within(API_ANSWER_MS, signal, (limit) => received(request, headers, limit.signal));
    } catch (error) {
      throw error instanceof Misled || error instanceof Blocked ? error : new Unreachable(messageOf(error));
    }
  };
}

type Send = (request: ApiRequest, url: string, redirect: RequestRedirect) => Promise<Response>;

/** What a request's own headers and the application's come to, however each of them spells a name. */
export function allHeaders(request: ApiRequest, headers: HeadersRecord): Headers {
  const all = new Headers(request.headers);
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  // The application's headers may say anything, but not under which id a write goes out.
  const key = request.headers["Idempotency-Key"];
  if (key !== undefined) all.set("Idempotency-Key", key);
  return all;
}

/** As `fetch` spells them. */
function placeOf({ template, query, isSeenElsewhere }: ApiRequest, base: string, url: string): Place {
  const start = new URL(base).href.replace(/\/$/, "");
  return { base: start, path: new URL(url).href.slice(start.length), query, template, isSeenElsewhere };
}

/** What needs no permission. */
const SIMPLE_HEADERS = ["accept", "accept-language", "content-language"];
const SIMPLE_METHODS = ["GET", "HEAD", "POST"];
/** The headers of an answer that the client reads, and that need it. */
const READ = { GET: "ETag", POST: "Location and X-Txid", PUT: "X-Txid", PATCH: "X-Txid", DELETE: "X-Txid" };

/**
 * Why a browser may keep a request from a server of another origin that is there and answers: undefined where that
 * isn't so. What the server has to allow is in the message.
 */
export async function corsCause(
  { method }: ApiRequest,
  url: string,
  headers: Headers,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (typeof location === "undefined" || new URL(url).origin === location.origin) return undefined;
  try {
    // Gets through whatever the server allows; what it answers nobody may see.
    await fetch(url, { method: "HEAD", mode: "no-cors", credentials: "omit", cache: "no-store", signal });
  } catch {
    return undefined;
  }
  const names = [...headers.keys()].filter((name) => !SIMPLE_HEADERS.includes(name));
  const allowed = [
    `the origin ${location.origin}`,
    ...(SIMPLE_METHODS.includes(method) ? [] : [`the method ${method}`]),
    ...(names.length > 0 ? [`the ${names.length > 1 ? "headers" : "header"} ${names.join(", ")}`] : []),
  ];
  const sentences = [
    `the server is there, but the browser keeps ${method} from it: most likely its CORS settings`,
    `They have to allow ${listed(allowed)}, and to expose ${READ[method]} where the server answers that`,
    ...(names.includes("idempotency-key")
      ? ["A server that can't allow idempotency-key needs `idempotency_key: none` in the config"]
      : []),
  ];
  return sentences.join(". ");
}

/** `one`, `one and two`, `one, two and three`. */
function listed(parts: readonly string[]): string {
  return [parts.slice(0, -1).join(", "), ...parts.slice(-1)].filter((part) => part !== "").join(" and ");
}
