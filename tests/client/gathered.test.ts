// Writes that come quickly are saved together, and each has its own fate.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { type Client, generated, isSqlite } from "./support/generated.js";
import { openFile } from "./support/native.js";
import { fill, onSmallDisk } from "./support/small-disk.js";
import { until } from "./support/until.js";

const index = await generated();

type Options = Parameters<Client["initializeDatabase"]>[0];
type Made = ReturnType<Client["createClient"]>;

const open: Made[] = [];
afterEach(async () => {
  for (const { closeDatabase } of open.splice(0)) await closeDatabase();
});

async function opened(options: Options = { directory: "memory://" }): Promise<Made> {
  const client = index.createClient({ database: "gathered" });
  open.push(client);
  await client.initializeDatabase({ sync: false, ...options });
  await client.collections.projects.preload();
  return client;
}

async function query(client: Made, text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return client.getDatabase().query({ parts: [text], parameters: [] });
}

/** How many transactions the database had for what is in the log. */
async function commits(client: Made): Promise<number> {
  const [row] = await query(client, "SELECT count(DISTINCT transaction_id) AS commits FROM _changes");
  return Number(row?.["commits"]);
}

async function savedNames(client: Made): Promise<string[]> {
  const rows = await query(client, "SELECT value FROM _changes ORDER BY id");
  return rows.map(({ value }) => (JSON.parse(String(value)) as { name: string }).name);
}

const numbers = Array.from({ length: 100 }, (_, number) => `p${number}`);

test("a hundred writes in a row are one transaction, in their order", async () => {
  const client = await opened();
  const writes = numbers.map((name) => client.collections.projects.insert({ name }));
  await client.flushed();
  assert.deepEqual(await savedNames(client), numbers);
  assert.equal(await commits(client), 1);
  await Promise.all(writes.map(({ isPersisted }) => isPersisted.promise));
  assert.equal(client.collections.projects.size, 100);
});

test("what is written while a save is under way is saved with the next", async () => {
  const client = await opened();
  for (const name of numbers) {
    client.collections.projects.insert({ name });
    if (name.endsWith("9")) await Promise.resolve();
  }
  await client.flushed();
  assert.deepEqual(await savedNames(client), numbers);
  assert.ok((await commits(client)) <= 10);
});

test("one that the database refuses goes alone", async () => {
  const client = await opened();
  await client.getDatabase().exec("CREATE UNIQUE INDEX one_of_each_name ON projects_local (name)");
  const { projects } = client.collections;
  const names = ["a", "b", "c", "a", "d"];
  const results = await Promise.allSettled(names.map((name) => projects.insert({ name }).isPersisted.promise));
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "fulfilled", "fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual(await savedNames(client), ["a", "b", "c", "d"]);
  assert.deepEqual(projects.toArray.map(({ name }) => name).toSorted(), ["a", "b", "c", "d"]);
});

test("writes of one transaction are refused together, and no others", async () => {
  const client = await opened();
  await client.getDatabase().exec("CREATE UNIQUE INDEX one_of_each_name ON projects_local (name)");
  const { projects } = client.collections;
  const alone = projects.insert({ name: "alone" });
  const both = client.writeTogether(() => {
    projects.insert({ name: "with the next" });
    projects.insert({ name: "alone" });
  });
  await alone.isPersisted.promise;
  await assert.rejects(both.isPersisted.promise);
  assert.deepEqual(await savedNames(client), ["alone"]);
});

test("closing the database loses none", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sync-patterns-gathered-"));
  try {
    const client = await opened(place(directory));
    const { projects } = client.collections;
    for (const name of numbers) projects.insert({ name });
    // While the first ones are being saved.
    await Promise.resolve();
    for (const name of numbers) projects.insert({ name: `later ${name}` });
    await client.closeDatabase();
    await client.initializeDatabase({ sync: false, ...place(directory) });
    assert.equal((await savedNames(client)).length, 200);
    await client.closeDatabase();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("clearing takes those that aren't saved yet, too", async () => {
  const client = await opened();
  client.collections.projects.insert({ name: "of the last user" });
  await assert.rejects(client.clearDatabase(), /1 edits of this device/);
  client.collections.projects.insert({ name: "of the last user, too" });
  await client.clearDatabase({ unsent: "discard" });
  await client.flushed();
  assert.deepEqual(await savedNames(client), []);
  await until(() => client.collections.projects.size === 0);
});

test("a disk that is really full keeps them, says so, and has them as soon as there is room", { skip: isSqlite }, () =>
  onSmallDisk(async (folder) => {
    const directory = join(folder, "data");
    const client = await opened({ directory });
    const errors: string[] = [];
    client.onSyncError(({ message }) => errors.push(message));
    const { projects } = client.collections;
    await projects.insert({ name: "before" }).isPersisted.promise;

    const makeRoom = fill(folder);
    // Nothing that compression makes small.
    const name = randomBytes(60_000).toString("hex");
    const first = projects.insert({ name });
    await until(() => client.getSyncStatus().unsaved === 1);
    projects.insert({ name: "second" });
    await until(() => client.getSyncStatus().unsaved === 2);
    assert.equal(projects.size, 3);
    assert.deepEqual(await savedNames(client), ["before"]);
    assert.match(errors.join("\n"), /No space left on device/);

    await makeRoom();
    await first.isPersisted.promise;
    await client.flushed();
    assert.equal(client.getSyncStatus().unsaved, 0);
    assert.equal(errors.length, 1);
    await client.closeDatabase();

    await client.initializeDatabase({ sync: false, directory });
    assert.deepEqual(await savedNames(client), ["before", name, "second"]);
    await client.closeDatabase();
  }),
);

test("a full disk keeps them, says so, and has them as soon as there is room", { skip: !isSqlite }, async () => {
  const client = await opened();
  const errors: string[] = [];
  client.onSyncError(({ message }) => errors.push(message));
  const [row] = await query(client, "PRAGMA page_count");
  await query(client, `PRAGMA max_page_count = ${String(row?.["page_count"])}`);
  const name = "x".repeat(100_000);
  const first = client.collections.projects.insert({ name });
  await until(() => client.getSyncStatus().unsaved > 0);
  client.collections.projects.insert({ name: "second" });
  await until(() => client.getSyncStatus().unsaved === 2);
  assert.equal(client.collections.projects.size, 2);
  assert.match(errors.join("\n"), /full/);
  await query(client, "PRAGMA max_page_count = 1000000");
  await first.isPersisted.promise;
  await client.flushed();
  assert.deepEqual(await savedNames(client), [name, "second"]);
  assert.equal(client.getSyncStatus().unsaved, 0);
  assert.equal(errors.length, 1);
});

test("closing with a full disk refuses them", { skip: !isSqlite }, async () => {
  const client = await opened();
  const [row] = await query(client, "PRAGMA page_count");
  await query(client, `PRAGMA max_page_count = ${String(row?.["page_count"])}`);
  const refused = assert.rejects(client.collections.projects.insert({ name: "x".repeat(100_000) }).isPersisted.promise);
  await until(() => client.getSyncStatus().unsaved > 0);
  await client.closeDatabase();
  await refused;
});

/** A database that outlives its client. */
function place(directory: string): Options {
  if (!isSqlite) return { directory };
  const { nativeDriver } = index as unknown as typeof import("../sqlite/electric/index.js");
  return { driver: nativeDriver(openFile(join(directory, "client.db"))) };
}
