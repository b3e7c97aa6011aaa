// The answer to a write is its row: it is settled without a pull. And a new row whose answer is lost is made once.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { status } from "./server/faults.js";
import type { Client, Row } from "./support/client.js";
import type { ModelName } from "./support/protocol.js";
import { until } from "./support/until.js";
import { inOrder, World } from "./support/world.js";

const world = new World();
const { test } = world;

/** Waits until a client shows the server's rows of a model: a collection does so a moment after its database. */
async function shows(client: Client, model: ModelName): Promise<void> {
  const served = inOrder(await world.rows(model));
  let found: Row[] = [];
  await until(
    async () => isDeepStrictEqual((found = inOrder(await client.rows(model))), served),
    () => `${model}: ${JSON.stringify(found)} to be ${JSON.stringify(served)}`,
  );
}

/** A client that has everything, and reads no list any more until `resume` is called. */
async function clientWithoutLists(): Promise<{ client: Client; resume: () => void }> {
  const client = await world.readyClient();
  const away = world.server.faults.add({ on: "rows", at: "arrived", times: 1_000_000, what: status(503) });
  return { client, resume: away.end };
}

test("the row in an answer settles its write, with what the server has set in it", async () => {
  const { client, resume } = await clientWithoutLists();
  const id = randomUUID();
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await client.sql`INSERT INTO settings (name, value) VALUES ('theme', 'dark')`;
  await client.allSettled();
  await client.sql`UPDATE projects SET color = 'red'`;
  await client.sql`UPDATE accounts SET credit = '12.50'`;
  await client.sql`UPDATE settings SET value = 'light'`;
  await client.allSettled();
  for (const model of ["projects", "accounts", "settings"] as const) await shows(client, model);
  const account = Number((await client.rows("accounts"))[0]?.["id"]);
  await client.sql`INSERT INTO invoices (account_id, amount, note) VALUES (${account}, '10.00', 'n')`;
  await client.allSettled();
  await client.sql`UPDATE invoices SET paid = true`;
  await client.allSettled();
  await shows(client, "invoices");

  await client.sql`DELETE FROM invoices`;
  await client.sql`DELETE FROM projects`;
  await client.allSettled();
  assert.deepEqual([await world.rows("projects"), await world.rows("invoices")], [[], []]);
  for (const model of ["projects", "invoices"] as const) await shows(client, model);
  resume();
  await world.converged(client);
});

test("where the answer has no row, the item is read once", async () => {
  const { client, resume } = await clientWithoutLists();
  await client.sql`INSERT INTO labels (name) VALUES ('L')`;
  await client.allSettled();
  const before = world.requests("GET /labels").length;
  await client.sql`UPDATE labels SET color = 'red'`;
  await client.allSettled();
  assert.equal((await world.rows("labels"))[0]?.["color"], "red");
  await shows(client, "labels");
  assert.equal(world.requests("GET /labels").filter(({ url }) => url.pathname !== "/labels").length - before, 1);
  resume();
  await world.converged(client);
});

test("an item that can't be read leaves it to the next pull", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO labels (name) VALUES ('L')`;
  await client.allSettled();
  const away = world.server.faults.add({ on: "GET /labels", at: "arrived", times: 1_000, what: status(503) });
  await client.sql`UPDATE labels SET color = 'red'`;
  await world.converged(client);
  assert.ok(away.met() >= 1);
});

test("a new row whose answer is lost is made once by a server that forgets idempotency keys", async () => {
  world.server.api.options.idempotency = false;
  const [client, other] = await world.readyPair();
  // An equal one that was there before isn't the answer.
  await world.server.db.exec("INSERT INTO accounts (name) VALUES ('twin')");
  await until(async () => (await client.rows("accounts")).length === 1);
  for (const at of ["committed", "answering", "arrived"] as const) {
    const before = (await world.rows("accounts")).length;
    const lost = world.server.faults.add({ on: "POST /accounts", at, what: "reset" });
    await client.sql`INSERT INTO accounts (name) VALUES ('twin')`;
    await until(() => lost.met() === 1);
    await world.converged(client, other);
    assert.equal((await world.rows("accounts")).length, before + 1, at);
  }
  const keys = (await client.rows("accounts")).map((row) => Number(row["id"]));
  assert.ok(keys.every((key) => key > 0));
  // What refers to it goes to the key that the server has made.
  const lost = world.server.faults.add({ on: "POST /accounts", at: "committed", what: "reset" });
  await client.sql`INSERT INTO accounts (id, name) VALUES (-7, 'parent')`;
  await client.sql`INSERT INTO invoices (account_id, amount) VALUES (-7, '1.00')`;
  await until(() => lost.met() === 1);
  await world.converged(client, other);
  const parent = (await world.rows("accounts")).filter((row) => row["name"] === "parent");
  assert.equal(parent.length, 1);
  assert.equal((await world.rows("invoices"))[0]?.["account_id"], parent[0]?.["id"]);
});

test("a lost answer survives a crash, too", async () => {
  world.server.api.options.idempotency = false;
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  await client.crashAt("answer", "POST");
  await client.sql`INSERT INTO accounts (name) VALUES ('once')`.catch(() => {});
  await client.exit;
  const again = await world.readyClient({ directory });
  await world.converged(again);
  assert.equal((await world.rows("accounts")).length, 1);
});

test("while the rows can't be read, nothing is sent a second time", async () => {
  world.server.api.options.idempotency = false;
  const { client, resume } = await clientWithoutLists();
  const lost = world.server.faults.add({ on: "POST /accounts", at: "committed", what: "reset" });
  await client.sql`INSERT INTO accounts (name) VALUES ('once')`;
  await until(() => lost.met() === 1);
  // The lists fail meanwhile, and say so as well.
  await until(async () => (await client.status()).errors.some(({ message }) => /may have been taken/.test(message)));
  assert.equal(world.requests("POST /accounts").length, 1);
  resume();
  await world.converged(client);
  assert.equal((await world.rows("accounts")).length, 1);
});

test("an answer that is older than the row that is there doesn't replace it", async () => {
  const client = await world.readyClient();
  const id = randomUUID();
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
  await world.converged(client);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = world.server.faults.add({ on: "PATCH /projects", at: "committed", what: () => held });
  await client.sql`UPDATE projects SET color = 'red' WHERE id = ${id}`;
  await until(() => slow.met() === 1);
  await world.server.db.exec("UPDATE projects SET color = 'green', updated_at = clock_timestamp()");
  await until(async () => {
    const [row] = await client.sql`SELECT color FROM projects_synced`;
    return row?.["color"] === "green";
  });
  release();
  await client.allSettled();
  await until(async () => (await client.rows("projects"))[0]?.["color"] === "green");
  await world.converged(client);
});
