import type { ApiRequest } from "./request.js";

/** What needs no permission. */
const SIMPLE_HEADERS = ["accept", "accept-language", "content-language"];
const SIMPLE_METHODS = ["GET", "HEAD", "POST"];
/** The headers of an answer that the client reads, and that need it. */
const READ = { GET: "ETag", POST: "Location and X-Txid", PUT: "X-Txid", PATCH: "X-Txid", DELETE: "X-Txid" };

/**
 * Why a browser may keep a request from a server of another origin that is there and answers: undefined where that
 * isn't so. What the server has to allow is in the message.
 */
export async function corsCause(
  { method }: ApiRequest,
  url: string,
  headers: Headers,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (typeof location === "undefined" || new URL(url).origin === location.origin) return undefined;
  try {
    // Gets through whatever the server allows; what it answers nobody may see.
    await fetch(url, { method: "HEAD", mode: "no-cors", credentials: "omit", cache: "no-store", signal });
  } catch {
    return undefined;
  }
  const names = [...headers.keys()].filter((name) => !SIMPLE_HEADERS.includes(name));
  const allowed = [
    `the origin ${location.origin}`,
    ...(SIMPLE_METHODS.includes(method) ? [] : [`the method ${method}`]),
    ...(names.length > 0 ? [`the ${names.length > 1 ? "headers" : "header"} ${names.join(", ")}`] : []),
  ];
  const sentences = [
    `the server is there, but the browser keeps ${method} from it: most likely its CORS settings`,
    `They have to allow ${listed(allowed)}, and to expose ${READ[method]} where the server answers that`,
    ...(names.includes("idempotency-key")
      ? ["A server that can't allow idempotency-key needs `idempotency_key: none` in the config"]
      : []),
  ];
  return sentences.join(". ");
}

/** `one`, `one and two`, `one, two and three`. */
function listed(parts: readonly string[]): string {
  return [parts.slice(0, -1).join(", "), ...parts.slice(-1)].filter((part) => part !== "").join(" and ");
}
