import { acknowledgement, outcomeOf, type Outcome, type Received } from "./answer.js";
import { within } from "./backoff.js";
import { syncSettings, type HeadersRecord } from "./config.js";
import { own } from "./model.js";
import { textOf } from "./raw-json.js";
import { pathOf, requestFor, rowIn, type ApiRequest, type Item, type Outgoing } from "./request.js";
import { isSame } from "./same-value.js";
import { WRITE_ID } from "./wire.js";

const LIMIT_MS = 60_000;

/** Models whose items are given without an ETag: one needn't ask again. */
const untagged = new Set<string>();

/** There was no answer, or not all of it. */
class Unreachable extends Error {}

/** Sends a write, and says what has become of it. */
export async function send(write: Outgoing, headers: HeadersRecord, signal: AbortSignal): Promise<Outcome> {
  try {
    const { model, action } = write;
    const isTagged = action.method === "PUT" && !untagged.has(model.name);
    const item = isTagged ? await taggedItem(write, headers, signal) : undefined;
    const received = await exchange(requestFor(write, item), headers, signal);
    const { status, body } = received;
    const { operation, attempts } = write;
    const decided = syncSettings().onAnswer({ model: model.name, operation, status, body, attempts });
    if (decided === undefined && (await hasBeenTaken(write, received, headers, signal))) {
      return acknowledgement(write, received);
    }
    return outcomeOf(write, received, decided);
  } catch (error) {
    if (error instanceof Unreachable) return { kind: "unreachable", message: error.message };
    throw error;
  }
}

async function exchange(request: ApiRequest, headers: HeadersRecord, signal: AbortSignal): Promise<Received> {
  const { apiBaseUrl, fetch } = syncSettings();
  const all = new Headers(request.headers);
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  // The application's headers may say anything, but not under which id a write goes out.
  const key = request.headers["Idempotency-Key"];
  if (key !== undefined) all.set("Idempotency-Key", key);
  const limit = within(LIMIT_MS, signal);
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
    throw new Unreachable(error instanceof Error ? error.message : String(error));
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
