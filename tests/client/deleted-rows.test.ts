// Rows that were deleted, as devices keep them: when that was, and by which device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contact, type Crm, type Device, Office, settled, shown } from "./support/backend.js";
import { adapter, isIndexedDb, isSqlite } from "./support/generated.js";
import { until } from "./support/until.js";

const office = new Office();
const { createClient } = (await import(`../crm/${adapter}/push-pull/index.js`)) as Crm;

/** Both ends are times that were noted: the server and the devices have one clock. */
function isBetween(time: string, from: number, to: number): void {
  const at = Date.parse(time);
  assert.ok(at >= from && at <= to, `${time} is in ${String(from)}…${String(to)}`);
}

type Name = Parameters<Device["listDeleted"]>[0];
type Deleted = Awaited<ReturnType<typeof listContacts>>[number];

function listContacts(client: Device) {
  return client.listDeleted("contacts");
}

async function keys(client: Device, name: Name): Promise<string[]> {
  return (await client.listDeleted(name)).map((row) => ("id" in row ? String(row.id) : ""));
}

/** A row without what differs while it is deleted. */
function plain(row: object | undefined): object {
  const own = ["_deleted_at", "_synced_at", "_device_id", "_has_local_changes", "_pending_write_id"];
  // What collections say of their rows begins with a dollar sign.
  return Object.fromEntries(Object.entries(row ?? {}).filter(([name]) => !own.includes(name) && !name.startsWith("$")));
}

/** Inserts a deleted row again, as an application does that knows nothing else of it. */
function restore({ collections }: Device, { owner_id, ...row }: Deleted): void {
  collections.contacts.insert({ ...row, ...(owner_id !== null && { owner_id }) });
}

/** What the device is called, as a row that it edits shows it. */
async function nameOf(client: Device, id: string): Promise<string> {
  await until(() => (shown(client, id)?._device_id ?? null) !== null);
  return shown(client, id)?._device_id ?? "";
}

test("a deleted row is listed as it was, with time and device, from when it is deleted to when it is made anew", async () => {
  const [one, two] = await office.devices();
  const id = crypto.randomUUID();
  const row = {
    id,
    first_name: "Ada",
    score: 7,
    balance: "12.30",
    tags: ["a", "b"],
    avatar: "AQID",
    born_on: "2001-02-03",
  };
  two.collections.contacts.insert({ ...row, is_active: false, stage: "lead" });
  const second = await nameOf(two, id);
  const other = contact(one, "Other");
  const first = await nameOf(one, other);
  await settled(one, two);
  await until(() => shown(one, id) !== undefined && shown(two, other) !== undefined);
  const before = plain(shown(one, id));
  assert.deepEqual(await one.listDeleted("contacts"), []);

  const from = Date.now();
  const back = await office.offline(() => void one.collections.contacts.delete(id), one);
  const [waiting, ...more] = await one.listDeleted("contacts");
  assert.deepEqual([plain(waiting), more], [before, []]);
  assert.deepEqual([waiting?._device_id, waiting?._has_local_changes], [first, true]);
  assert.ok((waiting?._pending_write_id ?? null) !== null);
  isBetween(waiting?._deleted_at ?? "", from, Date.now());
  assert.deepEqual(await two.listDeleted("contacts"), []);

  const to = Date.now();
  await back();
  await settled(one);
  await until(async () => (await keys(two, "contacts")).length === 1);
  for (const client of [one, two]) {
    const [deleted, ...others] = await client.listDeleted("contacts");
    assert.deepEqual([plain(deleted), others], [before, []]);
    assert.deepEqual(
      [deleted?._device_id, deleted?._has_local_changes, deleted?._pending_write_id],
      [first, false, null],
    );
    isBetween(deleted?._deleted_at ?? "", from, Date.now());
    assert.ok(Date.parse(deleted?._synced_at ?? "") >= to);
    await until(() => shown(client, id) === undefined);
  }

  // Another writer of the database is no device. The newest comes first.
  await office.backend.db.exec(`DELETE FROM contacts WHERE id = '${other}'`);
  await until(async () =>
    (await Promise.all([one, two].map((client) => keys(client, "contacts")))).every((all) => all.length === 2),
  );
  assert.deepEqual(await keys(two, "contacts"), [other, id]);
  assert.equal((await two.listDeleted("contacts"))[0]?._device_id, null);

  // An insert of the row brings it back: here at once, and elsewhere when it comes.
  const [, kept] = await two.listDeleted("contacts");
  assert.ok(kept);
  const returned = await office.offline(() => restore(two, kept), two);
  assert.deepEqual(await keys(two, "contacts"), [other]);
  assert.deepEqual(await keys(one, "contacts"), [other, id]);
  await returned();
  await settled(two);
  await until(() => shown(one, id) !== undefined);
  assert.deepEqual([await keys(one, "contacts"), await keys(two, "contacts")], [[other], [other]]);
  assert.equal(shown(one, id)?._device_id, second);
  assert.deepEqual(
    { ...plain(shown(one, id)), _edited_at: 0, created_at: 0, updated_at: 0 },
    { ...before, _edited_at: 0, created_at: 0, updated_at: 0 },
  );
});

test("so it is with rows that are only marked as deleted, and with keys that the server makes", async () => {
  const [one, two] = await office.devices();
  const id = crypto.randomUUID();
  one.collections.tasks.insert({ id, title: "first", team_id: 1 });
  one.collections.notes.insert({ body: "a note" });
  await settled(one);
  await until(() => two.collections.tasks.has(id) && two.collections.notes.size === 1);
  const [note] = two.collections.notes.toArray;
  assert.ok(note);
  two.collections.tasks.delete(id);
  two.collections.notes.delete(note.id);
  await settled(two);
  await until(async () => (await keys(one, "tasks")).length === 1 && (await keys(one, "notes")).length === 1);
  assert.deepEqual(plain((await one.listDeleted("notes"))[0]), plain(note));
  const [task] = await one.listDeleted("tasks");
  assert.deepEqual([task?.title, task?.done, task?.team_id, task?.deleted_at], ["first", false, 1, null]);
  assert.ok(task);
  one.collections.tasks.insert(task);
  await settled(one);
  await until(() => two.collections.tasks.get(id)?.title === "first");
  assert.deepEqual([await keys(one, "tasks"), await keys(two, "tasks")], [[], []]);
});

test("a delete that the server refuses, or that is taken back, deletes nothing", async () => {
  const [one, two] = await office.devices();
  const id = crypto.randomUUID();
  one.collections.deals.insert({ id, title: "a deal", team_id: 1 });
  await settled(one);
  await until(() => two.collections.deals.has(id));
  const back = await office.offline(() => void one.collections.deals.delete(id), one);
  assert.deepEqual(await keys(one, "deals"), [id]);
  await office.backend.db.exec(`UPDATE deals SET title = 'changed' WHERE id = '${id}'`);
  await back();
  one.configureSync({});
  await until(() => one.getSyncStatus().rejected === 1);
  await until(() => one.collections.deals.get(id)?.title === "changed");
  assert.deepEqual(await keys(one, "deals"), []);
  await one.discardChange(one.getRejectedChanges()[0]?.writeId ?? "");
  assert.deepEqual([await keys(one, "deals"), await keys(two, "deals")], [[], []]);

  // One that nobody has sent needs no server.
  const unsent = await office.offline(() => {
    const fresh = contact(one, "Never sent");
    one.collections.contacts.delete(fresh);
  }, one);
  assert.deepEqual(await keys(one, "contacts"), []);
  await unsent();
});

test("an edit of a row that somebody else has deleted stays, while the row is listed", async () => {
  const one = await office.device("ada");
  const id = contact(one, "Ada");
  await settled(one);
  const back = await office.offline(() => {
    one.collections.contacts.update(id, (draft) => void (draft.first_name = "Edited"));
  }, one);
  await office.backend.db.exec(`DELETE FROM contacts WHERE id = '${id}'`);
  await back();
  one.configureSync({});
  await until(() => one.getRejectedChanges().some(({ values }) => values["first_name"] === "Edited"));
  await until(async () => (await keys(one, "contacts")).length === 1);
  assert.equal((await one.listDeleted("contacts"))[0]?.first_name, "Ada");
});

test("a row that has left the user's scopes isn't kept, and those of a scope that is lost go", async () => {
  const [ada, bob] = [await office.device("ada"), await office.device("bob")];
  const [moved, gone, stays, came] = [1, 2, 3, 4].map(() => crypto.randomUUID()) as [string, string, string, string];
  for (const id of [moved, gone, stays]) ada.collections.tasks.insert({ id, title: "a task", team_id: 1 });
  ada.collections.tasks.insert({ id: came, title: "a task", team_id: 2 });
  await settled(ada);
  await until(() => bob.collections.tasks.size === 3);
  const { db } = office.backend;
  // One moves while the device looks, the other one is deleted as well before it does.
  await db.exec(`UPDATE tasks SET team_id = 2 WHERE id = '${moved}'`);
  await until(() => !bob.collections.tasks.has(moved));
  const back = await office.backend.goAway();
  await db.exec(`UPDATE tasks SET team_id = 2 WHERE id = '${gone}'`);
  await db.exec(`UPDATE tasks SET team_id = 1 WHERE id = '${came}'`);
  await db.exec(`DELETE FROM tasks WHERE id IN ('${gone}', '${came}')`);
  await back();
  bob.configureSync({});
  await until(() => !bob.collections.tasks.has(gone));
  assert.deepEqual(await bob.listDeleted("tasks"), []);
  // Who sees both scopes sees that they were deleted.
  ada.configureSync({});
  await until(async () => (await keys(ada, "tasks")).length === 2);
  assert.deepEqual((await keys(ada, "tasks")).sort(), [gone, came].sort());
  await db.exec(`DELETE FROM tasks WHERE id = '${stays}'`);
  await until(async () => (await keys(bob, "tasks")).length === 1);
  assert.deepEqual(await keys(bob, "tasks"), [stays]);
  // Made anew and moved away while the device doesn't look.
  const returned = await office.backend.goAway();
  await db.exec(`INSERT INTO tasks (id, title, team_id) VALUES ('${stays}', 'again', 1)`);
  await db.exec(`UPDATE tasks SET team_id = 2 WHERE id = '${stays}'`);
  await returned();
  bob.configureSync({});
  await until(async () => (await keys(bob, "tasks")).length === 0);

  const last = crypto.randomUUID();
  await db.exec(`INSERT INTO tasks (id, title, team_id) VALUES ('${last}', 'a task', 1)`);
  await until(() => [ada, bob].every(({ collections }) => collections.tasks.has(last)));
  await db.exec(`DELETE FROM tasks WHERE id = '${last}'`);
  await until(async () => (await keys(bob, "tasks")).includes(last));
  office.scopes["bob"] = { user: ["bob"], team: [] };
  await bob.syncNow();
  await until(async () => (await keys(bob, "tasks")).length === 0);
  await until(async () => (await keys(ada, "tasks")).includes(last));
});

test("what the server forgets, the device forgets; and all of it where its database is cleared", async () => {
  const one = await office.device("ada");
  const [first, second, third] = [contact(one, "First"), contact(one, "Second"), contact(one, "Third")];
  await settled(one);
  one.collections.contacts.delete(first);
  await settled(one);
  await until(async () => (await keys(one, "contacts")).length === 1);
  await office.backend.db.exec("SELECT sync_prune('0 seconds')");
  one.collections.contacts.delete(second);
  await settled(one);
  await until(async () => (await keys(one, "contacts")).join() === second);
  assert.ok(shown(one, third));
  await one.clearDatabase();
  assert.deepEqual(await one.listDeleted("contacts"), []);
  await until(() => shown(one, third) !== undefined);
  assert.deepEqual(await one.listDeleted("contacts"), []);
});

test("a server that doesn't tell what was deleted has nothing kept, and all else goes on", async () => {
  const one = await office.device("ada");
  type Functions = NonNullable<Parameters<Crm["createClient"]>[0]>["pushPull"];
  const send = async (endpoint: string, body: unknown, signal: AbortSignal) => {
    const headers = { "content-type": "application/json", authorization: "ada" };
    const answer = await fetch(`${office.backend.url}/${endpoint}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      signal,
    });
    const said = (await answer.json()) as { floors?: unknown; changes?: { deleted?: unknown }[] };
    delete said.floors;
    for (const change of said.changes ?? []) delete change.deleted;
    return said as never;
  };
  const pushPull: Functions = {
    push: (request, signal) => send("push", request, signal),
    pull: (request, signal) => send("pull", request, signal),
  };
  const old = office.client({ database: "of an older server", user: "ada", pushPull });
  await old.initializeDatabase(await database());
  await Promise.all(Object.values(old.collections).map((collection) => collection.preload()));
  const id = contact(one, "Ada");
  await settled(one);
  await old.syncNow();
  await until(() => shown(old, id) !== undefined);
  one.collections.contacts.delete(id);
  await settled(one);
  await until(async () => (await keys(one, "contacts")).length === 1);
  await old.syncNow();
  await until(() => shown(old, id) === undefined);
  assert.deepEqual(await old.listDeleted("contacts"), []);
});

type Database = NonNullable<Parameters<Device["initializeDatabase"]>[0]>;

/** A database that outlives the clients that have it open. */
async function database(): Promise<Database> {
  if (isIndexedDb) return { directory: crypto.randomUUID() };
  const opened = isSqlite
    ? await (await import("../crm/sqlite/push-pull/db/store/sql/sqlite/open.js")).openSqlite("memory://")
    : await (await import("../crm/pglite/push-pull/db/store/sql/pglite/open.js")).openPglite("memory://");
  return { driver: { ...opened, close: async () => {} } };
}

/** Whether the database has a table for them. */
async function hasTable(client: Device): Promise<boolean> {
  if (isIndexedDb) {
    const { objectStoreNames } = client.getDatabase() as unknown as { objectStoreNames: DOMStringList };
    return objectStoreNames.contains("_deleted_rows");
  }
  const tables = isSqlite ? "SELECT name FROM sqlite_master" : "SELECT relname AS name FROM pg_class";
  const rows = await client.getDatabase().query({ parts: [`${tables} ORDER BY 1`], parameters: [] });
  return rows.some((row) => row["name"] === "_deleted_rows");
}

/** As if another version of the application had made the database, with the same models. */
async function becomeOlder(client: Device): Promise<void> {
  if (isIndexedDb) {
    type Facts = { put(table: string, value: string, key: string): Promise<unknown> };
    await (client.getDatabase() as unknown as Facts).put("_sync_meta", "older", "schema_hash");
    return;
  }
  const statement = "UPDATE _sync_meta SET value = 'older' WHERE key = 'schema_hash'";
  await client.getDatabase().query({ parts: [statement], parameters: [] });
}

test("they stay when the database is opened again or upgraded, and come and go with the config's `metadata`", async () => {
  const without = ((await import(`../plain/${adapter}/push-pull/index.js`)) as Pick<Crm, "createClient">).createClient;
  const opened = await database();
  const open = async (create: Crm["createClient"]): Promise<Device> => {
    const client = create({
      database: "upgraded",
      user: "ada",
      headers: { authorization: "ada" },
      syncUrl: office.backend.url,
    });
    client.onSyncError(() => {});
    await client.initializeDatabase(opened);
    await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
    return client;
  };
  const before = await open(without);
  const [id, other] = [contact(before, "Ada"), contact(before, "Other")];
  await settled(before);
  assert.equal(await hasTable(before), false);
  const back = await office.offline(() => void before.collections.contacts.delete(id), before);
  await before.closeDatabase();

  // The delete that waits is there, once there is a row of the server's for it to hide.
  const on = await open(createClient);
  assert.equal((await on.listChanges()).length, 1);
  await back();
  await settled(on);
  await until(() => shown(on, other) !== undefined);
  on.collections.contacts.delete(other);
  await settled(on);
  await until(async () => (await keys(on, "contacts")).includes(other));
  const kept = await on.listDeleted("contacts");
  await on.closeDatabase();
  const again = await open(createClient);
  assert.deepEqual(await again.listDeleted("contacts"), kept);
  assert.equal(await hasTable(again), true);
  await becomeOlder(again);
  await again.closeDatabase();
  const upgraded = await open(createClient);
  assert.deepEqual(await upgraded.listDeleted("contacts"), kept);
  await upgraded.closeDatabase();

  const off = await open(without);
  assert.equal(await hasTable(off), false);
  await off.closeDatabase();
  const last = await open(createClient);
  assert.deepEqual(await last.listDeleted("contacts"), []);
  await last.closeDatabase();
});
