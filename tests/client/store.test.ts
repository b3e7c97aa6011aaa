// The store: rows in memory, read and written at once.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, test } from "node:test";
import type { Driver } from "../pglite/electric/db/store/sql/driver.js";
import { type Client, generated, isSqlite } from "./support/generated.js";
import { until } from "./support/until.js";

const index = await generated();

type Made = ReturnType<Client["createClient"]>;

const open: Made[] = [];
afterEach(async () => {
  for (const { closeDatabase } of open.splice(0)) await closeDatabase();
});

async function opened(): Promise<Made> {
  const client = index.createClient({ database: "store" });
  open.push(client);
  await client.initializeDatabase({ sync: false, directory: "memory://" });
  await client.store.projects.ready();
  return client;
}

async function log(client: Made): Promise<string[]> {
  const statement = { parts: ["SELECT operation, value FROM _changes ORDER BY id"], parameters: [] };
  const rows = await client.getDatabase().query(statement);
  return rows.map(({ operation, value }) => `${String(operation)} ${JSON.stringify(JSON.parse(String(value)))}`);
}

test("a write is read at once, and saved", async () => {
  const client = await opened();
  const { projects } = client.store;
  const id = randomUUID();
  projects.set(id, { name: "one" });
  assert.equal(projects.get(id)?.name, "one");
  assert.deepEqual([projects.has(id), projects.size, [...projects.values()].length], [true, 1, 1]);
  assert.deepEqual(
    [...projects].map(([key, { name }]) => [key, name]),
    [[id, "one"]],
  );
  projects.update(id, (draft) => {
    draft.name = `${draft.name}, two`;
  });
  assert.equal(projects.get(id)?.name, "one, two");
  await client.flushed();
  assert.equal((await log(client)).length, 2);
  assert.equal(projects.delete(id), true);
  assert.equal(projects.delete(id), false);
  assert.equal(projects.get(id), undefined);
});

test("set writes only what differs", async () => {
  const client = await opened();
  const { projects } = client.store;
  const id = projects.add({ name: "one", color: "red" });
  await client.flushed();
  const row = projects.get(id);
  assert.ok(row);
  projects.set(id, { ...row });
  projects.set(id, { ...row, color: "blue" });
  await client.flushed();
  const [, update, ...others] = await log(client);
  assert.deepEqual(others, []);
  assert.match(update ?? "", /^update .*"color":"blue"/);
  assert.doesNotMatch(update ?? "", /"name"/);
});

test("what can be known to be wrong throws, and changes nothing", async () => {
  const client = await opened();
  const { projects } = client.store;
  const id = projects.add({ name: "one" });
  const set = (row: object) => () => projects.set(id, row as { name: string });
  assert.throws(set({ name: null }), /projects.name must be a text/);
  assert.throws(set({ name: 5 }), /projects.name must be text, and not 5/);
  assert.throws(set({ title: "one" }), /projects has no title/);
  assert.throws(() => projects.add({} as { name: string }), /a new row needs name/);
  assert.throws(() => projects.set("not a UUID", { name: "two" }), /projects.id must be a UUID/);
  assert.throws(() => projects.update(randomUUID(), () => {}), /there is no such row/);
  assert.throws(
    () =>
      projects.update(id, (draft) => {
        draft.name = null as unknown as string;
      }),
    /projects.name must be/,
  );
  assert.deepEqual(
    [...projects.values()].map(({ name }) => name),
    ["one"],
  );
  await client.flushed();
  assert.equal((await log(client)).length, 1);
});

test("what the database refuses is taken back, and told", async () => {
  const client = await opened();
  await client.getDatabase().exec("CREATE UNIQUE INDEX one_of_each_name ON projects_local (name)");
  const errors: string[] = [];
  client.onSyncError(({ model }) => errors.push(String(model)));
  const { projects } = client.store;
  projects.add({ name: "one" });
  const second = projects.add({ name: "one" });
  assert.equal(projects.size, 2);
  await until(() => errors.length > 0);
  assert.deepEqual(errors, ["projects"]);
  assert.equal(projects.get(second), undefined);
  assert.equal(projects.size, 1);
});

test("listeners hear of each change, also of those that come from elsewhere", async () => {
  const client = await opened();
  const heard: string[] = [];
  const { projects } = client.store;
  const id = randomUUID();
  const stop = projects.subscribe((key, row, change) => heard.push(`${change} ${key} ${String(row?.name)}`));
  projects.set(id, { name: "one" });
  assert.deepEqual(heard, [`insert ${id} one`]);
  await client.flushed();
  await client.getDatabase().query({ parts: ["UPDATE projects SET name = 'other'"], parameters: [] });
  await until(() => heard.includes(`update ${id} other`));
  await client.getDatabase().query({ parts: ["DELETE FROM projects"], parameters: [] });
  await until(() => heard.includes(`delete ${id} undefined`));
  stop();
  const before = heard.length;
  projects.add({ name: "unheard" });
  assert.equal(heard.length, before);
});

const isPglite = { skip: isSqlite && "SQLite prepares its statements itself" };

/** Runs each, as often as PostgreSQL makes it a plan of its own, and then some. */
async function runOften(driver: Driver, texts: readonly string[]): Promise<void> {
  for (const text of texts)
    for (let run = 0; run < 8; run += 1) await driver.query({ parts: [text, ""], parameters: [randomUUID()] });
}

/** A database that the test uses, too, and a driver of it. */
async function ownPglite() {
  const { PGlite } = await import("@electric-sql/pglite");
  const { pgliteDriver } = await import("../pglite/electric/index.js");
  const pg = await PGlite.create("memory://");
  return { pg, driver: await pgliteDriver(pg) };
}

test("plans that were made while a table was empty read it by key when it is full", isPglite, async () => {
  const { pg, driver } = await ownPglite();
  const client = index.createClient({ database: "store" });
  open.push(client);
  await client.initializeDatabase({ sync: false, driver });
  await runOften(driver, [
    "SELECT v.* FROM projects AS v WHERE v.id = ",
    "UPDATE projects SET name = 'x' WHERE id = ",
    "DELETE FROM projects WHERE id = ",
  ]);
  await pg.exec(`
    INSERT INTO projects_synced (id, name, created_at, updated_at)
    SELECT gen_random_uuid(), 'n' || n, now(), now() FROM generate_series(1, 20000) AS n
  `);
  const { rows: prepared } = await pg.query<{ name: string; statement: string; generic_plans: number }>(
    "SELECT name, statement, generic_plans FROM pg_prepared_statements WHERE statement ~ 'WHERE (v.)?id = .1$'",
  );
  assert.equal(prepared.length, 3);
  for (const { name, statement, generic_plans: kept } of prepared) {
    assert.ok(kept > 0, `no plan is kept of ${statement}`);
    const { rows } = await pg.query<{ "QUERY PLAN": string }>(`EXPLAIN EXECUTE ${name} ('${randomUUID()}')`);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    assert.match(plan, /on projects_synced/);
    assert.doesNotMatch(plan, /Seq Scan on projects_synced/, plan);
  }
});

test("statements stay usable when somebody else changes tables, or drops what is prepared", isPglite, async () => {
  const { pg, driver } = await ownPglite();
  const all = { parts: ["SELECT * FROM shelves"], parameters: [] };
  const columns = async () => Object.keys((await driver.query(all))[0] ?? {});
  await driver.exec("CREATE TABLE shelves (a INT); INSERT INTO shelves VALUES (1)");
  assert.deepEqual(await columns(), ["a"]);
  await driver.exec("ALTER TABLE shelves ADD COLUMN b INT");
  assert.deepEqual(await columns(), ["a", "b"]);
  await driver.query({ parts: ["ALTER TABLE shelves ADD COLUMN c INT"], parameters: [] });
  assert.deepEqual(await columns(), ["a", "b", "c"]);
  await pg.exec("ALTER TABLE shelves ADD COLUMN d INT");
  assert.deepEqual(await columns(), ["a", "b", "c", "d"]);
  await pg.exec("DEALLOCATE ALL");
  assert.deepEqual(await columns(), ["a", "b", "c", "d"]);
  const twice = { parts: ["INSERT INTO shelves (a) VALUES (", ") RETURNING a"], parameters: [2] };
  assert.deepEqual(await driver.query(twice), [{ a: "2" }]);
  await pg.exec("DEALLOCATE ALL");
  assert.deepEqual(await driver.query(twice), [{ a: "2" }]);
  await assert.rejects(driver.query({ parts: ["SELECT nothing"], parameters: [] }), /nothing/);
  assert.equal((await driver.query(all)).length, 3);
  await driver.close();
});
