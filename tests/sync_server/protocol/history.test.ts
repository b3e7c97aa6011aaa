//! Who has changed what, and when, of all writers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { schemaSql as withoutSql } from "../../server/sync/index.js";
import { openStrict, strictWorld } from "../support/strict.js";
import { contact, KINDS, remove, update, uuid, type Store, type World } from "../support/world.js";

for (const kind of KINDS) {
  describe(kind, () => {
    let store: Store;
    let world: World;

    before(async () => {
      store = await openStrict(kind);
      world = strictWorld(store);
    });
    after(async () => {
      await world.server.close();
      await store.close();
    });

    const history = (number: number) =>
      store.sql(`SELECT operation, user_id, write_id, before->>'email' AS old, after->>'email' AS new
        FROM sync_history WHERE table_name = 'contacts' AND row_key = '["${uuid(number)}"]' ORDER BY id`);

    test("a push's writes have their user and write id, with the row before and after", async () => {
      const ada = world.client("ada");
      const insert = { ...contact(1, { email: "a@d.a" }), write_id: "h1" };
      await ada.push([insert, contact(2)]);
      await ada.push([insert]);
      await ada.push([update("contacts", 1, { email: "b@d.a" }, { write_id: "h2" })]);
      await ada.push([remove("contacts", 1, { write_id: "h3" })]);
      const by = { user_id: "ada" };
      assert.deepEqual(await history(1), [
        { ...by, operation: "insert", write_id: "h1", old: null, new: "a@d.a" },
        { ...by, operation: "update", write_id: "h2", old: "a@d.a", new: "b@d.a" },
        { ...by, operation: "delete", write_id: "h3", old: "b@d.a", new: null },
      ]);
    });

    test("a refused write leaves nothing, and one that changes nothing neither", async () => {
      const ada = world.client("ada");
      await ada.push([contact(2)]);
      assert.equal((await history(2)).length, 1);
      await store.sql(`UPDATE contacts SET email = email WHERE id = '${uuid(2)}'`);
      assert.equal((await history(2)).length, 1);
    });

    test("other writers have their role, a key that changes is both, and TRUNCATE is told", async () => {
      await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(3)}', 'Other', 'bob')`);
      await store.sql(`UPDATE contacts SET id = '${uuid(4)}' WHERE id = '${uuid(3)}'`);
      const [first, second] = await history(3);
      assert.equal(first?.["user_id"], null);
      assert.equal(second?.["operation"], "update");
      assert.equal((await history(4)).length, 1);
      const [role] = await store.sql("SELECT DISTINCT role, session_user::TEXT AS own FROM sync_history");
      assert.equal(role?.["role"], role?.["own"]);
      await store.sql("TRUNCATE countries");
      const [last] = await store.sql("SELECT table_name, operation FROM sync_history ORDER BY id DESC LIMIT 1");
      assert.deepEqual(last, { table_name: "countries", operation: "truncate" });
    });

    test("it is pruned by age, and ends without the option", async () => {
      await store.sql(`UPDATE sync_history SET at = at - interval '2 years' WHERE row_key = '["${uuid(1)}"]'`);
      assert.deepEqual(await store.sql("SELECT sync_prune_history('1 year')::INT AS gone"), [{ gone: 3 }]);
      assert.deepEqual(await history(1), []);
      await store.sql(withoutSql);
      const kept = await history(2);
      await store.sql(`UPDATE contacts SET email = 'c@d.a' WHERE id = '${uuid(2)}'`);
      assert.deepEqual(await history(2), kept);
    });
  });
}
