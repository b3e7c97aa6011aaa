//! What a push does, sentence by sentence of the protocol.

import assert from "node:assert/strict";
import { test } from "node:test";

import { onEach } from "../support/suite.js";
import {
  type Client,
  contact,
  deal,
  type Edit,
  KINDS,
  openStore,
  remove,
  update,
  uuid,
  World,
} from "../support/world.js";

onEach((suite) => {
  test("an insert, an update and a delete reach another device", async () => {
    const { ada, world } = suite;
    const id = suite.next();
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
    const { ada } = suite;
    const [result] = await ada.push([contact(suite.next())]);
    const place = result?.place;
    await ada.pull();
    const reached = ada.cursor?.scopes[place?.scope ?? ""];
    assert.equal(reached?.epoch, place?.epoch);
    assert.ok(BigInt(reached?.version ?? 0) >= BigInt(place?.version ?? 1));
  });

  test("a write counts once, whoever sends it again and how often", async () => {
    const { ada, world, kind } = suite;
    const id = suite.next();
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
    const { ada, world, store, kind } = suite;
    const id = suite.next();
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
    const { ada, kind } = suite;
    const id = suite.next();
    const late = { ...update("contacts", id, { first_name: "Late" }), write_id: `late-${kind}` };
    assert.equal((await ada.push([late]))[0]?.error?.code, "not_found");
    await ada.push([contact(id)]);
    const [again] = await ada.push([late]);
    assert.equal(again?.status, "rejected");
    assert.equal(again?.repeated, true);
  });

  test("answers are kept until the client says that it never sends the write again, and a day longer", async () => {
    const { ada, bob, store, kind } = suite;
    const edit = { ...contact(suite.next()), write_id: `kept-${kind}` };
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
    const { ada, kind } = suite;
    const [one, two, three] = [suite.next(), suite.next(), suite.next()];
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
    const { ada } = suite;
    const [one, two] = [suite.next(), suite.next()];
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
    const { ada, kind } = suite;
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
        key: { id: uuid(suite.next()) },
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
    const { ada } = suite;
    const [parent, orphan] = [suite.next(), suite.next()];
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
    const { ada, store } = suite;
    const edits = Array.from({ length: 70 }, () => contact(suite.next()));
    const results = await ada.push([...edits, update("contacts", 999_999, { first_name: "X" })]);
    assert.equal(results.filter(({ status }) => status === "applied").length, 64);
    assert.equal(results.filter(({ status }) => status === "pending").length, 7);
    assert.equal((await store.sql("SELECT 1 FROM sync_write WHERE answer->>'status' = 'pending'")).length, 0);
  });

  test("a trigger of the application refuses one group alone", async () => {
    const { ada, store } = suite;
    await store.sql(`
      CREATE OR REPLACE FUNCTION no_spam() RETURNS TRIGGER LANGUAGE plpgsql AS $$
      BEGIN IF NEW.first_name = 'spam' THEN RAISE EXCEPTION 'secret reason'; END IF; RETURN NEW; END $$;
      CREATE OR REPLACE TRIGGER no_spam BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION no_spam()`);
    const results = await ada.push([contact(suite.next(), { first_name: "spam" }), contact(suite.next())]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "applied"],
    );
    assert.doesNotMatch(JSON.stringify(results), /secret/);
  });

  test("a value that must be unique is taken in the order of the changes", async () => {
    const { ada, store } = suite;
    const [one, two, three] = [suite.next(), suite.next(), suite.next()];
    await ada.push([contact(one, { email: "1@b.c" }), contact(two, { email: "2@b.c" })]);
    await store.sql("CREATE UNIQUE INDEX one_email ON contacts (email)");
    try {
      const swap = [
        update("contacts", one, { email: "2@b.c" }),
        update("contacts", two, { email: "3@b.c" }),
        contact(three, { email: "4@b.c" }),
        update("contacts", two, { email: "5@b.c" }),
        remove("contacts", one),
      ];
      const results = await ada.push(swap);
      assert.deepEqual(
        results.map(({ status, error }) => error?.code ?? status),
        ["exists", "applied", "applied", "applied", "applied"],
      );
      const taken = [remove("contacts", two), contact(one, { email: "4@b.c" }), remove("contacts", three)];
      assert.deepEqual(
        (await ada.push(taken)).map(({ status, error }) => error?.code ?? status),
        ["applied", "exists", "applied"],
      );
    } finally {
      await store.sql("DROP INDEX one_email");
    }
  });

  test("a trigger of the application sees the changes in their order", async () => {
    const { ada, store } = suite;
    const [one, two, other] = [suite.next(), suite.next(), suite.next()];
    await ada.push([deal(other)]);
    await store.sql(`
      CREATE FUNCTION not_closed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM deals WHERE stage = 'closed') THEN RAISE EXCEPTION 'closed'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER not_closed BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION not_closed()`);
    try {
      const results = await ada.push([contact(one), update("deals", other, { stage: "closed" }), contact(two)]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["applied", "applied", "rejected"],
      );
    } finally {
      await store.sql("DROP FUNCTION not_closed CASCADE");
    }
  });

  test("500 inserts and as many updates in one push", async () => {
    const { ada } = suite;
    const ids = Array.from({ length: 500 }, suite.next);
    const inserted = await ada.push(ids.map((id) => contact(id)));
    assert.ok(inserted.every(({ status }) => status === "applied"));
    const updated = await ada.push(ids.map((id) => update("contacts", id, { email: "a@b.c" })));
    assert.ok(updated.every(({ status }) => status === "applied"));
    assert.equal(new Set(updated.map(({ place }) => place?.version)).size, 500);
  });
});

for (const kind of KINDS) {
  test(`${kind}: a push takes as long behind many stored answers, also on a connection that has known none`, async () => {
    const store = await openStore(kind, undefined, 1);
    const world = new World(store);
    let number = 0;
    const push = (client: Client, count: number) =>
      client.push(Array.from({ length: count }, () => contact((number += 1))));
    const quickest = async (client: Client) => {
      const times: number[] = [];
      for (let run = 0; run < 4; run += 1) {
        const start = performance.now();
        await push(client, 500);
        times.push(performance.now() - start);
      }
      return Math.min(...times);
    };
    const [ada, bob] = [world.client("ada"), world.client("bob")];
    // By now PostgreSQL has made its plans for this connection.
    for (let run = 0; run < 10; run += 1) await push(ada, 1);
    await store.sql(`INSERT INTO sync_write (user_id, write_id, client_id, schema, request_hash, answer)
      SELECT 'ada', 'stored-' || n, 'client-ada', 'a', '', '{}' FROM generate_series(1, 60000) AS n`);
    const [behind, alone] = [await quickest(ada), await quickest(bob)];
    await world.server.close();
    await store.close();
    assert.ok(behind < 3 * alone, `${behind} ms and ${alone} ms`);
  });
}
