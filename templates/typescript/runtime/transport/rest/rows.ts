import { membersOf, objectOf, type Members } from "../../client/json.js";
import { keyFields, own, WRITE_ID, type Field, type Model } from "../../client/model.js";
import type { ServerRow } from "../../store/store.js";

/** A row that the API gives otherwise than the document says. The message goes on after what names the row. */
export class Unfit extends Error {
  override readonly name = "Unfit";
}

/** Gives what the API has as a column; undefined where it has nothing. */
export type ValueOf = (name: string) => unknown;

/** A row as the store takes it, whether it has come in a list or in the answer to a write. Throws `Unfit`. */
export function rowOf(model: Model, fields: readonly Field[], valueOf: ValueOf, mark: string): ServerRow {
  const row = columnsOf(model, fields, valueOf, mark);
  if (model.writeId.includes("row")) {
    const writeId = valueOf(WRITE_ID);
    row.set(WRITE_ID, typeof writeId === "string" ? writeId : null);
  }
  return row;
}

/** Only these columns. Throws `Unfit` where one can't be what the document says. */
export function columnsOf(
  model: Model,
  fields: readonly Field[],
  valueOf: ValueOf,
  mark: string,
): Map<string, string | null> {
  return new Map(
    fields.map((field): [string, string | null] => {
      const { name } = field;
      const text = columnText(field, valueOf(name), mark);
      if (text === null && (!field.nullable || model.key.includes(name))) {
        throw new Unfit(`has no ${name}, which the document requires`);
      }
      return [name, text];
    }),
  );
}

function columnText(field: Field, value: unknown, mark: string): string | null {
  if (field.type === "json") return jsonText(value, mark);
  if (value === undefined || value === null) return null;
  const text = typeof value === "object" ? JSON.stringify(value) : scalarText(value, mark);
  if (!isFit(field, value, text)) {
    throw new Unfit(`has ${JSON.stringify(value)} as ${field.name}, which is no ${field.type}`);
  }
  return field.type === "uuid" ? text.toLowerCase() : text;
}

function isFit({ type }: Field, value: unknown, text: string): boolean {
  switch (type) {
    case "int32":
    case "int64":
      return /^-?\d+$/.test(text);
    case "float":
      return text.trim() !== "" && Number.isFinite(Number(text));
    case "decimal":
      return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text);
    case "boolean":
      return ["true", "false", "1", "0"].includes(text);
    default:
      return typeof value !== "object";
  }
}

/**
 * A row of the API's JSON. What can be null and isn't there is null; what isn't a column is left out. Null where the
 * JSON is only a part of a row, or something else.
 */
export function serverRow(model: Model, row: Members): ServerRow | null {
  if (!model.fields.every(({ name, nullable }) => nullable || own(row, name) !== undefined)) return null;
  const { value, mark } = exactly(model, objectOf(row));
  try {
    return rowOf(model, model.fields, (name) => own(value as Record<string, unknown>, name), mark);
  } catch (error) {
    if (error instanceof Unfit) return null;
    throw error;
  }
}

/** Follows the names of members from the outside in; undefined where one of them is missing. */
export function jsonAt(json: string, names: readonly string[]): string | undefined {
  let text: string | undefined = json;
  for (const name of names) text = text === undefined ? undefined : own(membersOf(text) ?? {}, name);
  return text;
}

/**
 * The members of a row of the API, with those fields that lie deeper in it: what is called so at its top is something else.
 * Undefined where the JSON is no object.
 */
export function rowMembers(model: Model, json: string): Members | undefined {
  const members = membersOf(json);
  const placed = model.fields.filter(({ place }) => place !== undefined);
  if (members === undefined || placed.length === 0) return members;
  const top = Object.entries(members).filter(([name]) => !placed.some((field) => field.name === name));
  const deeper = placed.flatMap(({ name, place = [] }): [string, string][] => {
    const value = jsonAt(json, place);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries([...top, ...deeper]);
}

/** The object that has the row's key, at the top of an answer or one level down. */
export function rowIn(model: Model, answer: string): Members | undefined {
  const top = rowMembers(model, answer);
  if (top === undefined) return undefined;
  const members = Object.values(membersOf(answer) ?? {});
  const inner = members.flatMap((value) => (value.startsWith("{") ? [rowMembers(model, value) ?? {}] : []));
  const key = keyFields(model).filter((field) => field.fromPath === undefined);
  return [top, ...inner].find((members) => key.every(({ name }) => (own(members, name) ?? "null") !== "null"));
}

/** JSON as values. Numbers that JavaScript would change are strings that begin with the mark. */
export interface Exact {
  readonly value: unknown;
  /** Empty where there are no such numbers. */
  readonly mark: string;
}

/** Reads the API's JSON of a model with all digits that its columns keep. Throws where the text isn't JSON. */
export function exactly(model: Model, text: string): Exact {
  const kept = keptBy(model);
  if (kept?.test(text) !== true) return { value: JSON.parse(text), mark: "" };
  // Longer than any run of this character in the text.
  const mark = "\uE000".repeat(text.split(/\uE000|\\ue000/i).length);
  return { value: JSON.parse(withMarks(text, kept, mark)), mark };
}

/**
 * Matches the numbers that stay as they are spelled. It looks at one number only, not at the text around it, so that a
 * row reads the same alone and in a list.
 */
function keptBy({ fields }: Model): RegExp | undefined {
  if (fields.some(({ type, as }) => type === "decimal" && as === "number")) {
    return /\d\.\d*0(?!\d)|\d[\d.]{15}|\d[eE][+-]?\d/;
  }
  const hasDigits = fields.some(({ type }) => type === "int64" || type === "json");
  return hasDigits ? /\d[\d.]{15}|\d[eE][+-]?\d{3}/ : undefined;
}

/** Turns these numbers into strings with the mark. Leaves strings as they are. */
function withMarks(text: string, kept: RegExp, mark: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') || !kept.test(token) || String(Number(token)) === token ? token : `"${mark}${token}"`,
  );
}

/** The text of a string, number or boolean. */
export function scalarText(value: unknown, mark: string): string {
  const text = String(value);
  return mark !== "" && text.startsWith(mark) ? text.slice(mark.length) : text;
}

/** The JSON of any value, always spelled alike. */
export function jsonText(value: unknown, mark: string): string {
  const json = JSON.stringify(value ?? null);
  return mark === "" ? json : json.replaceAll(new RegExp(`"${mark}([^"]*)"`, "g"), "$1");
}
