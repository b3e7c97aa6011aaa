import type { ZodType } from "zod";

import { RequestError } from "./errors.js";
import { MAX_BYTES, PROTOCOL } from "./protocol.js";

/** An answer as JSON, which nobody in between keeps. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  const all = { "content-type": "application/json", "cache-control": "no-store", ...headers };
  return new Response(JSON.stringify(body), { status, headers: all });
}

/** What a client is told of a failure. `onError` hears of those that aren't the client's. */
export function errorAnswer(error: unknown, onError: (error: unknown) => void): Response {
  if (error instanceof RequestError) {
    const { status, code, message, more, headers } = error;
    return jsonAnswer(status, { error: { code, message }, ...more }, headers);
  }
  onError(error);
  return jsonAnswer(500, { error: { code: "internal", message: "the server failed" } });
}

/** Reads the body of a request and checks its form. */
export async function readRequest<T>(request: Request, schema: ZodType<T>): Promise<T> {
  const type = request.headers.get("content-type") ?? "";
  // A form of another site can't send this type without asking first.
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new RequestError(415, "not_json", "the body must be application/json");
  return checkBody(parsed(await readText(request)), schema);
}

/** Checks the form of a body. */
export function checkBody<T>(body: unknown, schema: ZodType<T>): T {
  const protocol = (body as { protocol?: unknown } | null)?.protocol;
  if (protocol !== PROTOCOL) {
    throw new RequestError(400, "protocol", `the protocol's version must be ${PROTOCOL}`, { protocols: [PROTOCOL] });
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new RequestError(
    400,
    "bad_request",
    `\`${issue?.path.join(".") ?? ""}\`: ${issue?.message ?? "isn't as it should be"}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, "bad_request", "the body isn't JSON");
  }
}

/** Reads no more than the server takes, whatever the headers say. */
async function readText(request: Request): Promise<string> {
  const tooLarge = () => new RequestError(413, "too_large", `the body has more than ${MAX_BYTES} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BYTES) throw tooLarge();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  const reader = request.body?.getReader();
  const next = () => reader?.read().catch((error: unknown) => Promise.reject(unread(error)));
  for (let part = await next(); part?.value !== undefined; part = await next()) {
    size += part.value.byteLength;
    if (size > MAX_BYTES) {
      await reader?.cancel().catch(() => {});
      throw tooLarge();
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

/** A framework bounds bodies as well, and lets the reader of one know by an error with the answer's status. */
function unread(error: unknown): unknown {
  const status = (error as { status?: unknown } | null)?.status;
  const isOfClient = typeof status === "number" && status >= 400 && status < 500;
  if (!isOfClient) return error;
  return new RequestError(status, status === 413 ? "too_large" : "bad_request", "the body can't be read");
}
