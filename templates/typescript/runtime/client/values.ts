import { parsed, textOf, type Members } from "./json.js";
import { fieldOf, isRounded, own, type Field, type Model } from "./model.js";

/** A column of the server's table, as Electric describes it. */
export interface Column {
  readonly type: string;
  /** Dimensions of an array. */
  readonly dims?: number;
}

export type Columns = Readonly<Record<string, Column>>;

/** Converts a value in PostgreSQL's notation to JSON text of the field's type, with all digits. */
export function jsonOf(field: Field, text: string, column?: Column): string {
  switch (field.type) {
    case "json":
      return anyJson(field, text, column);
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

/** The date of a timestamp, too. One before our era stays as PostgreSQL writes it. */
export function dateOf(text: string): string {
  return /^(\d{4}-\d\d-\d\d)(?!.* BC$)/.exec(text)?.[1] ?? text;
}

/** Converts a value that is a string in the API: timestamps and intervals get the form that the API has. */
export function plainText(text: string, column: Column | undefined): string {
  if (column === undefined || (column.dims ?? 0) > 0) return text;
  if (column.type === "interval") return isoDuration(text);
  return column.type === "timestamptz" || column.type === "timestamp" ? isoTimestamp(text) : text;
}

/** Converts PostgreSQL's hexadecimal bytes to base64. Bytes in a text column are base64 already. */
export function base64Of(text: string): string {
  if (!text.startsWith("\\x")) return text;
  const bytes = (text.slice(2).match(/../g) ?? []).map((byte) => String.fromCharCode(Number.parseInt(byte, 16)));
  return btoa(bytes.join(""));
}

export function isJsonNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
}

function anyJson(field: Field, text: string, column: Column | undefined): string {
  if (column === undefined) return text;
  const known = own(SCALARS, column.type);
  const isArray = (column.dims ?? 0) > 0;
  if (known !== undefined) return isArray ? arrayJson(text, known) : known(text);
  // A type of the server's own, such as a domain. What it stands on, only the document says.
  const isList = field.elements !== undefined;
  if (!isArray && isJson(text, isList ? "[" : "[{")) return text;
  return isArray || isList ? arrayJson(text, own(ELEMENTS, field.elements ?? "json") ?? quoted) : quoted(text);
}

const quoted = (text: string): string => JSON.stringify(text);
const unchanged = (text: string): string => text;
const number = (text: string): string => (isJsonNumber(text) ? text : quoted(text));
const boolean = (text: string): string => String(isTrue(text));
const timestamp = (text: string): string => quoted(isoTimestamp(text));

/** How values of PostgreSQL's types become JSON. */
const SCALARS: Readonly<Record<string, (text: string) => string>> = {
  json: unchanged,
  jsonb: unchanged,
  bool: boolean,
  int2: number,
  int4: number,
  int8: number,
  float4: number,
  float8: number,
  numeric: number,
  timestamp,
  timestamptz: timestamp,
  interval: (text) => quoted(isoDuration(text)),
  bytea: (text) => quoted(base64Of(text)),
  ...Object.fromEntries(["text", "varchar", "bpchar", "uuid", "date", "time", "timetz"].map((type) => [type, quoted])),
};

/** The same of elements whose type only the document tells. */
const ELEMENTS: Readonly<Record<string, (text: string) => string>> = {
  number,
  boolean,
  string: quoted,
  json: (text) => (isJson(text, "[{") ? text : quoted(text)),
};

/** Whether a text is JSON that begins with one of these brackets. */
function isJson(text: string, brackets: string): boolean {
  return brackets.includes(text.trimStart().charAt(0) || " ") && parsed(text) !== undefined;
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

const TIMESTAMP = /^(\d{4,}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(?:(Z)|([+-]\d\d)(?::?(\d\d))?)?$/;

/**
 * Converts a timestamp of PostgreSQL to ISO 8601 with all digits: in UTC, or without a zone where it has none. Other text
 * (`infinity`) stays unchanged.
 */
export function isoTimestamp(text: string): string {
  const [, date, time, fraction = "", zone = "", hours, minutes = "00"] = TIMESTAMP.exec(text) ?? [];
  if (date === undefined || time === undefined) return text;
  if (hours === undefined) return `${date}T${time}${fraction}${zone}`;
  if (Number(hours) + Number(minutes) === 0) return `${date}T${time}${fraction}Z`;
  const moment = new Date(`${date}T${time}${hours}:${minutes}`);
  if (Number.isNaN(moment.getTime())) return text;
  return `${moment.toISOString().slice(0, -".000Z".length)}${fraction}Z`;
}

/** Whether a text is a time that doesn't say its zone. */
export function isZoneless(text: string): boolean {
  return /^\d{4,}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text);
}

/** A time in UTC without saying so. */
export function withoutZone(text: string): string {
  return isoTimestamp(text).replace(/Z$/, "");
}

/** Milliseconds since 1970. A time without a zone is one of UTC, wherever the device is. */
function momentOf(text: string): number {
  return Date.parse(isZoneless(text) ? `${text}Z` : text);
}

const INTERVAL = /^(?:(-?\d+) years? ?)?(?:(-?\d+) mons? ?)?(?:(-?\d+) days? ?)?(?:([+-]?)(\d+):(\d\d):(\d\d(?:\.\d+)?))?$/;

/** Converts an interval of PostgreSQL to a duration of ISO 8601. Other text stays unchanged. */
export function isoDuration(text: string): string {
  const found = INTERVAL.exec(text.replaceAll("+", ""));
  if (found === null || text === "") return text;
  const [, years, months, days, sign = "", ...clock] = found;
  const part = (value: string | undefined, unit: string, minus = "") =>
    value === undefined || Number(value) === 0 ? "" : `${minus}${value.replace(/^(-?)0+(?=\d)/, "$1")}${unit}`;
  const date = part(years, "Y") + part(months, "M") + part(days, "D");
  const time = ["H", "M", "S"].map((unit, index) => part(clock[index], unit, sign)).join("");
  return date + time === "" ? "PT0S" : `P${date}${time === "" ? "" : `T${time}`}`;
}

/** Converts a 64-bit integer to what the application sees of it. */
export function shownInteger(field: Field, value: string | number | bigint): string | number | bigint {
  switch (field.as) {
    case "bigint":
      return BigInt(value);
    case "string":
      return String(value);
    case "key":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    default:
      return Number(value);
  }
}

/** What the application sees of a field's default. */
export function shownDefault(field: Field): unknown {
  return field.type === "int64" ? shownInteger(field, String(field.default)) : field.default;
}

/** Whether a new row has the default in a field. A number may be a rounded one, so the exact default is taken from the field. */
export function isDefault(field: Field, value: unknown): boolean {
  return field.default !== undefined && value === shownDefault(field);
}

/** The lower 32 bits of a transaction id: servers give either these or all 64, and both must be comparable. */
export function transactionId(id: string | number | bigint): string {
  return String(BigInt(id) & 0xffff_ffffn);
}

/** Whether a column has the same value in two rows, which are given as JSON text. */
export function isSame(model: Model, name: string, left: Members, right: Members): boolean {
  const field = fieldOf(model, name);
  const [one, other] = [own(left, name) ?? "null", own(right, name) ?? "null"];
  return field !== undefined && comparable(field, one) === comparable(field, other);
}

/** A text that is equal for equal values, whatever their notation. */
function comparable(field: Field, json: string): string {
  const text = textOf(json);
  if (json === "null") return json;
  switch (field.type) {
    case "uuid":
      return text.toLowerCase();
    case "date_time":
      return String(momentOf(text));
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

/** Negative where the first of two times, or numbers, is earlier; exact to the last digit. */
export function compareTimes(one: string, other: string): number {
  const [first, second] = [milliseconds(one), milliseconds(other)];
  if (first !== second) return first - second;
  const digits = (text: string) => /\.(\d+)/.exec(text)?.[1]?.replace(/0+$/, "") ?? "";
  return digits(one) < digits(other) ? -1 : digits(one) > digits(other) ? 1 : 0;
}

/** The time that is so many seconds earlier, in the same notation. */
export function before(time: string, seconds: number): string {
  if (!isNumber(time)) return isoTime(milliseconds(time) - seconds * 1_000, time);
  return String(Number(time) - seconds * (Number(time) > LARGEST_SECONDS ? 1_000 : 1));
}

/** The earlier of a time and an HTTP date, in the notation of the time. */
export function atMost(time: string, date: string | null): string {
  const limit = Date.parse(date ?? "");
  if (Number.isNaN(limit) || milliseconds(time) <= limit) return time;
  if (!isNumber(time)) return isoTime(limit, time);
  return String(Number(time) > LARGEST_SECONDS ? limit : limit / 1_000);
}

/** A moment in the notation of a time: a server whose times have no zone may take none. */
function isoTime(moment: number, like: string): string {
  const text = new Date(moment).toISOString();
  return isZoneless(like) ? withoutZone(text) : text;
}

/** The largest number that counts as seconds. A larger one counts as milliseconds. */
const LARGEST_SECONDS = 100_000_000_000;

function isNumber(time: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(time);
}

/** Milliseconds since 1970, without a fraction. */
function milliseconds(time: string): number {
  if (!isNumber(time)) return Math.floor(momentOf(time));
  return Number(time) > LARGEST_SECONDS ? Number(time) : Number(time) * 1_000;
}

const INTEGERS = {
  int32: { least: -(2n ** 31n), most: 2n ** 31n - 1n },
  int64: { least: -(2n ** 63n), most: 2n ** 63n - 1n },
};

/** Throws where the database or the API would get another value than the application has given. */
export function refuseUnfit(model: Model, field: Field, value: unknown): void {
  if (value === null || value === undefined) return;
  const problem = problemOf(field, value);
  if (problem !== undefined) throw new RangeError(`${model.name}.${field.name} ${problem}`);
}

function problemOf(field: Field, value: unknown): string | undefined {
  switch (field.type) {
    case "int32":
    case "int64": {
      const { least, most } = INTEGERS[field.type];
      const integer = integerOf(value);
      if (integer === undefined || integer < least || integer > most) {
        return `must be an integer from ${least} to ${most}, and not ${String(value)}`;
      }
      const isExact = field.as === "number" || !isRounded(value);
      return isExact ? undefined : `must not be ${String(value)}, which may be rounded: beyond 2^53, give it as text`;
    }
    case "float":
    case "decimal":
      return isFinite(value) ? undefined : `must be a finite number, and not ${String(value)}`;
    case "json":
      return isFiniteWithin(value) ? undefined : "must have no number in it that isn't finite";
    default:
      return undefined;
  }
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  const isInteger = typeof value === "number" ? Number.isInteger(value) : /^-?\d+$/.test(String(value));
  return isInteger ? BigInt(value as number | string) : undefined;
}

/** Text is checked as text: a decimal with many digits is finite, though JavaScript's numbers don't hold it. */
function isFinite(value: unknown): boolean {
  return typeof value === "number" ? Number.isFinite(value) : !/^\s*[-+]?(nan|inf|infinity)\s*$/i.test(String(value));
}

/** Whether all numbers in a JSON value are finite: `JSON.stringify` would write null in place of others. */
function isFiniteWithin(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isFiniteWithin);
}

/** Gives the value from before, where the next one is the same: the same lists, too, if their elements are the same. */
export function kept<T>(before: T | undefined, next: T): T {
  if (Array.isArray(before) && Array.isArray(next)) return isSameList(before, next) ? before : next;
  return next;
}

export function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((element, index) => Object.is(element, other[index]));
}
