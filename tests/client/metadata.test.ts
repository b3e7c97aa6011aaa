// What rows say of themselves: when they were edited, by which device, and when this one received them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contact, type Crm, type Device, log, Office, settled, shown } from "./support/backend.js";
import { Clock } from "./support/clock.js";
import { adapter, isIndexedDb, isSqlite } from "./support/generated.js";
import { until } from "./support/until.js";

const office = new Office();
const plain = (await import(`../plain/${adapter}/push-pull/index.js`)) as Pick<Crm, "createClient">;

type Database = NonNullable<Parameters<Device["initializeDatabase"]>[0]>;

/** A database that outlives the clients that have it open. */
async function database(): Promise<Database> {
  if (isIndexedDb) return { directory: crypto.randomUUID() };
  const opened = isSqlite
    ? await (await import("../crm/sqlite/push-pull/db/store/sql/sqlite/open.js")).openSqlite("memory://")
    : await (await import("../crm/pglite/push-pull/db/store/sql/pglite/open.js")).openPglite("memory://");
  return { driver: { ...opened, close: async () => {} } };
}

/** More than any test takes: by so much, clocks that differ can be told apart. */
const HOUR = 3_600_000;

/** What the server calls the device that has pushed last. */
function pusher(): string {
  return office.backend.pushes.at(-1)?.client_id ?? "";
}

/** Both ends are times that were noted, so that it doesn't matter how long anything takes. */
function isBetween(time: string | null | undefined, from: number, to: number): void {
  const at = Date.parse(time ?? "");
  const [first, last] = [from, to].map((end) => new Date(end).toISOString());
  assert.ok(at >= from && at <= to, `${String(time)} is in ${String(first)}…${String(last)}`);
}

/** Who has edited the row, as the device shows it. */
function editor(client: Device, id: string): string | null | undefined {
  return shown(client, id)?._device_id;
}

test("a row shows device and time of its newest edit, before the server has it and after, on every device", async () => {
  const clock = new Clock();
  const one = await clock.run(() => office.device("ada"));
  const two = await office.device("ada");
  let id = "";
  const made = Date.now();
  const back = await office.offline(() => (id = clock.run(() => contact(one, "Ada"))), one);
  await until(() => editor(one, id) !== null);
  const own = editor(one, id);
  isBetween(shown(one, id)?._edited_at, made, Date.now());
  assert.equal(shown(one, id)?._synced_at, null);
  const synced = Date.now();
  // By the device's clock, the edit is an hour old when it leaves: so it is by the server's as well.
  clock.ahead = HOUR;
  await back();
  await settled(one, two);
  assert.equal(pusher(), own);
  await until(() => [one, two].every((client) => (shown(client, id)?._synced_at ?? null) !== null));
  for (const client of [one, two]) {
    assert.equal(editor(client, id), own);
    isBetween(shown(client, id)?._edited_at, made - HOUR, Date.now() - HOUR);
    const ahead = client === one ? HOUR : 0;
    isBetween(shown(client, id)?._synced_at, synced + ahead, Date.now() + ahead);
  }
  assert.equal(shown(one, id)?._edited_at, shown(two, id)?._edited_at);

  // An edit that isn't sent yet shows this device, and when the row came.
  const before = shown(two, id);
  const edited = Date.now();
  const returned = await office.offline(() => {
    two.collections.contacts.update(id, (draft) => void (draft.email = "a@d.a"));
  }, two);
  await until(() => editor(two, id) !== own);
  const other = editor(two, id);
  isBetween(shown(two, id)?._edited_at, edited, Date.now());
  assert.equal(shown(two, id)?._synced_at, before?._synced_at);
  assert.equal(editor(one, id), own);
  await returned();
  await settled(two, one);
  await until(() => editor(one, id) === other);
  assert.equal(shown(one, id)?._edited_at, shown(two, id)?._edited_at);
  isBetween(shown(one, id)?._edited_at, edited, Date.now());
  assert.ok((shown(two, id)?._synced_at ?? "") > (before?._synced_at ?? ""));

  // Another writer of the database is no device.
  const written = Date.now();
  await office.backend.db.exec(`UPDATE contacts SET email = 'b@d.a' WHERE id = '${id}'`);
  await until(() => editor(one, id) === null && editor(two, id) === null);
  for (const client of [one, two]) isBetween(shown(client, id)?._edited_at, written, Date.now());
});

test("of one field the later edit holds, and the row shows its time and device", async () => {
  const [one, two] = await office.devices();
  const id = crypto.randomUUID();
  one.collections.tasks.insert({ id, title: "first", team_id: 1 });
  await settled(one);
  await until(() => two.collections.tasks.has(id));
  // The early edit comes late.
  one.configureSync({ syncUrl: "http://127.0.0.1:1" });
  one.collections.tasks.update(id, (draft) => void (draft.title = "early"));
  await one.flushed();
  await until(() => one.collections.tasks.get(id)?.title === "early");
  // A millisecond could hold both.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const from = Date.now();
  two.collections.tasks.update(id, (draft) => void (draft.title = "late"));
  await two.flushed();
  const author = one.collections.tasks.get(id)?._device_id;
  await until(() => two.collections.tasks.get(id)?._device_id !== author);
  const late = two.collections.tasks.get(id);
  await settled(two);
  const to = Date.now();
  one.configureSync({ syncUrl: office.backend.url });
  await settled(one);
  const shows = () => [one, two].map(({ collections }) => collections.tasks.get(id));
  await until(() => shows().every((task) => task?.title === "late" && task._device_id === late?._device_id));
  for (const task of shows()) isBetween(task?._edited_at, from, to);
});

test("what is refused leaves what the server says, and nothing of it is ever sent", async () => {
  const one = await office.device("ada");
  const id = contact(one, "Ada");
  await settled(one);
  const { _edited_at, _device_id } = shown(one, id) ?? {};
  await office.backend.db.exec(`UPDATE contacts SET score = 1 WHERE id = '${id}'`);
  await until(() => editor(one, id) === null);
  one.collections.contacts.update(id, (draft) => void (draft.score = 1_000));
  await one.flushed();
  await until(() => one.getSyncStatus().rejected === 1);
  await until(() => editor(one, id) === null && shown(one, id)?.score === 1);
  assert.ok(_device_id && (shown(one, id)?._edited_at ?? "") > (_edited_at ?? ""));
  const sent = office.backend.pushes.flatMap(({ changes }) => changes.flatMap(({ value }) => Object.keys(value)));
  assert.deepEqual(
    sent.filter((name) => name.startsWith("_")),
    [],
  );
});

test("nobody writes it", async () => {
  const one = await office.device("ada");
  const from = Date.now();
  const id = contact(one, "Ada");
  const { contacts } = one.collections;
  const write = contacts.update(id, (draft) => {
    // @ts-expect-error it is no column of an update
    draft._device_id = "mine";
  });
  await assert.rejects(write.isPersisted.promise, /_device_id is (read-only|set by the server only)/);
  // @ts-expect-error it is no column of an insert either
  const insert = contacts.insert({ first_name: "Bob", _edited_at: "2026-01-01T00:00:00Z" });
  await insert.isPersisted.promise;
  await settled(one);
  for (const row of contacts.toArray) isBetween(row._edited_at, from, Date.now());
  assert.equal(contacts.size, 2);
});

test("it is turned on and off on a database with edits that wait, and all of them stay", async () => {
  const opened = await database();
  const settings = { database: "upgraded", user: "ada", headers: { authorization: "ada" } };
  const open = async (create: Pick<Crm, "createClient">["createClient"]): Promise<Device> => {
    const client = create({ ...settings, syncUrl: office.backend.url });
    client.onSyncError(() => {});
    await client.initializeDatabase(opened);
    await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
    return client;
  };
  const without = await open(plain.createClient);
  const id = contact(without, "Ada");
  await settled(without);
  const from = Date.now();
  const back = await office.offline(() => {
    without.collections.contacts.update(id, (draft) => void (draft.email = "a@d.a"));
  }, without);
  assert.ok(!Object.hasOwn(shown(without, id) ?? {}, "_edited_at"));
  await without.closeDatabase();

  const { createClient } = (await import(`../crm/${adapter}/push-pull/index.js`)) as Crm;
  const on = await open(createClient);
  assert.equal((await log(on)).length, 1);
  const second = contact(on, "Second");
  await on.flushed();
  await until(() => editor(on, second) !== null);
  const own = editor(on, second);
  await back();
  await settled(on);
  await until(() => shown(on, id)?.email === "a@d.a" && shown(on, id)?._has_local_changes === false);
  assert.equal(editor(on, id), own, "the device has the name that it had before");
  isBetween(shown(on, id)?._edited_at, from, Date.now());
  const again = await office.offline(() => {
    on.collections.contacts.update(id, (draft) => void (draft.email = "b@d.a"));
  }, on);
  await on.closeDatabase();

  const off = await open(plain.createClient);
  assert.equal((await log(off)).length, 1);
  await again();
  await settled(off);
  await until(() => shown(off, id)?.email === "b@d.a" && !Object.hasOwn(shown(off, id) ?? {}, "_edited_at"));
  assert.equal(off.getSyncStatus().rejected, 0);
  await off.closeDatabase();
});
