import assert from "node:assert/strict";
import { until } from "../client/support/until.js";
import { Sleep } from "./sleep.js";
import { gate, type Test } from "./world.js";

export function tabs(test: Test): void {
  test("two tabs show one database, and one goes on without the other", async (world) => {
    const first = await world.open();
    await first.says("Online · everything is saved");
    const second = await world.open();
    await first.add("Ada");
    await second.shows("Ada", "saved");
    await second.setMail("Ada", "ada@example.com");
    await first.showsMail("Ada", "ada@example.com");
    await first.screenshot("tabs 1 the first");
    await second.screenshot("tabs 2 the second");
    await until(
      async () => (await world.contacts())[0]?.email === "ada@example.com",
      () => "the mail on the server",
    );

    await first.page.close();
    await world.addElsewhere("Grace");
    await second.button("Sync now").click();
    await second.shows("Grace", "saved");
    await second.add("Edith");
    await second.shows("Edith", "saved");
    await second.says("Online · everything is saved");
    await second.screenshot("tabs 3 the second alone");
    assert.deepEqual(await world.names(), ["Ada", "Edith", "Grace"]);
  });

  test("a tab that closes while it sends hands over", async (world) => {
    const first = await world.open();
    await first.says("Online · everything is saved");
    const second = await world.open();
    await second.says("Online · everything is saved");
    // The server has the writes; their answers never arrive.
    const answer = gate();
    const slow = world.server.faults.add({ on: "POST /contacts", at: "committed", times: 2, what: () => answer.passed });
    await first.add("Ada");
    await first.add("Grace");
    await until(
      () => slow.met() === 2,
      () => "both requests",
    );
    await second.shows("Grace", "unsaved");
    await first.page.close();
    answer.open();
    await second.says("Online · everything is saved");
    await second.shows("Ada", "saved");
    await second.shows("Grace", "saved");
    await second.screenshot("tabs 4 handed over");
    assert.deepEqual(await world.names(), ["Ada", "Grace"]);
  });

  test("the tab that has the database closes while another writes", async (world) => {
    const first = await world.open();
    await first.says("Online · everything is saved");
    const second = await world.open();
    await second.says("Online · everything is saved");
    const names = Array.from({ length: 8 }, (_, index) => `Contact ${String(index + 10)}`);
    for (const [index, name] of names.entries()) {
      await second.add(name);
      // Not awaited: writes are under way on both sides of it.
      if (index === 3) void first.page.close();
    }
    await second.says("Online · everything is saved");
    for (const name of names) await second.shows(name, "saved");
    await second.screenshot("tabs 5 written while the other closed");
    const { rows } = await world.server.db.query<{ last_name: string }>("SELECT last_name FROM contacts ORDER BY 1");
    assert.deepEqual(
      rows.map((row) => `Contact ${row.last_name}`),
      names,
    );
    await second.page.reload();
    await second.shows(names[0] ?? "", "saved");
    assert.equal(await second.page.getByRole("listitem").filter({ hasText: "Contact" }).count(), names.length);
  });

  const isOwned = process.env["ADAPTER"] !== "indexeddb";
  if (isOwned) {
    test("a tab that is asleep with the database: the others say so, and go on when it wakes", async (world) => {
      const first = await world.open();
      await first.says("Online · everything is saved");
      const second = await world.open();
      await second.says("Online · everything is saved");
      const [worker] = first.page.workers();
      assert.ok(worker !== undefined);
      const sleep = await Sleep.start();
      try {
        const { over } = await sleep.begin(worker);
        await second.add("Ada");
        const third = await world.open();
        for (const tab of [second, third]) await tab.alert("Another tab of this application has the database open").waitFor();
        await second.screenshot("tabs 6 another tab is asleep");
        sleep.wake();
        await over;
        for (const tab of [second, third]) {
          await tab.shows("Ada", "saved");
          await tab.says("Online · everything is saved");
        }
        assert.deepEqual(await world.names(), ["Ada"]);
      } finally {
        await sleep.close();
      }
    });
  }

  test("a tab that is asleep and syncs for all: the others say so while edits wait, and all is saved when it wakes", async (world) => {
    const first = await world.open();
    await first.says("Online · everything is saved");
    const second = await world.open();
    await second.says("Online · everything is saved");
    const sleep = await Sleep.start();
    try {
      const { over } = await sleep.begin(first.page);
      await second.add("Ada");
      await second.alert("Another tab of this application sends the edits of all").waitFor();
      await second.screenshot("tabs 7 the tab that syncs is asleep");
      sleep.wake();
      await over;
      await second.shows("Ada", "saved");
      await second.says("Online · everything is saved");
      await second.alert("Another tab of this application").waitFor({ state: "detached" });
      assert.deepEqual(await world.names(), ["Ada"]);
    } finally {
      await sleep.close();
    }
  });

  test("a tab with older code doesn't send what newer code writes", async (world) => {
    await world.addElsewhere("Ada");
    const older = await world.open("older/");
    await older.says("Online · everything is saved");
    await older.shows("Ada", "saved");
    const newer = await world.open();
    await newer.setMail("Ada", "ada@example.com");
    await until(
      async () => (await world.contacts())[0]?.email === "ada@example.com",
      () => "the mail on the server",
    );
    await newer.shows("Ada", "saved");
    await older.alert("There is another version of this page").waitFor();
    await older.screenshot("tabs 6 older");
    await older.page.close();
    await newer.setMail("Ada", "");
    await newer.says("Online · everything is saved");
  });
}
