// Keys that the server makes, and columns that refer to them.

import assert from "node:assert/strict";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

test("a temporary key becomes the server's, wherever it stands", async () => {
  const [client, other] = await world.readyPair();
  world.server.kill();
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  const [{ id: temporary = null } = {}] = await client.sql`SELECT id FROM accounts`;
  assert.ok(Number(temporary) < 0, "a key of the client's own is negative");
  await client.sql`INSERT INTO invoices (account_id, amount) VALUES (${Number(temporary)}, '10.00')`;
  await client.sql`UPDATE accounts SET credit = '5' WHERE id = ${Number(temporary)}`;
  await client.sql`UPDATE invoices SET note = 'n'`;
  world.server.revive();
  await world.converged(client, other);
  const [account] = await world.rows("accounts");
  const [invoice] = await world.rows("invoices");
  assert.equal(account?.["credit"], "5");
  assert.equal(invoice?.["account_id"], account?.["id"]);
  assert.equal(invoice?.["note"], "n");
  for (const { body, url } of world.server.exchanges) {
    assert.ok(!body.includes(String(temporary)) && !url.pathname.includes(String(temporary)));
  }
});

test("the row arrives before its answer", async () => {
  const [client, other] = await world.readyPair();
  const isThere = async (): Promise<boolean> => (await other.rows("accounts")).length === 1;
  world.server.faults.add({ on: "POST /accounts", at: "committed", what: () => until(isThere) });
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await client.sql`UPDATE accounts SET credit = '5' WHERE id < 0`;
  await client.sql`INSERT INTO invoices (account_id, amount) SELECT id, '1' FROM accounts WHERE id < 0`;
  await world.converged(client, other);
  assert.equal((await world.rows("accounts")).length, 1);
  assert.equal((await world.rows("invoices")).length, 1);
});

test("a lost answer to a POST", async () => {
  const client = await world.readyClient();
  for (const at of ["committed", "answering"] as const) {
    world.server.faults.add({ on: "POST /accounts", at, what: "reset" });
    world.server.faults.add({ on: "POST /invoices", at, what: "reset" });
    await client.sql`INSERT INTO accounts (name) VALUES (${at})`;
    await client.sql`INSERT INTO invoices (account_id, amount) SELECT id, '1' FROM accounts WHERE name = ${at}`;
    await world.converged(client);
  }
  assert.equal((await world.rows("accounts")).length, 2);
  assert.equal((await world.rows("invoices")).length, 2);
});

test("killed before it knew the key", async () => {
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  await client.crashAt("answer", "POST");
  await client
    .transaction(
      { parts: ["INSERT INTO accounts (name) VALUES ('A')"], parameters: [] },
      { parts: ["INSERT INTO invoices (account_id, amount) SELECT id, '1' FROM accounts"], parameters: [] },
    )
    .catch(() => {});
  await client.exit;
  const offline = await world.client({ directory, sync: false });
  await offline.sql`UPDATE accounts SET credit = '7' WHERE id < 0`;
  await offline.kill();
  const again = await world.readyClient({ directory });
  await world.converged(again);
  assert.equal((await world.rows("accounts"))[0]?.["credit"], "7");
  assert.equal((await world.rows("invoices")).length, 1);
});

test("an edit by the temporary key finds the row that has got another", async () => {
  const client = await world.readyClient();
  await client.save({ model: "accounts", insert: { name: "A" } });
  // The collection may still show the temporary key, or the server's.
  const [row] = await client.rows("accounts");
  await client.save({ model: "accounts", update: Number(row?.["id"]), set: { credit: "9" } }).catch(async () => {
    const [now] = await client.rows("accounts");
    await client.save({ model: "accounts", update: Number(now?.["id"]), set: { credit: "9" } });
  });
  await world.converged(client);
  assert.equal((await world.rows("accounts"))[0]?.["credit"], "9");
});

test("a row that the server refuses takes no key", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO accounts (name) VALUES ('')`;
  await client.sql`INSERT INTO invoices (account_id, amount) SELECT id, '1' FROM accounts`;
  await client.sql`INSERT INTO accounts (name) VALUES ('B')`;
  await until(async () => (await world.rows("accounts")).length === 1);
  await until(async () => (await client.status()).rejected === 1);
  assert.equal(world.requests("POST /invoices").length, 0, "a child is held while its parent is rejected");
  const [rejected] = await client.rejected();
  await client.discard(rejected?.writeId ?? "");
  // Whose parent is gone for good can only be refused.
  await until(async () => (await client.unsettled()).length === 0);
  assert.deepEqual(await world.rows("invoices"), []);
});
