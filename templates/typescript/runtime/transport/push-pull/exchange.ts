import { messageOf, parsed } from "../../client/json.js";
import { API_ANSWER_MS, LIST_BODY_MS } from "../../client/timing.js";
import type { HeadersRecord, Settings } from "../../config.js";
import { Ended } from "../attempts.js";
import { isPassing, retryAfter, strayed, within } from "../schedule.js";
import { OtherProtocol } from "./answers.js";
import { LARGEST_REQUEST, type PullRequest, type PushRequest } from "./protocol.js";

interface Requests {
  readonly push: PushRequest;
  readonly pull: PullRequest;
}

type Functions = { readonly [E in keyof Requests]: (request: Requests[E], signal: AbortSignal) => Promise<unknown> };

const encoder = new TextEncoder();
/** How much of an answer a message has that isn't one of a sync server. */
const SAID = 200;

/** An answer that refuses the whole request, for what is in it. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Where an endpoint is. A relative URL is the page's. */
export function syncUrl(settings: Settings, endpoint: "push" | "pull" | "poke"): string {
  const url = `${settings.current().syncUrl.replace(/\/$/, "")}/${endpoint}`;
  return typeof location === "undefined" ? url : new URL(url, location.href).href;
}

/**
 * Sends a request, and gives what `read` makes of the answer. Throws `Refused` where something in the request is refused;
 * otherwise `Ended`.
 */
export async function ask<E extends keyof Requests, T>(
  settings: Settings,
  endpoint: E,
  request: Requests[E],
  headers: HeadersRecord,
  signal: AbortSignal,
  read: (answer: unknown) => T,
): Promise<T> {
  const url = syncUrl(settings, endpoint);
  const sent = JSON.stringify(request);
  // A server may cut the connection of one that it doesn't want to read.
  const size = encoder.encode(sent).length;
  if (size > LARGEST_REQUEST) {
    throw new Refused(413, `a request of ${String(size)} bytes is too large: ${String(LARGEST_REQUEST)} are the most`);
  }
  const functions: Functions | undefined = settings.current().pushPull;
  const own = functions?.[endpoint];
  if (own !== undefined) {
    const given = await within(API_ANSWER_MS, signal, (limit) => own(request, limit.signal)).catch(
      async (error: unknown) => {
        throw await endOf(settings, endpoint, headers, error);
      },
    );
    return readAs(read, given, url);
  }
  const { status, body, after } = await post(settings, endpoint, sent, headers, signal).catch((error: unknown) => {
    throw error instanceof Ended ? error : unreachable(settings, endpoint, error);
  });
  const answer = parsed(body);
  if (status !== 200) throw refusal(settings, endpoint, headers, status, answer, body, after);
  if (answer === undefined) throw strange(`an answer that isn't JSON: ${body.slice(0, SAID)}`, url);
  return readAs(read, answer, url);
}

function readAs<T>(read: (answer: unknown) => T, answer: unknown, url: string): T {
  try {
    return read(answer);
  } catch (error) {
    const message = messageOf(error);
    throw error instanceof OtherProtocol ? new Ended({ kind: "broken", message, url }) : strange(message, url);
  }
}

/** Somebody else may have answered, such as a proxy, or the server while it is upgraded. */
function strange(what: string, url: string): Ended {
  const message = `not an answer of a sync server: ${what}`;
  return new Ended({ kind: "failed", message, retryAfter: 0, isUnreachable: false, status: 200, url });
}

async function post(
  settings: Settings,
  endpoint: "push" | "pull",
  body: string,
  headers: HeadersRecord,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string; readonly after: number }> {
  return within(API_ANSWER_MS, signal, async (limit) => {
    const all = new Headers(headers);
    all.set("Content-Type", "application/json");
    all.set("Accept", "application/json");
    const response = await settings.current().fetch(syncUrl(settings, endpoint), {
      method: "POST",
      headers: all,
      body,
      cache: "no-store",
      signal: limit.signal,
    });
    limit.extend(LIST_BODY_MS);
    const stray = strayed(`/${endpoint}`, response);
    if (stray !== undefined) throw strange(stray, syncUrl(settings, endpoint));
    return {
      status: response.status,
      body: await response.text(),
      after: retryAfter(response.headers.get("Retry-After")),
    };
  });
}

function unreachable(settings: Settings, endpoint: "push" | "pull", error: unknown): Ended {
  const message = messageOf(error);
  return new Ended({ kind: "failed", message, retryAfter: 0, isUnreachable: true, url: syncUrl(settings, endpoint) });
}

/** What a function of the application throws may be the answer of a request, or say the status that it would have had. */
async function endOf(
  settings: Settings,
  endpoint: "push" | "pull",
  headers: HeadersRecord,
  error: unknown,
): Promise<Error> {
  if (error instanceof Response) {
    const body = await error.text().catch(() => "");
    const after = retryAfter(error.headers.get("Retry-After"));
    return refusal(settings, endpoint, headers, error.status, parsed(body), body, after);
  }
  const { status } = (typeof error === "object" && error !== null ? error : {}) as { readonly status?: unknown };
  if (typeof status !== "number") return unreachable(settings, endpoint, error);
  return refusal(settings, endpoint, headers, status, undefined, messageOf(error), 0);
}

function refusal(
  settings: Settings,
  endpoint: "push" | "pull",
  headers: HeadersRecord,
  status: number,
  answer: unknown,
  body: string,
  after: number,
): Error {
  const url = syncUrl(settings, endpoint);
  if (status === 401 || status === 403) return new Ended({ kind: "refused", headers, status, url });
  const { code, message = body.slice(0, 1_000) } = errorOf(answer);
  const said = `${String(status)}: ${message}`;
  // A proxy says 413 as well, where it takes less.
  if ((status === 400 && code === "bad_request") || status === 413) {
    return new Refused(status, said);
  }
  if (!isPassing(status)) return new Ended({ kind: "broken", message: said, status, url });
  return new Ended({ kind: "failed", message: said, retryAfter: after, isUnreachable: false, status, url });
}

function errorOf(answer: unknown): { readonly code?: string; readonly message?: string } {
  if (typeof answer !== "object" || answer === null || !("error" in answer)) return {};
  const { error } = answer as { readonly error: unknown };
  return typeof error === "object" && error !== null ? error : {};
}
