// A client that is closed and opened again in one process: the collections that the application holds show what the database
// has that is open now, and what changes in it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Server } from "./server/server.js";
import { generated, inMemory, POLL } from "./support/generated.js";
import { startServer } from "./support/start.js";
import { until } from "./support/until.js";

const { closeDatabase, configureSync, createClient, initializeDatabase, projectsCollection } = await generated();

let server: Server;
let other: ReturnType<typeof createClient>;

before(async () => {
  server = await startServer();
  const headers = { authorization: "Bearer member" };
  const { url } = server;
  const settings = { electricUrl: url, apiBaseUrl: url, syncUrl: `${url}/sync`, headers, poll: POLL };
  configureSync(settings);
  other = createClient({ ...settings, database: "other" });
  await other.initializeDatabase(inMemory());
});

after(async () => {
  await other.closeDatabase();
  await closeDatabase();
  await server.close();
});

async function showing(...expected: string[]): Promise<void> {
  const names = (): string =>
    projectsCollection.toArray
      .map(({ name }) => name)
      .sort()
      .join();
  await until(
    () => names() === expected.join(),
    () => `${expected.join()} in place of ${names()}`,
  );
}

/** Waits until the server has these, and no others. */
async function arrived(...expected: string[]): Promise<void> {
  await until(async () => {
    const rows = JSON.parse(await server.read("projects")) as { name: string }[];
    return (
      rows
        .map(({ name }) => name)
        .sort()
        .join() === expected.join()
    );
  });
}

test("a collection in use shows the database that is opened next, and what changes in it", async () => {
  const seen: string[] = [];
  await initializeDatabase(inMemory());
  const subscription = projectsCollection.subscribeChanges((changes) => {
    seen.push(...changes.map(({ type, value }) => `${type} ${value.name}`));
  });
  await projectsCollection.preload();
  await projectsCollection.insert({ name: "a" }).isPersisted.promise;
  await arrived("a");
  await showing("a");

  // Another database, which nobody fills: the rows of the first one go.
  await closeDatabase();
  await initializeDatabase({ ...inMemory(), sync: false });
  await showing();
  const { isPersisted } = projectsCollection.insert({ name: "local" });
  await isPersisted.promise;
  await showing("local");
  assert.ok(seen.includes("delete a") && seen.includes("insert local"), seen.join());

  // A third one, which a server fills, also with what others write while nobody has it open.
  await closeDatabase();
  await other.collections.projects.preload();
  await other.collections.projects.insert({ name: "b" }).isPersisted.promise;
  await arrived("a", "b");
  await initializeDatabase(inMemory());
  await showing("a", "b");
  await other.collections.projects.insert({ name: "c" }).isPersisted.promise;
  await showing("a", "b", "c");
  const row = projectsCollection.toArray.find(({ name }) => name === "a");
  assert.ok(row !== undefined);
  await projectsCollection.delete(row.id).isPersisted.promise;
  await arrived("b", "c");
  await showing("b", "c");
  subscription.unsubscribe();
});

test("a collection that is first used while nothing is open begins with what is opened, however often", async () => {
  await closeDatabase();
  const { tasksCollection } = await generated();
  const ready = tasksCollection.preload();
  await initializeDatabase({ ...inMemory(), sync: false });
  await closeDatabase();
  await initializeDatabase(inMemory());
  await ready;
  assert.equal(tasksCollection.status, "ready");
});
