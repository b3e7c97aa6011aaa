import type { Model } from "../../client/model.js";

/** JSON as values. Numbers that JavaScript would change are strings that begin with the mark. */
export interface Exact {
  readonly value: unknown;
  /** Empty where there are none. */
  readonly mark: string;
}

/** Reads the API's JSON of a model with all digits that its columns keep. Throws where the text isn't JSON. */
export function exactly(model: Model, text: string): Exact {
  const kept = keptBy(model);
  if (kept?.test(text) !== true) return { value: JSON.parse(text), mark: "" };
  // Longer than anything alike in the text.
  const mark = "\uE000".repeat(text.split(/\uE000|\\ue000/i).length);
  return { value: JSON.parse(withMarks(text, kept, mark)), mark };
}

/**
 * The numbers that stay as they are spelled. Whether one does is its own matter, whatever else is in the text: the same
 * row is the same, alone and in a list.
 */
function keptBy({ fields }: Model): RegExp | undefined {
  if (fields.some(({ type, as }) => type === "decimal" && as === "number")) {
    return /\d\.\d*0(?!\d)|\d[\d.]{15}|\d[eE][+-]?\d/;
  }
  const hasDigits = fields.some(({ type }) => type === "int64" || type === "json");
  return hasDigits ? /\d[\d.]{15}|\d[eE][+-]?\d{3}/ : undefined;
}

/** Strings are passed over. */
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
