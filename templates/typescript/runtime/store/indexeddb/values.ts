import { parsed, textOf } from "../../client/json.js";
import { isInteger, own, rowKey, type Field, type Model } from "../../client/model.js";
import { base64Of, dateOf, isoTimestamp, isTrue, shownInteger } from "../../client/values.js";
import type { ServerRow } from "../store.js";

/** A value as it is stored: text for decimals, for integers that a number doesn't hold, and for the JSON of `json` fields. */
export type Stored = string | number | boolean | null;

/**
 * A row as it is stored: it has all fields of its model. The server's row has the id of the write that it shows as well, by
 * `write_id`, where rows of the model say so.
 */
export type StoredRow = Readonly<Record<string, Stored>>;

/** A row with unsettled local writes. */
export interface LocalRow<Row = StoredRow> {
  /** The server's row with the writes over it; null where the last of them has deleted it: it hides the server's row. */
  readonly row: Row | null;
  /** What local writes have set. */
  readonly changedColumns: readonly string[];
  /** The newest of the writes. */
  readonly writeId: string;
}

/** Converts a value of the server, in PostgreSQL's notation or the API's. */
export function fromServer(model: Model, field: Field, text: string | null): Stored {
  if (text === null) return null;
  switch (field.type) {
    case "int32":
    case "int64":
      if (!/^-?\d+$/.test(text)) throw new TypeError(`${model.name}.${field.name} must be an integer, and not ${text}`);
      return exactInteger(text);
    case "float": {
      const number = Number(text);
      return Number.isFinite(number) ? number : text;
    }
    case "boolean":
      return isTrue(text);
    case "bytes":
      return base64Of(text);
    case "date_time":
      return isoTimestamp(text);
    case "date":
      return dateOf(text);
    case "json":
      return text === "null" && field.nullable ? null : text;
    default:
      return text;
  }
}

/** Converts JSON text, as the log has it. */
export function fromJson(field: Field, json: string): Stored {
  if (field.type === "json") return json === "null" && field.nullable ? null : json;
  if (json === "null") return null;
  switch (field.type) {
    case "int32":
    case "int64":
      return exactInteger(textOf(json));
    case "float":
      return Number(textOf(json));
    case "boolean":
      return parsed(json) === true;
    default:
      return textOf(json);
  }
}

/** Converts a value of the application. Whether it fits has been checked, but for its type. */
export function encoded(model: Model, field: Field, value: unknown): Stored {
  // Where the column can't be null, null is a JSON value.
  if (field.type === "json") return (value ?? null) === null && field.nullable ? null : JSON.stringify(value ?? null);
  if (value === null || value === undefined) return null;
  switch (field.type) {
    case "int32":
    case "int64":
      return exactInteger(String(value));
    case "float": {
      const number = Number(value);
      if (Number.isNaN(number)) throw new TypeError(`${model.name}.${field.name} must be a number`);
      return number;
    }
    case "boolean":
      if (typeof value !== "boolean") throw new TypeError(`${model.name}.${field.name} must be true or false`);
      return value;
    default:
      return String(value);
  }
}

/** Converts a stored value to JSON text with all digits. */
export function jsonOf(field: Field, value: Stored): string {
  if (value === null) return "null";
  if (field.type === "json" || isInteger(field)) return String(value);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** Converts a stored value to the text that servers give. */
export function serverText(field: Field, value: Stored): string | null {
  return value === null ? null : textOf(jsonOf(field, value));
}

/** Converts a stored value to what the application sees. */
export function shown(field: Field, value: Stored): unknown {
  if (value === null) return null;
  switch (field.type) {
    case "int64":
      return shownInteger(field, value as string | number);
    case "float":
      return Number(value);
    case "json":
      return JSON.parse(String(value));
    default:
      return value;
  }
}

/** Types whose values are stored as the application sees them. */
const SHOWN_AS_STORED: readonly Field["type"][] = [
  "text",
  "uuid",
  "date",
  "time",
  "decimal",
  "date_time",
  "bytes",
  "boolean",
  "int32",
];

/** The fields whose values have to be converted to what the application sees. */
export function convertedFields({ fields }: Model): Field[] {
  return fields.filter((field) => !SHOWN_AS_STORED.includes(field.type) && field.as !== "key");
}

/** Converts what a server's row has of the model's fields. Throws where one can't be what the document says. */
export function partOf(model: Model, fields: readonly Field[], row: ServerRow): StoredRow {
  return Object.fromEntries(fields.map((field) => [field.name, fromServer(model, field, row.get(field.name) ?? null)]));
}

/** Throws where a row of the server lacks what the document requires. */
export function checkWhole(model: Model, row: StoredRow): void {
  const lacking = model.fields.find(({ name, nullable }) => (!nullable || model.key.includes(name)) && (own(row, name) ?? null) === null);
  if (lacking !== undefined) throw new TypeError(`${model.name}.${lacking.name} must not be null`);
}

/** The text form of the key of a server's row. */
export function serverKey(model: Model, row: ServerRow): string {
  const key = model.fields.filter(({ name }) => model.key.includes(name));
  return rowKey(model, partOf(model, key, row));
}

/** A number where it holds all digits, and text otherwise. */
function exactInteger(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : String(BigInt(text));
}
