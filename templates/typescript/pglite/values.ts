import type { Value } from "./driver.js";
import type { Field } from "./model.js";
import { base64Of, isTrue } from "./shape-values.js";
import { isoTimestamp } from "./timestamps.js";

/** What a column of a view holds, as the application sees it. */
export function decode(field: Field, value: Value): unknown {
  if (value === null) return null;
  const text = String(value);
  switch (field.type) {
    case "date_time":
      return isoTimestamp(text);
    case "int32":
    case "float":
      return Number(text);
    case "int64":
      if (field.as === "bigint") return BigInt(text);
      return field.as === "string" ? text : Number(text);
    case "boolean":
      return isTrue(text);
    case "bytes":
      return base64Of(text);
    case "json":
      return JSON.parse(text);
    default:
      return text;
  }
}

/** What the application gives, as a parameter for the view's column. */
export function encode(field: Field, value: unknown): Value {
  if (value === undefined) return null;
  // Where the column can't be null, null is a JSON value.
  if (field.type === "json") return value === null && field.nullable ? null : JSON.stringify(value);
  if (value === null) return null;
  return field.type === "bytes" ? hexOf(String(value)) : String(value);
}

export function decodeBoolean(value: Value): boolean {
  return isTrue(String(value));
}

function hexOf(base64: string): string {
  try {
    const bytes = [...atob(base64)].map((character) => character.charCodeAt(0).toString(16).padStart(2, "0"));
    return `\\x${bytes.join("")}`;
  } catch {
    throw new TypeError(`${JSON.stringify(base64)} isn't base64.`);
  }
}
