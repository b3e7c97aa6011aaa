import { objectOf, textOf, type Members } from "../../client/json.js";
import { fieldOf, inputsTaken, own, WRITE_ID, type Filling, type Model, type Operation } from "../../client/model.js";
import { isJsonNumber } from "../../client/values.js";
import type { Outgoing } from "../transport.js";

export interface ApiRequest {
  readonly method: Operation["method"];
  readonly path: string;
  /** The path with its placeholders. */
  readonly template: string;
  /** What stands behind the path, the question mark included; empty where nothing does. */
  readonly query: string;
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

/** What the application gives to every request of a model's rows. */
export type Params = Readonly<Record<string, string>>;

/**
 * The request for a write. It carries the id of the write as `Idempotency-Key`, where `isKeyed` says so, and in its body
 * where the API has a place for it there.
 */
export function requestFor(write: Outgoing, item: Item | undefined, isKeyed: boolean, params: Params): ApiRequest {
  const { action, writeId } = write;
  const body = write.operation === "delete" ? null : encoded(action, bodyOf(write, item));
  const row = { ...write.members, ...write.before };
  return {
    method: action.method,
    path: pathOf(action, row),
    template: action.path,
    query: queryOf(action, row, writeId, params),
    headers: {
      ...headersOf(action, row, writeId),
      Accept: accepted(action),
      ...(body !== null && { "Content-Type": body.type }),
      ...(isKeyed && { "Idempotency-Key": writeId }),
      ...(action.method === "PUT" && item !== undefined && item.etag !== null && { "If-Match": item.etag }),
    },
    body: body?.text ?? null,
    isSeenElsewhere: action.answer?.statuses?.includes(SEE_OTHER) === true,
  };
}

/** The request for a row of the server. */
export function itemRequest(get: Operation, row: Members, params: Params): ApiRequest {
  const id = crypto.randomUUID();
  return {
    method: "GET",
    path: pathOf(get, row),
    template: get.path,
    query: queryOf(get, row, id, params),
    headers: { ...headersOf(get, row, id), Accept: accepted(get) },
    body: null,
    isSeenElsewhere: false,
  };
}

function accepted({ answer }: Operation): string {
  return answer?.media ?? "application/json";
}

/** With the row's values in the places that it names. */
export function pathOf(action: Operation, row: Members): string {
  return action.path.replace(/\{(\+?)([^{}]+)\}/g, (_, spans: string, placeholder: string) => {
    const value = row[action.parameters?.[placeholder] ?? ""] ?? "null";
    if (value === "null") throw new Unsendable(`The row has nothing for {${placeholder}} of ${action.path}.`);
    return spans === "" ? encodeURIComponent(textOf(value)) : inPath(textOf(value));
  });
}

function queryOf(action: Operation, row: Members, id: string, params: Params): string {
  const pairs = Object.entries({ ...filledOf(action, action.query, row, id), ...params });
  if (pairs.length === 0) return "";
  const text = pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
  return (action.path.includes("?") ? "&" : "?") + text;
}

/** A header has no other characters than those of Latin-1. */
const IN_HEADERS = /^[\t\x20-\x7e\x80-\xff]*$/;

function headersOf(action: Operation, row: Members, id: string): Record<string, string> {
  const headers = filledOf(action, action.headers, row, id);
  const odd = Object.keys(headers).find((name) => !IN_HEADERS.test(headers[name] ?? ""));
  if (odd !== undefined) throw new Unsendable(`The header ${odd} of ${action.path} can't hold the row's value.`);
  return headers;
}

/** What fills the parameters of a write, of a row's read, or of a list, which is of no row. */
export function filledOf(
  action: Pick<Operation, "path">,
  fillings: Readonly<Record<string, Filling>> = {},
  row: Members,
  id: string,
): Record<string, string> {
  const text = (name: string, filling: Filling) => {
    if (filling === "write_id") return id;
    if ("value" in filling) return filling.value;
    const value = own(row, filling.field) ?? "null";
    if (value === "null") throw new Unsendable(`The row has nothing for the parameter ${name} of ${action.path}.`);
    return textOf(value);
  };
  return Object.fromEntries(Object.entries(fillings).map(([name, filling]) => [name, text(name, filling)]));
}

/** Encodes a value for a path, without its slashes: it may fill several segments. */
export function inPath(value: string): string {
  return value.split("/").map(encodeURIComponent).join("/");
}

function bodyOf(write: Outgoing, item: Item | undefined): Members {
  const { model, action, operation } = write;
  const fields = { ...fieldsOf(write, item), ...inputsTaken(model, write.inputs) };
  if (Object.keys(fields).length === 0) throw new Unsendable("The API takes none of the columns that the write sets.");
  const hasWriteId = model.writeId.includes(operation === "insert" ? "create" : "update");
  return { ...laidOut(action, fields), ...(hasWriteId && { [WRITE_ID]: JSON.stringify(write.writeId) }) };
}

/** The fields where the body has them, beside what it always has. */
function laidOut({ names = {}, places = {}, constants = [] }: Operation, fields: Members): Members {
  const body: Nested = new Map();
  for (const [name, value] of Object.entries(fields)) {
    const place = own(places, name) ?? [own(names, name) ?? name];
    // What would say nothing but its type isn't there.
    const isTyped = constants.some((constant) => typeof constant.value === "string" && isBeside(constant.place, place));
    put(body, value === "null" && place.length > 1 && isTyped ? place.slice(0, -1) : place, value);
  }
  for (const { place, value } of constants) {
    if (typeof value === "object" && nestedAt(body, place) !== undefined) continue;
    if (nestedAt(body, place.slice(0, -1)) instanceof Map) put(body, place, JSON.stringify(value));
  }
  return membersOfNested(body);
}

type Nested = Map<string, string | Nested>;

function isBeside(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.slice(0, -1).every((name, index) => name === other[index]);
}

function nestedAt(body: Nested, place: readonly string[]): string | Nested | undefined {
  return place.reduce<string | Nested | undefined>((at, name) => (at instanceof Map ? at.get(name) : undefined), body);
}

function put(body: Nested, place: readonly string[], value: string): void {
  const [name = "", ...rest] = place;
  if (rest.length === 0) {
    body.set(name, value);
    return;
  }
  const inner = body.get(name);
  const nested: Nested = inner instanceof Map ? inner : new Map();
  body.set(name, nested);
  put(nested, rest, value);
}

function membersOfNested(body: Nested): Members {
  const text = (value: string | Nested) => (value instanceof Map ? objectOf(membersOfNested(value)) : value);
  return Object.fromEntries([...body].map(([name, value]) => [name, text(value)]));
}

interface EncodedBody {
  readonly type: string;
  readonly text: string;
}

/** The body in the media type that the API takes. */
function encoded({ media = "application/json", envelope }: Operation, body: Members): EncodedBody {
  switch (media.replace(/;.*$/s, "").trim().toLowerCase()) {
    case "application/x-www-form-urlencoded":
      return { type: media, text: new URLSearchParams(formOf(body)).toString() };
    case "multipart/form-data":
      return multipart(formOf(body));
    default: {
      const text = objectOf(body);
      return { type: media, text: envelope === undefined ? text : objectOf({ [envelope]: text }) };
    }
  }
}

/** A form has no null: what is empty says it. */
function formOf(body: Members): [string, string][] {
  return Object.entries(body).map(([name, value]) => [name, value === "null" ? "" : textOf(value)]);
}

function multipart(fields: readonly (readonly [string, string])[]): EncodedBody {
  const boundary = `form-${crypto.randomUUID()}`;
  const name = (text: string) => text.replace(/[\r\n"]/g, encodeURIComponent);
  const parts = fields.map(
    ([field, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name(field)}"\r\n\r\n${value}\r\n`,
  );
  return { type: `multipart/form-data; boundary=${boundary}`, text: `${parts.join("")}--${boundary}--\r\n` };
}

/**
 * What an update has to send of the row on the server, and nobody knows here: columns that no list shows, or all of them
 * where the row has left the list meanwhile. As null they would be lost there.
 */
export function unknownOf({ model, action, operation, members, before }: Outgoing): string[] {
  if (model.transport !== "rest" || operation !== "update") return [];
  const lacks = model.list?.lacks ?? [];
  const isKnown = (name: string) => own(before, name) !== undefined && !lacks.includes(name);
  const sent = (action.method === "PUT" ? action.body : action.required) ?? [];
  return sent.filter((name) => own(members, name) === undefined && !isKnown(name));
}

/** Only what the API takes; of a row that is replaced as a whole, all of that. An update also has what it can't do without. */
function fieldsOf(write: Outgoing, item: Item | undefined): Members {
  const { model, action, operation, members, before } = write;
  const row: Members = operation === "insert" ? members : { ...before, ...item?.members, ...members };
  const set = action.method === "PUT" && operation === "update" ? row : members;
  const isChanged = (action.body ?? []).some((name) => own(set, name) !== undefined);
  const required = operation === "update" && isChanged ? (action.required ?? []) : [];
  const unknown = new Set(item === undefined ? unknownOf(write) : []);
  const fields: Record<string, string> = {};
  for (const name of action.body ?? []) {
    if (unknown.has(name)) continue;
    const unchanged = required.includes(name) ? own(row, name) : undefined;
    const orNull = action.nulls?.includes(name) ? (own(row, name) ?? "null") : undefined;
    const value = own(set, name) ?? unchanged ?? orNull;
    if (value !== undefined) fields[name] = onWire(model, action, name, value);
  }
  return fields;
}

/**
 * Decimals are strings in the log, for their digits; some APIs have them as numbers. And some take a number as text, or
 * the other way round.
 */
function onWire(model: Model, action: Operation, name: string, value: string): string {
  const field = fieldOf(model, name);
  const cast = own(action.casts ?? {}, name) ?? (field?.type === "decimal" && field.as === "number" ? "number" : undefined);
  if (value === "null" || cast === undefined) return value;
  const text = textOf(value);
  if (cast === "string") return JSON.stringify(text);
  return value.startsWith('"') && isJsonNumber(text) ? text : value;
}
