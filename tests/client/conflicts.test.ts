// Two devices that change one row, by what the config says of the model's conflicts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Device, Office, settled } from "./support/backend.js";
import { until } from "./support/until.js";

const office = new Office();

test("conflict: reject refuses the later of two edits with its group, and shows both sides", async () => {
  const [one, two] = await office.devices();
  const [deal, other] = [crypto.randomUUID(), crypto.randomUUID()];
  one.collections.deals.insert({ id: deal, title: "D", team_id: 1 });
  await until(() => two.collections.deals.has(deal));
  await settled(one, two);

  const back = await office.offline(() => {
    two.writeTogether(() => {
      two.collections.tasks.insert({ id: other, title: "call them", team_id: 1 });
      two.collections.deals.update(deal, (draft) => void (draft.stage = "lost"));
    });
  }, two);
  // Somebody else is quicker.
  await office.backend.db.exec(`UPDATE deals SET stage = 'won' WHERE id = '${deal}'`);
  await back();
  two.configureSync({});
  await until(
    () => two.getRejectedChanges().length === 2,
    () => JSON.stringify(two.getSyncStatus()),
    30_000,
  );
  assert.deepEqual(
    two
      .getRejectedChanges()
      .map(({ model, status, values, serverRow }) => [model, status, values["stage"], serverRow?.["stage"]]),
    [
      ["tasks", 409, undefined, undefined],
      ["deals", 409, "lost", "won"],
    ],
  );
  await until(() => two.collections.deals.get(deal)?.stage === "won");
  assert.equal(two.collections.tasks.has(other), false);

  // Sent again, it is an edit of somebody who has seen the other one.
  await two.retryChange(two.getRejectedChanges()[0]?.writeId ?? "");
  await settled(two);
  await until(() => one.collections.deals.get(deal)?.stage === "lost" && one.collections.tasks.has(other));

  // Edits of two columns don't meet.
  one.collections.deals.update(deal, (draft) => void (draft.title = "E"));
  two.collections.deals.update(deal, (draft) => void (draft.stage = "won"));
  await settled(one, two);
  await until(() => one.collections.deals.get(deal)?.stage === "won" && two.collections.deals.get(deal)?.title === "E");
});

test("conflict: last-write-wins keeps the later edit, though it arrives first", async () => {
  const [one, two] = await office.devices();
  const task = crypto.randomUUID();
  one.collections.tasks.insert({ id: task, title: "T", team_id: 1 });
  await until(() => two.collections.tasks.has(task));
  await settled(one, two);

  // The first device can't reach the server, the second can.
  one.configureSync({ syncUrl: "http://127.0.0.1:1" });
  one.collections.tasks.update(task, (draft) => {
    draft.title = "earlier";
    draft.done = true;
  });
  await one.flushed();
  await until(() => one.getSyncStatus().pending === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  two.collections.tasks.update(task, (draft) => void (draft.title = "later"));
  await settled(two);
  one.configureSync({ syncUrl: office.backend.url });
  await settled(one);
  const isRight = (client: Device) => {
    const { title, done } = client.collections.tasks.get(task) ?? {};
    return title === "later" && done === true;
  };
  await until(() => isRight(one) && isRight(two));
  assert.deepEqual(one.getRejectedChanges(), []);

  // A delete marks the row, and an insert of its key makes it anew.
  one.collections.tasks.delete(task);
  await until(() => !two.collections.tasks.has(task));
  await settled(one);
  assert.deepEqual(await office.backend.rows("SELECT deleted_at IS NOT NULL AS gone FROM tasks"), [{ gone: true }]);
  two.collections.tasks.insert({ id: task, title: "again", team_id: 1 });
  await until(() => one.collections.tasks.get(task)?.title === "again");
  await settled(two);
});
