//! The protocol, sentence by sentence, on each database.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Refusal } from "../server/sync/index.js";
import { contact, KINDS, openStore, uuid, World, type Client, type Edit, type Store } from "./support/world.js";

for (const kind of KINDS) {
  describe(kind, () => {
    let store: Store;
    let world: World;
    let ada: Client;
    let bob: Client;
    let number = 0;
    const next = () => (number += 1);

    before(async () => {
      store = await openStore(kind);
      world = new World(store);
      ada = world.client("ada");
      bob = world.client("bob");
    });
    after(async () => {
      await world.server.close();
      await store.close();
    });

    const deal = (id: number, value: Record<string, string | null> = {}): Edit => {
      return {
        table: "deals",
        operation: "insert",
        key: { id: uuid(id) },
        value: { title: "Deal", team_id: "1", ...value },
      };
    };
    const update = (
      table: string,
      id: number,
      value: Record<string, string | null>,
      more: Partial<Edit> = {},
    ): Edit => {
      return { table, operation: "update", key: { id: uuid(id) }, value, ...more };
    };
    const remove = (table: string, id: number, more: Partial<Edit> = {}): Edit => {
      return { table, operation: "delete", key: { id: uuid(id) }, ...more };
    };

    test("an insert, an update and a delete reach another device", async () => {
      const id = next();
      const other = world.client("ada", "other");
      const [inserted] = await ada.push([contact(id, { email: "a@b.c", tags: '["x"]', score: "7" })]);
      assert.equal(inserted?.status, "applied");
      await other.pull();
      const row = other.row("contacts", uuid(id));
      assert.equal(row?.["email"], "a@b.c");
      assert.equal(row?.["tags"], '["x"]');
      assert.equal(row?.["is_active"], "true", "the document's default");
      assert.equal(row?.["owner_id"], "ada", "the only owner that it can be");
      await ada.push([update("contacts", id, { email: null })]);
      await other.pull();
      assert.equal(other.row("contacts", uuid(id))?.["email"], null);
      await ada.push([remove("contacts", id)]);
      await other.pull();
      assert.equal(other.row("contacts", uuid(id)), undefined);
    });

    test("a place is reached by the cursor of the next pull", async () => {
      const [result] = await ada.push([contact(next())]);
      const place = result?.place;
      await ada.pull();
      const reached = ada.cursor?.scopes[place?.scope ?? ""];
      assert.equal(reached?.epoch, place?.epoch);
      assert.ok(BigInt(reached?.version ?? 0) >= BigInt(place?.version ?? 1));
    });

    test("a write counts once, whoever sends it again and how often", async () => {
      const id = next();
      const edit = { ...contact(id), write_id: `once-${kind}` };
      const [first] = await ada.push([edit]);
      const [again] = await ada.push([edit]);
      assert.deepEqual(again, { ...first, repeated: true });
      const [other] = await world.client("ada", "a copy").push([edit]);
      assert.equal(other?.repeated, true);
      const [changed] = await ada.push([{ ...edit, value: { first_name: "Other" } }]);
      assert.equal(changed?.error?.status, 422);
      assert.equal(changed?.error?.code, "reused");
      const upgraded = world.client("ada");
      upgraded.schema = "b";
      const [lost] = await upgraded.push([{ ...edit, value: {} }]);
      assert.equal(lost?.repeated, true, "an upgrade may have lost a column of the write");
    });

    test("the same request at one moment counts once", async () => {
      const id = next();
      const edits = [{ ...deal(id), write_id: `moment-${kind}` }];
      const answers = await Promise.all([ada.push(edits), ada.push(edits), world.client("ada", "copy").push(edits)]);
      assert.deepEqual(
        answers.flat().map(({ status }) => status),
        ["applied", "applied", "applied"],
      );
      assert.equal(answers.flat().filter(({ repeated }) => !repeated).length, 1);
      assert.equal((await store.sql(`SELECT 1 FROM deals WHERE id = '${uuid(id)}'`)).length, 1);
    });

    test("a rejection is an answer as well: what was given up doesn't come back by a late request", async () => {
      const id = next();
      const late = { ...update("contacts", id, { first_name: "Late" }), write_id: `late-${kind}` };
      assert.equal((await ada.push([late]))[0]?.error?.code, "not_found");
      await ada.push([contact(id)]);
      const [again] = await ada.push([late]);
      assert.equal(again?.status, "rejected");
      assert.equal(again?.repeated, true);
    });

    test("answers are kept until the client says that it never sends the write again, and a day longer", async () => {
      const edit = { ...contact(next()), write_id: `kept-${kind}` };
      await ada.push([edit]);
      await ada.push([], { answered: [edit.write_id] });
      assert.equal((await ada.push([edit]))[0]?.repeated, true, "a request that was held up on its way");
      await store.sql(
        `UPDATE sync_write SET answered_at = now() - interval '2 days' WHERE write_id = '${edit.write_id}'`,
      );
      await bob.push([], { answered: [edit.write_id] });
      await ada.push([], { answered: ["another"] });
      assert.equal((await store.sql(`SELECT 1 FROM sync_write WHERE write_id = '${edit.write_id}'`)).length, 0);
    });

    test("a group is applied as a whole or not at all, and names the write that was refused", async () => {
      const [one, two, three] = [next(), next(), next()];
      const results = await ada.push([
        { ...contact(one), group: "g" },
        { ...update("contacts", two, { first_name: "X" }), group: "g", write_id: `culprit-${kind}` },
        { ...contact(three), group: "h" },
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "rejected", "applied"],
      );
      assert.equal(results[0]?.error?.write_id, `culprit-${kind}`);
      assert.equal(results[1]?.error?.code, "not_found");
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(one)), undefined);
      assert.ok(ada.row("contacts", uuid(three)));
    });

    test("a group that is refused by its values doesn't reach the database", async () => {
      const [one, two] = [next(), next()];
      const results = await ada.push([
        { ...contact(one), group: "g" },
        { ...contact(two, { score: "101" }), group: "g" },
      ]);
      assert.deepEqual(
        results.map(({ status, error }) => [status, error?.column]),
        [
          ["rejected", "score"],
          ["rejected", "score"],
        ],
      );
    });

    test("keys that the server makes are put in for later changes of the request, and are the same again", async () => {
      const edits: Edit[] = [
        {
          table: "notes",
          operation: "insert",
          key: { id: "-1" },
          value: { body: "parent" },
          group: "g",
          write_id: `p-${kind}`,
        },
        {
          table: "replies",
          operation: "insert",
          key: { id: uuid(next()) },
          value: { body: "child", note_id: "-1" },
          group: "g",
          write_id: `c-${kind}`,
        },
        {
          table: "notes",
          operation: "update",
          key: { id: "-1" },
          value: { body: "changed" },
          group: "g",
          write_id: `u-${kind}`,
        },
      ];
      const results = await ada.push(edits);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["applied", "applied", "applied"],
      );
      const made = results[0]?.key?.["id"] ?? "";
      assert.match(made, /^[1-9]\d*$/);
      await ada.pull();
      assert.equal(ada.row("notes", made)?.["body"], "changed");
      const again = await ada.push(edits);
      assert.deepEqual(
        again.map(({ repeated }) => repeated),
        [true, true, true],
      );
      // The client has got the key in the meantime, and sends the child alone.
      const child = edits[1];
      assert.ok(child);
      const [alone] = await ada.push([{ ...child, value: { body: "child", note_id: made } }]);
      assert.equal(alone?.repeated, true);
    });

    test("references are checked when the group ends, and are its own refusal", async () => {
      const [parent, orphan] = [next(), next()];
      const note = (contactId: number, id: string, group: string): Edit => {
        return {
          table: "notes",
          operation: "insert",
          key: { id },
          value: { body: "n", contact_id: uuid(contactId) },
          group,
        };
      };
      const results = await ada.push([
        note(parent, "-1", "a"),
        { ...contact(parent), group: "a" },
        note(orphan, "-2", "b"),
      ]);
      assert.deepEqual(
        results.map(({ status, error }) => error?.code ?? status),
        ["applied", "applied", "reference"],
      );
    });

    test("behind 64 groups with a savepoint, the rest is pending", async () => {
      const edits = Array.from({ length: 70 }, () => contact(next()));
      const results = await ada.push([...edits, update("contacts", 999_999, { first_name: "X" })]);
      assert.equal(results.filter(({ status }) => status === "applied").length, 64);
      assert.equal(results.filter(({ status }) => status === "pending").length, 7);
      assert.equal((await store.sql("SELECT 1 FROM sync_write WHERE answer->>'status' = 'pending'")).length, 0);
    });

    test("a trigger of the application refuses one group alone", async () => {
      await store.sql(`
        CREATE OR REPLACE FUNCTION no_spam() RETURNS TRIGGER LANGUAGE plpgsql AS $$
        BEGIN IF NEW.first_name = 'spam' THEN RAISE EXCEPTION 'secret reason'; END IF; RETURN NEW; END $$;
        CREATE OR REPLACE TRIGGER no_spam BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION no_spam()`);
      const results = await ada.push([contact(next(), { first_name: "spam" }), contact(next())]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "applied"],
      );
      assert.doesNotMatch(JSON.stringify(results), /secret/);
    });

    test("merge: edits of different columns both stay, and of one column the later arrival", async () => {
      const id = next();
      await ada.push([contact(id)]);
      await ada.push([update("contacts", id, { email: "a@b.c" })]);
      await world.client("ada", "second").push([update("contacts", id, { stage: "lead" })]);
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(id))?.["email"], "a@b.c");
      assert.equal(ada.row("contacts", uuid(id))?.["stage"], "lead");
    });

    test("reject: a column that somebody else has changed since is a conflict, one's own edits and other columns aren't", async () => {
      const id = next();
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

    test("last-write-wins: of one column the later edit holds, wherever its clock stands", async () => {
      const id = next();
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
      const id = next();
      await ada.push([
        { table: "tasks", operation: "insert", key: { id: uuid(id) }, value: { title: "T", team_id: "1" } },
      ]);
      await bob.pull();
      const base = bob.cursor?.scopes ?? {};
      const [edit] = await bob.push([update("tasks", id, { title: "seen" }, { base, edited_at: "1000.0" })]);
      assert.equal(edit?.status, "applied");
    });

    test("soft delete: the row stays in the table, goes on devices, and an insert of its key revives it", async () => {
      const id = next();
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

    test("every writer counts, and a row that comes back after its deletion is a row", async () => {
      const id = next();
      await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(id)}', 'psql', 'ada')`);
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(id))?.["first_name"], "psql");
      await store.sql(`DELETE FROM contacts WHERE id = '${uuid(id)}'`);
      await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(id)}', 'again', 'ada')`);
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(id))?.["first_name"], "again");
    });

    test("a row that moves leaves the old scope, but not for a user who still sees it", async () => {
      const id = next();
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
      const fresh = world.client("ada", "fresh");
      const changed = next();
      await ada.push([contact(changed)]);
      await fresh.page(2).then((page) => (fresh.cursor = page.cursor));
      await ada.push([update("contacts", changed, { first_name: "while" }), contact(next())]);
      await ada.pull();
      await fresh.pull(3);
      const all = await store.sql("SELECT id FROM contacts WHERE owner_id = 'ada'");
      assert.equal(fresh.row("contacts", uuid(changed))?.["first_name"], "while");
      const missing = all.filter(({ id }) => fresh.row("contacts", String(id)) === undefined);
      assert.ok(
        missing.length <= 2,
        `of the rows in the first page, which this test has thrown away: ${missing.length}`,
      );
      const whole = world.client("ada", "whole");
      await whole.pull(3);
      assert.deepEqual([...whole.rows.keys()].sort(), [...ada.rows.keys()].sort());
    });

    test("a table whose columns differ is sent whole, the others go on", async () => {
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
      const older = world.client("ada", "older");
      older.tables = { contacts: ["id", "first_name", "nickname"], gone: ["id"] };
      await older.pull();
      const [row] = older.rows.values();
      assert.deepEqual(Object.keys(row ?? {}).sort(), ["first_name", "id"]);
      const [refused] = await older.push([contact(next(), { nickname: "A" })]);
      assert.deepEqual([refused?.error?.code, refused?.error?.column], ["unknown_column", "nickname"]);
      const [unknown] = await older.push([{ table: "gone", operation: "insert", key: { id: "1" } }]);
      assert.equal(unknown?.error?.code, "unknown_table");
    });

    test("a scope that the user gains is loaded; one that is lost resets", async () => {
      const id = next();
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
      await ada.pull();
      await store.sql("SELECT sync_new_epoch()");
      assert.deepEqual(await ada.pull(), ["epoch"]);
      await ada.push([deal(next())]);
      await ada.pull();
      await store.sql("TRUNCATE deals");
      assert.deepEqual(await ada.pull(), ["epoch"]);
      assert.equal(ada.has("deals"), 0);
      await store.sql("UPDATE sync_scope SET version = version + 5 WHERE scope = 'user:ada'");
      await ada.pull();
      await store.sql("UPDATE sync_scope SET version = version - 5 WHERE scope = 'user:ada'");
      assert.deepEqual(await ada.pull(), ["ahead"]);
      const id = next();
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
      await ada.pull();
      await store.sql("UPDATE sync_meta SET value = 'another/00000001' WHERE key = 'identity'");
      assert.deepEqual(await ada.pull(), ["epoch"]);
      assert.deepEqual(await ada.pull(), []);
    });

    test("a stored answer of an earlier epoch has a place that will be reached", async () => {
      const edit = { ...contact(next()), write_id: `epoch-${kind}` };
      const [first] = await ada.push([edit]);
      await store.sql("SELECT sync_new_epoch()");
      const [again] = await ada.push([edit]);
      assert.equal(again?.repeated, true);
      assert.notEqual(again?.place?.epoch, first?.place?.epoch);
      await ada.pull();
      assert.equal(ada.cursor?.scopes["user:ada"]?.epoch, again?.place?.epoch);
    });

    test("the schema runs a second time without harm", async () => {
      await ada.pull();
      const { schemaSql } = await import("../server/sync/index.js");
      await store.sql(schemaSql);
      assert.deepEqual(await ada.pull(), []);
    });

    test("another user's rows, scopes, clients and write ids", async () => {
      const id = next();
      const write = { ...contact(id), write_id: `mine-${kind}` };
      await ada.push([write]);
      const thief = world.client("eve", ada.id);
      const [same] = await thief.push([{ ...contact(next()), write_id: write.write_id }]);
      assert.equal(same?.status, "applied", "write ids are the user's own");
      assert.equal(same?.repeated, false);
      assert.equal((await thief.push([update("contacts", id, { email: "e@v.e" })]))[0]?.error?.status, 404);
      assert.equal((await thief.push([remove("contacts", id)]))[0]?.error?.status, 404);
      assert.equal((await thief.push([contact(next(), { owner_id: "ada" })]))[0]?.error?.status, 403);
      assert.equal((await thief.push([contact(id)]))[0]?.error?.code, "exists");
      const own = next();
      await thief.push([contact(own)]);
      assert.equal((await thief.push([update("contacts", own, { owner_id: "ada" })]))[0]?.error?.status, 403);
      thief.cursor = ada.cursor;
      assert.deepEqual(await thief.pull(), ["scope"]);
      assert.ok([...thief.rows.values()].every((row) => (row["owner_id"] ?? "eve") === "eve"));
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(id))?.["email"], null);
    });

    test("what only the owner may see", async () => {
      world.users["boss"] = { id: "boss", scopes: { user: ["ada", "boss"], team: [] } };
      const boss = world.client("boss");
      const id = next();
      await ada.push([contact(id, { salary: "1", owner_id: "ada" })]);
      await boss.pull();
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(id))?.["salary"], "1");
      assert.equal(boss.row("contacts", uuid(id))?.["salary"], null);
      assert.equal((await boss.push([update("contacts", id, { salary: "2" })]))[0]?.error?.status, 403);
      assert.equal((await boss.push([update("contacts", id, { email: "b@o.s" })]))[0]?.status, "applied");
    });

    test("columns that only the server sets, parts of the key, values that break a rule", async () => {
      const refused = async (edit: Edit) => {
        const [result] = await ada.push([edit]);
        return [result?.error?.status, result?.error?.code, result?.error?.column];
      };
      assert.deepEqual(await refused(contact(next(), { created_at: "2020-01-01T00:00:00Z" })), [
        422,
        "read_only",
        "created_at",
      ]);
      assert.deepEqual(await refused(update("contacts", 1, { id: uuid(2) })), [422, "read_only", "id"]);
      assert.deepEqual(await refused({ ...contact(next()), value: {} }), [422, "required", "first_name"]);
      assert.deepEqual(await refused({ ...contact(next()), key: { id: "1; DROP TABLE" } }), [422, "invalid", "id"]);
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
        assert.deepEqual(await refused(contact(next(), { [name]: value })), [422, "invalid", name], value);
      }
      for (const name of ["__proto__", "constructor", 'a"b', "a'b"]) {
        const body = JSON.stringify(ada.body([contact(next(), { x: "1" })])).replace('"x"', JSON.stringify(name));
        const answer = (await (await ada.request("push", body)).json()) as { results?: { status: string }[] };
        assert.notEqual(answer.results?.[0]?.status, "pending");
      }
      assert.deepEqual(
        world.errors.filter((error) => !/secret|duplicate|foreign key/.test(String(error))),
        [],
      );
    });

    test("hostile values come back as they were", async () => {
      const id = next();
      const hostile = `'); DROP TABLE "x`;
      await ada.push([contact(id, { first_name: hostile })]);
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(id))?.["first_name"], hostile);
    });

    test("hooks: authorize, beforeWrite, resolve and afterCommit", async () => {
      const heard: string[] = [];
      const hooked = new World(store, {
        authorize: ({ user, operation }) => !(user.id === "bob" && operation === "delete"),
        beforeWrite: ({ value, table }) => {
          if (value["title"] === "bad") throw new Refusal(422, "bad_word", "no such words", "title");
          return table === "deals" && value["title"] ? { ...value, title: `${value["title"]}!` } : value;
        },
        resolve: ({ row, value }) => ({ title: `${row["title"]} ${value["title"]}` }),
        afterCommit: (writes) => void heard.push(...writes.map(({ table }) => table)),
      });
      const id = next();
      const [one, two] = [hooked.client("ada"), hooked.client("bob")];
      await one.push([deal(id, { title: "A" })]);
      assert.equal((await two.push([remove("deals", id)]))[0]?.error?.status, 403);
      assert.equal((await two.push([update("deals", id, { title: "bad" })]))[0]?.error?.code, "bad_word");
      assert.equal((await two.push([update("deals", id, { title: "B" })]))[0]?.status, "applied");
      await two.pull();
      assert.equal(two.row("deals", uuid(id))?.["title"], "A! B!");
      assert.deepEqual(heard, ["deals", "deals"]);
    });

    test("500 inserts and as many updates in one push", async () => {
      const ids = Array.from({ length: 500 }, next);
      const inserted = await ada.push(ids.map((id) => contact(id)));
      assert.ok(inserted.every(({ status }) => status === "applied"));
      const updated = await ada.push(ids.map((id) => update("contacts", id, { email: "a@b.c" })));
      assert.ok(updated.every(({ status }) => status === "applied"));
      assert.equal(new Set(updated.map(({ place }) => place?.version)).size, 500);
    });

    if (kind !== "pglite") {
      test("a transaction that commits late isn't missed", async () => {
        const late = next();
        const begun = store.sql(
          `BEGIN; INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(late)}', 'late', 'ada'); SELECT pg_sleep(0.3); COMMIT`,
        );
        await new Promise((resolve) => setTimeout(resolve, 50));
        const early = next();
        const pushed = ada.push([contact(early)]);
        await ada.pull();
        await Promise.all([begun, pushed]);
        await ada.pull();
        assert.ok(ada.row("contacts", uuid(late)));
        assert.ok(ada.row("contacts", uuid(early)));
      });

      test("writers of several scopes in any order", async () => {
        const writers = [ada, bob, world.client("ada", "x"), world.client("bob", "y")];
        const rounds = Array.from({ length: 6 }, async (_, round) => {
          const client = writers[round % writers.length] ?? ada;
          const own = client.user === "ada" ? ["1", "2"] : ["1"];
          const edits = [...own, ...own].map((team) => deal(next(), { team_id: team }));
          return client.push(round % 2 ? edits : edits.reverse());
        });
        const foreign = ["1", "2"].map((team) =>
          store.sql(`INSERT INTO deals VALUES ('${uuid(next())}', 'F', NULL, ${team})`),
        );
        const results = (await Promise.all([...rounds, ...foreign.map((done) => done.then(() => []))])).flat();
        assert.ok(results.every((result) => result.status === "applied"));
        await bob.pull();
        const seen = (await store.sql("SELECT 1 FROM deals WHERE team_id = 1")).length;
        assert.equal(bob.has("deals"), seen);
      });
    }
  });
}
