import { textOf, type Members } from "../../client/json.js";
import { own, ownKey, WRITE_ID } from "../../client/model.js";
import { isSame } from "../../client/values.js";
import type { HeadersRecord, Settings } from "../../config.js";
import type { ServerRow } from "../../store/store.js";
import type { Outcome, Outgoing, Writes } from "../transport.js";
import { acknowledgement, outcomeOf, wholeRow } from "./answer.js";
import { Blocked, createExchange, Misled, Unreachable, urlOf, type Received } from "./exchange.js";
import { itemRequest, requestFor, unknownOf, Unsendable, type ApiRequest, type Item } from "./request.js";
import { rowIn } from "./rows.js";

/** Headers that say that an answer was given before, to a request with the same idempotency key. */
const REPLAYED = ["Idempotency-Replayed", "Idempotent-Replayed"];

/** Sends writes to the API, one request each. */
export function restWrites(settings: Settings): Writes {
  const exchange = createExchange(settings);
  /** Models whose items come without a strong ETag: there is no need to ask for one again. */
  const untagged = new Set<string>();
  /** Whether the server has said of an answer that it has given it before. */
  let hasReplayed = false;

  /** Why the API can't be asked for the write's row, though it has a GET: its parameters need what the row hasn't. */
  function unaskableOf(write: Outgoing): string | undefined {
    const { get } = write.model.operations;
    return get && unsendable(() => itemRequest(get, { ...write.members, ...write.before }, paramsOf(write)));
  }

  /** The server's row, where the write has one; undefined where the API doesn't give it. */
  async function itemOf(
    write: Outgoing,
    key: Members,
    headers: HeadersRecord,
    signal: AbortSignal,
  ): Promise<Received | undefined> {
    const { get } = write.model.operations;
    if (get === undefined) return undefined;
    const request = () => itemRequest(get, { ...write.members, ...write.before, ...key }, paramsOf(write));
    return unsendable(request) === undefined ? exchange(request(), headers, signal) : undefined;
  }

  /**
   * What is to be replaced, with the tag that makes sure that nothing else is; weak tags can't. Undefined where the write
   * can do without. An outcome where it can't, and the row can't be read now.
   */
  async function replacedItem(
    write: Outgoing,
    headers: HeadersRecord,
    signal: AbortSignal,
  ): Promise<Item | Outcome | undefined> {
    const { model, action } = write;
    const isNeeded = unknownOf(write).length > 0;
    if (!isNeeded && (action.method !== "PUT" || untagged.has(model.name))) return undefined;
    const unaskable = isNeeded ? unaskableOf(write) : undefined;
    if (unaskable !== undefined) {
      return { kind: "rejected", rejection: { status: null, message: unaskable, body: "" } };
    }
    const received = await itemOf(write, {}, headers, signal);
    const members = received?.status === 200 ? rowIn(model, received.body) : undefined;
    if (isNeeded && received !== undefined && members === undefined) return unreadable(write, received);
    if (received !== undefined && received.status !== 200) return undefined;
    const tag = received?.headers.get("ETag") ?? null;
    const etag = tag === null || tag.startsWith("W/") || members === undefined ? null : tag;
    if (etag === null) untagged.add(model.name);
    return members !== undefined && (isNeeded || etag !== null) ? { members, etag } : undefined;
  }

  /** Whether a 409 to a repeated POST only says that the first one was taken. */
  async function hasBeenTaken(
    write: Outgoing,
    { status }: Received,
    headers: HeadersRecord,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { model, operation, attempts, writeId } = write;
    if (status !== 409 || operation !== "insert" || attempts < 2 || model.keyOrigin === "server") return false;
    const received = await itemOf(write, {}, headers, signal);
    const row = received?.status === 200 ? rowIn(model, received.body) : undefined;
    if (row === undefined) return false;
    const shown = row[WRITE_ID] ?? "null";
    if (shown !== "null") return textOf(shown) === writeId;
    return isShownBy(write, row);
  }

  /** The row after a write whose answer hasn't shown it. A server that is behind shows an older one, which isn't taken. */
  async function rowAfter(
    write: Outgoing,
    { key }: Outcome & { kind: "acknowledged" },
    headers: HeadersRecord,
    signal: AbortSignal,
  ): Promise<ServerRow | null> {
    const { model, operation } = write;
    const column = ownKey(model)?.name ?? "";
    const isNameless = operation === "insert" && model.keyOrigin === "server" && key === null;
    if (model.transport !== "rest" || operation === "delete" || isNameless) return null;
    try {
      const received = await itemOf(write, key === null ? {} : { [column]: key.json }, headers, signal);
      const row = received?.status === 200 ? rowIn(model, received.body) : undefined;
      return row !== undefined && isShownBy(write, row) ? wholeRow(write, row) : null;
    } catch (error) {
      if ([Unreachable, Blocked, Misled].some((kind) => error instanceof kind)) return null;
      throw error;
    }
  }

  async function send(write: Outgoing, headers: HeadersRecord, signal: AbortSignal): Promise<Outcome> {
    const { model, operation, attempts } = write;
    const item = await replacedItem(write, headers, signal);
    if (item !== undefined && "kind" in item) return item;
    const received = await exchange(built(write, item), headers, signal).catch((error: unknown) => {
      // The header that the tag needs may be what isn't allowed.
      if (error instanceof Blocked && item !== undefined) untagged.add(model.name);
      throw error;
    });
    const { status, body } = received;
    hasReplayed ||= REPLAYED.some((name) => received.headers.has(name));
    const decided = settings.current().onAnswer({ model: model.name, operation, status, body, attempts });
    const isTaken = decided === undefined && (await hasBeenTaken(write, received, headers, signal));
    const outcome = isTaken ? acknowledgement(write, received) : outcomeOf(write, received, decided);
    if (outcome.kind !== "acknowledged" || outcome.row !== null) return outcome;
    return { ...outcome, row: await rowAfter(write, outcome, headers, signal) };
  }

  const isKeyed = () => settings.current().idempotencyKey === "header";
  const paramsOf = ({ model }: Outgoing) => settings.current().writeParams(model.name);
  const built = (write: Outgoing, item: Item | undefined) => requestFor(write, item, isKeyed(), paramsOf(write));

  return {
    refusal(write) {
      return unsendable(() => built(write, undefined));
    },

    urlOf: (write) => urlOf(settings, built(write, undefined).path),
    knowsRepeats: () => hasReplayed && isKeyed(),

    async send(write, headers, signal) {
      try {
        return await send(write, headers, signal);
      } catch (error) {
        if (error instanceof Unreachable) return { kind: "unreachable", message: error.message };
        if (error instanceof Misled && error.kind === "login") {
          return { kind: "refused", status: 401, rejection: { status: 401, message: error.message, body: "" } };
        }
        if (error instanceof Misled || error instanceof Blocked) {
          return { kind: "again", message: error.message, retryAfter: 0 };
        }
        throw error;
      }
    },
  };
}

/** Why a request can't be made; undefined where it can. */
function unsendable(make: () => ApiRequest): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    if (error instanceof Unsendable) return error.message;
    throw error;
  }
}

/** What the answer means to a write that needs the row: where the row is gone, the write's own answer says so. */
function unreadable(write: Outgoing, received: Received): Outcome | undefined {
  const { status } = received;
  if (status === 404 || status === 410) return undefined;
  if (status === 401 || status === 403) return outcomeOf(write, received, undefined);
  const message = `${String(status)}: the row that is to be written can't be read`;
  return { kind: "again", message, retryAfter: 0 };
}

/** Whether a row has what the write has set. */
function isShownBy({ model, action, members }: Outgoing, row: Members): boolean {
  return (action.body ?? []).every((name) => own(members, name) === undefined || isSame(model, name, members, row));
}
