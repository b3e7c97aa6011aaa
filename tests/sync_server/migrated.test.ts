//! What `sync-patterns migrate` says of older clients, after what it prints has run on tables with rows.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as next from "../server/after/index.js";
import * as previous from "../server/before/index.js";
import { file, openStore, uuid, World, type Client, type Edit, type Store } from "./support/world.js";

const MIGRATION = file("migration.sql");
const BEFORE = {
  teams: ["id", "name"],
  members: ["id", "name", "fax", "age", "city", "squad"],
  logs: ["id", "text"],
};
const FULL = { name: "New", age: "30", city: "Graz", squad: uuid(1) };

let store: Store;
let world: World;
let older: Client;

const member = (id: number, value: Record<string, string | null>): Edit => {
  return { table: "members", operation: "insert", key: { id: uuid(id) }, value };
};
const edit = (value: Record<string, string | null>): Edit => {
  return { table: "members", operation: "update", key: { id: uuid(2) }, value };
};
/** The status of an edit by the older client, with the reason. */
const answer = async (change: Edit) => {
  const [result] = await older.push([change]);
  const { error } = result ?? {};
  return error === undefined ? result?.status : `${error.status} ${error.code} ${error.column ?? ""}`.trim();
};

before(async () => {
  store = await openStore("pglite", previous.schemaSql);
  world = new World(store, {}, previous.createSyncServer as never);
  older = world.client("ada");
  older.tables = BEFORE;
  await store.sql(`
    INSERT INTO teams VALUES ('${uuid(1)}', 'Team');
    INSERT INTO members (id, name, fax, age, city, squad) VALUES
      ('${uuid(2)}', 'Ada', '1', '42', 'Wien', '${uuid(1)}'), ('${uuid(3)}', 'Long name', NULL, NULL, NULL, '${uuid(9)}');
    INSERT INTO logs VALUES ('${uuid(4)}', 'Log')`);
  await older.pull();
  assert.ok(older.row("logs", uuid(4)) && older.row("members", uuid(3)));
});
after(async () => {
  await world.server.close();
  await store.close();
});

test("what is printed, with what is left to decide decided, makes way for schema.sql", async () => {
  // The ready statements alone aren't enough: what waits for a value is refused until it has one.
  const left = MIGRATION.split("\n").filter((line) => /^-- UPDATE/.test(line));
  assert.deepEqual(
    left.map((line) => /SET "(\w+)"/.exec(line)?.[1]).sort(),
    ["city", "rank", "squad"],
    "what is left to somebody",
  );
  const decided = MIGRATION.replaceAll(/^-- (UPDATE .*)$/gm, "$1")
    .replace('"rank" = …', '"rank" = 1')
    .replace('"city" = …', "\"city\" = 'unknown'");
  await store.sql(`BEGIN; ${decided}; ${next.schemaSql}; COMMIT`);
  await world.server.close();
  const { database } = store;
  const server = next.createSyncServer({ database, authenticate: () => ({ id: "ada", scopes: {} }) });
  Object.assign(world, { server });
  const rows = await store.sql("SELECT name, age, city, squad, rank FROM members ORDER BY id");
  assert.deepEqual(rows, [
    { name: "Ada", age: 42, city: "Wien", squad: uuid(1), rank: 1 },
    { name: "Long name", age: null, city: "unknown", squad: null, rank: 1 },
  ]);
});

test("an older client goes on, and gets what is still there", async () => {
  await older.pull();
  assert.equal(older.row("members", uuid(2))?.["age"], "42");
  assert.equal(older.row("members", uuid(2))?.["fax"], undefined);
  assert.equal(await answer(edit({ name: "Eve" })), "applied");
  await older.pull();
  assert.equal(older.row("members", uuid(2))?.["name"], "Eve");
});

test("of a column that has gone, an edit is rejected", async () => {
  assert.match(MIGRATION, /column `fax` is gone\n.*\n.*\n.*an edit of theirs that sets it is rejected \(422\)/);
  assert.equal(await answer(edit({ fax: "2" })), "422 unknown_column fax");
});

test("of a column with another type, values that don't fit are rejected", async () => {
  assert.match(MIGRATION, /column `age` is .*\n(.*\n)*.*its own values are rejected where they don't fit \(422\)/);
  assert.equal(await answer(edit({ age: "old" })), "422 invalid age");
  assert.equal(await answer(edit({ age: "43" })), "applied");
});

test("a column that must have a value is one in an insert of an older client, too", async () => {
  assert.match(MIGRATION, /An insert of an older client has no value for it, and is rejected \(422\)/);
  assert.equal(await answer(member(11, FULL)), "422 required rank");
});

test("null, where none may be any more, is rejected", async () => {
  assert.match(MIGRATION, /An edit of an older client that leaves it null is rejected \(422\)/);
  assert.match((await answer(edit({ city: null }))) ?? "", /^422 \w+ city$/);
});

test("what breaks a new rule is rejected", async () => {
  assert.match(MIGRATION, /An edit of an older client that breaks the rule is rejected \(422\)/);
  assert.equal(await answer(edit({ name: "Too long" })), "422 invalid name");
});

test("a reference that leads nowhere is rejected", async () => {
  assert.match(MIGRATION, /An edit of an older client that leads nowhere is rejected \(409\)/);
  assert.match((await answer(edit({ squad: uuid(9) }))) ?? "", /^409 reference/);
  assert.equal(await answer(edit({ squad: uuid(1) })), "applied");
});

test("of a model that has gone, rows come no more, and edits are rejected", async () => {
  assert.match(MIGRATION, /Older clients lose the rows, and their edits of them are rejected \(404\)/);
  const log: Edit = { table: "logs", operation: "insert", key: { id: uuid(12) }, value: { text: "x" } };
  assert.equal(await answer(log), "404 unknown_table");
  const fresh = world.client("ada", "fresh");
  fresh.tables = BEFORE;
  await fresh.pull();
  assert.equal(fresh.has("logs"), 0);
  assert.equal(fresh.has("members"), 2);
});
