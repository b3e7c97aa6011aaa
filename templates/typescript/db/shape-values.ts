import type { Field } from "./model.js";
import { isoTimestamp } from "./timestamps.js";

/** A column of the server's table, as Electric describes it. */
export interface Column {
  readonly type: string;
  /** Dimensions of an array. */
  readonly dims?: number;
}

export type Columns = Readonly<Record<string, Column>>;

/** A value in PostgreSQL's notation as JSON text of the field's type, to the last digit. */
export function jsonOf(field: Field, text: string, column?: Column): string {
  switch (field.type) {
    case "json":
      return anyJson(text, column);
    case "int32":
    case "int64":
      return text;
    case "float":
      return isJsonNumber(text) ? text : JSON.stringify(text);
    case "boolean":
      return String(isTrue(text));
    case "bytes":
      return JSON.stringify(base64Of(text));
    case "date_time":
      return JSON.stringify(isoTimestamp(text));
    case "date":
      return JSON.stringify(dateOf(text));
    default:
      return JSON.stringify(plainText(text, column));
  }
}

export function isTrue(text: string): boolean {
  return text === "t" || text === "true" || text === "1";
}

export function dateOf(text: string): string {
  return /^\d{4}-\d\d-\d\d/.exec(text)?.[0] ?? text;
}

/** A value that the API has as a string. */
export function plainText(text: string, column: Column | undefined): string {
  const isTimestamp = column?.type === "timestamptz" || column?.type === "timestamp";
  return isTimestamp && (column.dims ?? 0) === 0 ? isoTimestamp(text) : text;
}

/** Bytes that a server keeps as text are base64 already. */
export function base64Of(text: string): string {
  if (!text.startsWith("\\x")) return text;
  const bytes = (text.slice(2).match(/../g) ?? []).map((byte) => String.fromCharCode(Number.parseInt(byte, 16)));
  return btoa(bytes.join(""));
}

export function isJsonNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
}

function anyJson(text: string, column: Column | undefined): string {
  if (column === undefined) return text;
  const element = (part: string) => scalarJson(part, column.type);
  return (column.dims ?? 0) > 0 ? arrayJson(text, element) : element(text);
}

function scalarJson(text: string, type: string): string {
  switch (type) {
    case "json":
    case "jsonb":
      return text;
    case "bool":
      return String(isTrue(text));
    case "int2":
    case "int4":
    case "int8":
    case "float4":
    case "float8":
    case "numeric":
      return isJsonNumber(text) ? text : JSON.stringify(text);
    case "timestamp":
    case "timestamptz":
      return JSON.stringify(isoTimestamp(text));
    case "bytea":
      return JSON.stringify(base64Of(text));
    default:
      return JSON.stringify(text);
  }
}

/** `{1,NULL,"a,b",{2}}`; where its indexes don't start at 1, they stand in front: `[0:1]={1,2}`. */
function arrayJson(text: string, element: (text: string) => string): string {
  const tokens = text.slice(text.indexOf("{")).match(/"(?:[^"\\]|\\.)*"|[{},]|[^{},"]+/gs) ?? [];
  return tokens
    .map((token) => {
      if (token === "{") return "[";
      if (token === "}") return "]";
      if (token === "," || token === "NULL") return token.toLowerCase();
      return element(token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/gs, "$1") : token);
    })
    .join("");
}
