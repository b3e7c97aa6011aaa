import type { ApiRequest } from "./request.js";

/** What needs no permission. */
const SIMPLE_HEADERS = ["accept", "accept-language", "content-language"];
const SIMPLE_METHODS = ["GET", "HEAD", "POST"];

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
    ...(SIMPLE_METHODS.includes(method) ? [] : [`the method ${method}`]),
    ...(names.length > 0 ? [`the headers ${names.join(", ")}`] : []),
  ];
  return (
    `the server is there, but the browser keeps ${method} from it: most likely its CORS settings. ` +
    `For ${location.origin} they have to allow ${allowed.join(" and ")}, and to expose ETag, Link and X-Txid. ` +
    "A server that can't allow idempotency-key needs `idempotency_key: none` in the config"
  );
}
