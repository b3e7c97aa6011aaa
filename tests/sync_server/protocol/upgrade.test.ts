//! The tables of an earlier document, when the server of a later one starts on them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as older from "../../server/older/index.js";
import { schemaSql } from "../../server/sync/index.js";
import { contact, deal, KINDS, openStore, update, uuid, World, type Store } from "../support/world.js";

for (const kind of KINDS) {
  describe(kind, () => {
    let store: Store;
    let world: World;

    before(async () => {
      store = await openStore(kind);
      world = new World(store);
      await store.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
      await store.sql(older.schemaSql);
      await store.sql(`INSERT INTO deals (id, title, team_id) VALUES ('${uuid(1)}', 'Kept', 1)`);
      await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(2)}', 'Kept', 'ada')`);
    });
    after(async () => {
      await world.server.close();
      await store.close();
    });

    test("before schema.sql has run, nothing is refused for good, and the operator hears why", async () => {
      const ada = world.client("ada");
      const answer = await ada.request("push", ada.body([deal(3, { stage: "new" })]));
      assert.equal(answer.status, 503);
      assert.equal((await ada.request("pull", { ...pull, client_id: ada.id })).status, 503);
      assert.match(String(world.errors.at(-1)), /run its schema.sql/);
      const health = await world.server.health(new Request("http://localhost/health"));
      assert.equal(((await health.json()) as { reason: string }).reason, "schema");
      assert.equal((await store.sql("SELECT 1 FROM sync_write")).length, 0);
    });

    test("a new column and a new model come, and no row goes", async () => {
      const early = world.client("ada", "early");
      await store.sql(schemaSql);
      await early.pull();
      assert.equal(early.row("deals", uuid(1))?.["title"], "Kept");
      assert.equal(early.row("deals", uuid(1))?.["stage"], null);
      const task = {
        table: "tasks",
        operation: "insert",
        key: { id: uuid(4) },
        value: { title: "T", team_id: "1" },
      } as const;
      const results = await early.push([
        update("deals", 1, { stage: "new" }, { base: early.cursor?.scopes ?? {} }),
        task,
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["applied", "applied"],
      );
      await early.pull();
      assert.equal(early.row("deals", uuid(1))?.["stage"], "new");
      assert.ok(early.row("tasks", uuid(4)));
    });

    test("the server of the earlier document goes on beside it", async () => {
      const { database } = store;
      const server = older.createSyncServer({ database, authenticate: () => world.users["ada"] ?? null });
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(world.client("ada").body([deal(5)]));
      const answer = await server.push(new Request("http://localhost/push", { method: "POST", headers, body }));
      assert.equal(((await answer.json()) as { results: { status: string }[] }).results[0]?.status, "applied");
      // The tables have a column more, and not at their end.
      const asked = { ...pull, client_id: "ada", tables: { deals: ["id", "title", "team_id"] }, limit: 100 };
      const page = await server.pull(
        new Request("http://localhost/pull", { method: "POST", headers, body: JSON.stringify(asked) }),
      );
      const { changes } = (await page.json()) as { changes: { row: Record<string, string | null> | null }[] };
      const pulled = changes.map(({ row }) => row).find((row) => row?.["id"] === uuid(1));
      assert.deepEqual(pulled, { id: uuid(1), title: "Kept", team_id: "1" });
      await server.close();
    });

    test("a rule of the document that is another one now holds for new rows, and old ones stay", async () => {
      const narrow = schemaSql.replaceAll(/(char_length\(\\?"first_name\\?"\)) >= 1/g, "$1 >= 5");
      assert.notEqual(narrow, schemaSql);
      await store.sql(narrow);
      const name = async (length: number) =>
        store.sql(
          `INSERT INTO contacts (id, first_name, owner_id) VALUES (gen_random_uuid(), '${"x".repeat(length)}', 'ada')`,
        );
      await assert.rejects(name(4), /check constraint/);
      await name(5);
      assert.equal((await store.sql(`SELECT 1 FROM contacts WHERE first_name = 'Kept'`)).length, 1);
      await store.sql(schemaSql);
      await name(1);
    });

    test("what needs a decision is refused with what to do, and nothing has changed", async () => {
      const refused = async (from: string, to: string) => {
        const other = schemaSql.replaceAll(from, to);
        assert.notEqual(other, schemaSql);
        return store.sql(other).then(
          () => assert.fail("it was taken"),
          (error: Error & { hint?: string }) => `${error.message} ${error.hint}`,
        );
      };
      const stage = '"stage": {"type":"TEXT","required":false';
      const added = await refused(stage, `"level": {"type":"TEXT","required":true,"default":null},\n${stage}`);
      assert.match(added, /\.level is new, and each row must have a value.*ADD COLUMN level TEXT/);
      assert.match(
        await refused(stage, stage.replace("TEXT", "INTEGER")),
        /stage is text, and integer in the document/,
      );
      assert.match(await refused(stage, stage.replace("false", "true")), /some have none/);
      assert.match(await refused('"key": ["code"]', '"key": ["name"]'), /the key of/);
      await store.sql(schemaSql);
      assert.equal((await store.sql(`SELECT 1 FROM deals WHERE id = '${uuid(1)}'`)).length, 1);
    });

    test("a column that the document no longer has stays, and new rows do without", async () => {
      await store.sql(`
        ALTER TABLE contacts ADD COLUMN gone TEXT NOT NULL DEFAULT 'x';
        ALTER TABLE contacts ALTER COLUMN gone DROP DEFAULT;
        UPDATE sync_meta SET value = jsonb_set(value::JSONB, '{columns,gone}', '{}')::TEXT WHERE key = 'model:contacts'`);
      await store.sql(schemaSql);
      assert.equal((await world.client("ada").push([contact(6)]))[0]?.status, "applied");
      assert.equal((await store.sql(`SELECT 1 FROM contacts WHERE gone = 'x' AND id = '${uuid(2)}'`)).length, 1);
    });

    test("rows that are there before the triggers reach clients, and rows get new scopes where the document says so", async () => {
      const ada = world.client("ada", "filled");
      await ada.pull();
      await store.sql(`
        SET session_replication_role = replica;
        INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(7)}', 'There', 'ada');
        SET session_replication_role = DEFAULT;
        DELETE FROM sync_meta WHERE key = 'rows:contacts'`);
      await store.sql(schemaSql);
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(7))?.["first_name"], "There");
      const bob = world.client("bob", "filled");
      await store.sql(`
        UPDATE sync_row SET scope = 'user:bob', version = version + 1000
        WHERE row_key LIKE '%${uuid(7)}%' AND scope = 'user:ada';
        DELETE FROM sync_meta WHERE key = 'rows:contacts'`);
      await store.sql(schemaSql);
      const tombstone = `SELECT 1 FROM sync_row WHERE scope = 'user:bob' AND is_deleted AND row_key LIKE '%${uuid(7)}%'`;
      assert.equal((await store.sql(tombstone)).length, 1);
      await Promise.all([ada.pull(), bob.pull()]);
      assert.ok(ada.row("contacts", uuid(7)));
      assert.equal(bob.row("contacts", uuid(7)), undefined);
    });
  });
}

const pull = { protocol: 1, schema: "a", tables: {}, cursor: null };
