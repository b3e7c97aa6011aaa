// Electric lags behind PostgreSQL: a shape that was there before a write doesn't show it, whenever it is read.

import assert from "node:assert/strict";
import { World } from "./support/world.js";
import { until } from "./support/until.js";
import type { Client } from "./support/client.js";

const world = new World();
const { test } = world;

const all = { where: "true" };
/** A row that says which write it shows, one whose answer names the transaction, and one that has neither. */
const shapeParams = { projects: all, accounts: all, labels: all };
const tables = ["projects", "accounts", "tags"];

async function ready(): Promise<Client> {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (name, color) VALUES ('P', 'old')`;
  await client.sql`INSERT INTO accounts (name, credit) VALUES ('A', '1')`;
  await client.sql`INSERT INTO labels (name, color) VALUES ('L', 'old')`;
  await world.converged(client);
  return client;
}

/** What is seen of the three edits. */
async function seen(client: Client): Promise<unknown[]> {
  const [projects, accounts, labels] = await Promise.all([
    client.sql`SELECT color FROM projects`,
    client.sql`SELECT credit FROM accounts`,
    client.sql`SELECT color FROM labels`,
  ]);
  return [projects[0]?.["color"], accounts[0]?.["credit"], labels[0]?.["color"]];
}

async function edit(client: Client): Promise<void> {
  await client.sql`UPDATE projects SET color = 'new'`;
  await client.sql`UPDATE accounts SET credit = '2'`;
  await client.sql`UPDATE labels SET color = 'new'`;
  await until(async () => (await client.unsettled()).every(({ status }) => status === "acknowledged"));
}

test("what was acknowledged stays, while a shape that was there before is read", async () => {
  const client = await ready();
  // Somebody else has these shapes already.
  const other = await world.readyClient({ shapeParams });
  for (const table of tables) await world.server.rows.hold(table);
  await edit(client);
  const asked = world.server.faults.add({
    on: "rows",
    where: ({ url }) => url.searchParams.get("offset") === "-1",
    at: "answering",
    times: 100,
    what: () => Promise.resolve(),
  });
  await client.configure({ shapeParams });
  await until(() => asked.met() === 3);
  // For longer than a row may take that somebody else has overwritten.
  for (let look = 0; look < 45; look += 1) {
    assert.deepEqual(await seen(client), ["new", "2", "new"], `look ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal((await client.unsettled()).length, 3);
  world.server.rows.release();
  await world.converged(client, other);
});
