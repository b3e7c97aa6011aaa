import type { Answer } from "./faults.js";

/** What the API says of a request that it doesn't do. */
export function problem(status: number, detail: string): Answer {
  return { status, body: JSON.stringify({ detail }) };
}
