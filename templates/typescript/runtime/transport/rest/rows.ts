import { membersOf, objectOf, type Members } from "../../client/json.js";
import { keyFields, own, WRITE_ID, type Field, type Model } from "../../client/model.js";
import type { ServerRow } from "../../store/store.js";
import { exactly, jsonText, scalarText } from "./exact.js";

/** A row that the API gives otherwise than the document says. */
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
        throw new Unfit(`a row has no ${name}, which the document requires`);
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
    throw new Unfit(`a row has ${JSON.stringify(value)} as ${field.name}, which is no ${field.type}`);
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

/** The object that has the row's key, at the top of an answer or one level down. */
export function rowIn(model: Model, answer: string): Members | undefined {
  const top = membersOf(answer);
  if (top === undefined) return undefined;
  const inner = Object.values(top).flatMap((value) => (value.startsWith("{") ? [membersOf(value) ?? {}] : []));
  const key = keyFields(model).filter((field) => field.fromPath === undefined);
  return [top, ...inner].find((members) => key.every(({ name }) => (own(members, name) ?? "null") !== "null"));
}
