//! What a user may not see and not do, whatever a request says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Refusal } from "../../server/sync/index.js";
import { onEach } from "../support/suite.js";
import { contact, deal, type Edit, remove, update, uuid, World } from "../support/world.js";

onEach((suite) => {
  test("another user's rows, scopes, clients and write ids", async () => {
    const { ada, world, kind } = suite;
    const id = suite.next();
    const write = { ...contact(id), write_id: `mine-${kind}` };
    await ada.push([write]);
    await ada.pull();
    const thief = world.client("eve", ada.id);
    const [same] = await thief.push([{ ...contact(suite.next()), write_id: write.write_id }]);
    assert.equal(same?.status, "applied", "write ids are the user's own");
    assert.equal(same?.repeated, false);
    assert.equal((await thief.push([update("contacts", id, { email: "e@v.e" })]))[0]?.error?.status, 404);
    assert.equal((await thief.push([remove("contacts", id)]))[0]?.error?.status, 404);
    assert.equal((await thief.push([contact(suite.next(), { owner_id: "ada" })]))[0]?.error?.status, 403);
    assert.equal((await thief.push([contact(id)]))[0]?.error?.code, "exists");
    const own = suite.next();
    await thief.push([contact(own)]);
    assert.equal((await thief.push([update("contacts", own, { owner_id: "ada" })]))[0]?.error?.status, 403);
    thief.cursor = ada.cursor;
    assert.deepEqual(await thief.pull(), ["scope"]);
    assert.ok([...thief.rows.values()].every((row) => (row["owner_id"] ?? "eve") === "eve"));
    await ada.pull();
    assert.equal(ada.row("contacts", uuid(id))?.["email"], null);
  });

  test("a lock on another user's row holds up nobody", async (context) => {
    const { ada, world, store } = suite;
    if (store.connect === undefined) return context.skip("it has one connection");
    const [foreign, own] = [suite.next(), suite.next()];
    const eve = world.client("eve", `${ada.id}-eve`);
    await ada.push([contact(foreign)]);
    await eve.push([contact(own)]);
    const lock = async (id: number) => {
      const connection = await store.connect?.();
      await connection?.sql("BEGIN");
      await connection?.sql(`SELECT FROM contacts WHERE id = '${uuid(id)}' FOR UPDATE`);
      return async () => {
        await connection?.sql("COMMIT");
        connection?.release();
      };
    };
    const [unlockForeign, unlockOwn] = [await lock(foreign), await lock(own)];
    // Long enough for the first try to give up.
    setTimeout(() => void unlockOwn(), 250);
    const results = await eve.push([
      update("contacts", own, { email: "e@v.e" }),
      update("contacts", foreign, { email: "e@v.e" }),
    ]);
    assert.deepEqual(
      results.map(({ status, error }) => error?.status ?? status),
      ["applied", 404],
    );
    await unlockForeign();
  });

  test("what only the owner may see", async () => {
    const { ada, world } = suite;
    world.users["boss"] = { id: "boss", scopes: { user: ["ada", "boss"], team: [] } };
    const boss = world.client("boss");
    const id = suite.next();
    await ada.push([contact(id, { salary: "1", owner_id: "ada" })]);
    await boss.pull();
    await ada.pull();
    assert.equal(ada.row("contacts", uuid(id))?.["salary"], "1");
    assert.equal(boss.row("contacts", uuid(id))?.["salary"], null);
    assert.equal((await boss.push([update("contacts", id, { salary: "2" })]))[0]?.error?.status, 403);
    assert.equal((await boss.push([update("contacts", id, { email: "b@o.s" })]))[0]?.status, "applied");
  });

  test("a foreign key to another scope's row is one to no row", async () => {
    const { ada, bob, store } = suite;
    const [own, other, late] = [suite.next(), suite.next(), suite.next()];
    await ada.push([contact(other)]);
    const note = (key: string, contact_id: string | null): Edit => {
      return { table: "notes", operation: "insert", key: { id: key }, value: { body: "N", contact_id } };
    };
    const refused = async (edit: Edit, others: Edit[] = []) => {
      const results = await bob.push([...others, edit]);
      return results.at(-1)?.error;
    };
    const stray = await refused(note("-1", uuid(other)));
    assert.deepEqual([stray?.status, stray?.code, stray?.column], [409, "reference", "contact_id"]);
    const nowhere = await refused(note("-2", uuid(999_999)));
    assert.deepEqual({ ...nowhere, write_id: "" }, { ...stray, write_id: "" }, "one isn't told from the other");
    const [made, linked] = await bob.push([contact(own), note("-3", uuid(own))]);
    assert.deepEqual([made?.status, linked?.status], ["applied", "applied"]);
    const key = linked?.key ?? {};
    const update = (contact_id: string): Edit => ({ table: "notes", operation: "update", key, value: { contact_id } });
    assert.equal((await refused(update(uuid(other)), [contact(late)]))?.code, "reference");
    assert.equal((await bob.push([{ ...update(uuid(own)), group: "g" }]))[0]?.status, "applied");
    assert.equal((await ada.push([remove("contacts", other)]))[0]?.status, "applied", "nobody holds it");
    assert.deepEqual(await store.sql(`SELECT 1 FROM notes WHERE contact_id = '${uuid(other)}'`), []);
  });

  test("columns that only the server sets, parts of the key, values that break a rule", async () => {
    const { ada, world } = suite;
    const refused = async (edit: Edit) => {
      const [result] = await ada.push([edit]);
      return [result?.error?.status, result?.error?.code, result?.error?.column];
    };
    assert.deepEqual(await refused(contact(suite.next(), { created_at: "2020-01-01T00:00:00Z" })), [
      422,
      "read_only",
      "created_at",
    ]);
    assert.deepEqual(await refused(update("contacts", 1, { id: uuid(2) })), [422, "read_only", "id"]);
    assert.deepEqual(await refused({ ...contact(suite.next()), value: {} }), [422, "required", "first_name"]);
    assert.deepEqual(await refused({ ...contact(suite.next()), key: { id: "1; DROP TABLE" } }), [422, "invalid", "id"]);
    for (const [name, value] of [
      ["first_name", "x".repeat(21)],
      ["first_name", ""],
      ["email", "nobody"],
      ["stage", "other"],
      ["score", "-1"],
      ["score", "9999999999"],
      ["balance", "1e5"],
      ["is_active", "maybe"],
      ["tags", "{"],
      ["tags", '["\\u0000"]'],
      ["avatar", "\\x0"],
      ["born_on", "2026-02-30"],
      ["first_name", "\0"],
    ] as const) {
      assert.deepEqual(await refused(contact(suite.next(), { [name]: value })), [422, "invalid", name], value);
    }
    for (const name of ["__proto__", "constructor", 'a"b', "a'b"]) {
      const body = JSON.stringify(ada.body([contact(suite.next(), { x: "1" })])).replace('"x"', JSON.stringify(name));
      const answer = (await (await ada.request("push", body)).json()) as { results?: { status: string }[] };
      assert.notEqual(answer.results?.[0]?.status, "pending");
    }
    assert.deepEqual(
      world.errors.filter((error) => !/secret|duplicate|foreign key/.test(String(error))),
      [],
    );
  });

  test("hostile values come back as they were", async () => {
    const { ada } = suite;
    const id = suite.next();
    const hostile = `'); DROP TABLE "x`;
    await ada.push([contact(id, { first_name: hostile })]);
    await ada.pull();
    assert.equal(ada.row("contacts", uuid(id))?.["first_name"], hostile);
  });

  test("hooks: authorize, beforeWrite, resolve and afterCommit", async () => {
    const { store } = suite;
    const heard: string[] = [];
    const hooked = new World(store, {
      authorize: ({ user, operation }) => !(user.id === "bob" && operation === "delete"),
      beforeWrite: ({ value, table }) => {
        if (table !== "deals") return value;
        if (value.title === "bad") throw new Refusal(422, "bad_word", "no such words", "title");
        return value.title ? { ...value, title: `${value.title}!` } : value;
      },
      resolve: ({ row, value }) => ({ title: `${row.title} ${value.title}` }),
      afterCommit: (writes) => void heard.push(...writes.map(({ table }) => table)),
    });
    const id = suite.next();
    const [one, two] = [hooked.client("ada"), hooked.client("bob")];
    await one.push([deal(id, { title: "A" })]);
    assert.equal((await two.push([remove("deals", id)]))[0]?.error?.status, 403);
    assert.equal((await two.push([update("deals", id, { title: "bad" })]))[0]?.error?.code, "bad_word");
    assert.equal((await two.push([update("deals", id, { title: "B" })]))[0]?.status, "applied");
    await two.pull();
    assert.equal(two.row("deals", uuid(id))?.["title"], "A! B!");
    assert.deepEqual(heard, ["deals", "deals"]);
  });
});
