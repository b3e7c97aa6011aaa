// A shape begins anew while acknowledged writes are still on their way through the stream: its snapshot has some of them, or
// all, or what somebody else has written since.

import assert from "node:assert/strict";
import type { Client } from "./support/client.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

const ID = "00000000-0000-4000-8000-000000000001";

async function acknowledged(client: Client, count: number): Promise<void> {
  await until(async () => {
    const entries = await client.unsettled();
    return entries.length === count && entries.every(({ status }) => status === "acknowledged");
  });
}

/** The colors of the labels, whose rows say nothing of writes, and whose API names no transaction. */
async function colors(client: Client): Promise<unknown[]> {
  return (await client.sql`SELECT color FROM labels`).map(({ color }) => color);
}

/** The stream brings nothing more of the labels but what a new shape has. Meanwhile the client shows this, and nothing waits. */
async function shownBySnapshot(client: Client, color: string): Promise<void> {
  world.server.rows.refetch("tags");
  await until(async () => (await client.unsettled()).length === 0);
  assert.deepEqual(await colors(client), [color]);
  world.server.rows.release();
  await world.converged(client);
}

async function ready(): Promise<Client> {
  const client = await world.readyClient();
  await client.sql`INSERT INTO labels (id, name, color) VALUES (${ID}, 'L', 'one')`;
  await world.converged(client);
  await world.server.rows.hold("tags");
  return client;
}

test("of two edits of a field, a snapshot with the later one shows both", async () => {
  const client = await ready();
  await client.sql`UPDATE labels SET color = 'two'`;
  await acknowledged(client, 1);
  await client.sql`UPDATE labels SET color = 'three'`;
  await acknowledged(client, 2);
  await shownBySnapshot(client, "three");
});

test("edits that went out together, of which a snapshot shows the later one, are both settled", async () => {
  const client = await ready();
  await client.configure({ url: "http://127.0.0.1:1" });
  await client.sql`UPDATE labels SET color = 'two'`;
  await client.sql`UPDATE labels SET color = 'three'`;
  await client.configure({ url: world.server.url });
  await acknowledged(client, 2);
  await shownBySnapshot(client, "three");
});

test("a row that was deleted and made again isn't hidden by its deletion", async () => {
  const client = await ready();
  await client.sql`DELETE FROM labels`;
  await acknowledged(client, 1);
  await client.sql`INSERT INTO labels (id, name, color) VALUES (${ID}, 'L', 'two')`;
  await acknowledged(client, 2);
  await shownBySnapshot(client, "two");
});

test("a row that was changed and changed back stays as it is", async () => {
  const client = await ready();
  await client.sql`UPDATE labels SET color = 'two'`;
  await acknowledged(client, 1);
  await client.sql`UPDATE labels SET color = 'one'`;
  await acknowledged(client, 2);
  await shownBySnapshot(client, "one");
});

test("what somebody else has written over an acknowledged edit is shown after a while", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (id, name, color) VALUES (${ID}, 'P', 'old')`;
  await world.converged(client);
  await world.server.rows.hold("projects");
  await client.sql`UPDATE projects SET color = 'red'`;
  await acknowledged(client, 1);
  await world.server.db.exec("UPDATE projects SET color = 'blue', write_id = 'theirs'");
  world.server.rows.refetch("projects");
  const color = async () => {
    // A request that was looking at the log just then hasn't heard of the new shape.
    world.server.rows.wake();
    return (await client.sql`SELECT color FROM projects`)[0]?.["color"];
  };
  await until(async () => (await color()) === "blue");
  assert.deepEqual(await client.unsettled(), []);
  world.server.rows.release();
  await world.converged(client);
});
