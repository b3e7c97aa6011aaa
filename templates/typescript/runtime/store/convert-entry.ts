import { parsed, textOf, type Members } from "../client/json.js";
import { actionFor, fieldOf, inputsTaken, type Field, type Model } from "../client/model.js";
import { errorText, type Entry } from "./store.js";

/** What becomes of an entry in a new schema. */
export type Fate =
  | { readonly kind: "stays" }
  /** The server has taken the entry, and the new schema has no place for it: it leaves the log. */
  | { readonly kind: "goes" }
  | { readonly kind: "rejected"; readonly error: string }
  /** `lost`: what can't stay in it becomes an entry of its own, which is rejected. */
  | {
      readonly kind: "changes";
      readonly members: Members;
      readonly inputs: Members;
      readonly rowKey: string;
      readonly lost?: { readonly members: Members; readonly error: string };
    };

/** An entry of the log, converted to a new schema. */
interface Converted {
  /** The members that the new schema can hold; undefined if there are none. */
  readonly kept: Members | undefined;
  /** The members that it can't hold. */
  readonly lost: Members;
  /** Why it can't hold them. */
  readonly reason: string;
}

/** A model as it was in the former schema. */
export interface FormerModel {
  readonly key: readonly string[];
  /** Types of fields by their names. */
  readonly types: Readonly<Record<string, string>>;
}

const UUID = /^[\da-f]{8}-?([\da-f]{4}-?){3}[\da-f]{12}$/i;
const DATE = /^\d{4,}-\d\d-\d\d$/;
const TIME = /^\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?$/;
const DATE_TIME = /^(\d{4,}-\d\d-\d\d)[T ](\d\d:\d\d(:\d\d(\.\d+)?)?)(Z|[+-]\d\d(:?\d\d)?)?$/;
const BASE64 = /^([A-Za-z\d+/]{4})*([A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** Types of keys whose text form is that of their JSON. */
const PLAIN = new Set<string>(["text", "uuid", "int32", "int64", "date"]);

/**
 * Says what becomes of an entry. Members of a column that is gone, or that can't hold the value any more, are rejected; the
 * rest stays as it was, but for inputs that the API no longer takes: those are secrets as a rule, so nothing keeps them.
 * `model` and `former`: its model now and before.
 */
export function fateOf(
  entry: Pick<Entry, "model" | "rowKey" | "operation" | "members" | "inputs" | "status">,
  model: Model | undefined,
  former: FormerModel | undefined,
): Fate {
  const { operation, status, members: before } = entry;
  // The server has taken it, so there is nothing to send, whether its rows show it already or not.
  const isTaken = status === "acknowledged";
  const isSendable = isTaken || model === undefined || actionFor(model, operation) !== undefined;
  const { kept, lost, reason } = isSendable ? convert(model, former, operation, before) : unsendable(operation, before);
  const error = errorText({ status: null, message: `${entry.model}: ${reason}`, body: "" });
  if (model === undefined || kept === undefined) {
    if (isTaken) return { kind: "goes" };
    return status === "rejected" ? { kind: "stays" } : { kind: "rejected", error };
  }

  const isSplit = Object.keys(lost).length > 0;
  const rowKey = plainKey(model, kept) ?? entry.rowKey;
  const inputs = inputsTaken(model, entry.inputs);
  const isOther =
    isSplit ||
    rowKey !== entry.rowKey ||
    Object.keys(inputs).length !== Object.keys(entry.inputs).length ||
    Object.entries(kept).some(([name, json]) => before[name] !== json);
  if (!isOther) return { kind: "stays" };
  if (!isSplit || isTaken) return { kind: "changes", members: kept, inputs, rowKey };
  const key = Object.fromEntries(model.key.map((column) => [column, kept[column] ?? "null"]));
  return { kind: "changes", members: kept, inputs, rowKey, lost: { members: { ...key, ...lost }, error } };
}

function unsendable(operation: string, members: Members): Converted {
  return { kept: undefined, lost: members, reason: `the API has no ${operation} any more` };
}

/** The text form of the key; undefined if a part has a type for which the database has its own form. */
function plainKey(model: Model, members: Members): string | undefined {
  if (!model.key.every((column) => PLAIN.has(fieldOf(model, column)?.type ?? ""))) return undefined;
  const parts = model.key.map((column) => members[column] ?? "null");
  return parts.length === 1 ? textOf(parts[0] ?? "null") : `[${parts.join(",")}]`;
}

/** Describes a model for the next upgrade, which converts the log. */
export function formerOf(model: Model): FormerModel {
  return { key: model.key, types: Object.fromEntries(model.fields.map((field) => [field.name, field.type])) };
}

/** Converts an entry. One whose key doesn't fit is dropped, and so is an update that has nothing left but its key. */
export function convert(
  model: Model | undefined,
  former: FormerModel | undefined,
  operation: string,
  members: Members,
): Converted {
  if (model === undefined) return { kept: undefined, lost: members, reason: "the model is gone" };

  const kept: Record<string, string> = {};
  const lost: Record<string, string> = {};
  const reasons: string[] = [];
  for (const [column, json] of Object.entries(members)) {
    const field = fieldOf(model, column);
    const value = field === undefined ? undefined : convertValue(field, former?.types[column], json);
    if (field !== undefined && value !== undefined && mayWrite(model, field, operation)) {
      kept[column] = value;
    } else {
      lost[column] = json;
      reasons.push(
        `column ${column} ${field === undefined ? "is gone" : value === undefined ? unfit(field) : readOnly}`,
      );
    }
  }
  const isSameKey = JSON.stringify(model.key) === JSON.stringify(former?.key ?? model.key);
  if (!isSameKey || model.key.some((column) => kept[column] === undefined)) {
    reasons.push(`the key is ${model.key.join(", ")} now`);
    return { kept: undefined, lost: members, reason: reasons.join("; ") };
  }
  const isEmpty = operation === "update" && Object.keys(kept).length === model.key.length;
  return { kept: isEmpty ? undefined : kept, lost, reason: reasons.join("; ") };
}

const readOnly = "is read-only now";

function unfit(field: Field): string {
  return `is ${field.type}${field.nullable ? "" : ", and required,"} now`;
}

function mayWrite(model: Model, field: Field, operation: string): boolean {
  if (model.key.includes(field.name)) return true;
  return operation === "insert" ? field.insert !== "never" : field.update;
}

/** Converts a value to the field's type, as JSON text; undefined if it can't be converted. */
function convertValue(field: Field, type: string | undefined, json: string): string | undefined {
  if (json === "null" && field.type !== "json") return field.nullable ? json : undefined;
  if (field.type === type || field.type === "json") return json;
  const isString = json.startsWith('"');
  const isNumber = /^[-\d]/.test(json);
  const text = textOf(json);
  const asString = (pattern: RegExp) => (isString && pattern.test(text) ? json : undefined);
  switch (field.type) {
    case "text":
      return isString || isNumber ? JSON.stringify(text) : undefined;
    case "uuid":
      return asString(UUID);
    case "date":
      return isDay(text) ? asString(DATE) : undefined;
    case "time":
      return asString(TIME);
    case "date_time":
      return isDay(DATE_TIME.exec(text)?.[1] ?? "") ? asString(DATE_TIME) : undefined;
    case "bytes":
      return asString(BASE64);
    case "boolean":
      return typeof parsed(json) === "boolean" ? json : undefined;
    case "int32":
      return isString || isNumber ? integerOf(text, 31n) : undefined;
    case "int64":
      return isString || isNumber ? integerOf(text, 63n) : undefined;
    case "float":
      return isNumber || (isString && DECIMAL.test(text)) ? floatOf(text) : undefined;
    case "decimal":
      return isNumber || (isString && DECIMAL.test(text)) ? JSON.stringify(text) : undefined;
  }
}

function isDay(text: string): boolean {
  const moment = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text);
}

function integerOf(text: string, bits: bigint): string | undefined {
  const digits = /^(-?\d+)(\.0+)?$/.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const integer = BigInt(digits);
  return -(2n ** bits) <= integer && integer < 2n ** bits ? String(integer) : undefined;
}

/** Converts a number; undefined if it has more digits than a double holds. */
function floatOf(text: string): string | undefined {
  const number = Number(text);
  if (!DECIMAL.test(text)) return Number.isFinite(number) ? text : undefined;
  return DECIMAL.test(String(number)) && shortest(String(number)) === shortest(text) ? String(number) : undefined;
}

function shortest(decimal: string): string {
  const trimmed = decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
  return trimmed.replace(/^(-?)0+(?=\d)/, "$1");
}
