import { objectOf, textOf, type Members } from "../../client/json.js";
import { fieldOf, own, WRITE_ID, type Model, type Operation } from "../../client/model.js";
import { isJsonNumber } from "../../client/values.js";
import type { Outgoing } from "../transport.js";

export interface ApiRequest {
  readonly method: Operation["method"];
  readonly path: string;
  /** The path with its placeholders. */
  readonly template: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Whether the document says that 303 is an answer to it. */
  readonly isSeenElsewhere: boolean;
}

/** The answer that says that a write is done, and that something else shows what came of it. */
export const SEE_OTHER = 303;

/** A write that can't be made a request; its message says why. */
export class Unsendable extends Error {
  override readonly name = "Unsendable";
}

/** What the item's GET has given. */
export interface Item {
  readonly members: Members;
  /** Null where the server gives none that can be used. */
  readonly etag: string | null;
}

/**
 * The request for a write. It carries the id of the write as `Idempotency-Key`, where `isKeyed` says so, and in its body
 * where the API has a place for it there.
 */
export function requestFor(write: Outgoing, item: Item | undefined, isKeyed: boolean): ApiRequest {
  const { action, writeId } = write;
  const body = write.operation === "delete" ? null : bodyOf(write, item);
  return {
    method: action.method,
    path: pathOf(action, { ...write.members, ...write.before }),
    template: action.path,
    headers: {
      Accept: "application/json",
      ...(body !== null && { "Content-Type": "application/json" }),
      ...(isKeyed && { "Idempotency-Key": writeId }),
      ...(action.method === "PUT" && item !== undefined && item.etag !== null && { "If-Match": item.etag }),
    },
    body,
    isSeenElsewhere: action.answer?.statuses?.includes(SEE_OTHER) === true,
  };
}

/** The request for a row of the server. */
export function itemRequest(get: Operation, row: Members): ApiRequest {
  return {
    method: "GET",
    path: pathOf(get, row),
    template: get.path,
    headers: { Accept: "application/json" },
    body: null,
    isSeenElsewhere: false,
  };
}

/** With the row's values in the places that it names. */
export function pathOf(action: Operation, row: Members): string {
  return action.path.replace(/\{([^{}]+)\}/g, (_, placeholder: string) => {
    const value = row[action.parameters?.[placeholder] ?? ""] ?? "null";
    if (value === "null") throw new Unsendable(`The row has nothing for {${placeholder}} of ${action.path}.`);
    return encodeURIComponent(textOf(value));
  });
}

function bodyOf(write: Outgoing, item: Item | undefined): string {
  const { model, action, operation } = write;
  const fields = fieldsOf(write, item);
  if (Object.keys(fields).length === 0) throw new Unsendable("The API takes none of the columns that the write sets.");
  const hasWriteId = model.writeId.includes(operation === "insert" ? "create" : "update");
  const body = objectOf({ ...fields, ...(hasWriteId && { [WRITE_ID]: JSON.stringify(write.writeId) }) });
  return action.envelope === undefined ? body : objectOf({ [action.envelope]: body });
}

/**
 * What a row that is replaced as a whole has on the server, and nobody knows here: columns that no list shows, or all of
 * them where the row has left the list meanwhile. As null they would be lost there.
 */
export function unknownOf({ model, action, operation, members, before }: Outgoing): string[] {
  if (model.transport !== "rest" || action.method !== "PUT" || operation !== "update") return [];
  const lacks = model.list?.lacks ?? [];
  const isKnown = (name: string) => own(before, name) !== undefined && !lacks.includes(name);
  return (action.body ?? []).filter((name) => own(members, name) === undefined && !isKnown(name));
}

/** Only what the API takes; of a row that is replaced as a whole, all of that. */
function fieldsOf(write: Outgoing, item: Item | undefined): Members {
  const { model, action, operation, members, before } = write;
  const row: Members = operation === "insert" ? members : { ...before, ...item?.members, ...members };
  const set = action.method === "PUT" && operation === "update" ? row : members;
  const unknown = new Set(item === undefined ? unknownOf(write) : []);
  const fields: Record<string, string> = {};
  for (const name of action.body ?? []) {
    if (unknown.has(name)) continue;
    const value = own(set, name) ?? (action.nulls?.includes(name) ? (own(row, name) ?? "null") : undefined);
    if (value !== undefined) fields[name] = onWire(model, name, value);
  }
  return fields;
}

/** Decimals are strings in the log, for their digits; some APIs have them as numbers. */
function onWire(model: Model, name: string, value: string): string {
  const field = fieldOf(model, name);
  if (field?.type !== "decimal" || field.as !== "number" || !value.startsWith('"')) return value;
  const digits = textOf(value);
  return isJsonNumber(digits) ? digits : value;
}
