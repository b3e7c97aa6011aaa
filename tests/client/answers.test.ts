// What the API refuses, the user sees; everything else goes on.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "./server/faults.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

test("a refusal is kept, with status and body, and the queue goes on", async () => {
  const [client, other] = await world.readyPair();
  const id = randomUUID();
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'fine')`;
  await client.sql`UPDATE projects SET name = ${"x".repeat(81)} WHERE id = ${id}`;
  // Otherwise both edits may go out as one, and be refused as one.
  await until(async () => (await client.status()).rejected === 1);
  await client.sql`UPDATE projects SET color = 'red' WHERE id = ${id}`;
  await client.sql`INSERT INTO labels (name) VALUES ('next')`;
  await world.converged(client, other);
  const [rejected] = await client.rejected();
  assert.equal(rejected?.status, 422);
  assert.equal(rejected?.model, "projects");
  assert.equal(rejected?.operation, "update");
  assert.equal(rejected?.rowKey, id);
  const [entry] = await client.sql`SELECT error FROM _changes WHERE status = 'rejected'`;
  assert.match(String(JSON.parse(entry?.["error"] ?? "{}").body), /check constraint/);
  const [row] = await client.rows("projects");
  assert.deepEqual([row?.["name"], row?.["color"]], ["fine", "red"]);
  await client.discard(rejected?.writeId ?? "");
  await until(async () => (await client.status()).rejected === 0);
  assert.deepEqual(await client.rejected(), []);
});

for (const code of [400, 403, 404, 405, 409, 410, 413, 422] as const) {
  test(`${code} refuses one entry and no other, which can be sent again`, async () => {
    const client = await world.readyClient();
    // A 403 may mean that the token is too old: it counts when the headers that are asked for then get it, too.
    const times = code === 403 ? 2 : 1;
    world.server.faults.add({ on: "POST /labels", at: "arrived", times, what: status(code) });
    await client.sql`INSERT INTO labels (name) VALUES ('refused')`;
    await client.sql`INSERT INTO projects (name) VALUES ('fine')`;
    await until(async () => (await client.status()).rejected === 1);
    await world.converged(client);
    const [rejected] = await client.rejected();
    assert.equal(rejected?.status, code);
    assert.deepEqual(await client.rows("labels"), []);
    await client.retry(rejected?.writeId ?? "");
    await until(async () => (await world.rows("labels")).length === 1);
    await world.converged(client);
    assert.deepEqual(await client.rejected(), []);
    const keys = world.requests("POST /labels").map(({ headers }) => headers["idempotency-key"]);
    assert.notEqual(keys.at(-1), keys[0], "a server that remembers would repeat its answer");
  });
}

test("404 and 410 to a DELETE are what was wanted", async () => {
  const client = await world.readyClient();
  for (const code of [404, 410]) {
    await client.sql`INSERT INTO projects (name) VALUES ('P')`;
    await world.converged(client);
    await world.server.rows.hold("projects");
    await world.server.db.exec("DELETE FROM projects");
    const gone = world.server.faults.add({ on: "DELETE /projects", at: "arrived", what: status(code) });
    await client.sql`DELETE FROM projects`;
    await until(() => gone.met() === 1);
    world.server.rows.release();
    await world.converged(client);
    assert.deepEqual(await client.rejected(), []);
  }
});

test("a field that only managers may set", async () => {
  const client = await world.readyClient();
  const [project, task] = [randomUUID(), randomUUID()];
  await client.sql`INSERT INTO projects (id, name) VALUES (${project}, 'P')`;
  await client.sql`INSERT INTO tasks (id, project_id, title) VALUES (${task}, ${project}, 'T')`;
  await world.converged(client);
  await client.sql`UPDATE tasks SET approved = true WHERE id = ${task}`;
  await until(async () => (await client.status()).rejected === 1);
  await client.sql`UPDATE tasks SET done = true WHERE id = ${task}`;
  await world.converged(client);
  assert.equal((await client.status()).waitingForAuth, false);
  const [row] = await client.rows("tasks");
  assert.deepEqual([row?.["approved"], row?.["done"]], [false, true]);

  await client.configure({ token: "manager" });
  const [rejected] = await client.rejected();
  assert.equal(rejected?.status, 403);
  await client.retry(rejected?.writeId ?? "");
  await world.converged(client);
  assert.equal((await client.rows("tasks"))[0]?.["approved"], true);
});

test("the application may take answers otherwise", async () => {
  const client = await world.readyClient({ verdicts: { 409: "acknowledged", 422: "retry", 503: "rejected" } });
  const again = world.server.faults.add({ on: "POST /projects", at: "arrived", times: 2, what: status(422) });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await world.converged(client);
  assert.equal(again.met(), 2);
  world.server.faults.add({ on: "POST /labels", at: "arrived", what: status(503) });
  await client.sql`INSERT INTO labels (name) VALUES ('L')`;
  await until(async () => (await client.status()).rejected === 1);
  assert.equal((await client.rejected())[0]?.status, 503);
});

test("what was written to a row goes with its refused insert, and comes back with it", async () => {
  const client = await world.readyClient();
  const id = randomUUID();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  world.server.faults.add({ on: "POST /projects", at: "arrived", what: () => held });
  world.server.faults.add({ on: "POST /projects", at: "arrived", what: status(422) });
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
  await client.sql`UPDATE projects SET color = 'red' WHERE id = ${id}`;
  release();
  await until(async () => (await client.status()).rejected === 2);
  assert.deepEqual(await client.rows("projects"), []);
  assert.equal(world.requests("PATCH /projects").length, 0);
  const [insert] = (await client.rejected()).filter(({ operation }) => operation === "insert");
  await client.retry(insert?.writeId ?? "");
  await until(async () => (await client.status()).rejected === 0);
  await world.converged(client);
  assert.equal((await world.rows("projects"))[0]?.["color"], "red");
});

test("PUT sends the whole row, and what somebody else has changed in between", async () => {
  const [one, two] = await world.readyPair();
  await one.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await world.converged(one, two);
  const account = Number((await one.rows("accounts"))[0]?.["id"]);
  await one.sql`INSERT INTO invoices (account_id, amount, note) VALUES (${account}, '10.00', 'n')`;
  await world.converged(one, two);
  await one.sql`UPDATE invoices SET amount = '11.50'`;
  await world.converged(one, two);
  await two.sql`UPDATE invoices SET paid = true`;
  await two.sql`UPDATE invoices SET note = NULL`;
  await world.converged(one, two);
  const [row] = await world.rows("invoices");
  assert.deepEqual([row?.["amount"], row?.["paid"], row?.["note"]], ["11.50", true, null]);
  for (const { body } of world.requests("PUT /invoices")) {
    const members = Object.keys(JSON.parse(body) as object).toSorted();
    assert.ok(members.includes("account_id") && members.includes("amount"), body);
    assert.ok(!members.includes("id"), body);
  }
});
