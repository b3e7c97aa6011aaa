// IndexedDB as Chromium has it: what outlives its end, what a full disk and an interrupted upgrade leave, and tabs with other
// versions of the application. The API is away all the time, so every edit stays on the device.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { after, test as nodeTest } from "node:test";
import type { Page } from "playwright-core";
import { build } from "vite";
import { until } from "../client/support/until.js";
import { Browser } from "./browser.js";
import { Site } from "./site.js";

const root = resolve("indexeddb");
const dist = join(root, "dist-bare");
// The client as it was before contacts had a mail, on the same origin.
for (const [folder, base, outDir] of [
  ["bare", "/", dist],
  ["older/bare", "/older/", join(dist, "older")],
] as const) {
  await build({ root: join(root, folder), base, build: { outDir, target: "es2022" }, logLevel: "error" });
}

const browser = await Browser.start();
after(() => browser.close());

/** Each test has an origin where nothing is stored. */
function test(name: string, body: (site: Site) => Promise<void>): void {
  void nodeTest(name, async () => {
    const site = await Site.start(dist, "http://127.0.0.1:9");
    try {
      await body(site);
    } finally {
      for (const page of browser.tabs.pages()) await page.close();
      await site.close();
    }
  });
}

async function load(site: Site, path: "/" | "/older/", script?: string): Promise<Page> {
  const page = await browser.tabs.newPage();
  if (script !== undefined) await page.addInitScript(script);
  await page.goto(site.url + path);
  await page.waitForFunction("globalThis.client !== undefined");
  return page;
}

async function open(site: Site, path: "/" | "/older/" = "/"): Promise<Page> {
  const page = await load(site, path);
  await page.evaluate("client.initializeDatabase({ sync: false }).then(() => {})");
  return page;
}

const inserting = (name: string) =>
  `client.contactsCollection.insert({ first_name: ${JSON.stringify(name)}, last_name: "" }).isPersisted.promise`;

async function insert(page: Page, name: string): Promise<void> {
  await page.evaluate(`${inserting(name)}.then(() => {})`);
}

/** What the collection shows, and what the log has. */
async function names(page: Page): Promise<[shown: string[], logged: string[]]> {
  return page.evaluate(`Promise.all([
    client.contactsCollection.toArrayWhenReady().then((rows) => rows.map((row) => row.first_name).sort()),
    client.getDatabase().getAll("_changes").then((all) => all.map(({ members }) => JSON.parse(members.first_name))),
  ])`);
}

async function status<Value>(page: Page, member: string): Promise<Value> {
  return page.evaluate(`client.getSyncStatus().${member}`);
}

test("what a promise has said to be saved is there after the browser was killed", async (site) => {
  const saved: string[] = [];
  for (let round = 1; round <= 5; round += 1) {
    const page = await open(site);
    await insert(page, `contact ${String(round)}`);
    await browser.kill();
    saved.push(`contact ${String(round)}`);
    await browser.launch();
    assert.deepEqual(await names(await open(site)), [saved, saved]);
  }
});

test("what a full disk has no room for isn't there, which the status tells, and is saved when there is room", async (site) => {
  const page = await load(site, "/");
  const disk = await browser.tabs.newCDPSession(page);
  // Before anything is stored: Chromium remembers for a while how much room there was.
  await disk.send("Storage.overrideQuotaForOrigin", { origin: site.url, quotaSize: 500_000 });
  await page.evaluate("client.initializeDatabase({ sync: false }).then(() => {})");
  await insert(page, "small");
  await page.evaluate("globalThis.errors = []; client.onSyncError(({ message }) => errors.push(message)); undefined");
  // It can't be compressed.
  const large = randomBytes(1_000_000).toString("base64");
  await page.evaluate(`globalThis.saving = ${inserting(large)}; undefined`);
  await until(async () => (await status(page, "unsaved")) === 1);
  assert.equal(await status(page, "pending"), 1);
  assert.match(
    (await page.evaluate<string[]>("errors")).join(),
    /^The local database has no room \(QuotaExceededError\)/,
  );
  const stored: string[] = await page.evaluate(
    `client.getDatabase().getAllKeys("_changes").then((keys) => keys.map(String))`,
  );
  assert.equal(stored.length, 1);
  assert.equal(await page.evaluate(`client.getDatabase().count("contacts_local")`), 1);
  await disk.send("Storage.overrideQuotaForOrigin", { origin: site.url });
  await page.evaluate("saving.then(() => {})");
  await until(async () => (await status(page, "unsaved")) === 0 && (await status(page, "pending")) === 2);
  await page.close();
  const [shown, logged] = await names(await open(site));
  assert.deepEqual(
    [shown, logged],
    [
      [large, "small"],
      ["small", large],
    ],
  );
});

test("an upgrade that ends half-way leaves the database as it was, and an application that is rolled back opens it", async (site) => {
  const older = await open(site, "/older/");
  await insert(older, "first");
  await older.close();
  // The tables of before are dropped by then.
  const stops = `
    const create = IDBDatabase.prototype.createObjectStore;
    IDBDatabase.prototype.createObjectStore = function (...parameters) {
      create.apply(this, parameters);
      console.log("half-way");
      for (;;);
    };`;
  const page = await load(site, "/", stops);
  const isHalfWay = page.waitForEvent("console", (message) => message.text() === "half-way");
  page.evaluate("void client.initializeDatabase({ sync: false })").catch(() => {});
  await isHalfWay;
  await browser.kill();
  await browser.launch();

  const before = await open(site, "/older/");
  assert.deepEqual(await names(before), [["first"], ["first"]]);
  await before.close();
  const upgraded = await open(site);
  await insert(upgraded, "second");
  await upgraded.close();
  assert.deepEqual(await names(await open(site, "/older/")), [
    ["first", "second"],
    ["first", "second"],
  ]);
});

test("a tab that keeps the database is told of, and waited for", async (site) => {
  const older = await open(site, "/older/");
  await insert(older, "first");
  // As a tab that is frozen: it doesn't hear that another one wants to upgrade.
  await older.evaluate(`new Promise((resolve) => {
    indexedDB.open(client.getDatabase().name).onsuccess = ({ target }) => resolve(void (globalThis.kept = target.result));
  })`);
  const page = await load(site, "/");
  await page.evaluate("globalThis.opened = client.initializeDatabase({ sync: false }); undefined");
  await until(async () => (await status(page, "lastError")) !== null);
  assert.match(await status(page, "lastError"), /^Another tab has the local database .* close that tab\.$/);
  // Its own connection is closed, and it is told why.
  assert.equal(await status(page, "opening"), true);
  await older.close();
  await page.evaluate("opened.then(() => {})");
  assert.deepEqual(await names(page), [["first"], ["first"]]);
});

test("tabs that write in turn, and at one time, show the same", async (site) => {
  const tabs = [await open(site), await open(site)] as const;
  for (const tab of tabs) await tab.evaluate("void client.contactsCollection.subscribeChanges(() => {})");
  const written: string[] = [];
  for (let turn = 10; turn < 20; turn += 1) {
    const name = `contact ${String(turn)}`;
    await insert(tabs[turn % 2 === 0 ? 0 : 1], name);
    written.push(name);
  }
  for (let turn = 20; turn < 40; turn += 2) {
    const some = [`contact ${String(turn)}`, `contact ${String(turn + 1)}`] as const;
    await Promise.all([insert(tabs[0], some[0]), insert(tabs[1], some[1])]);
    written.push(...some);
  }
  for (const tab of tabs) {
    await until(async () => (await names(tab))[0].length === written.length);
    assert.deepEqual((await names(tab))[0], written);
  }
});

test("a transaction in which something else is awaited fails, and leaves nothing", async (site) => {
  const page = await open(site);
  const said: string = await page.evaluate(`defaultClient.whenOpen().then(({ store }) =>
    store.transaction(async ({ meta }) => {
      await meta.set("kind", "contacts", "half");
      await new Promise((resolve) => setTimeout(resolve, 50));
      await meta.set("kind", "contacts", "whole");
    }).then(() => "done", (error) => error.message))`);
  assert.match(said, /has ended before its work: something else was awaited in it/);
});
