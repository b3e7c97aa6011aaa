import { WRITE_ID, type Field, type List, type Model } from "../../client/model.js";
import type { ServerRow } from "../../store/store.js";
import { memberAt } from "./pages.js";

/** The elements of a list as its answer has them. Numbers that JavaScript would change keep their digits. */
export interface Elements {
  readonly answer: unknown;
  /** Undefined: where the list should be there is none. Null: there is null. */
  readonly rows: readonly unknown[] | null | undefined;
  readonly mark: string;
}

/** A row that the API gives otherwise than the document says. */
export class Unfit extends Error {
  override readonly name = "Unfit";
}

/** Throws where the text isn't JSON. */
export function elementsOf(model: Model, { rows }: List, text: string): Elements {
  const mark = marked(model, text);
  const answer: unknown = JSON.parse(mark === "" ? text : withMarks(text, mark));
  const found = rows === undefined ? answer : memberAt(answer, rows);
  return { answer, rows: Array.isArray(found) || found === null ? found : undefined, mark };
}

/** What is put before the digits of a number that is kept as a string; empty where all numbers may become numbers. */
function marked({ fields }: Model, text: string): string {
  const hasDecimals = fields.some(({ type, as }) => type === "decimal" && as === "number");
  const hasDigits = fields.some(({ type }) => type === "int64" || type === "json");
  const isExact =
    (hasDecimals && /\d\.\d*0(?!\d)|\d[\d.]{15}|\d[eE][+-]?\d/.test(text)) ||
    (hasDigits && /\d[\d.]{15}|\d[eE][+-]?\d{3}/.test(text));
  let mark = isExact ? "\uE000" : "";
  while (isExact && text.includes(mark)) mark += "\uE000";
  return mark;
}

/** Strings are passed over; of numbers, those become strings that would be written otherwise. */
function withMarks(text: string, mark: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : `"${mark}${token}"`,
  );
}

/** Reads elements of one list as rows. `given`: columns that the list's path has. */
export interface RowReader {
  /** Only the key's columns. Throws `Unfit` where the element lacks one. */
  key(element: unknown, mark: string): ServerRow;
  /** Throws `Unfit` where the row can't be one of the model. */
  row(element: unknown, mark: string): ServerRow;
  isDeleted(element: unknown): boolean;
}

export function rowReader(model: Model, list: List, given: ServerRow): RowReader {
  const keys = model.fields.filter(({ name }) => model.key.includes(name));
  const listed = model.fields.filter(({ name }) => !(list.lacks ?? []).includes(name));

  /** What the row's envelope lacks may stand beside it: an id, mostly. */
  function valueOf(element: unknown, name: string): unknown {
    const inner = list.row === undefined ? element : memberAt(element, list.row);
    return memberAt(inner, [name]) ?? (list.row === undefined ? undefined : memberAt(element, [name]));
  }

  function columns(fields: readonly Field[], element: unknown, mark: string): Map<string, string | null> {
    return new Map(
      fields.map((field): [string, string | null] => {
        const { name } = field;
        const value = given.get(name) ?? textOf(field, valueOf(element, name), mark);
        if (value === null && (!field.nullable || model.key.includes(name))) {
          throw new Unfit(`a row has no ${name}, which the document requires`);
        }
        return [name, value];
      }),
    );
  }

  return {
    key: (element, mark) => columns(keys, element, mark),
    row(element, mark) {
      const row = columns(listed, element, mark);
      if (model.writeId.includes("row")) {
        const writeId = valueOf(element, WRITE_ID);
        row.set(WRITE_ID, typeof writeId === "string" ? writeId : null);
      }
      return row;
    },
    isDeleted(element) {
      const value = list.deleted === undefined ? undefined : valueOf(element, list.deleted);
      return value === true || (typeof value === "string" && value !== "" && value !== "false");
    },
  };
}

/** A value of the API as text, as the store takes it. */
function textOf(field: Field, value: unknown, mark: string): string | null {
  if (field.type === "json") return jsonOf(value, mark);
  if (value === undefined || value === null) return null;
  const text = typeof value === "object" ? JSON.stringify(value) : plain(String(value), mark);
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

function plain(text: string, mark: string): string {
  return mark !== "" && text.startsWith(mark) ? text.slice(mark.length) : text;
}

function jsonOf(value: unknown, mark: string): string {
  const json = JSON.stringify(value ?? null);
  return mark === "" ? json : json.replaceAll(new RegExp(`"${mark}([^"]*)"`, "g"), "$1");
}

/** A number for a text: two texts that differ have the same one once in 2^53. */
export function fingerprint(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  // 0 stands for no fingerprint.
  return 4294967296 * (2097151 & low) + (high >>> 0) || 1;
}
