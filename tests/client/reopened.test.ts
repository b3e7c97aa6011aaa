// A client that is closed and opened again in one process: the collections that the application holds show what the database
// has that is open now, and what changes in it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Server } from "./server/server.js";
import { adapter, generated, inMemory, isIndexedDb, POLL, transport } from "./support/generated.js";
import { keeper } from "./support/kept.js";
import { startServer } from "./support/start.js";
import { until } from "./support/until.js";

const {
  closeDatabase,
  configureSync,
  createClient,
  getSyncStatus,
  initializeDatabase,
  projectsCollection,
  tasksCollection,
} = await generated();
const { defaultClient } = (await import(
  `../${adapter}/${transport}/db/init.js`
)) as typeof import("../pglite/electric/db/init.js");

let server: Server;
let other: ReturnType<typeof createClient>;
const { kept, close: closeKept } = keeper({ createClient });

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
  await closeKept();
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

/** A `fetch` that answers nothing until it is released. */
function held(): { readonly answer: typeof fetch; readonly release: () => void } {
  let isHeld = true;
  return {
    answer: (input, init) => (isHeld ? new Promise<never>(() => {}) : fetch(input, init)),
    release() {
      isHeld = false;
    },
  };
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
  const { projects, tasks } = other.collections;
  const project_id = crypto.randomUUID();
  await projects.insert({ id: project_id, name: "of the tasks" }).isPersisted.promise;
  await tasks.insert({ project_id, title: "first" }).isPersisted.promise;
  const titles = (): string =>
    tasksCollection.toArray
      .map(({ title }) => title)
      .sort()
      .join();

  const ready = tasksCollection.preload();
  await initializeDatabase({ ...inMemory(), sync: false });
  await closeDatabase();
  await initializeDatabase(inMemory());
  await ready;
  await until(() => titles() === "first", titles);
  await tasks.insert({ project_id, title: "second" }).isPersisted.promise;
  await until(() => titles() === "first,second", titles);
});

test("a collection whose database is closed before it has loaded loads on, when it is opened again", async () => {
  const { answer, release } = held();
  const client = createClient({
    apiBaseUrl: server.url,
    electricUrl: server.url,
    syncUrl: `${server.url}/sync`,
    headers: { authorization: "Bearer member" },
    fetch: answer,
    database: "loading",
  });
  const { projects } = client.collections;
  const ready = projects.preload();
  await client.initializeDatabase(inMemory());
  assert.equal(projects.status, "loading");
  await client.closeDatabase();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(projects.status, "loading");

  release();
  await client.initializeDatabase(inMemory());
  await ready;
  const names = projects.toArray.map(({ name }) => name).sort();
  await client.closeDatabase();
  assert.deepEqual(
    names,
    (JSON.parse(await server.read("projects")) as { name: string }[]).map(({ name }) => name).sort(),
  );
});

test("an edit under way while its database is closed stays, and one that is made while nothing is open is saved then", async () => {
  await closeDatabase();
  const database = await kept();
  await initializeDatabase(database);
  await showing();
  const id = crypto.randomUUID();
  await projectsCollection.insert({ id, name: "p" }).isPersisted.promise;
  const edit = projectsCollection.update(id, (draft) => void (draft.name = "edited"));
  await closeDatabase();
  assert.equal(edit.state, "completed");
  assert.deepEqual(
    projectsCollection.toArray.map(({ name }) => name),
    ["edited"],
  );
  const meanwhile = projectsCollection.insert({ name: "while closed" });
  await initializeDatabase(database);
  await meanwhile.isPersisted.promise;
  await showing("edited", "while closed");

  // It is in the database, and not only in the collection.
  await closeDatabase();
  const again = createClient();
  await again.initializeDatabase(database);
  await again.collections.projects.preload();
  assert.deepEqual(again.collections.projects.toArray.map(({ name }) => name).sort(), ["edited", "while closed"]);
  await again.closeDatabase();
});

// IndexedDB takes no driver of somebody else.
if (!isIndexedDb) {
  test("an edit that is saved before a close is in view after it, however slow the reading is", async () => {
    await closeDatabase();
    const { driver } = await kept();
    assert.ok(driver !== undefined);
    let held: Promise<void> | undefined;
    const slow = {
      ...driver,
      query: async (statement: Parameters<typeof driver.query>[0]) => {
        await held;
        return driver.query(statement);
      },
    };
    await initializeDatabase({ driver: slow, sync: false });
    await showing();
    const id = crypto.randomUUID();
    await projectsCollection.insert({ id, name: "p" }).isPersisted.promise;
    let release = (): void => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    // A statement of somebody else: what it has changed has to be read.
    await driver.exec("UPDATE projects SET name = 'of SQL'");
    projectsCollection.insert({ name: "q" });
    const closed = closeDatabase();
    setTimeout(release, 200);
    await closed;
    assert.deepEqual(projectsCollection.toArray.map(({ name }) => name).sort(), ["of SQL", "q"]);
  });
}

test("a collection that isn't used any more leaves nothing in an open database", async () => {
  await closeDatabase();
  await initializeDatabase({ ...inMemory(), sync: false });
  const { feed } = await defaultClient.whenOpen();
  const { onClose } = feed;
  let [listening, begun] = [0, 0];
  feed.onClose = (listener) => {
    const forget = onClose(listener);
    [listening, begun] = [listening + 1, begun + 1];
    return () => {
      listening -= 1;
      forget();
    };
  };
  for (let times = 1; times <= 3; times += 1) {
    await tasksCollection.cleanup();
    await tasksCollection.preload();
    assert.deepEqual([listening, begun], [1, times]);
  }
  await tasksCollection.cleanup();
  assert.equal(listening, 0);
});

test("what was written while nothing was open is its user's, whoever has signed in by then", async () => {
  await closeDatabase();
  const database = await kept();
  await initializeDatabase(database);
  await closeDatabase();
  configureSync({ user: "ada" });
  const ofAda = projectsCollection.insert({ name: "of Ada" }).isPersisted.promise;
  configureSync({ user: "bob" });
  await initializeDatabase(database);
  await ofAda;
  await projectsCollection.insert({ name: "of Bob" }).isPersisted.promise;
  const counted = (): string => `${String(getSyncStatus().held)} of ${String(getSyncStatus().pending)}`;
  await until(() => counted() === "1 of 2", counted);
});
