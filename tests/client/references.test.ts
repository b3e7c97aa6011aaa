// A child waits for its parent, and is held while the parent is rejected.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Incoming, status } from "./server/faults.js";
import { sql } from "./support/protocol.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

test("a rejected parent holds its children until it is sent again", async () => {
  const [client, other] = await world.readyPair();
  const [parent, fine] = [randomUUID(), randomUUID()];
  const isParent = ({ body }: Incoming): boolean => body.includes(parent);
  world.server.faults.add({ on: "POST /projects", where: isParent, at: "arrived", what: status(422) });
  await client.transaction(
    sql`INSERT INTO projects (id, name) VALUES (${parent}, 'refused at first')`,
    sql`INSERT INTO tasks (project_id, title) VALUES (${parent}, 'one')`,
    sql`INSERT INTO tasks (project_id, title) VALUES (${parent}, 'two')`,
    sql`INSERT INTO projects (id, name) VALUES (${fine}, 'fine')`,
    sql`INSERT INTO tasks (project_id, title) VALUES (${fine}, 'three')`,
  );
  await until(async () => (await world.rows("tasks")).length === 1);
  await until(async () => (await client.status()).rejected === 1);
  await until(async () => (await client.status()).pending === 2);
  assert.equal((await client.rows("tasks")).length, 3);
  assert.equal(world.requests("POST /tasks").length, 1);
  const [rejected] = await client.rejected();
  await client.retry(rejected?.writeId ?? "");
  await until(async () => (await world.rows("tasks")).length === 3);
  await world.converged(client, other);
});

test("children of a parent that is discarded are refused, not lost in silence", async () => {
  const client = await world.readyClient();
  const parent = randomUUID();
  await client.transaction(
    sql`INSERT INTO projects (id, name) VALUES (${parent}, ${"x".repeat(81)})`,
    sql`INSERT INTO tasks (project_id, title) VALUES (${parent}, 'orphan')`,
  );
  await until(async () => (await client.status()).rejected === 1);
  const [rejected] = await client.rejected();
  await client.discard(rejected?.writeId ?? "");
  await until(async () => (await client.rejected())[0]?.model === "tasks");
  await world.converged(client);
  assert.deepEqual(await client.rows("tasks"), []);
});

test("an edit that refers to a new row waits for it", async () => {
  const client = await world.readyClient();
  const [first, second, task] = [randomUUID(), randomUUID(), randomUUID()];
  await client.sql`INSERT INTO projects (id, name) VALUES (${first}, 'first')`;
  await client.sql`INSERT INTO tasks (id, project_id, title) VALUES (${task}, ${first}, 'T')`;
  await world.converged(client);
  const away = world.server.faults.add({ on: "POST /projects", at: "arrived", times: 1000, what: status(500) });
  await client.sql`INSERT INTO projects (id, name) VALUES (${second}, 'second')`;
  await client.sql`UPDATE tasks SET project_id = ${second} WHERE id = ${task}`;
  await client.sql`INSERT INTO labels (name) VALUES ('goes ahead')`;
  await until(async () => (await world.rows("labels")).length === 1);
  assert.equal(world.requests("PATCH /tasks").length, 0);
  away.end();
  await world.converged(client);
  assert.equal((await world.rows("tasks"))[0]?.["project_id"], second);
});

test("the server deletes the children of what is deleted", async () => {
  const [client, other] = await world.readyPair();
  const project = randomUUID();
  await client.sql`INSERT INTO projects (id, name) VALUES (${project}, 'P')`;
  for (const title of ["one", "two"]) {
    await client.sql`INSERT INTO tasks (project_id, title) VALUES (${project}, ${title})`;
  }
  await world.converged(client, other);
  await other.sql`DELETE FROM projects WHERE id = ${project}`;
  await world.converged(client, other);
  assert.deepEqual(await client.rows("tasks"), []);
});
