// A client with many models, and many requests at one time: Node has nothing to warn of.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { adapter, inMemory, transport } from "./support/generated.js";
import { until } from "./support/until.js";

type Generated = Omit<typeof import("../many/pglite/rest/index.js"), "pgliteDriver">;

const { createClient } = (await import(`../many/${adapter}/${transport}/index.js`)) as Generated;

/** It gets requests, and answers none: whoever asks listens for the end of its client. */
let server: Server;
const asked = new Set<string>();
const warnings: Error[] = [];
const note = (warning: Error): unknown => warnings.push(warning);

before(async () => {
  process.on("warning", note);
  server = createServer(({ method, url }) => {
    asked.add(`${String(method)} ${String(url)}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  process.off("warning", note);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Requests with this method that were told apart by their URLs. */
function askedWith(method: string): number {
  return [...asked].filter((one) => one.startsWith(`${method} `)).length;
}

test("twelve models and as many writes at one time bring no warning", { timeout: 300_000 }, async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let isHeld = false;
  let wanted = 0;
  const headers = async (): Promise<Record<string, string>> => {
    wanted += 1;
    // An application that asks for a new token first.
    if (isHeld) await until(() => !isHeld);
    return {};
  };
  const client = createClient({ apiBaseUrl: url, electricUrl: url, headers, user: "ada", concurrency: 24 });
  await client.initializeDatabase(inMemory());
  // Lists are read some at a time, so that they aren't all on their way.
  const reads = transport === "electric" ? 12 : 4;
  await until(() => askedWith("GET") >= reads);
  isHeld = true;
  const before = wanted;
  const collections = Object.values(client.collections);
  assert.equal(collections.length, 12);
  for (const collection of collections) collection.insert({ id: randomUUID(), name: "one" });
  // All of them wait for headers.
  await until(() => wanted >= before + 12);
  isHeld = false;
  await until(() => askedWith("POST") === 12);
  // Writes that wait are as many as may be under way.
  for (const collection of collections) collection.insert({ id: randomUUID(), name: "two" });
  await client.flushed();
  await client.closeDatabase();
  const told = warnings.map(({ name, message }) => `${name}: ${message}`);
  assert.deepEqual(
    told.filter((warning) => !warning.startsWith("ExperimentalWarning")),
    [],
  );
});
