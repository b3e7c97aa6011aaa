import { own, type Field, type Model } from "./model.js";
import { parsed, textOf, type Members } from "./raw-json.js";

/** Whether two rows, given as JSON text, mean the same in a column. */
export function isSame(model: Model, name: string, left: Members, right: Members): boolean {
  const field = model.fields.find((candidate) => candidate.name === name);
  const [one, other] = [own(left, name) ?? "null", own(right, name) ?? "null"];
  return field !== undefined && comparable(field, one) === comparable(field, other);
}

/** The same for values that mean the same. */
function comparable(field: Field, json: string): string {
  const text = textOf(json);
  if (json === "null") return json;
  switch (field.type) {
    case "uuid":
      return text.toLowerCase();
    case "date_time":
      return String(Date.parse(text));
    case "float":
      return String(Number(text));
    case "decimal":
      return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
    case "json":
      return JSON.stringify(sorted(parsed(json)));
    default:
      return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, sorted(member)]);
  return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)));
}
