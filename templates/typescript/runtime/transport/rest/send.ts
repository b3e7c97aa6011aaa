import { membersOf, messageOf, parsed, textOf } from "../../client/json.js";
import { fieldOf, own, WRITE_ID, type Model } from "../../client/model.js";
import { API_ANSWER_MS } from "../../client/timing.js";
import { isSame, transactionId } from "../../client/values.js";
import type { HeadersRecord, Rejection, Settings, SyncVerdict } from "../../config.js";
import type { MadeKey } from "../../store/store.js";
import { retryAfter, within } from "../schedule.js";
import type { Outcome, Outgoing, Writes } from "../transport.js";
import { pathOf, requestFor, rowIn, Unsendable, type ApiRequest, type Item } from "./request.js";

/** There was no answer, or not all of it. */
class Unreachable extends Error {}

/** Sends writes to the API, one request each. */
export function restWrites(settings: Settings): Writes {
  /** Models whose items are given without an ETag: one needn't ask again. */
  const untagged = new Set<string>();

  async function exchange(request: ApiRequest, headers: HeadersRecord, signal: AbortSignal): Promise<Received> {
    const { apiBaseUrl, fetch } = settings.current();
    const all = new Headers(request.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    // The application's headers may say anything, but not under which id a write goes out.
    const key = request.headers["Idempotency-Key"];
    if (key !== undefined) all.set("Idempotency-Key", key);
    const limit = within(API_ANSWER_MS, signal);
    try {
      const { method, path, body } = request;
      const init = { method, headers: all, body, signal: limit.signal };
      const response = await fetch(apiBaseUrl.replace(/\/$/, "") + path, init);
      const type = response.headers.get("Content-Type") ?? "";
      return {
        status: response.status,
        headers: response.headers,
        body: await response.text(),
        isPage: response.redirected && type.startsWith("text/html"),
      };
    } catch (error) {
      throw new Unreachable(messageOf(error));
    } finally {
      limit.done();
    }
  }

  /** The server's row, where the write has one; undefined where the API doesn't give it. */
  async function itemOf(write: Outgoing, headers: HeadersRecord, signal: AbortSignal): Promise<Received | undefined> {
    const { get } = write.model.operations;
    if (get === undefined) return undefined;
    const path = pathOf(get, { ...write.members, ...write.before });
    return exchange({ method: "GET", path, headers: { Accept: "application/json" }, body: null }, headers, signal);
  }

  /** What is to be replaced, with the tag that makes sure that nothing else is. Weak tags can't. */
  async function taggedItem(write: Outgoing, headers: HeadersRecord, signal: AbortSignal): Promise<Item | undefined> {
    const received = await itemOf(write, headers, signal);
    if (received !== undefined && received.status !== 200) return undefined;
    const etag = received?.headers.get("ETag") ?? null;
    const members = received === undefined ? undefined : rowIn(write.model, received.body);
    if (etag !== null && !etag.startsWith("W/") && members !== undefined) return { members, etag };
    untagged.add(write.model.name);
    return undefined;
  }

  /** Whether a 409 to a repeated POST only says that the first one was taken. */
  async function hasBeenTaken(
    write: Outgoing,
    { status }: Received,
    headers: HeadersRecord,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { model, action, operation, attempts, members, writeId } = write;
    if (status !== 409 || operation !== "insert" || attempts < 2 || model.keyOrigin === "server") return false;
    const received = await itemOf(write, headers, signal);
    const row = received?.status === 200 ? rowIn(model, received.body) : undefined;
    if (row === undefined) return false;
    const shown = row[WRITE_ID] ?? "null";
    if (shown !== "null") return textOf(shown) === writeId;
    return (action.body ?? []).every((name) => own(members, name) === undefined || isSame(model, name, members, row));
  }

  return {
    refusal(write) {
      try {
        requestFor(write, undefined);
        return undefined;
      } catch (error) {
        if (error instanceof Unsendable) return error.message;
        throw error;
      }
    },

    async send(write, headers, signal) {
      try {
        const { model, action } = write;
        const isTagged = action.method === "PUT" && !untagged.has(model.name);
        const item = isTagged ? await taggedItem(write, headers, signal) : undefined;
        const received = await exchange(requestFor(write, item), headers, signal);
        const { status, body } = received;
        const { operation, attempts } = write;
        const decided = settings.current().onAnswer({ model: model.name, operation, status, body, attempts });
        if (decided === undefined && (await hasBeenTaken(write, received, headers, signal))) {
          return acknowledgement(write, received);
        }
        return outcomeOf(write, received, decided);
      } catch (error) {
        if (error instanceof Unreachable) return { kind: "unreachable", message: error.message };
        throw error;
      }
    },
  };
}

/** An answer, its body read. */
interface Received {
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
function outcomeOf(write: Outgoing, received: Received, decided: SyncVerdict | undefined): Outcome {
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

function acknowledgement(write: Outgoing, received: Received): Outcome {
  return { kind: "acknowledged", key: keyIn(write, received), txid: txidIn(write.model, received), row: null };
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
  const type = fieldOf(model, column)?.type;
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
