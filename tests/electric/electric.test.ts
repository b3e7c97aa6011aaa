// Each collection reads a shape and writes to the API; nothing is kept on the device.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import {
  accountsCollection,
  configureSync,
  labelsCollection,
  projectsCollection,
  RejectedError,
  tasksCollection,
} from "./generated/index.js";
import { status } from "./server/faults.js";
import { Server } from "./server/server.js";

const PATIENCE_MS = 240_000;

let server: Server;

before(async () => {
  server = await Server.start();
  configureSync({ electricUrl: server.url, apiBaseUrl: server.url, headers: { Authorization: "Bearer member" } });
});

after(() => server.close());

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function rows(model: string): Promise<Record<string, unknown>[]> {
  return JSON.parse(await server.read(model)) as Record<string, unknown>[];
}

test("a write is shown at once, and saved when the server has it and the stream shows it", async () => {
  await projectsCollection.stateWhenReady();
  const id = randomUUID();
  const insert = projectsCollection.insert({ id, name: "Made here" });
  assert.equal(projectsCollection.get(id)?.name, "Made here");
  await insert.isPersisted.promise;
  await projectsCollection.update(id, (draft) => {
    draft.color = "red";
  }).isPersisted.promise;
  const [row] = await rows("projects");
  assert.deepEqual([row?.["name"], row?.["color"]], ["Made here", "red"]);
  await until(() => projectsCollection.get(id)?.color === "red");

  await server.db.query("UPDATE projects SET name = 'Changed elsewhere'");
  await until(() => projectsCollection.get(id)?.name === "Changed elsewhere");
  await projectsCollection.delete(id).isPersisted.promise;
  assert.deepEqual(await rows("projects"), []);
  await until(() => projectsCollection.size === 0);
});

test("the server's key takes the place of the temporary one", async () => {
  await accountsCollection.stateWhenReady();
  // The answer has a txid: the write is saved when the row has come back.
  await accountsCollection.insert({ name: "Bank" }).isPersisted.promise;
  assert.deepEqual(
    accountsCollection.toArray.map(({ id, name }) => ({ id, name })),
    (await rows("accounts")).map(({ id, name }) => ({ id, name })),
  );
});

test("values have the types of the API, and columns their names", async () => {
  const [project, task] = [randomUUID(), randomUUID()];
  await projectsCollection.insert({ id: project, name: "P" }).isPersisted.promise;
  await tasksCollection.stateWhenReady();
  await labelsCollection.stateWhenReady();
  await tasksCollection.insert({
    id: task,
    project_id: project,
    title: "T",
    estimate: "1.50",
    due_at: "2026-01-02T03:04:05Z",
    details: { tags: ["a"], parent: null, size: 1.5 },
  }).isPersisted.promise;
  await labelsCollection.insert({ name: "urgent" }).isPersisted.promise;
  await until(() => tasksCollection.get(task)?.estimate === "1.50" && labelsCollection.size === 1);
  const shown = tasksCollection.get(task);
  assert.equal(shown?.done, false);
  assert.equal(shown?.priority, 3);
  assert.equal(new Date(shown?.due_at ?? "").toISOString(), "2026-01-02T03:04:05.000Z");
  assert.deepEqual(shown?.details, { tags: ["a"], parent: null, size: 1.5 });
  assert.equal(labelsCollection.toArray[0]?.name, "urgent");
});

test("what the server refuses is undone, and the caller has its answer", async () => {
  const before = projectsCollection.size;
  const insert = projectsCollection.insert({ id: randomUUID(), name: "x".repeat(81) });
  assert.equal(projectsCollection.size, before + 1);
  await assert.rejects(insert.isPersisted.promise, (error) => error instanceof RejectedError && error.status === 422);
  assert.equal(projectsCollection.size, before);

  server.kill();
  const lost = projectsCollection.insert({ id: randomUUID(), name: "Nobody hears it" });
  await assert.rejects(lost.isPersisted.promise, (error) => error instanceof RejectedError && error.status === null);
  assert.equal(projectsCollection.size, before);
  server.revive();
  await server.db.query("UPDATE projects SET name = 'Still streaming'");
  await until(() => projectsCollection.toArray.every(({ name }) => name === "Still streaming"));
});

test("a stream that is refused goes on with other headers", async () => {
  server.tokens.clear();
  server.tokens.set("new", "member");
  server.disconnect();
  await server.db.query("UPDATE projects SET name = 'Behind a login'");
  configureSync({ headers: { Authorization: "Bearer new" } });
  await until(() => projectsCollection.toArray.every(({ name }) => name === "Behind a login"));
});

test("a stream that can't go on is tried again seldom", async () => {
  const refused = server.faults.add({
    on: "rows",
    at: "arrived",
    times: 1_000,
    what: status(400),
    where: ({ url }) => url.searchParams.get("table") === "projects",
  });
  server.disconnect();
  await until(() => refused.met() > 0);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.ok(refused.met() < 5, `asked ${refused.met()} times in a second`);
  refused.end();
  // Whoever has mended it needn't wait.
  configureSync({});
  await server.db.query("UPDATE projects SET name = 'Mended'");
  await until(() => projectsCollection.toArray.every(({ name }) => name === "Mended"));
});

test("a shape that Electric has lost the end of is read from its start", async () => {
  const errors = { offset: ["out of bounds for this shape"] };
  const lost = server.faults.add({
    on: "rows",
    at: "arrived",
    what: { status: 400, body: JSON.stringify({ message: "Invalid request", errors }) },
    where: ({ url }) => url.searchParams.get("table") === "projects" && url.searchParams.get("offset") !== "-1",
  });
  server.disconnect();
  await until(() => lost.met() === 1);
  await server.db.query("UPDATE projects SET name = 'Read anew'");
  await until(() => projectsCollection.toArray.every(({ name }) => name === "Read anew"));
});
