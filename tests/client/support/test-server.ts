// A test server of its own, for tests of the test server.

import { type Message, ShapeStream } from "@electric-sql/client";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach } from "node:test";
import { Server } from "../server/server.js";

export let server: Server;
let aborted: AbortController;

before(async () => {
  server = await Server.start();
});
beforeEach(async () => {
  aborted?.abort();
  aborted = new AbortController();
  await server.reset();
});
after(async () => {
  aborted.abort();
  await server.close();
});

export interface Sent {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

export async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Sent> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: "Bearer member", "idempotency-key": randomUUID(), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text), headers: response.headers };
}

export function stream(
  table: string,
  params: Record<string, string> = {},
): { messages: Message[]; stream: ShapeStream } {
  const messages: Message[] = [];
  const stream = new ShapeStream({
    url: `${server.url}/v1/shape`,
    params: { table, ...params },
    headers: { authorization: "Bearer member" },
    signal: aborted.signal,
    backoffOptions: { initialDelay: 20, maxDelay: 100, multiplier: 2 },
    parser: { int8: (value) => value },
    onError: () => {},
  });
  stream.subscribe(
    (batch) => void messages.push(...batch),
    () => {},
  );
  return { messages, stream };
}

export function changes(messages: readonly Message[]) {
  return messages.flatMap((message) => ("key" in message ? [message] : []));
}

export const project = (name: string) => ({ id: randomUUID(), name });

/** One request, as Electric's client would make it. */
export async function shape(query: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/v1/shape?${query}`, { headers: { authorization: "Bearer member", ...headers } });
}

export async function read(response: Response): Promise<Message[]> {
  return (await response.json()) as Message[];
}

export function where(response: Response): string {
  return `handle=${response.headers.get("electric-handle")}&offset=${response.headers.get("electric-offset")}`;
}
