import { isRounded, type Field, type Model } from "./model.js";

const INTEGERS = {
  int32: { least: -(2n ** 31n), most: 2n ** 31n - 1n },
  int64: { least: -(2n ** 63n), most: 2n ** 63n - 1n },
};

/** Throws where a value of the application would become another one in the database, or on its way to the API. */
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

/** A decimal of many digits is more than a number of JavaScript holds, and finite. */
function isFinite(value: unknown): boolean {
  return typeof value === "number" ? Number.isFinite(value) : !/^\s*[-+]?(nan|inf|infinity)\s*$/i.test(String(value));
}

/** JSON has null in place of such a number. */
function isFiniteWithin(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isFiniteWithin);
}
