// Whose rows they are: what a user sees, gains and loses.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contact, Office, settled } from "./support/backend.js";
import { until } from "./support/until.js";

const office = new Office();

test("each user sees the rows of their scopes, and what moves to another one goes", async () => {
  const [ada, bob] = [await office.device("ada"), await office.device("bob")];
  const [shared, own] = [crypto.randomUUID(), crypto.randomUUID()];
  ada.collections.deals.insert({ id: shared, title: "of team 1", team_id: 1 });
  ada.collections.deals.insert({ id: own, title: "of team 2", team_id: 2 });
  const person = contact(ada, "Ada's");
  await settled(ada);
  await until(() => bob.collections.deals.has(shared));
  assert.deepEqual([bob.collections.deals.size, bob.collections.contacts.has(person)], [1, false]);
  await office.backend.db.exec(`UPDATE deals SET team_id = 2 WHERE id = '${shared}'`);
  await until(() => !bob.collections.deals.has(shared));
  assert.equal(ada.collections.deals.size, 2);
  // A row that the user doesn't see can't be written to.
  bob.collections.deals.insert({ id: crypto.randomUUID(), title: "not mine", team_id: 2 });
  await until(() => bob.getRejectedChanges()[0]?.status === 403);
});

test("edits of several scopes go out in one push, and each comes to those who see it", async () => {
  const [ada, bob] = [await office.device("ada"), await office.device("bob")];
  const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
  const back = await office.offline(() => {
    contact(ada, "Ada's");
    ada.collections.deals.insert({ id: first, title: "of team 1", team_id: 1 });
    ada.writeTogether(() => {
      ada.collections.deals.insert({ id: second, title: "of team 2", team_id: 2 });
      ada.collections.deals.update(first, (draft) => void (draft.stage = "won"));
    });
  }, ada);
  await back();
  await settled(ada);
  assert.deepEqual(
    office.backend.pushes.map(({ changes }) => changes.length),
    [4],
  );
  await until(() => bob.collections.deals.get(first)?.stage === "won");
  assert.deepEqual([bob.collections.deals.size, bob.collections.contacts.size], [1, 0]);
  assert.deepEqual([ada.collections.deals.size, ada.getRejectedChanges()], [2, []]);
});

test("edits of a scope that the user has lost meanwhile are rejected, kept, and taken when it comes back", async () => {
  const bob = await office.device("bob");
  const [deal, added] = [crypto.randomUUID(), crypto.randomUUID()];
  await office.backend.db.exec(`INSERT INTO deals (id, title, team_id) VALUES ('${deal}', 'D', 1)`);
  await until(() => bob.collections.deals.has(deal));
  const back = await office.offline(() => {
    bob.collections.deals.update(deal, (draft) => void (draft.stage = "won"));
    bob.collections.deals.insert({ id: added, title: "new", team_id: 1 });
    contact(bob, "Bob's");
  }, bob);
  office.scopes["bob"] = { user: ["bob"], team: ["2"] };
  await office.backend.db.exec(`INSERT INTO deals (id, title, team_id) VALUES (gen_random_uuid(), 'of team 2', 2)`);
  await back();
  bob.configureSync({});
  await until(() => bob.getRejectedChanges().length === 2);
  await until(async () => (await bob.listChanges()).length === 2);
  assert.deepEqual(
    bob
      .getRejectedChanges()
      .map(({ operation, status, values }) => [operation, status, values["stage"] ?? values["title"]]),
    [
      ["update", 404, "won"],
      ["insert", 403, "new"],
    ],
  );
  // What is in the other scopes goes its way.
  await until(() => bob.collections.deals.toArray.map(({ title }) => title).join() === "of team 2");
  assert.deepEqual(await office.backend.rows("SELECT first_name FROM contacts"), [{ first_name: "Bob's" }]);

  office.scopes["bob"] = { user: ["bob"], team: ["1"] };
  bob.configureSync({});
  await until(() => bob.collections.deals.has(deal) && bob.collections.deals.size === 1);
  for (const { writeId } of [...bob.getRejectedChanges()]) await bob.retryChange(writeId);
  await settled(bob);
  assert.deepEqual(await office.backend.rows("SELECT title, stage FROM deals WHERE team_id = 1 ORDER BY title"), [
    { title: "D", stage: "won" },
    { title: "new", stage: null },
  ]);
  assert.equal(bob.collections.deals.size, 2);
});

test("a scope that the user gains while edits are pending comes as a whole, and the edits go", async () => {
  const bob = await office.device("bob");
  await office.backend.db.exec(
    "INSERT INTO deals (id, title, team_id) SELECT gen_random_uuid(), 'D', 2 FROM generate_series(1, 20)",
  );
  const added = crypto.randomUUID();
  const back = await office.offline(() => {
    contact(bob, "Bob's");
    bob.collections.deals.insert({ id: added, title: "mine", team_id: 2 });
  }, bob);
  office.scopes["bob"] = { user: ["bob"], team: ["1", "2"] };
  await back();
  await settled(bob);
  await until(() => bob.collections.deals.size === 21);
  assert.deepEqual([bob.collections.deals.get(added)?.title, bob.getRejectedChanges()], ["mine", []]);
});
