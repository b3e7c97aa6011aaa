// The user works offline, updates the application, and opens it again: every edit is still there, also where the new
// schema has no place for it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { adapter, generated, isSqlite, transport } from "./support/generated.js";
import { until } from "./support/until.js";

type Before = Omit<typeof import("../before/pglite/electric/index.js"), "pgliteDriver">;
type After = Omit<typeof import("../after/pglite/electric/index.js"), "pgliteDriver">;
type Driver = Awaited<ReturnType<Before["initializeDatabase"]>>;
type Statement = Parameters<Driver["query"]>[0];

const before = (await import(`../before/${adapter}/${transport}/index.js`)) as Before;
const after = (await import(`../after/${adapter}/${transport}/index.js`)) as After;

/** What the generator wrote in its first version, for fixtures/workspace. */
const older = process.env["OLDER_SCHEMAS"] ?? "";

const [ONE, TWO, THREE] = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${String(number)}`);

function statement(text: string): Statement {
  return { parts: [text], parameters: [] };
}

/** A database that outlives the client that has it open. */
async function database(): Promise<Driver> {
  const opened = isSqlite
    ? await (await import("../after/sqlite/electric/db/store/sql/sqlite/open.js")).openSqlite("memory://")
    : await (await import("../after/pglite/electric/db/store/sql/pglite/open.js")).openPglite("memory://");
  return { ...opened, close: async () => {} };
}

async function open(client: Before | After, driver: Driver): Promise<void> {
  await client.initializeDatabase({ driver, sync: false });
}

interface Entry {
  readonly table: string;
  readonly operation: string;
  readonly status: string;
  readonly value: unknown;
  readonly reason: string | null;
}

async function log(driver: Driver): Promise<Entry[]> {
  const rows = await driver.query(statement("SELECT * FROM _changes ORDER BY id"));
  return rows.map((row) => ({
    table: String(row["table_name"]),
    operation: String(row["operation"]),
    status: String(row["status"]),
    value: JSON.parse(String(row["value"])) as unknown,
    reason: row["error"] === null ? null : (JSON.parse(String(row["error"])) as { message: string }).message,
  }));
}

async function names(driver: Driver, view: string): Promise<unknown[]> {
  return (await driver.query(statement(`SELECT name FROM ${view} ORDER BY name`))).map((row) => row["name"]);
}

test("edits survive an update of the application", async () => {
  const driver = await database();
  await driver.exec("CREATE TABLE own (text TEXT); INSERT INTO own VALUES ('mine')");
  await open(before, driver);
  await driver.exec(`
    INSERT INTO things_synced (id, title, nick, age, score) VALUES
      ('${ONE}', 'one', 'n', 1, '1'),
      ('${TWO}', 'two', 'n', 2, '2');
    INSERT INTO labels_synced (id, name) VALUES ('${ONE}', 'from the server'), ('${TWO}', 'to be deleted');
  `);
  for (const write of [
    `UPDATE things SET title = 'new', nick = 'gone' WHERE id = '${ONE}'`,
    `UPDATE things SET age = 5, score = '7' WHERE id = '${ONE}'`,
    `UPDATE things SET score = 'seven' WHERE id = '${TWO}'`,
    `INSERT INTO things (id, title, price, serial, data) VALUES
       ('${THREE}', 'three', '1.10', 9007199254740993, '{"a": [null, 9007199254740993]}')`,
    `INSERT INTO wishes (id, name) VALUES ('${ONE}', 'w')`,
    `UPDATE labels SET name = 'edited' WHERE id = '${ONE}'`,
    `DELETE FROM labels WHERE id = '${TWO}'`,
  ]) {
    await driver.query(statement(write));
  }
  await before.closeDatabase();

  await open(after, driver);
  const entries = await log(driver);
  const pending = entries.filter(({ status }) => status === "pending");
  assert.deepEqual(
    pending.map(({ table, operation }) => `${operation} ${table}`),
    ["update things", "update things", "insert things", "update labels", "delete labels"],
  );
  assert.deepEqual(pending[0]?.value, { id: ONE, title: "new" });
  assert.deepEqual(pending[1]?.value, { id: ONE, age: "5", score: 7 });

  const rejected = entries.filter(({ status }) => status === "rejected");
  assert.equal(pending.length + rejected.length, entries.length);
  assert.deepEqual(rejected.map(({ table, value }) => `${table} ${JSON.stringify(value)}`).sort(), [
    `things {"id":"${ONE}","nick":"gone"}`,
    `things {"id":"${TWO}","score":"seven"}`,
    `wishes {"id":"${ONE}","name":"w"}`,
  ]);
  assert.ok(rejected.every(({ reason }) => reason !== null && reason !== ""));

  // What fits is shown, the unchanged model with its rows from the server; the others come again with the stream.
  assert.deepEqual(await names(driver, "labels"), ["edited"]);
  assert.deepEqual(await names(driver, "topics"), []);
  const [three] = await driver.query(
    statement("SELECT title, CAST(price AS TEXT) AS price, CAST(serial AS TEXT) AS serial FROM things"),
  );
  assert.deepEqual({ ...three }, { title: "three", price: "1.10", serial: "9007199254740993" });
  await driver.exec(`INSERT INTO things_synced (id, title, age, score) VALUES ('${ONE}', 'one', '1', 1)`);
  const [one] = await driver.query(
    statement(`SELECT title, age, CAST(score AS TEXT) AS score FROM things WHERE id = '${ONE}'`),
  );
  assert.deepEqual({ ...one }, { title: "new", age: "5", score: "7" });

  // What isn't ours is as it was.
  assert.equal((await driver.query(statement("SELECT text FROM own")))[0]?.["text"], "mine");
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});

// A sync server's client sends rows, and nothing beside them.
test(
  "what only a create takes goes with it, and is neither kept nor sent",
  { skip: transport === "push-pull" },
  async () => {
    const driver = await database();
    const bodies: string[] = [];
    const isHeld = new Promise<never>(() => {});
    const api: typeof fetch = async (_, init) => {
      if ((init?.method ?? "GET") === "GET") return isHeld;
      bodies.push(String(init?.body));
      return new Response(null, { status: 201 });
    };
    const settings = { database: "inputs", fetch: api, apiBaseUrl: "http://api.test" };
    const older = before.createClient(settings);
    await older.initializeDatabase({ driver, sync: false });
    const user = { id: ONE ?? "", name: "Ada", password: "secret" };
    older.collections.users.insert(user as never).isPersisted.promise.catch(() => {});
    await until(() => older.getSyncStatus().pending === 1);
    assert.match(JSON.stringify((await log(driver))[0]?.value), /secret/);
    await older.closeDatabase();

    const newer = after.createClient(settings);
    await newer.initializeDatabase({ driver, sync: false });
    assert.deepEqual(
      (await log(driver)).map(({ value, status }) => [value, status]),
      [[{ id: ONE, name: "Ada" }, "pending"]],
    );
    // A document that has changed in nothing else makes no upgrade: the log is as it was.
    await driver.query(
      statement(
        isSqlite
          ? `UPDATE _changes_log SET value = json_set(value, '$.""', json('{"password":"secret"}'))`
          : `UPDATE _changes SET value = value || '{"": {"password": "secret"}}'`,
      ),
    );
    await newer.closeDatabase();

    await newer.initializeDatabase({ driver });
    await until(async () => (await log(driver))[0]?.status === "acknowledged");
    assert.deepEqual(
      bodies.map((body) => JSON.parse(body) as unknown),
      [{ id: ONE, name: "Ada" }],
    );
    assert.deepEqual((await log(driver))[0]?.value, { id: ONE, name: "Ada" });
    await newer.closeDatabase();
  },
);

test("an update that is interrupted changes nothing", async () => {
  const driver = await database();
  await open(before, driver);
  await driver.query(statement(`INSERT INTO wishes (id, name) VALUES ('${ONE}', 'w')`));
  await before.closeDatabase();

  const interrupted: Driver = {
    ...driver,
    transaction: (work) =>
      driver.transaction(async (connection) => {
        await work(connection);
        throw new Error("interrupted");
      }),
  };
  await assert.rejects(open(after, interrupted), /interrupted/);
  await open(before, driver);
  assert.deepEqual(await names(driver, "wishes"), ["w"]);
  assert.deepEqual(
    (await log(driver)).map(({ status }) => status),
    ["pending"],
  );
  await before.closeDatabase();
});

test("an application that hasn't changed runs no DDL", async () => {
  const driver = await database();
  await open(after, driver);
  await after.closeDatabase();
  const scripts: string[] = [];
  await open(after, { ...driver, exec: async (script) => void scripts.push(script), transaction: () => assert.fail() });
  assert.deepEqual(scripts, []);
  await after.closeDatabase();
});

test("a log of a newer version is left alone", async () => {
  const driver = await database();
  await open(after, driver);
  await after.closeDatabase();
  await driver.exec("UPDATE _sync_meta SET value = '99' WHERE key = 'log_version'");
  await assert.rejects(open(before, driver), /newer/);
});

test("a log of the first version is taken over", async () => {
  const workspace = await generated();
  const driver = await database();
  for (const file of ["_changes", "accounts", "invoices", "labels", "projects", "settings", "tasks"]) {
    await driver.exec(await readFile(join(older, adapter, `${file}.sql`), "utf8"));
  }
  await driver.query(statement(`INSERT INTO projects (id, name) VALUES ('${ONE}', 'P')`));
  await driver.query(statement(`UPDATE projects SET color = 'red' WHERE id = '${ONE}'`));
  await driver.query(statement("UPDATE _changes SET attempts = 1 WHERE operation = 'insert'"));

  await workspace.initializeDatabase({ driver, sync: false });
  assert.deepEqual(
    (await log(driver)).map(({ operation, status, value }) => [operation, status, value]),
    [
      ["insert", "pending", { id: ONE, name: "P" }],
      ["update", "pending", { id: ONE, color: "red" }],
    ],
  );
  const [entry] = await driver.query(statement("SELECT attempts, sent_with, txid FROM _changes ORDER BY id"));
  assert.deepEqual([String(entry?.["attempts"]), entry?.["sent_with"], entry?.["txid"]], ["1", null, null]);
  assert.deepEqual(await names(driver, "projects"), ["P"]);
  await workspace.closeDatabase();
});
