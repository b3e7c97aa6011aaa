//! Writes that meet the writes of others.

import assert from "node:assert/strict";
import { test } from "node:test";

import { onEach } from "../support/suite.js";
import { contact, deal, type Edit, remove, update, uuid } from "../support/world.js";

const TAKEN = { status: 409, code: "exists", message: "a row with this key is there already", row: undefined };

onEach((suite) => {
  test("merge: edits of different columns both stay, and of one column the later arrival", async () => {
    const { ada, world } = suite;
    const id = suite.next();
    await ada.push([contact(id)]);
    await ada.push([update("contacts", id, { email: "a@b.c" })]);
    await world.client("ada", "second").push([update("contacts", id, { stage: "lead" })]);
    await ada.pull();
    assert.equal(ada.row("contacts", uuid(id))?.["email"], "a@b.c");
    assert.equal(ada.row("contacts", uuid(id))?.["stage"], "lead");
  });

  test("reject: a column that somebody else has changed since is a conflict, one's own edits and other columns aren't", async () => {
    const { ada, bob, store } = suite;
    const id = suite.next();
    await ada.push([deal(id)]);
    await ada.pull();
    await bob.pull();
    const base = ada.cursor?.scopes ?? {};
    assert.equal((await ada.push([update("deals", id, { stage: "won" }, { base })]))[0]?.status, "applied");
    assert.equal(
      (await ada.push([update("deals", id, { stage: "lost" }, { base })]))[0]?.status,
      "applied",
      "own write since",
    );
    const seen = bob.cursor?.scopes ?? {};
    assert.equal((await bob.push([update("deals", id, { title: "B" }, { base: seen })]))[0]?.status, "applied");
    const [refused] = await bob.push([update("deals", id, { stage: "b" }, { base: seen })]);
    assert.equal(refused?.error?.status, 409);
    assert.equal(refused?.error?.column, "stage");
    assert.equal(refused?.row?.["stage"], "lost");
    assert.equal((await bob.push([remove("deals", id, { base: seen })]))[0]?.error?.code, "conflict");
    await bob.pull();
    const now = bob.cursor?.scopes ?? {};
    assert.equal((await bob.push([update("deals", id, { stage: "b" }, { base: now })]))[0]?.status, "applied");
    await store.sql(`UPDATE deals SET stage = 'psql' WHERE id = '${uuid(id)}'`);
    assert.equal((await bob.push([update("deals", id, { stage: "c" }, { base: now })]))[0]?.error?.code, "conflict");
  });

  test("a transaction of others that becomes a replica after it has written is told all the same", async () => {
    const { ada, store } = suite;
    const id = suite.next();
    await ada.push([deal(id)]);
    await ada.pull();
    await store.sql(
      `BEGIN; UPDATE deals SET stage = 'psql' WHERE id = '${uuid(id)}'; SET LOCAL session_replication_role = replica; COMMIT`,
    );
    await ada.pull();
    assert.equal(ada.row("deals", uuid(id))?.["stage"], "psql");
  });

  test("last-write-wins: a transaction of others that changes no column twice leaves what is known of them", async () => {
    const { ada, store, world } = suite;
    const id = suite.next();
    const value = { title: "T", team_id: "1" };
    const now = Date.now();
    await ada.push([
      { table: "tasks", operation: "insert", key: { id: uuid(id) }, value, edited_at: `${now - 60_000}.0` },
      update("tasks", id, { title: "later" }, { edited_at: `${now - 10_000}.0` }),
    ]);
    const same = `UPDATE tasks SET title = title WHERE id = '${uuid(id)}'`;
    await store.sql(`BEGIN; ${same}; ${same}; COMMIT`);
    const [older] = await world
      .client("bob", "unchanged")
      .push([update("tasks", id, { title: "older" }, { edited_at: `${now - 20_000}.0` })]);
    assert.equal(older?.status, "superseded");
  });

  test("last-write-wins: of one column the later edit holds, wherever its clock stands", async () => {
    const { ada, world } = suite;
    const id = suite.next();
    const second = world.client("bob", "lww");
    const task: Edit = {
      table: "tasks",
      operation: "insert",
      key: { id: uuid(id) },
      value: { title: "T", team_id: "1" },
    };
    const now = Date.now();
    await ada.push([{ ...task, edited_at: `${now - 60_000}.0` }]);
    await ada.push([update("tasks", id, { title: "later" }, { edited_at: `${now - 10_000}.0` })]);
    const [older] = await second.push([update("tasks", id, { title: "older" }, { edited_at: `${now - 20_000}.0` })]);
    assert.equal(older?.status, "superseded");
    const [partly] = await second.push([
      update("tasks", id, { title: "older", done: "true" }, { edited_at: `${now - 20_000}.0` }),
    ]);
    assert.equal(partly?.status, "applied", "another column of it holds");
    await ada.pull();
    assert.equal(ada.row("tasks", uuid(id))?.["title"], "later");
    assert.equal(ada.row("tasks", uuid(id))?.["done"], "true");
    // A clock that is an hour slow: the stamps are moved by the difference.
    second.now = now - 3_600_000;
    const [slow] = await second.push([
      update("tasks", id, { title: "slow" }, { edited_at: `${now - 3_600_000 - 1_000}.0` }),
    ]);
    assert.equal(slow?.status, "applied");
    // A clock that is an hour fast wins nothing by it.
    second.now = now + 3_600_000;
    await second.push([update("tasks", id, { title: "fast" }, { edited_at: `${now + 3_600_000}.0` })]);
    const [fair] = await ada.push([update("tasks", id, { title: "fair" }, { edited_at: `${Date.now() + 5}.0` })]);
    assert.equal(fair?.status, "applied");
  });

  test("last-write-wins: an edit over a value that the device was looking at holds, whatever its clock says", async () => {
    const { ada, bob } = suite;
    const id = suite.next();
    await ada.push([
      { table: "tasks", operation: "insert", key: { id: uuid(id) }, value: { title: "T", team_id: "1" } },
    ]);
    await bob.pull();
    const base = bob.cursor?.scopes ?? {};
    const [edit] = await bob.push([update("tasks", id, { title: "seen" }, { base, edited_at: "1000.0" })]);
    assert.equal(edit?.status, "applied");
  });

  test("soft delete: the row stays in the table, goes on devices, and an insert of its key revives it", async () => {
    const { ada, bob, store } = suite;
    const id = suite.next();
    const task: Edit = {
      table: "tasks",
      operation: "insert",
      key: { id: uuid(id) },
      value: { title: "T", team_id: "1" },
    };
    await ada.push([task]);
    await bob.pull();
    assert.ok(bob.row("tasks", uuid(id)));
    await ada.push([remove("tasks", id)]);
    await bob.pull();
    assert.equal(bob.row("tasks", uuid(id)), undefined);
    assert.equal(
      (await store.sql(`SELECT 1 FROM tasks WHERE id = '${uuid(id)}' AND deleted_at IS NOT NULL`)).length,
      1,
    );
    const late = `${Date.now() + 10}.0`;
    assert.equal((await bob.push([update("tasks", id, { title: "X" }, { edited_at: late })]))[0]?.error?.status, 404);
    assert.equal(
      (await bob.push([update("tasks", id, { title: "X" }, { edited_at: "1.0" })]))[0]?.status,
      "superseded",
    );
    assert.equal((await bob.push([remove("tasks", id)]))[0]?.status, "applied", "it is gone, as was wanted");
    assert.equal((await bob.push([{ ...task, value: { title: "new", team_id: "1" } }]))[0]?.status, "applied");
    await ada.pull();
    assert.equal(ada.row("tasks", uuid(id))?.["title"], "new");
    assert.equal((await bob.push([task]))[0]?.error?.code, "exists");
  });

  test("soft delete: a key of another scope is taken, whether its row is there or deleted", async () => {
    const { ada, bob, store } = suite;
    const task = (id: number, team_id: string): Edit => {
      return { table: "tasks", operation: "insert", key: { id: uuid(id) }, value: { title: "T", team_id } };
    };
    const [there, gone] = [suite.next(), suite.next()];
    await ada.push([task(there, "2"), task(gone, "2"), remove("tasks", gone)]);
    const rows = `SELECT * FROM tasks WHERE id IN ('${uuid(there)}', '${uuid(gone)}') ORDER BY id`;
    const before = await store.sql(rows);
    for (const id of [there, gone]) {
      const [result] = await bob.push([task(id, "1")]);
      const { status, code, message } = result?.error ?? {};
      assert.deepEqual({ status, code, message, row: result?.row }, TAKEN);
    }
    assert.deepEqual(await store.sql(rows), before);
    await bob.pull();
    assert.deepEqual([bob.row("tasks", uuid(there)), bob.row("tasks", uuid(gone))], [undefined, undefined]);
    assert.equal((await ada.push([task(gone, "1")]))[0]?.status, "applied", "its user revives it, in another scope");
    await bob.pull();
    assert.ok(bob.row("tasks", uuid(gone)));
  });

  test("reject: a row that comes back from another scope is new there, and one's own edits of it aren't a conflict", async () => {
    const { ada, bob, store } = suite;
    const id = suite.next();
    await bob.push([deal(id)]);
    await ada.pull();
    await store.sql(`UPDATE deals SET team_id = 2 WHERE id = '${uuid(id)}'`);
    await ada.pull();
    const base = ada.cursor?.scopes ?? {};
    await store.sql(`UPDATE deals SET stage = 'unseen' WHERE id = '${uuid(id)}'`);
    await store.sql(`UPDATE deals SET team_id = 1 WHERE id = '${uuid(id)}'`);
    const [refused] = await ada.push([update("deals", id, { stage: "over it" }, { base })]);
    assert.equal(refused?.error?.code, "conflict");
    await ada.pull();
    const now = ada.cursor?.scopes ?? {};
    assert.equal((await ada.push([update("deals", id, { stage: "own" }, { base: now })]))[0]?.status, "applied");
    await store.sql(`UPDATE deals SET team_id = 2 WHERE id = '${uuid(id)}'`);
    assert.equal((await ada.push([update("deals", id, { stage: "own again" }, { base: now })]))[0]?.status, "applied");
  });

  test("last-write-wins: a row that has moved keeps the times of its edits", async () => {
    const { ada, bob, store } = suite;
    const id = suite.next();
    const now = Date.now();
    const task = {
      table: "tasks",
      operation: "insert",
      key: { id: uuid(id) },
      value: { title: "T", team_id: "1" },
    } as const;
    await ada.push([{ ...task, edited_at: `${now - 60_000}.0` }]);
    await ada.push([update("tasks", id, { title: "later" }, { edited_at: `${now - 10_000}.0` })]);
    await store.sql(`UPDATE tasks SET team_id = 2 WHERE id = '${uuid(id)}'`);
    await store.sql(`UPDATE tasks SET team_id = 1 WHERE id = '${uuid(id)}'`);
    const older = update("tasks", id, { title: "older" }, { edited_at: `${now - 20_000}.0` });
    assert.equal((await bob.push([older]))[0]?.status, "superseded");
    const newer = update("tasks", id, { title: "newer" }, { edited_at: `${now - 5_000}.0` });
    assert.equal((await bob.push([newer]))[0]?.status, "applied");
  });
});
