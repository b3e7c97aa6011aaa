import { messageOf, parsed } from "../../client/json.js";
import { API_ANSWER_MS, LIST_BODY_MS } from "../../client/timing.js";
import type { HeadersRecord, Settings } from "../../config.js";
import { Ended } from "../attempts.js";
import { isPassing, retryAfter, within } from "../schedule.js";
import { PROTOCOL } from "./protocol.js";

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

/** Sends a request, and gives the answer's JSON. Throws `Refused` where something in the request is refused; otherwise `Ended`. */
export async function ask(
  settings: Settings,
  endpoint: "push" | "pull",
  request: unknown,
  headers: HeadersRecord,
  signal: AbortSignal,
): Promise<unknown> {
  const own = settings.current().pushPull?.[endpoint];
  if (own !== undefined) {
    return within(API_ANSWER_MS, signal, (limit) => own(request, limit.signal)).catch((error: unknown) => {
      throw endOf(settings, endpoint, headers, error);
    });
  }
  const { status, body, after } = await post(settings, endpoint, request, headers, signal).catch((error: unknown) => {
    throw unreachable(settings, endpoint, error);
  });
  const answer = parsed(body);
  if (status === 200 && isAnswer(answer)) return answer;
  throw refusal(settings, endpoint, headers, status, answer, body, after);
}

async function post(
  settings: Settings,
  endpoint: "push" | "pull",
  request: unknown,
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
      body: JSON.stringify(request),
      cache: "no-store",
      signal: limit.signal,
    });
    limit.extend(LIST_BODY_MS);
    return {
      status: response.status,
      body: await response.text(),
      after: retryAfter(response.headers.get("Retry-After")),
    };
  });
}

function isAnswer(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "protocol" in answer && answer.protocol === PROTOCOL;
}

function unreachable(settings: Settings, endpoint: "push" | "pull", error: unknown): Ended {
  const message = messageOf(error);
  return new Ended({ kind: "failed", message, retryAfter: 0, isUnreachable: true, url: syncUrl(settings, endpoint) });
}

/** What a function of the application throws may say the status that a request would have had. */
function endOf(settings: Settings, endpoint: "push" | "pull", headers: HeadersRecord, error: unknown): Error {
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
  if ((status === 400 && code === "bad_request") || (status === 413 && code === "too_large")) {
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
