//! What rows say of themselves: when they were edited, and by which device.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as existing from "../../server/existing-metadata/index.js";
import { createSyncServer, schemaSql, type PullAnswer } from "../../server/sync-metadata/index.js";
import { schemaSql as withoutSql } from "../../server/sync/index.js";
import { APPLICATION, contact, KINDS, openStore, remove, TABLES, update, uuid, World } from "../support/world.js";
import type { Client, Edit, Store } from "../support/world.js";

const METADATA = ["_edited_at", "_device_id"];
const WITH_METADATA = Object.fromEntries(
  Object.entries(TABLES).map(([name, columns]) => [name, [...columns, ...METADATA]]),
);

/** Rows that change places at once: in a long run as many as a page has. */
const MANY = process.env["SYNC_DRIVERS"] === "all" ? 4_800 : 480;

type PulledChange = PullAnswer["changes"][number];
type Span = readonly [from: number, to: number];

/** A time of today, so many seconds ago, and its stamp. */
function ago(seconds: number): { time: number; edited_at: string } {
  const time = Date.now() - seconds * 1_000;
  return { time, edited_at: `${String(time)}.0` };
}

for (const kind of KINDS) {
  describe(kind, () => {
    let store: Store;
    let world: World;
    let [ada, second]: Client[] = [];

    function device(of: World, name: string, user = "ada"): Client {
      const client = of.client(user, name);
      client.tables = WITH_METADATA;
      return client;
    }

    before(async () => {
      store = await openStore(kind, schemaSql);
      world = new World(store, {}, createSyncServer);
      [ada, second] = [device(world, "first"), device(world, "second")];
    });
    after(async () => {
      await world.server.close();
      await store.close();
    });

    /** What the row says, with the time in milliseconds. */
    async function said(table: string, id: number, client = second): Promise<[number | null, string | null]> {
      await client?.pull();
      const { _edited_at: at = null, _device_id: device = null } = client?.row(table, uuid(id)) ?? {};
      return [at === null ? null : Date.parse(at), device];
    }

    /** When the last write began, and when it was over. */
    let last: Span = [0, 0];
    /** What the slowest write took. The device's clock is the server's, but stamps are moved by what a request takes. */
    let slowest = 0;

    async function timed<Result>(write: () => Promise<Result>): Promise<Result> {
      const from = Date.now();
      const result = await write();
      last = [from, Date.now()];
      slowest = Math.max(slowest, last[1] - from);
      return result;
    }

    function push(client: Client | undefined, ...edits: Edit[]): Promise<(string | undefined)[]> {
      return timed(async () => (await client?.push(edits))?.map(({ status, error }) => error?.code ?? status) ?? []);
    }

    function write(statement: string, to = store): Promise<unknown> {
      return timed(() => to.sql(statement));
    }

    /** `at`: the time of an edit, or of the write that has brought it. */
    function isOf([time, device]: [number | null, string | null], at: number | Span, by: string | null): void {
      assert.equal(device, by);
      const [from, to] = typeof at === "number" ? [at, at + slowest] : at;
      assert.ok(time !== null && time >= from && time <= to, `${String(time)} is in ${String(from)}…${String(to)}`);
    }

    test("a push tells when the edit was made, not when it came, and by which device", async () => {
      const [made, changed] = [ago(600), ago(300)];
      await push(ada, { ...contact(1), edited_at: made.edited_at });
      isOf(await said("contacts", 1), made.time, "first");
      await push(second, update("contacts", 1, { email: "a@b.c" }, { edited_at: changed.edited_at }));
      isOf(await said("contacts", 1), changed.time, "second");
      await push(ada, update("contacts", 1, { email: "b@b.c" }));
      isOf(await said("contacts", 1), last, "first");
    });

    test("an edit that comes late leaves the newer one's time and device, also where the row moves", async () => {
      const [newer, older] = [ago(100), ago(200)];
      await push(ada, task(2, "1", newer.edited_at), { ...contact(2), edited_at: newer.edited_at });
      await push(second, update("contacts", 2, { email: "a@b.c" }, { edited_at: older.edited_at }));
      isOf(await said("contacts", 2), newer.time, "first");
      assert.equal(second?.row("contacts", uuid(2))?.["email"], "a@b.c", "of one column the later arrival holds");
      // Of one column the later edit holds: the time that is shown is that of the edit that has won.
      assert.deepEqual(await push(second, update("tasks", 2, { title: "B" }, { edited_at: older.edited_at })), [
        "superseded",
      ]);
      isOf(await said("tasks", 2), newer.time, "first");
      await second?.pull();
      await write(`UPDATE tasks SET team_id = 2 WHERE id = '${uuid(2)}'`);
      const moved = last;
      isOf(await said("tasks", 2), moved, null);
      const base = second?.cursor?.scopes ?? {};
      await push(second, update("tasks", 2, { team_id: "1" }, { edited_at: older.edited_at, base }));
      isOf(await said("tasks", 2), moved, null);
      assert.equal(second?.row("tasks", uuid(2))?.["team_id"], "1");
    });

    test("another writer is no device, and its time is the server's", async () => {
      await push(ada, { ...contact(3), edited_at: ago(500).edited_at });
      await write(`UPDATE contacts SET email = 'psql@b.c' WHERE id = '${uuid(3)}'`);
      isOf(await said("contacts", 3), last, null);
      await write(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(4)}', 'Psql', 'ada')`);
      isOf(await said("contacts", 4), last, null);
    });

    test("another writer is the newest, also where the database's clock has gone back", async () => {
      await push(ada, contact(9));
      await store.sql(`UPDATE sync_row SET edited_at = '${ago(-3_600).edited_at}' WHERE row_key LIKE '%${uuid(9)}%'`);
      await write(`UPDATE contacts SET email = 'psql@b.c' WHERE id = '${uuid(9)}'`);
      isOf(await said("contacts", 9), last, null);
    });

    test("it stays where the config says in another way whose rows are", async () => {
      const made = ago(700);
      await push(ada, { ...contact(10), edited_at: made.edited_at });
      const fill = (rows: string) =>
        store.sql(`SELECT sync_fill('contacts', 'contacts', ${rows}, NULL) FROM sync_meta WHERE key = 'rows:contacts'`);
      await fill(`jsonb_set(value::JSONB, '{scope}', '"''team:1''"')`);
      isOf(await said("contacts", 10), made.time, "first");
      await fill("value::JSONB");
      isOf(await said("contacts", 10), made.time, "first");
    });

    test("a row that has moved unseen is in two scopes, and each row has its own key all the same", async () => {
      await push(ada, contact(11), contact(12), contact(13));
      // Where triggers are off, as while a backup is restored.
      await store.sql(`SET session_replication_role = replica;
        UPDATE contacts SET owner_id = 'bob' WHERE id = '${uuid(12)}'; RESET session_replication_role`);
      await store.sql(`UPDATE contacts SET email = 'psql@b.c' WHERE id = '${uuid(12)}'`);
      const at = await store.sql(
        `SELECT scope FROM sync_row WHERE row_key LIKE '%${uuid(12)}%' AND NOT is_deleted ORDER BY scope`,
      );
      assert.deepEqual(at, [{ scope: "user:ada" }, { scope: "user:bob" }]);
      const fresh = device(world, "fresh");
      await fresh.pull();
      for (const id of [11, 13]) assert.equal(fresh.row("contacts", uuid(id))?.["id"], uuid(id));
      assert.equal(fresh.row("contacts", uuid(12)), undefined);
    });

    test("a row that is made anew after its delete begins anew", async () => {
      const [first, last] = [ago(50), ago(400)];
      await push(ada, task(5, "1", first.edited_at));
      await push(ada, remove("tasks", 5, { edited_at: ago(40).edited_at }));
      await second?.pull();
      assert.equal(second?.row("tasks", uuid(5)), undefined);
      await push(second, task(5, "1", last.edited_at));
      isOf(await said("tasks", 5), last.time, "second");
    });

    /** What the next page says of a row; of one that has gone from several scopes, where it was deleted. */
    async function news(client: Client | undefined, table: string, number: number): Promise<PulledChange | undefined> {
      const page = await client?.page(5_000);
      assert.ok(client && page && !page.more && page.reset === undefined);
      client.cursor = page.cursor;
      const changes = page.changes.filter((change) => change.table === table && change.key["id"] === uuid(number));
      return changes.find((change) => Object.hasOwn(change, "deleted")) ?? changes[0];
    }

    function deletedAs(change: PulledChange | undefined): [number | null, string | null] {
      assert.equal(change?.row, null);
      const { at, device_id } = change.deleted ?? {};
      assert.ok(at !== undefined && device_id !== undefined, "it says that the row was deleted");
      return [Date.parse(at), device_id];
    }

    /** The row has gone, and nothing says that it was deleted. */
    function hasLeft(change: PulledChange | undefined): void {
      assert.ok(change !== undefined);
      assert.deepEqual([change.row, Object.hasOwn(change, "deleted")], [null, false]);
    }

    test("what was deleted tells when and by which device, and what has left a scope tells neither", async () => {
      const bob = device(world, "bob's", "bob");
      const { edited_at } = ago(90);
      await push(ada, contact(20), contact(21), ...[20, 21, 22, 23, 24].map((id) => task(id, "1", edited_at)));
      const older = world.client("ada", "older");
      for (const client of [second, bob, older]) await client?.pull();

      const made = ago(60);
      await push(ada, remove("contacts", 20, { edited_at: made.edited_at }));
      isOf(deletedAs(await news(second, "contacts", 20)), made.time, "first");
      await write(`DELETE FROM contacts WHERE id = '${uuid(21)}'`);
      isOf(deletedAs(await news(second, "contacts", 21)), last, null);
      // A soft delete: of a push, and of another writer.
      await push(ada, remove("tasks", 20, { edited_at: made.edited_at }));
      isOf(deletedAs(await news(bob, "tasks", 20)), made.time, "first");
      await write(`UPDATE tasks SET deleted_at = now() WHERE id = '${uuid(24)}'`);
      isOf(deletedAs(await news(bob, "tasks", 24)), last, null);

      // Into a scope that one user has as well, and the other one hasn't.
      await write(`UPDATE tasks SET team_id = 2 WHERE id = '${uuid(21)}'`);
      hasLeft(await news(bob, "tasks", 21));
      await push(ada, remove("tasks", 21));
      isOf(deletedAs(await news(second, "tasks", 21)), last, "first");
      assert.equal(await news(bob, "tasks", 21), undefined);
      // Deleted there before anybody looks, later or in the same transaction.
      await write(`UPDATE tasks SET team_id = 2 WHERE id = '${uuid(22)}'`);
      await write(`DELETE FROM tasks WHERE id = '${uuid(22)}'`);
      await store.sql(
        `BEGIN; UPDATE tasks SET team_id = 2 WHERE id = '${uuid(23)}'; DELETE FROM tasks WHERE id = '${uuid(23)}'; COMMIT`,
      );
      const page = await bob.page(5_000);
      bob.cursor = page.cursor;
      for (const id of [22, 23]) hasLeft(page.changes.find(({ key }) => key["id"] === uuid(id)));

      // Nobody's, or under another key.
      await push(ada, contact(24), contact(25));
      await second?.pull();
      await store.sql("ALTER TABLE contacts ALTER COLUMN owner_id DROP NOT NULL");
      await write(`UPDATE contacts SET owner_id = NULL WHERE id = '${uuid(24)}'`);
      hasLeft(await news(second, "contacts", 24));
      await write(`UPDATE contacts SET id = '${uuid(26)}' WHERE id = '${uuid(25)}'`);
      hasLeft(await news(second, "contacts", 25));

      // A client that doesn't ask isn't told.
      const told = await older.page(5_000);
      assert.ok(told.changes.some(({ key, row }) => key["id"] === uuid(20) && row === null));
      assert.ok(told.changes.every((change) => !Object.hasOwn(change, "deleted")));
    });

    test("many that change places at once have not been deleted", async () => {
      world.users["cleo"] = { id: "cleo", scopes: { user: ["cleo"], team: ["2"] } };
      const [bob, cleo] = [device(world, "bob's", "bob"), device(world, "cleo's", "cleo")];
      await write(`INSERT INTO tasks (id, title, team_id)
        SELECT gen_random_uuid(), 'one of many', 1 + n % 2 FROM generate_series(1, ${MANY}) AS n`);
      for (const client of [bob, cleo]) await client.pull(5_000);
      await write(`UPDATE tasks SET team_id = 3 - team_id WHERE title = 'one of many'`);
      for (const client of [bob, cleo]) {
        const gone = (await client.page(5_000)).changes.filter(({ row }) => row === null);
        assert.equal(gone.length, MANY / 2);
        for (const change of gone) hasLeft(change);
      }
    });

    test("tombstones from before this was told say nothing", async () => {
      await push(ada, contact(30), contact(31));
      await second?.pull();
      await push(ada, remove("contacts", 30));
      await store.sql(`DO $$ BEGIN
        EXECUTE replace(pg_get_functiondef(to_regproc('sync_number')), 'is_moved', 'is_other');
      END $$`);
      await store.sql(schemaSql);
      hasLeft(await news(second, "contacts", 30));
      await push(ada, remove("contacts", 31));
      await store.sql(schemaSql);
      isOf(deletedAs(await news(second, "contacts", 31)), last, "first");
    });

    test("the last page says up to where the server has forgotten what was deleted", async () => {
      await push(ada, contact(40));
      await second?.pull();
      assert.equal(Object.hasOwn((await second?.page(5_000))?.floors ?? {}, "user:ada"), false);
      await push(ada, remove("contacts", 40));
      const { version } = (await news(second, "contacts", 40)) ?? {};
      await store.sql("SELECT sync_prune('0 seconds')");
      assert.equal((await second?.page(5_000))?.floors?.["user:ada"], version);
      const older = world.client("ada", "older");
      assert.equal((await older.page(5_000)).floors, undefined);
    });

    test("no client writes them, and one of an older document doesn't get them", async () => {
      assert.deepEqual(await push(ada, contact(6, { _device_id: "mine" })), ["unknown_column"]);
      await push(ada, contact(7));
      const older = world.client("ada", "older");
      await older.pull();
      assert.deepEqual(
        Object.keys(older.row("contacts", uuid(7)) ?? {}).sort(),
        [...(TABLES["contacts"] ?? [])].sort(),
      );
    });

    test("tables without it get it, rows that are there don't know, and what it missed isn't told", async () => {
      await store.sql(withoutSql);
      await push(device(new World(store), "early"), contact(8));
      await store.sql(`UPDATE contacts SET email = 'unseen@b.c' WHERE id = '${uuid(1)}'`);
      await store.sql(schemaSql);
      assert.deepEqual(
        [await said("contacts", 8), await said("contacts", 1)],
        [
          [null, null],
          [null, null],
        ],
      );
      await push(ada, update("contacts", 1, { email: "c@b.c" }));
      isOf(await said("contacts", 1), last, "first");
      await store.sql(schemaSql);
      assert.equal((await said("contacts", 1))[1], "first", "it runs again without harm");
    });

    test("rows of an application that were there before don't know, and later ones do", async () => {
      const theirs = await openStore(kind, APPLICATION);
      const adopted = new World(theirs, {}, existing.createSyncServer);
      try {
        await theirs.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(1)}', 'Old', 'ada')`);
        await theirs.sql(existing.schemaSql);
        const client = device(adopted, "third");
        assert.deepEqual(await said("contacts", 1, client), [null, null]);
        await push(client, update("contacts", 1, { email: "a@b.c" }), contact(2));
        isOf(await said("contacts", 1, client), last, "third");
        await write(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(3)}', 'New', 'ada')`, theirs);
        isOf(await said("contacts", 3, client), last, null);
      } finally {
        await adopted.server.close();
        await theirs.close();
      }
    });
  });
}

function task(number: number, team_id: string, edited_at: string): Edit {
  return { table: "tasks", operation: "insert", key: { id: uuid(number) }, value: { title: "A", team_id }, edited_at };
}
