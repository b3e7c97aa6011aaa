// Requests with edits that are refused, or can't be made, as a whole: only the edit that is to blame is rejected.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { adapter } from "./support/generated.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

test("a proxy takes less than the server: what is too large is alone in the end, and rejected", async () => {
  const client = await world.readyClient();
  world.server.kill();
  for (const name of ["one", "two", "x".repeat(80), "four"]) {
    await client.sql`INSERT INTO projects (id, name, color) VALUES (${randomUUID()}, ${name}, ${name.repeat(30)})`;
  }
  const proxy = world.server.faults.add({
    on: "* *",
    where: () => (world.server.exchanges.at(-1)?.body.length ?? 0) > 2_000,
    at: "arrived",
    times: 1_000,
    what: { status: 413, headers: { "content-type": "text/html" }, body: "<html>413 Request Entity Too Large" },
  });
  world.server.revive();
  await until(async () => (await client.rejected()).length === 1);
  await until(async () => (await world.rows("projects")).length === 3);
  const [refused] = await client.rejected();
  assert.equal(refused?.status, 413);
  proxy.end();
  await client.retry(refused.writeId);
  await world.converged(client);
  assert.equal((await world.rows("projects")).length, 4);
});

test("a text that no request can hold is rejected, and the others go", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (name, color) VALUES ('long', ${"ü".repeat(600_000)})`;
  await client.sql`INSERT INTO projects (name) VALUES ('short')`;
  await until(async () => (await client.rejected()).length === 1);
  const [refused] = await client.rejected();
  assert.deepEqual([refused?.status, /too large/.test(refused?.message ?? "")], [413, true]);
  await world.converged(client);
  assert.deepEqual(
    (await world.rows("projects")).map(({ name }) => name),
    ["short"],
  );
});

test("of a transaction that no request can hold, each edit has its own fate", async () => {
  const client = await world.readyClient();
  const names = Array.from({ length: 700 }, (_, index) =>
    index === 650 ? "x".repeat(81) : `project ${String(index)}`,
  );
  await client.exec(`INSERT INTO projects (name) VALUES ${names.map((name) => `('${name}')`).join(", ")}`);
  await until(async () => (await client.rejected()).length > 0);
  await world.converged(client);
  assert.equal((await client.rejected()).length, 1);
  assert.equal((await world.rows("projects")).length, 699);
});

test("a text that PostgreSQL can't hold is refused alone", async () => {
  const client = await world.readyClient();
  world.server.kill();
  await client.sql`INSERT INTO projects (name) VALUES ('before')`;
  const write = client.sql`INSERT INTO projects (name) VALUES (${"with\0in"})`;
  // PGlite is one.
  if (adapter !== "pglite") await write;
  else await assert.rejects(write, /0x00/);
  await client.sql`INSERT INTO projects (name) VALUES ('after')`;
  world.server.revive();
  const refused = adapter === "pglite" ? [] : [422];
  await until(async () => (await client.rejected()).length === refused.length);
  await world.converged(client);
  assert.deepEqual(
    (await client.rejected()).map(({ status }) => status),
    refused,
  );
  assert.equal((await world.rows("projects")).length, 2);
});

test("of edits that are refused as a whole request, only the one that is to blame is rejected", async () => {
  const client = await world.readyClient();
  world.server.kill();
  for (const name of ["one", "two", "odd", "four"]) await client.sql`INSERT INTO projects (name) VALUES (${name})`;
  const fault = world.server.faults.add({
    on: "* *",
    where: ({ body }) => body.includes('"odd"'),
    at: "arrived",
    times: 100_000,
    what: { status: 400, body: '{"error":{"code":"bad_request","message":"`changes.2.value`: Invalid input"}}' },
  });
  world.server.revive();
  await until(async () => (await client.rejected()).length === 1);
  await until(async () => (await world.rows("projects")).length === 3);
  assert.deepEqual(
    (await client.rejected()).map(({ status }) => status),
    [400],
  );
  fault.end();
  await world.converged(client);
});
