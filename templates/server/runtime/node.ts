import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Lets a handler answer requests of `node:http`: `createServer(nodeHandler(sync.handle))`. */
export function nodeHandler(handle: (request: Request) => Promise<Response>) {
  return async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort());
    try {
      const answer = await handle(requestOf(incoming, gone.signal));
      // What is left of a body that wasn't read would be taken for the next request.
      if (!incoming.complete) outgoing.setHeader("connection", "close");
      outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
      if (answer.body === null) outgoing.end();
      else await pipeline(Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]), outgoing);
    } catch {
      // The client has gone, or the body couldn't be read.
      outgoing.destroy();
    }
  };
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const method = incoming.method ?? "GET";
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, one);
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null;
  return new Request(new URL(incoming.url ?? "/", "http://localhost"), {
    method,
    headers,
    signal,
    body,
    duplex: "half",
  } as RequestInit);
}
