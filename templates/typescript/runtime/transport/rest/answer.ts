import { membersOf, parsed, textOf, type Members } from "../../client/json.js";
import { own, ownKey, type Model } from "../../client/model.js";
import { transactionId } from "../../client/values.js";
import type { Rejection, SyncVerdict } from "../../config.js";
import { madeKeyOf, type MadeKey, type ServerRow } from "../../store/store.js";
import { isAway, isPassing, retryAfter } from "../schedule.js";
import type { Outcome, Outgoing } from "../transport.js";
import type { Received } from "./exchange.js";
import { isPage, mediaType } from "./redirects.js";
import { SEE_OTHER } from "./request.js";
import { jsonAt, rowIn, rowMembers, serverRow } from "./rows.js";

/** After so many tries, a 412 counts as a refusal. */
const LOST_RACES = 5;
const LONGEST_BODY = 10_000;
/** What every API may answer to a write that it has taken. */
const TAKEN = [200, 201, 202, 204];

/** What an answer means: what the application has decided, or else the usual. */
export function outcomeOf(write: Outgoing, received: Received, decided: SyncVerdict | undefined): Outcome {
  const { status } = received;
  const verdict = decided ?? usualVerdict(write, received);
  const rejection = rejectionOf(received);
  if (verdict === "acknowledged") return acknowledgement(write, received);
  if (verdict === "rejected") return { kind: "rejected", rejection };
  if (decided === undefined && received.isRedirected && isPage(received.headers)) {
    return { kind: "refused", status: 401, rejection };
  }
  if (decided === undefined && (status === 401 || status === 403)) return { kind: "refused", status, rejection };
  const doubt = isTaken(write, status) ? doubtOf(write, received) : undefined;
  const message = doubt === undefined ? rejection.message : `this can't be the API's answer: ${doubt}`;
  return {
    kind: "again",
    message: `${String(status)}: ${message}`,
    isAway: isAway(status),
    retryAfter: retryAfter(received.headers.get("Retry-After")),
  };
}

export function acknowledgement(write: Outgoing, received: Received): Outcome & { kind: "acknowledged" } {
  const key = keyIn(write, received);
  return { kind: "acknowledged", key, txid: txidIn(write.model, received), row: answeredRow(write, received) };
}

function usualVerdict(write: Outgoing, received: Received): SyncVerdict {
  const { operation, attempts } = write;
  const { status } = received;
  if (isTaken(write, status)) return doubtOf(write, received) === undefined ? "acknowledged" : "retry";
  // Somebody has changed the row since it was read: it is read again.
  if (status === 412 && attempts < LOST_RACES) return "retry";
  if (received.isRedirected) return "retry";
  // An HTML page isn't the API's answer: the row may still be there.
  if (operation === "delete" && (status === 404 || status === 410) && !isPage(received.headers)) return "acknowledged";
  return status === 401 || status === 403 || isPassing(status) ? "retry" : "rejected";
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function isTaken({ action }: Outgoing, status: number): boolean {
  return isSuccess(status) || (status === SEE_OTHER && action.answer?.statuses?.includes(status) === true);
}

/**
 * Why an answer that looks like success isn't the answer to the write: somebody else may have given it, such as a proxy,
 * a page to log in, or a server at the API's address that isn't the API.
 */
function doubtOf({ action }: Outgoing, received: Received): string | undefined {
  const { status, headers, body, isRedirected } = received;
  const { statuses = [], types = [], row } = action.answer ?? {};
  if (isRedirected) return "a redirect was followed on the way";
  if (!TAKEN.includes(status) && !statuses.includes(status)) return "the document has no such status";
  const type = mediaType(headers);
  if (body.trim() === "" || types.includes(type)) return undefined;
  const value = parsed(body);
  const isObject = typeof value === "object" && value !== null;
  // Servers that say no type, or the one of any text, mostly mean JSON.
  const isUntyped = type === "" || type === "text/plain";
  if (!/[/+]json$/.test(type) && !(isUntyped && isObject)) return `its content type is ${type || "unknown"}`;
  if (value === undefined) return "it isn't JSON";
  if (row !== undefined && value !== null && (!isObject || Array.isArray(value))) return "it isn't an object";
  return undefined;
}

/** The row after the write, where the answer is said to be that. */
function answeredRow(write: Outgoing, { status, body }: Received): ServerRow | null {
  const { operation, action } = write;
  const place = action.answer?.row;
  if (!isSuccess(status) || operation === "delete" || place === undefined) return null;
  return wholeRow(write, rowMembers(write.model, jsonAt(body, place) ?? ""));
}

/** A row of the server, with what only paths say of it; null where the JSON isn't all of a row. */
export function wholeRow({ model, action, members, before }: Outgoing, row: Members | undefined): ServerRow | null {
  if (model.transport !== "rest" || row === undefined) return null;
  // Of an item with a path of its own, a parent's key is known only here.
  const fromPaths = model.fields.filter(({ fromPath }) => fromPath).map(({ name }) => name);
  const names = new Set([...fromPaths, ...Object.values(action.parameters ?? {})]);
  const inPath = [...names].flatMap((name): [string, string][] => {
    const value = own(members, name) ?? own(before, name);
    return value === undefined ? [] : [[name, value]];
  });
  return serverRow(model, { ...Object.fromEntries(inPath), ...row });
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
  const { model, operation, action } = write;
  const column = ownKey(model)?.name;
  if (operation !== "insert" || model.keyOrigin !== "server" || column === undefined) return null;
  const row = rowMembers(model, jsonAt(body, action.answer?.row ?? []) ?? "");
  const json = (row === undefined ? undefined : own(row, column)) ?? rowIn(model, body)?.[column];
  const text = json === undefined || json === "null" ? lastSegment(headers.get("Location")) : textOf(json);
  return madeKeyOf(model, text);
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
