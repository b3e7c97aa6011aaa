/** Negative where the first of two times, or numbers, is earlier; exact to the last digit. */
export function compareTimes(one: string, other: string): number {
  const [first, second] = [milliseconds(one), milliseconds(other)];
  if (first !== second) return first - second;
  const digits = (text: string) => /\.(\d+)/.exec(text)?.[1]?.replace(/0+$/, "") ?? "";
  return digits(one) < digits(other) ? -1 : digits(one) > digits(other) ? 1 : 0;
}

/** So many seconds before a time, as the API writes it. */
export function before(time: string, seconds: number): string {
  if (!isNumber(time)) return new Date(milliseconds(time) - seconds * 1_000).toISOString();
  return String(Number(time) - seconds * (Number(time) > LARGEST_SECONDS ? 1_000 : 1));
}

/** The earlier of a time and that of an HTTP date. */
export function atMost(time: string, date: string | null): string {
  const limit = Date.parse(date ?? "");
  if (Number.isNaN(limit) || milliseconds(time) <= limit) return time;
  if (!isNumber(time)) return new Date(limit).toISOString();
  return String(Number(time) > LARGEST_SECONDS ? limit : limit / 1_000);
}

/** A larger number is one of milliseconds. */
const LARGEST_SECONDS = 100_000_000_000;

function isNumber(time: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(time);
}

/** Whole ones. */
function milliseconds(time: string): number {
  if (!isNumber(time)) return Math.floor(Date.parse(time));
  return Number(time) > LARGEST_SECONDS ? Number(time) : Number(time) * 1_000;
}
