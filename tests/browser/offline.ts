import assert from "node:assert/strict";
import { until } from "../client/support/until.js";
import type { Test } from "./world.js";

export function offline(test: Test): void {
  test("what is written offline is there after a reload, and saved later", async (world) => {
    await world.addElsewhere("Grace");
    const tab = await world.open();
    await tab.says("Online · everything is saved");
    await tab.shows("Grace", "saved");
    await tab.screenshot("offline 1 before");

    await world.browser.tabs.setOffline(true);
    await tab.add("Ada Lovelace");
    await tab.setMail("Grace", "grace@example.com");
    await tab.says("Offline · 2 changes not saved yet");
    await tab.shows("Ada Lovelace", "unsaved");
    await tab.screenshot("offline 2 written");

    // The page comes from its server again, and nothing else does.
    world.server.kill();
    await world.browser.tabs.setOffline(false);
    await tab.page.reload();
    await tab.shows("Ada Lovelace", "unsaved");
    await tab.shows("Grace", "unsaved");
    await tab.showsMail("Grace", "grace@example.com");
    await tab.says("Offline · 2 changes not saved yet");
    await tab.screenshot("offline 3 reloaded");
    assert.deepEqual(await world.names(), ["Grace"]);

    world.server.revive();
    await tab.says("Online · everything is saved");
    await tab.shows("Ada Lovelace", "saved");
    await tab.shows("Grace", "saved");
    await tab.screenshot("offline 4 saved");
    assert.deepEqual(await world.contacts(), [
      { first_name: "Ada", email: null },
      { first_name: "Grace", email: "grace@example.com" },
    ]);
  });

  test("the page starts for the first time without a server", async (world) => {
    world.server.kill();
    const tab = await world.open();
    await tab.says("Offline · everything is saved");
    await tab.page.getByText("Loading").waitFor({ state: "detached" });
    await tab.add("Ada");
    await tab.says("Offline · 1 change not saved yet");
    await tab.shows("Ada", "unsaved");
    await tab.screenshot("first start offline");
    world.server.revive();
    await tab.says("Online · everything is saved");
    await tab.shows("Ada", "saved");
    assert.deepEqual(await world.names(), ["Ada"]);
  });

  test("a part of the page's code that can't be loaded is asked for again, and no edit is lost", async (world) => {
    // What talks to servers. A browser asks for a module's address only once.
    const part = /\/assets\/sync-[^/]+\.js/;
    let refused = 0;
    await world.browser.tabs.route(part, (route) => {
      refused += 1;
      return route.abort();
    });
    const tab = await world.open();
    await tab.add("Ada");
    await tab.says("Offline · 1 change not saved yet");
    await tab.shows("Ada", "unsaved");
    await until(
      () => refused > 1,
      () => "another request",
    );
    assert.deepEqual(await world.names(), []);

    await world.browser.tabs.unroute(part);
    await tab.says("Online · everything is saved");
    await tab.shows("Ada", "saved");
    assert.deepEqual(await world.names(), ["Ada"]);
  });

  test("the browser is killed after a write", async (world) => {
    const tab = await world.open();
    await tab.says("Online · everything is saved");
    world.server.kill();
    await tab.add("Ada");
    // The row is shown at once; it counts when it is in the log, and there it has to stay.
    await tab.says("Offline · 1 change not saved yet");
    await world.browser.kill();
    await world.browser.launch();
    const again = await world.open();
    await again.shows("Ada", "unsaved");
    await again.screenshot("after the browser was killed");
    world.server.revive();
    await again.shows("Ada", "saved");
    await until(
      async () => (await world.names()).join() === "Ada",
      () => "Ada on the server",
    );
  });

  test("the browser asks before it leaves a page with a write that isn't on the device", async (world) => {
    const tab = await world.open();
    await tab.says("Online · everything is saved");
    world.server.kill();
    await tab.name.click();
    await tab.name.fill("Ada");
    const question = new Promise<string>((resolve) => {
      tab.page.once("dialog", (dialog) => {
        resolve(dialog.type());
        void dialog.dismiss();
      });
    });
    await tab.page.evaluate(() => {
      document.querySelector<HTMLElement>("form button")?.click();
      location.reload();
    });
    assert.equal(await question, "beforeunload");
    await tab.says("1 change not saved yet");
    // There is nothing to ask any more.
    await tab.page.reload();
    await tab.shows("Ada", "unsaved");
    world.server.revive();
    await tab.shows("Ada", "saved");
  });
}
