//! What a pull gives, and when a client must load everything again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { onEach } from "../support/suite.js";
import { contact, deal, remove, SCHEMA_SQL, update, uuid } from "../support/world.js";

onEach((suite) => {
  test("every writer counts, and a row that comes back after its deletion is a row", async () => {
    const { ada, store } = suite;
    const id = suite.next();
    await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(id)}', 'psql', 'ada')`);
    await ada.pull();
    assert.equal(ada.row("contacts", uuid(id))?.["first_name"], "psql");
    await store.sql(`DELETE FROM contacts WHERE id = '${uuid(id)}'`);
    await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(id)}', 'again', 'ada')`);
    await ada.pull();
    assert.equal(ada.row("contacts", uuid(id))?.["first_name"], "again");
  });

  test("a row that moves leaves the old scope, but not for a user who still sees it", async () => {
    const { ada, bob, store } = suite;
    const id = suite.next();
    await ada.push([deal(id)]);
    await Promise.all([ada.pull(), bob.pull()]);
    assert.ok(bob.row("deals", uuid(id)));
    await store.sql(`UPDATE deals SET team_id = 2 WHERE id = '${uuid(id)}'`);
    await bob.pull();
    assert.equal(bob.row("deals", uuid(id)), undefined);
    for (let page = await ada.page(1); ; page = await ada.page(1)) {
      assert.ok(!page.changes.some(({ key, row }) => key["id"] === uuid(id) && row === null));
      ada.cursor = page.cursor;
      if (!page.more) break;
    }
    await store.sql(`UPDATE deals SET team_id = 1 WHERE id = '${uuid(id)}'`);
    await bob.pull();
    assert.ok(bob.row("deals", uuid(id)));
  });

  test("rows of everybody reach everybody", async () => {
    const { world, store } = suite;
    await store.sql("INSERT INTO countries VALUES ('at', 'Austria') ON CONFLICT DO NOTHING");
    const eve = world.client("eve");
    await eve.pull();
    assert.equal(eve.row("countries", "at")?.["name"], "Austria");
    assert.equal(eve.has("contacts"), 0);
    const [refused] = await eve.push([
      { table: "countries", operation: "insert", key: { code: "xx" }, value: { name: "X" } },
    ]);
    assert.equal(refused?.error?.status, 405);
  });

  test("a first load comes in pages, while others write", async () => {
    const { ada, world, store } = suite;
    const fresh = world.client("ada", "fresh");
    const changed = suite.next();
    await ada.push([contact(changed)]);
    await fresh.page(2).then((page) => (fresh.cursor = page.cursor));
    await ada.push([update("contacts", changed, { first_name: "while" }), contact(suite.next())]);
    await ada.pull();
    await fresh.pull(3);
    const all = await store.sql("SELECT id FROM contacts WHERE owner_id = 'ada'");
    assert.equal(fresh.row("contacts", uuid(changed))?.["first_name"], "while");
    const missing = all.filter(({ id }) => fresh.row("contacts", String(id)) === undefined);
    assert.ok(missing.length <= 2, `of the rows in the first page, which this test has thrown away: ${missing.length}`);
    const whole = world.client("ada", "whole");
    await whole.pull(3);
    assert.deepEqual([...whole.rows.keys()].sort(), [...ada.rows.keys()].sort());
  });

  test("a table whose columns differ is sent whole, the others go on", async () => {
    const { world } = suite;
    const upgraded = world.client("ada", "upgraded");
    upgraded.tables = { ...upgraded.tables, contacts: ["id", "first_name"] };
    await upgraded.pull();
    const { contacts } = upgraded.tables;
    upgraded.tables = { ...upgraded.tables, contacts: [...(contacts ?? []), "email"] };
    const page = await upgraded.page(5_000);
    assert.deepEqual([...new Set(page.changes.map(({ table }) => table))], ["contacts"]);
    assert.equal(page.changes.length, upgraded.has("contacts"));
  });

  test("an older client: what both know is taken, what can't be is rejected with the reason", async () => {
    const { world } = suite;
    const older = world.client("ada", "older");
    older.tables = { contacts: ["id", "first_name", "nickname"], gone: ["id"] };
    await older.pull();
    const [row] = older.rows.values();
    assert.deepEqual(Object.keys(row ?? {}).sort(), ["first_name", "id"]);
    const [refused] = await older.push([contact(suite.next(), { nickname: "A" })]);
    assert.deepEqual([refused?.error?.code, refused?.error?.column], ["unknown_column", "nickname"]);
    const [unknown] = await older.push([{ table: "gone", operation: "insert", key: { id: "1" } }]);
    assert.equal(unknown?.error?.code, "unknown_table");
  });

  test("a scope that the user gains is loaded; one that is lost resets", async () => {
    const { ada, world } = suite;
    const id = suite.next();
    await ada.push([deal(id, { team_id: "2" })]);
    const carl = world.client("carl");
    world.users["carl"] = { id: "carl", scopes: { user: ["carl"], team: ["1"] } };
    await carl.pull();
    assert.equal(carl.row("deals", uuid(id)), undefined);
    world.users["carl"].scopes.team.push("2");
    assert.deepEqual(await carl.pull(), []);
    assert.ok(carl.row("deals", uuid(id)));
    world.users["carl"].scopes.team.pop();
    assert.deepEqual(await carl.pull(), ["scope"]);
    assert.equal(carl.row("deals", uuid(id)), undefined);
  });

  test("TRUNCATE, a new epoch, a cursor that is ahead and a floor reset", async () => {
    const { ada, world, store } = suite;
    await ada.pull();
    await store.sql("SELECT sync_new_epoch()");
    assert.deepEqual(await ada.pull(), ["epoch"]);
    await ada.push([deal(suite.next())]);
    await ada.pull();
    await store.sql("TRUNCATE deals");
    assert.deepEqual(await ada.pull(), ["epoch"]);
    assert.equal(ada.has("deals"), 0);
    await store.sql("UPDATE sync_scope SET version = version + 5 WHERE scope = 'user:ada'");
    await ada.pull();
    await store.sql("UPDATE sync_scope SET version = version - 5 WHERE scope = 'user:ada'");
    assert.deepEqual(await ada.pull(), ["ahead"]);
    const id = suite.next();
    await ada.push([contact(id)]);
    const idle = world.client("ada", "idle");
    await idle.pull();
    await ada.push([remove("contacts", id)]);
    await ada.pull();
    await store.sql("SELECT sync_prune(interval '0')");
    assert.deepEqual(await ada.pull(), [], "it has seen the tombstone");
    assert.deepEqual(await idle.pull(), ["floor"]);
    assert.equal(idle.row("contacts", uuid(id)), undefined);
  });

  test("another history of the database makes new epochs", async () => {
    const { ada, store } = suite;
    await ada.pull();
    await store.sql("UPDATE sync_meta SET value = 'another/00000001' WHERE key = 'identity'");
    assert.deepEqual(await ada.pull(), ["epoch"]);
    assert.deepEqual(await ada.pull(), []);
  });

  test("a stored answer of an earlier epoch has a place that will be reached", async () => {
    const { ada, store, kind } = suite;
    const edit = { ...contact(suite.next()), write_id: `epoch-${kind}` };
    const [first] = await ada.push([edit]);
    await store.sql("SELECT sync_new_epoch()");
    const [again] = await ada.push([edit]);
    assert.equal(again?.repeated, true);
    assert.notEqual(again?.place?.epoch, first?.place?.epoch);
    await ada.pull();
    assert.equal(ada.cursor?.scopes["user:ada"]?.epoch, again?.place?.epoch);
  });

  test("the schema runs a second time without harm", async () => {
    const { ada, store } = suite;
    await ada.pull();
    await store.sql(SCHEMA_SQL);
    assert.deepEqual(await ada.pull(), []);
  });

  if (suite.kind !== "pglite") {
    test("a transaction that commits late isn't missed", async () => {
      const { ada, store } = suite;
      const late = suite.next();
      const begun = store.sql(
        `BEGIN; INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(late)}', 'late', 'ada'); SELECT pg_sleep(0.3); COMMIT`,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      const early = suite.next();
      const pushed = ada.push([contact(early)]);
      await ada.pull();
      await Promise.all([begun, pushed]);
      await ada.pull();
      assert.ok(ada.row("contacts", uuid(late)));
      assert.ok(ada.row("contacts", uuid(early)));
    });
  }

  if (suite.kind !== "pglite") {
    test("writers of several scopes in any order", async () => {
      const { ada, bob, world, store } = suite;
      const writers = [ada, bob, world.client("ada", "x"), world.client("bob", "y")];
      const rounds = Array.from({ length: 6 }, async (_, round) => {
        const client = writers[round % writers.length] ?? ada;
        const own = client.user === "ada" ? ["1", "2"] : ["1"];
        const edits = [...own, ...own].map((team) => deal(suite.next(), { team_id: team }));
        return client.push(round % 2 ? edits : edits.reverse());
      });
      const foreign = ["1", "2"].map((team) =>
        store.sql(`INSERT INTO deals VALUES ('${uuid(suite.next())}', 'F', NULL, ${team})`),
      );
      const results = (await Promise.all([...rounds, ...foreign.map((done) => done.then(() => []))])).flat();
      assert.ok(results.every((result) => result.status === "applied"));
      await bob.pull();
      const seen = (await store.sql("SELECT 1 FROM deals WHERE team_id = 1")).length;
      assert.equal(bob.has("deals"), seen);
    });
  }
});
