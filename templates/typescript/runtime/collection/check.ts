import { refuseUnfit } from "../client/fits.js";
import { fieldOf, own, type Field, type Model } from "../client/model.js";

/** Throws where these values can't be saved: a name that the model doesn't have, null where there is none, another type. */
export function refuseWrong(model: Model, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    const field = fieldOf(model, name);
    if (field === undefined) throw new TypeError(`${model.name} has no ${name}.`);
    if (value === undefined) continue;
    const expected = expectedOf(field, value);
    if (expected !== undefined) throw new TypeError(`${model.name}.${name} must be ${expected}, and not ${shown(value)}.`);
    refuseUnfit(model, field, value);
  }
}

/** Throws where a new row lacks what it needs. */
export function refuseIncomplete(model: Model, row: Readonly<Record<string, unknown>>): void {
  for (const { name, insert } of model.fields) {
    const isNeeded = model.key.includes(name) ? model.keyOrigin === "given" : insert === "required";
    if (isNeeded && own(row, name) === undefined) throw new TypeError(`${model.name}: a new row needs ${name}.`);
  }
}

/** What the field takes, where the value isn't that. */
function expectedOf(field: Field, value: unknown): string | undefined {
  if (value === null) return field.nullable ? undefined : `a ${field.type}`;
  switch (field.type) {
    case "json":
      return undefined;
    case "boolean":
      return typeof value === "boolean" ? undefined : "true or false";
    case "int32":
    case "int64":
    case "float":
    case "decimal":
      return ["number", "bigint", "string"].includes(typeof value) ? undefined : "a number";
    case "uuid":
      return isText(value, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i) ? undefined : "a UUID";
    case "date":
      return isText(value, /^\d{4,}-\d\d-\d\d$/) ? undefined : "a date such as 2026-01-31";
    case "date_time":
      return isText(value, /^\d{4,}-\d\d-\d\d[T ]/) ? undefined : "a time such as 2026-01-31T12:00:00Z";
    default:
      return typeof value === "string" ? undefined : "text";
  }
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
