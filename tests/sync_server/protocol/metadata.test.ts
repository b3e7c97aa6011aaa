//! What rows say of themselves: when they were edited, and by which device.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as existing from "../../server/existing-metadata/index.js";
import { createSyncServer, schemaSql } from "../../server/sync-metadata/index.js";
import { schemaSql as withoutSql } from "../../server/sync/index.js";
import { APPLICATION, contact, KINDS, openStore, remove, TABLES, update, uuid, World } from "../support/world.js";
import type { Client, Edit, Store } from "../support/world.js";

const METADATA = ["_edited_at", "_device_id"];
const WITH_METADATA = Object.fromEntries(
  Object.entries(TABLES).map(([name, columns]) => [name, [...columns, ...METADATA]]),
);

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

    function device(of: World, name: string): Client {
      const client = of.client("ada", name);
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
