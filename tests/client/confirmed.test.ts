// `local_first: false`: a write to a collection is saved once the server says so.

import assert from "node:assert/strict";
import { status } from "./server/faults.js";
import type { ClientError } from "./support/client.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

test("a write is saved when the server has it", async () => {
  const [client, other] = await world.readyPair();
  await client.save({ model: "settings", insert: { name: "theme", value: "dark" } });
  assert.deepEqual(await world.rows("settings"), [{ name: "theme", value: "dark" }]);
  await client.save({ model: "settings", update: "theme", set: { value: "light" } });
  assert.deepEqual(await world.rows("settings"), [{ name: "theme", value: "light" }]);
  await world.converged(client, other);
  await client.save({ model: "settings", delete: "theme" });
  assert.deepEqual(await world.rows("settings"), []);
  await world.converged(client, other);
});

test("it is shown before that", async () => {
  const client = await world.readyClient();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  world.server.faults.add({ on: "POST /settings", at: "arrived", what: () => held });
  let isSaved = false;
  const saved = client.save({ model: "settings", insert: { name: "theme", value: "dark" } }).then(() => {
    isSaved = true;
  });
  await until(async () => (await client.rows("settings")).length === 1);
  assert.equal(isSaved, false);
  release();
  await saved;
  await world.converged(client);
});

test("it is shown to whoever comes back meanwhile", async () => {
  const client = await world.readyClient();
  await client.save({ model: "settings", insert: { name: "font", value: "serif" } });
  await world.converged(client);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  world.server.faults.add({ on: "POST /settings", at: "arrived", what: () => held });
  const saved = client.save({ model: "settings", insert: { name: "theme", value: "dark" } });
  await until(async () => (await client.rows("settings")).length === 2);
  // What TanStack DB does some minutes after the last page that showed it.
  await client.leave("settings");
  await until(async () => (await client.rows("settings")).length === 2);
  release();
  await saved;
  await world.converged(client);
});

test("a refusal is thrown to whoever wrote, and leaves nothing behind", async () => {
  const client = await world.readyClient();
  await client.save({ model: "settings", insert: { name: "theme", value: "dark" } });
  await world.converged(client);
  await assert.rejects(
    client.save({ model: "settings", update: "theme", set: { value: "" } }),
    (error: ClientError) => error.name === "RejectedError" && error.status === 422,
  );
  assert.deepEqual(await client.rows("settings"), [{ name: "theme", value: "dark" }]);
  assert.deepEqual(await client.rejected(), []);
  assert.deepEqual(await client.sql`SELECT * FROM _changes`, []);
  await world.converged(client);
});

test("several writes of one transaction, one of them refused", async () => {
  const client = await world.readyClient();
  world.server.faults.add({
    on: "POST /settings",
    where: ({ body }) => body.includes("bad"),
    at: "arrived",
    what: status(422),
  });
  await assert.rejects(
    client.save(
      { model: "settings", insert: { name: "good", value: "1" } },
      { model: "settings", insert: { name: "bad", value: "1" } },
      { model: "settings", insert: { name: "better", value: "1" } },
    ),
  );
  await world.converged(client);
  assert.deepEqual(
    (await world.rows("settings")).map(({ name }) => name),
    ["better", "good"],
  );
});

test("offline, it waits, and after a reload it is as any other write", async () => {
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  world.server.kill();
  let isSaved = false;
  client.save({ model: "settings", insert: { name: "theme", value: "dark" } }).then(
    () => {
      isSaved = true;
    },
    () => {},
  );
  await until(async () => (await client.status()).pending === 1);
  assert.equal(isSaved, false);
  await client.kill();
  world.server.revive();
  const again = await world.readyClient({ directory });
  await world.converged(again);
  assert.deepEqual(await world.rows("settings"), [{ name: "theme", value: "dark" }]);
});

test("an optimistic model doesn't wait for the server", async () => {
  const client = await world.readyClient();
  world.server.kill();
  await client.save({ model: "projects", insert: { id: "6ce0b5fe-6f0c-4cc1-a54b-e44bd2cf5c5f", name: "P" } });
  assert.equal((await client.rows("projects")).length, 1);
  world.server.revive();
  await world.converged(client);
});
