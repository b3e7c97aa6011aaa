import type { Value } from "./driver.js";
import type { Field } from "./model.js";

/** What a column of a view holds, as the application sees it. */
export function decode(field: Field, value: Value): unknown {
  if (value === null) return null;
  switch (field.type) {
    case "int32":
    case "float":
      return Number(value);
    case "int64":
      if (field.as === "bigint") return BigInt(value);
      return field.as === "string" ? String(value) : Number(value);
    case "boolean":
      return decodeBoolean(value);
    case "json":
      return JSON.parse(String(value));
    default:
      return String(value);
  }
}

/** What the application gives, as a parameter for the view's column. What doesn't fit, the view refuses. */
export function encode(field: Field, value: unknown): Value {
  if (value === undefined) return null;
  // Where the column can't be null, null is a JSON value.
  if (field.type === "json") return value === null && field.nullable ? null : JSON.stringify(value);
  if (value === null) return null;
  switch (field.type) {
    case "boolean":
      return typeof value === "boolean" ? Number(value) : String(value);
    case "int32":
    case "int64":
    case "float":
      return typeof value === "number" || typeof value === "bigint" ? value : numberOf(String(value));
    default:
      return String(value);
  }
}

export function decodeBoolean(value: Value): boolean {
  return Number(value) === 1;
}

function numberOf(text: string): Value {
  return /^-?\d+$/.test(text) ? BigInt(text) : text;
}
