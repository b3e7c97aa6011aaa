// A token runs out: everything waits for the next one, and nothing is lost.

import assert from "node:assert/strict";
import { status } from "./server/faults.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

/** Waits until nobody has asked for longer than the longest pause between two tries in these tests. */
async function quiet(): Promise<void> {
  let [asked, since] = [-1, Date.now()];
  await until(
    () => {
      const { length } = world.server.exchanges;
      if (length !== asked) [asked, since] = [length, Date.now()];
      return Date.now() - since > 13_000;
    },
    () => `nobody to ask any more: ${asked} requests`,
    120_000,
  );
}

test("401 waits for a new token", async () => {
  const [client, other] = await world.readyPair();
  world.server.tokens.delete("member");
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await until(async () => (await client.status()).waitingForAuth);
  // A read may have been refused first: what is under way then gets its answer, and a push is asked about without edits.
  // After that, nobody asks again with the same token.
  await quiet();
  const asked = world.server.exchanges.length;
  assert.ok(asked <= 5, `${asked} requests for two writes`);
  assert.equal((await client.status()).pending, 2);
  assert.deepEqual(await client.rejected(), []);
  assert.equal((await client.rows("projects")).length, 1);

  // Of two new ones, the first is no good either.
  await client.configure({ token: "mistyped" });
  await until(() => world.server.exchanges.length > asked);
  await until(async () => (await client.status()).waitingForAuth);
  for (const one of [client, other]) await one.configure({ token: "manager" });
  await world.converged(client, other);
  await until(async () => !(await client.status()).waitingForAuth);
});

test("a stream waits for a new token, too", async () => {
  const client = await world.readyClient();
  world.server.tokens.delete("member");
  world.server.rows.wake();
  world.server.disconnect();
  await world.server.db.exec("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'meanwhile')");
  await until(async () => (await client.status()).waitingForAuth);
  await client.configure({ token: "manager" });
  await world.converged(client);
  assert.equal((await client.rows("projects")).length, 1);
});

test("nobody may have the rows of one model", async () => {
  world.server.forbidden.add("accounts");
  const client = await world.client();
  await until(async () => {
    const { models, waitingForAuth } = await client.status();
    return waitingForAuth && Object.values(models).filter(({ ready }) => ready).length === 5;
  });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await client.allSettled();
  world.server.forbidden.clear();
  await client.configure({ token: "manager" });
  await client.ready();
  await world.converged(client);
});

test("a token that is missing from the start", async () => {
  const directory = await world.folder();
  const client = await world.client({ directory, token: "none" });
  await until(async () => (await client.status()).waitingForAuth);
  await client.sql`INSERT INTO projects (name) VALUES ('written before the login')`;
  await client.kill();
  const again = await world.readyClient({ directory });
  await world.converged(again);
  assert.equal((await world.rows("projects")).length, 1);
});

test("a 403 that the next headers cure", async () => {
  const client = await world.readyClient();
  world.server.faults.add({ on: "POST /projects", at: "arrived", what: status(403) });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await world.converged(client);
  assert.deepEqual(await client.rejected(), []);
});
