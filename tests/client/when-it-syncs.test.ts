// When a client asks a sync server for news: while somebody looks, when they come back, when the server says so, and when the
// application wants it; and never while nobody is signed in.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { generated } from "./support/generated.js";
import { Page } from "./support/page.js";
import { until } from "./support/until.js";

/** One of a sync server, whatever its database. */
type Client = Omit<typeof import("../pglite/push-pull/index.js"), "pgliteDriver">;
type Settings = NonNullable<Parameters<Client["createClient"]>[0]>;
type Running = ReturnType<Client["createClient"]>;

const { createClient } = (await generated()) as unknown as Client;
const page = new Page();
const hour = 3_600;
const encoder = new TextEncoder();

/** A server that has nothing, and counts how often it is asked. */
class Server {
  pulls = 0;
  /** Streams that have been opened. */
  streams = 0;
  ended = 0;
  #send: ((text: string) => void) | undefined;

  readonly functions: NonNullable<Settings["pushPull"]> = {
    push: () => Promise.reject(new Error("nothing is written")),
    pull: async () => {
      this.pulls += 1;
      const cursor = { scopes: {}, tables: {}, loads: [] };
      return { protocol: 1, stamp: "1795932681502.0", cursor, changes: [], more: false };
    },
    poke: async (_, signal) => {
      this.streams += 1;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.#send = (text) => controller.enqueue(encoder.encode(text));
          this.#send(": connected\n\n");
          signal.addEventListener("abort", () => {
            this.ended += 1;
            controller.error(signal.reason);
          });
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  };

  poke(): void {
    this.#send?.('event: poke\nid: 1\ndata: {"scopes":{"*":{"epoch":"e","version":"1"}}}\n\n');
  }
}

let running: Running | undefined;

afterEach(async () => {
  await running?.closeDatabase();
  running = undefined;
  page.close();
});

/** A client that has pulled, and whose stream is open. */
async function client(server: Server, settings: Settings = {}): Promise<Running> {
  running = createClient({ pushPull: server.functions, poll: hour, ...settings });
  await running.initializeDatabase({ directory: "memory://" });
  return running;
}

async function connected(server: Server): Promise<void> {
  await until(() => server.pulls > 0 && server.streams > 0);
  await quiet(server);
}

/** Waits until what was asked for has come, and nothing follows it at once. */
async function quiet(server: Server): Promise<void> {
  for (let before = -1; before !== server.pulls; await rest()) before = server.pulls;
}

/** Long enough for what comes at once. */
async function rest(milliseconds = 300): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

test("on a poke, whether somebody looks or not", async () => {
  page.open("hidden");
  const server = new Server();
  await client(server);
  await connected(server);
  const before = server.pulls;
  server.poke();
  await until(() => server.pulls > before);
});

test("while somebody looks, every so often although the stream is silent; while nobody does, not", async () => {
  page.open("visible");
  const server = new Server();
  await client(server, { poll: 0.1 });
  await connected(server);
  const before = server.pulls;
  // Between two looks at the clock are five seconds.
  await until(() => server.pulls > before, undefined, 50_000);
  page.hide();
  await quiet(server);
  const hidden = server.pulls;
  await rest(6_000);
  assert.equal(server.pulls, hidden);
});

test("when the user comes back, and when the browser is online again", async () => {
  page.open("hidden");
  const server = new Server();
  await client(server);
  await connected(server);
  for (const come of [() => page.show(), () => page.online()]) {
    const before = server.pulls;
    come();
    await until(() => server.pulls > before);
    await quiet(server);
  }
});

test("when the application asks, and it hears when that is done", async () => {
  page.open("hidden");
  const server = new Server();
  const { syncNow } = await client(server);
  await connected(server);
  const before = server.pulls;
  await syncNow();
  assert.equal(server.pulls, before + 1);
  await syncNow("projects");
  assert.equal(server.pulls, before + 2);
});

test("never while nobody is signed in", async () => {
  page.open("visible");
  const server = new Server();
  const { configureSync, syncNow } = await client(server, { user: null, poll: 0.1 });
  await rest();
  await syncNow();
  page.hide();
  page.show();
  page.online();
  await rest(6_000);
  assert.deepEqual([server.pulls, server.streams], [0, 0]);
  configureSync({ user: "ada" });
  await connected(server);
  configureSync({ user: null });
  await until(() => server.ended === 1);
  const before = server.pulls;
  page.online();
  await rest();
  assert.deepEqual([server.pulls, server.streams], [before, 1]);
});
