import { retryAfter } from "./backoff.js";
import type { SyncVerdict } from "./config.js";
import type { Model } from "./model.js";
import { membersOf, parsed, textOf } from "./raw-json.js";
import type { Rejection } from "./rejected.js";
import { rowIn, type Outgoing } from "./request.js";
import { transactionId } from "./wire.js";

/** What an answer, or its absence, means for a write. */
export type Outcome =
  | { readonly kind: "acknowledged"; readonly key: MadeKey | null; readonly txid: string | null }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | { readonly kind: "again"; readonly message: string; readonly isServerError: boolean; readonly retryAfter: number }
  | { readonly kind: "unreachable"; readonly message: string }
  /** With these headers the API takes nothing (401), or not this (403). */
  | { readonly kind: "refused"; readonly status: 401 | 403; readonly rejection: Rejection };

/** The key that the server has made. */
export interface MadeKey {
  readonly rowKey: string;
  readonly json: string;
}

/** An answer, its body read. */
export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** A redirect has led to a page for people, such as one to log in: this isn't the API. */
  readonly isPage: boolean;
}

/** After so many, a 412 is taken for an answer. */
const LOST_RACES = 5;
const LONGEST_BODY = 10_000;

/** What an answer means: what the application has decided, or else the usual. */
export function outcomeOf(write: Outgoing, received: Received, decided: SyncVerdict | undefined): Outcome {
  const { status } = received;
  const verdict = decided ?? usualVerdict(write, received);
  const rejection = rejectionOf(received);
  if (verdict === "acknowledged") return acknowledgement(write, received);
  if (verdict === "rejected") return { kind: "rejected", rejection };
  if (decided === undefined && received.isPage) return { kind: "refused", status: 401, rejection };
  if (decided === undefined && (status === 401 || status === 403)) return { kind: "refused", status, rejection };
  return {
    kind: "again",
    message: `${String(status)}: ${rejection.message}`,
    isServerError: status >= 500,
    retryAfter: retryAfter(received.headers.get("Retry-After")),
  };
}

export function acknowledgement(write: Outgoing, received: Received): Outcome {
  return { kind: "acknowledged", key: keyIn(write, received), txid: txidIn(write.model, received) };
}

function usualVerdict({ operation, attempts }: Outgoing, { status, isPage }: Received): SyncVerdict {
  if (isPage) return "retry";
  // Somebody has changed the row since it was read: it is read again.
  if (status === 412 && attempts < LOST_RACES) return "retry";
  if (status >= 200 && status < 300) return "acknowledged";
  if (operation === "delete" && (status === 404 || status === 410)) return "acknowledged";
  const isPassing = [401, 403, 408, 425, 429].includes(status) || status < 400 || status >= 500;
  return isPassing ? "retry" : "rejected";
}

/** The server's transaction, where the answer tells it: as a member `txid` that is none of the row's, or in a header. */
function txidIn(model: Model, { headers, body }: Received): string | null {
  const isField = model.fields.some((field) => field.name === "txid");
  const member = isField ? undefined : membersOf(body)?.["txid"];
  const text = member === undefined ? (headers.get("X-Txid") ?? "") : textOf(member);
  return /^\d+$/.test(text) ? transactionId(text) : null;
}

/** Of a row whose key the server makes: the key in the answer's row, or else in `Location`. */
function keyIn(write: Outgoing, { headers, body }: Received): MadeKey | null {
  const { model, operation } = write;
  const [column = "", ...others] = model.key;
  if (operation !== "insert" || model.keyOrigin !== "server" || others.length > 0) return null;
  const json = rowIn(model, body)?.[column];
  const text = json === undefined ? lastSegment(headers.get("Location")) : textOf(json);
  if (text === "") return null;
  const type = model.fields.find((field) => field.name === column)?.type;
  if (type === "int32" || type === "int64") return /^-?\d+$/.test(text) ? { rowKey: text, json: text } : null;
  const rowKey = type === "uuid" ? text.toLowerCase() : text;
  return { rowKey, json: JSON.stringify(rowKey) };
}

function lastSegment(location: string | null): string {
  const path = (location ?? "").replace(/[?#].*$/, "").replace(/\/+$/, "");
  try {
    return decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
  } catch {
    return "";
  }
}

function rejectionOf({ status, body }: Received): Rejection {
  return {
    status,
    message: messageIn(body) ?? `The API has answered ${String(status)}.`,
    body: body.slice(0, LONGEST_BODY),
  };
}

/** What usual error bodies say: FastAPI's `detail`, problem details, `{ "error": { "message": … } }`. */
function messageIn(body: string): string | undefined {
  const find = (value: unknown): string | undefined => {
    if (typeof value === "string") return value === "" ? undefined : value;
    if (Array.isArray(value)) return value.map(find).find((text) => text !== undefined);
    if (typeof value !== "object" || value === null) return undefined;
    const members = new Map<string, unknown>(Object.entries(value));
    const said = ["detail", "message", "msg", "error", "errors", "title"].map((name) => find(members.get(name)));
    return said.find((text) => text !== undefined);
  };
  const value = parsed(body);
  return typeof value === "object" ? find(value) : undefined;
}
