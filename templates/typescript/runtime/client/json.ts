/** The members of a JSON object, each as JSON text, so that a number that JavaScript can't hold keeps its digits. */
export type Members = Readonly<Record<string, string>>;

/** The members of an object, each as JSON text; undefined where the text isn't an object. */
export function membersOf(json: string): Members | undefined {
  const value = parsed(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const parts = split(json);
  const names = parts.filter((_, index) => index % 2 === 0).map((part) => String(JSON.parse(part)));
  return Object.fromEntries(names.map((name, index) => [name, parts[index * 2 + 1] ?? "null"]));
}

/** The elements of an array, each as JSON text; undefined where the text isn't an array. */
export function elementsOf(json: string): string[] | undefined {
  return Array.isArray(parsed(json)) ? split(json) : undefined;
}

/** The same of an object that isn't text yet. */
export function jsonMembers(object: object): Members {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, JSON.stringify(value)]));
}

export function objectOf(members: Members): string {
  const parts = Object.entries(members).map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return `{${parts.join(",")}}`;
}

/** The value of a JSON string; any other JSON text unchanged. */
export function textOf(json: string): string {
  return json.startsWith('"') ? String(JSON.parse(json)) : json;
}

/** Parses JSON; undefined if the text isn't JSON. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The texts between the outermost separators of an object or array. */
function split(json: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < json.length; index += 1) {
    const character = json.charAt(index);
    if (character === '"') {
      index = endOfString(json, index);
    } else if (character === "{" || character === "[") {
      depth += 1;
      if (depth === 1) start = index + 1;
    } else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) parts.push(json.slice(start, index).trim());
    } else if (depth === 1 && (character === "," || character === ":")) {
      parts.push(json.slice(start, index).trim());
      start = index + 1;
    }
  }
  return parts.filter((part) => part !== "");
}

function endOfString(json: string, start: number): number {
  let index = start + 1;
  while (json.charAt(index) !== '"') index += json.charAt(index) === "\\" ? 2 : 1;
  return index;
}

/** What an error says; of a request that has failed also why, where the platform tells it. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && cause.message !== "" ? `${message}: ${cause.message}` : message;
}
