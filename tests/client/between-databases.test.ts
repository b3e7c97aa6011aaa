// A client that opens one database after the other: an edit that is made while none is open goes into the one that it was
// made to, and into no other.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { adapter, generated } from "./support/generated.js";
import { keeper, type Kept } from "./support/kept.js";
import { until } from "./support/until.js";

const { createClient } = await generated();
const { kept, close } = keeper({ createClient });

type Device = ReturnType<typeof createClient>;

after(close);

/** The names in a database, as a client of its own sees them. */
async function names(database: Kept): Promise<string> {
  const reader = createClient();
  await reader.initializeDatabase(database);
  const { projects } = reader.collections;
  await projects.preload();
  const all = projects.toArray.map(({ name }) => name).sort();
  await reader.closeDatabase();
  return all.join();
}

function write({ collections }: Device, name: string): Promise<unknown> {
  return collections.projects.insert({ name }).isPersisted.promise;
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const later = new Promise((resolve) => setTimeout(resolve, 100, pending));
  return (await Promise.race([promise, later])) !== pending;
}

/** Writes while neither is open. The other one, which is opened then, doesn't get it. */
async function waits(client: Device, first: Kept, other: Kept): Promise<void> {
  const early = write(client, "before the first");
  await client.initializeDatabase(first);
  await early;
  const { projects } = client.collections;
  await projects.preload();
  await client.closeDatabase();
  const edit = write(client, "while closed");
  const flushed = client.flushed();
  assert.equal(client.getSyncStatus().unsaved, 1);
  assert.equal(client.getSyncStatus().lastError, null);

  await client.initializeDatabase(other);
  assert.equal(client.getSyncStatus().unsaved, 1);
  assert.match(client.getSyncStatus().lastError ?? "", /^An edit in this page waits for another database, /);
  await write(client, "to the other");
  assert.equal(await isSettled(Promise.race([edit, flushed])), false);
  const shown = () => projects.toArray.map(({ name }) => name).sort();
  // Of the first database, only the edit is left, which isn't anywhere else.
  await until(
    () => shown().join() === "to the other,while closed",
    () => shown().join(),
  );
  await client.closeDatabase();
  assert.equal(client.getSyncStatus().unsaved, 1);
  assert.equal(await names(other), "to the other");

  await client.initializeDatabase(first);
  await Promise.all([edit, flushed]);
  assert.equal(client.getSyncStatus().unsaved, 0);
  assert.equal(client.getSyncStatus().lastError, null);
  await until(
    () => shown().join() === "before the first,while closed",
    () => shown().join(),
  );
  await client.closeDatabase();
  assert.equal(await names(first), "before the first,while closed");
}

test("an edit that is made while nothing is open waits for the database that was open before", async () => {
  await waits(createClient(), await kept(), await kept());
});

if (adapter === "pglite") {
  test("and so it does where each has a folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sync-patterns-between-"));
    const inFolder = (name: string): Kept => ({ directory: join(folder, name), sync: false });
    await waits(createClient(), inFolder("one"), inFolder("other"));
    await rm(folder, { recursive: true });
  });

  test("a folder is the same under another name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sync-patterns-between-"));
    const client = createClient();
    await client.initializeDatabase({ directory: join(folder, "one"), sync: false });
    await client.closeDatabase();
    const edit = write(client, "while closed");
    await client.initializeDatabase({ directory: `${folder}/./one`, sync: false });
    await edit;
    await client.closeDatabase();
    await rm(folder, { recursive: true });
  });
}

test("an edit that is made while a database is being opened is for that one, even if another is still closing", async () => {
  const client = createClient();
  const [first, other] = [await kept(), await kept()];
  await client.initializeDatabase(first);
  const last = write(client, "first");
  const closed = client.closeDatabase();
  const opened = client.initializeDatabase(other);
  await Promise.all([last, write(client, "other"), closed, opened]);
  await client.closeDatabase();
  assert.deepEqual([await names(first), await names(other)], ["first", "other"]);
});

test("a database whose user has logged out is still the one that was open before", async () => {
  const client = createClient();
  const database = await kept();
  await client.initializeDatabase(database);
  await client.clearDatabase();
  await client.closeDatabase();
  const edit = write(client, "while closed");
  await client.initializeDatabase(database);
  await edit;
  await client.closeDatabase();
  assert.equal(await names(database), "while closed");
});

test("an edit that waits for another database keeps nobody from signing in, or from logging out", async () => {
  const client = createClient({ user: "ada" });
  const [first, other] = [await kept(), await kept()];
  await client.initializeDatabase(first);
  await client.closeDatabase();
  const edit = write(client, "of Ada");

  client.configureSync({ user: "bob" });
  await client.initializeDatabase(other);
  await write(client, "of Bob");
  client.configureSync({ user: "carol" });
  const counted = (): string => `${String(client.getSyncStatus().held)} of ${String(client.getSyncStatus().pending)}`;
  await until(() => counted() === "1 of 1", counted);
  await assert.rejects(client.clearDatabase(), /^Error: 1 edits of this device/);
  await client.clearDatabase({ unsent: "discard" });
  await client.closeDatabase();

  await client.initializeDatabase(first);
  await edit;
  await until(() => counted() === "1 of 1", counted);
  await client.closeDatabase();
});

test("an edit is that of who is signed in when it is made, however short that is", async () => {
  const client = createClient({ user: "ada" });
  await client.initializeDatabase(await kept());
  const counted = (): string => `${String(client.getSyncStatus().held)} of ${String(client.getSyncStatus().pending)}`;
  await write(client, "of Ada");
  client.configureSync({ user: "bob" });
  await until(() => counted() === "1 of 1", counted);
  // Bob goes as Ada writes.
  client.configureSync({ user: "ada" });
  await write(client, "of Ada, too");
  await until(() => counted() === "0 of 2", counted);
  // Nobody's edit becomes that of the next user, and not of the one before.
  client.configureSync({ user: null });
  await write(client, "of nobody");
  client.configureSync({ user: "bob" });
  await until(() => counted() === "2 of 3", counted);
  await client.closeDatabase();
});

test("a listener that throws keeps neither a database from being opened, nor an edit from being saved", async (context) => {
  const told = context.mock.method(console, "error", () => {});
  const client = createClient();
  const [first, other] = [await kept(), await kept()];
  client.onSyncStatus(() => {
    throw new Error("of the application");
  });
  await client.initializeDatabase(first);
  await client.closeDatabase();
  const edit = write(client, "while closed");
  await client.initializeDatabase(other);
  await client.closeDatabase();
  await client.initializeDatabase(first);
  await edit;
  await client.closeDatabase();
  assert.equal(await names(first), "while closed");
  assert.ok(told.mock.callCount() > 0);
});
