// Two devices that change one row, by what the config says of the model's conflicts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Device, Office, settled } from "./support/backend.js";
import { Clock } from "./support/clock.js";
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
  );
  assert.deepEqual(
    two.getRejectedChanges().map(({ model, status, values, serverRow }) => [model, status, values["stage"], serverRow]),
    [
      ["tasks", 409, undefined, null],
      ["deals", 409, "lost", { id: deal, title: "D", stage: "won", team_id: 1 }],
    ],
  );
  const [held, refused] = two.getRejectedChanges();
  assert.deepEqual([held?.rejectedWith, refused?.rejectedWith], [refused?.writeId, null]);
  await until(() => two.collections.deals.get(deal)?.stage === "won" && !two.collections.tasks.has(other));

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

test("conflict: last-write-wins goes by when edits were made, however long their requests take", async () => {
  const [one, two] = await office.devices();
  const task = crypto.randomUUID();
  one.collections.tasks.insert({ id: task, title: "T", team_id: 1 });
  await until(() => two.collections.tasks.has(task));
  await settled(one, two);

  one.configureSync({ syncUrl: "http://127.0.0.1:1" });
  one.collections.tasks.update(task, (draft) => void (draft.title = "earlier"));
  await one.flushed();
  await new Promise((resolve) => setTimeout(resolve, 20));
  two.collections.tasks.update(task, (draft) => void (draft.title = "later"));
  await settled(two);
  office.backend.delay = 5_000;
  one.configureSync({ syncUrl: office.backend.url });
  await settled(one);
  await until(() => [one, two].every(({ collections }) => collections.tasks.get(task)?.title === "later"));
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEARS = 5 * 365 * 24 * HOUR;

for (const [name, jump] of [
  ["years ahead", YEARS],
  ["years back", -YEARS],
  ["a minute back", -MINUTE],
  ["to summer time", HOUR],
  ["to winter time", -HOUR],
] as const) {
  test(`conflict: last-write-wins keeps edits in order while a device's clock jumps ${name}`, async () => {
    const clock = new Clock();
    const one = await clock.run(() => office.device("ada"));
    const two = await office.device("ada");
    const task = crypto.randomUUID();
    two.collections.tasks.insert({ id: task, title: "T", team_id: 1 });
    await until(() => one.collections.tasks.has(task));
    await settled(two);

    /** An edit that is on the device for a moment before anything else happens. */
    const write = async (device: Device, title: string, done?: boolean): Promise<void> => {
      const edit = (): unknown =>
        device.collections.tasks.update(task, (draft) => void Object.assign(draft, { title, ...(done && { done }) }));
      if (device === one) clock.run(edit);
      else edit();
      await device.flushed();
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const leave = (device: Device): void => device.configureSync({ syncUrl: "http://127.0.0.1:1" });
    const comeBack = async (device: Device): Promise<void> => {
      device.configureSync({ syncUrl: office.backend.url });
      await settled(device);
    };
    const holds = async (title: string): Promise<void> => {
      await until(
        () => [one, two].every(({ collections }) => collections.tasks.get(task)?.title === title),
        () => JSON.stringify([title, one.collections.tasks.get(task), two.collections.tasks.get(task)]),
      );
      assert.deepEqual(await office.backend.rows("SELECT title FROM tasks"), [{ title }]);
    };

    // Between two edits of one row, which go out together or one by one, and back.
    leave(one);
    await write(one, "before the jump", true);
    clock.ahead = jump;
    await write(one, "after the jump");
    await comeBack(one);
    const sent = office.backend.pushes.at(-1);
    assert.ok(Math.abs(Number(sent?.now) - Date.now() - jump) < MINUTE / 2, "the device's clock is off");
    const last = Number(sent?.changes.at(-1)?.edited_at?.split(".")[0]);
    assert.ok(jump < 0 || last > Date.now() + jump / 2, "and that of its database");
    await holds("after the jump");
    clock.ahead = 0;
    await write(one, "the clock is right again");
    await settled(one);
    await holds("the clock is right again");
    assert.equal(one.collections.tasks.get(task)?.done, true);

    // Neither device has seen the other's edit.
    clock.ahead = jump;
    leave(two);
    await write(two, "earlier");
    // A request's time on its way counts as skew.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await write(one, "later");
    await settled(one);
    await comeBack(two);
    await holds("later");
    leave(two);
    await write(one, "earlier, by a clock that is off");
    await settled(one);
    await write(two, "later, by one that is right");
    await comeBack(two);
    await holds("later, by one that is right");

    const future = await office.backend.rows(`
      SELECT v.value->>'s' AS stamp FROM sync_row, jsonb_each(column_versions) AS v
      WHERE split_part(v.value->>'s', '.', 1)::BIGINT > ${String(Date.now())}
    `);
    assert.deepEqual(future, []);
    assert.deepEqual([one.getRejectedChanges(), two.getRejectedChanges()], [[], []]);
  });
}
