import { z } from "zod";

/** Rules for a text. Lengths count characters, not the halves that JavaScript sees. */
export interface TextRules {
  readonly min?: number;
  readonly max?: number;
  /** A regular expression; one that JavaScript can't read is left out. */
  readonly pattern?: string;
  readonly oneOf?: readonly string[];
}

/** Rules for a number. */
export interface NumberRules {
  readonly min?: string;
  readonly max?: string;
  readonly above?: string;
  readonly below?: string;
  readonly oneOf?: readonly string[];
}

const DATE = /^\d{4,6}-\d\d-\d\d$/;
const TIME_STAMP = /^\d{4,6}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$/;

export function text({ min = 0, max = Infinity, pattern, oneOf }: TextRules = {}) {
  const form = pattern === undefined ? undefined : expression(pattern);
  return z
    .string()
    .refine((value) => !value.includes("\0"), "has a character that a database can't hold")
    .refine((value) => length(value) >= min, `must have at least ${min} characters`)
    .refine((value) => length(value) <= max, `must have at most ${max} characters`)
    .refine((value) => form === undefined || form.test(value), "doesn't have the form that the API asks for")
    .refine((value) => oneOf === undefined || oneOf.includes(value), `must be one of ${oneOf?.join(", ")}`);
}

export function integer(bits: 32 | 64, rules: NumberRules = {}) {
  const limit = 1n << BigInt(bits - 1);
  const isInteger = (value: string) => {
    if (!/^-?\d{1,19}$/.test(value)) return false;
    const number = BigInt(value);
    return number >= -limit && number < limit;
  };
  return number(z.string().refine(isInteger, `must be an integer of ${bits} bits`), rules);
}

export function float(rules: NumberRules = {}) {
  const isNumber = (value: string) => /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) && Number.isFinite(Number(value));
  return number(z.string().refine(isNumber, "must be a number"), rules);
}

export function decimal(rules: NumberRules = {}) {
  const isDecimal = (value: string) => value.length <= 1000 && /^-?\d+(\.\d+)?$/.test(value);
  return number(z.string().refine(isDecimal, "must be a decimal number"), rules);
}

export function boolean() {
  return z.enum(["true", "false", "t", "f"], "must be true or false");
}

export function uuid() {
  return z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "must be a UUID");
}

export function date() {
  return z.string().refine((value) => DATE.test(value) && isDay(value), "must be a date");
}

export function dateTime() {
  return z.string().refine((value) => TIME_STAMP.test(value) && isDay(value), "must be a time with an offset");
}

export function bytes() {
  return z.string().regex(/^\\x([0-9a-f]{2})*$/i, "must be bytes, in base 16 behind \\x");
}

export function json() {
  return z.string().refine(isJson, "must be JSON");
}

function number(schema: z.ZodString, { min, max, above, below, oneOf }: NumberRules) {
  const compare = (value: string, limit: string) => Number(value) - Number(limit);
  return schema
    .refine((value) => min === undefined || compare(value, min) >= 0, `must be at least ${min}`)
    .refine((value) => max === undefined || compare(value, max) <= 0, `must be at most ${max}`)
    .refine((value) => above === undefined || compare(value, above) > 0, `must be more than ${above}`)
    .refine((value) => below === undefined || compare(value, below) < 0, `must be less than ${below}`)
    .refine(
      (value) => oneOf === undefined || oneOf.some((one) => compare(value, one) === 0),
      "isn't one of the values",
    );
}

function expression(pattern: string): RegExp | undefined {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // Older documents have patterns that only the older syntax allows.
    }
  }
  return undefined;
}

function length(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}

/** Whether the day is in the calendar: JavaScript takes the 31st of February for the 3rd of March. */
function isDay(value: string): boolean {
  const [, year, month, day] = /^(\d+)-(\d\d)-(\d\d)/.exec(value) ?? [];
  const date = new Date(Date.UTC(2000, Number(month) - 1, Number(day)));
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

function isJson(value: string): boolean {
  // PostgreSQL's JSON has no NUL, and no half of a character.
  if (/\\u0000|\\ud[89a-f]/i.test(value) || value.includes("\0")) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
