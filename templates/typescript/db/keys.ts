import type { Field, Model } from "./model.js";

/** The key of a row in its collection: a number for a single integer key that the application sees as one. */
export type CollectionKey = string | number;

export function keyFields(model: Model): Field[] {
  return model.key.flatMap((name) => model.fields.filter((field) => field.name === name));
}

function isInteger(field: Field): boolean {
  return field.type === "int32" || field.type === "int64";
}

/** The text form of a row's key that the log and the feed have; a JSON array for a composite key. */
export function rowKey(model: Model, row: object): string {
  const fields = row as Readonly<Record<string, unknown>>;
  const [first, ...others] = model.key;
  // Called for each row of a table.
  if (first !== undefined && others.length === 0) return String(fields[first]);
  const parts = keyFields(model).map((field) => {
    const part = fields[field.name];
    return isInteger(field) ? String(part) : JSON.stringify(part);
  });
  return `[${parts.join(",")}]`;
}

export function collectionKey(model: Model, key: string): CollectionKey {
  return hasNumbers(model) ? Number(key) : key;
}

function hasNumbers(model: Model): boolean {
  const [name, ...others] = model.key;
  if (others.length > 0) return false;
  const field = model.fields.find((candidate) => candidate.name === name);
  return field !== undefined && isInteger(field) && (field.as ?? "number") === "number";
}

/** The same, of what an application calls the key: the value of the key field, or an object with all of them. */
export function keyOf(model: Model, given: unknown): CollectionKey {
  const isComposite = typeof given === "object" && given !== null;
  return collectionKey(model, isComposite ? rowKey(model, given) : String(given));
}

/** A key for a row whose own key nobody has given: final where the server takes it, and temporary where it makes one. */
export function makeKey(field: Field): unknown {
  if (!isInteger(field)) return crypto.randomUUID();
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  // Beyond what the database counts down to itself, within 32 bits or what a number holds exactly.
  const key = field.type === "int32" ? -(2 ** 30) - (low % 2 ** 30) : -(2 ** 52) - (high % 2 ** 20) * 2 ** 32 - low;
  if (field.as === "bigint") return BigInt(key);
  return field.as === "string" ? String(key) : key;
}
