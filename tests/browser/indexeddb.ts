// IndexedDB as Chromium has it: what outlives its end, what a full disk and an interrupted upgrade leave, and tabs with other
// versions of the application. The API is away all the time, so every edit stays on the device.

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { after, test as nodeTest } from "node:test";
import type { Page } from "playwright-core";
import { build } from "vite";
import { fill, onSmallDisk } from "../client/support/small-disk.js";
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

async function load(site: Site, path: "/" | "/older/", script?: string, of = browser): Promise<Page> {
  const page = await of.tabs.newPage();
  page.setDefaultTimeout(240_000);
  if (script !== undefined) await page.addInitScript(script);
  await page.goto(site.url + path);
  await page.waitForFunction("globalThis.client !== undefined");
  return page;
}

async function open(site: Site, path: "/" | "/older/" = "/", of = browser): Promise<Page> {
  const page = await load(site, path, undefined, of);
  await page.evaluate("client.initializeDatabase({ sync: false }).then(() => {})");
  return page;
}

const inserting = (name: string) =>
  `client.contactsCollection.insert({ first_name: ${JSON.stringify(name)}, last_name: "" }).isPersisted.promise`;

async function insert(page: Page, name: string): Promise<void> {
  await page.evaluate(`${inserting(name)}.then(() => {})`);
}

/** What the collection shows, and the new rows that the log has. */
async function names(page: Page): Promise<[shown: string[], logged: string[]]> {
  return page.evaluate(`Promise.all([
    client.contactsCollection.toArrayWhenReady().then((rows) => rows.map((row) => row.first_name).sort()),
    client.getDatabase().getAll("_changes").then((all) =>
      all.filter(({ operation }) => operation === "insert").map(({ members }) => JSON.parse(members.first_name))),
  ])`);
}

/** What the log has of each contact: its name, or that it was changed. */
async function logged(page: Page): Promise<string[]> {
  return page.evaluate(`client.getDatabase().getAll("_changes").then((all) =>
    all.map(({ operation, members }) => (operation === "insert" ? JSON.parse(members.first_name) : "changed")))`);
}

async function status<Value>(page: Page, member: string): Promise<Value> {
  return page.evaluate(`client.getSyncStatus().${member}`);
}

/** It takes longer to write this than to kill a browser. */
const LARGE = "x".repeat(20_000_000);

test("what a promise has said to be saved is there after the browser was killed", async (site) => {
  const saved: string[] = [];
  for (let round = 1; round <= 3; round += 1) {
    const name = `contact ${String(round)}`;
    const id = randomUUID();
    const writes: [script: string, entries: string[]][] = [
      [`insert({ id: "${id}", first_name: "${name}", last_name: "" })`, [name]],
      [`update("${id}", (row) => { row.last_name = large })`, [name, "changed"]],
      [`delete("${id}")`, []],
      [`insert({ first_name: "${name}", last_name: large })`, [name]],
    ];
    for (const [write, entries] of writes) {
      const page = await open(site);
      await page.evaluate(`globalThis.large = "x".repeat(${String(LARGE.length)}); undefined`);
      await page.evaluate("client.contactsCollection.preload().then(() => {})");
      await page.evaluate(`client.contactsCollection.${write}.isPersisted.promise.then(() => {})`);
      await browser.kill();
      await browser.launch();
      assert.deepEqual(await logged(await open(site)), [...saved, ...entries], write);
    }
    saved.push(name);
  }
  const page = await open(site);
  assert.deepEqual(await names(page), [saved, saved]);
});

test("what a user writes is on the disk when its promise says so, and survives a power cut", async (site) => {
  const page = await load(
    site,
    "/",
    `globalThis.begun = [];
     const begin = IDBDatabase.prototype.transaction;
     IDBDatabase.prototype.transaction = function (...parameters) {
       const made = begin.apply(this, parameters);
       begun.push([made.mode, made.durability, [...made.objectStoreNames].includes("_changes")].join());
       return made;
     };`,
  );
  await page.evaluate("client.initializeDatabase({ sync: false }).then(() => {})");
  await page.evaluate("client.contactsCollection.preload().then(() => (begun.length = 0))");
  const id = randomUUID();
  for (const write of [
    `insert({ id: "${id}", first_name: "one", last_name: "" })`,
    `update("${id}", (row) => { row.last_name = "two" })`,
    `delete("${id}")`,
  ]) {
    await page.evaluate(`client.contactsCollection.${write}.isPersisted.promise.then(() => {})`);
  }
  const begun = await page.evaluate<string[]>("begun.filter((one) => !one.startsWith('readonly'))");
  assert.deepEqual(
    begun,
    Array.from({ length: 3 }, () => "readwrite,strict,true"),
  );
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
  assert.deepEqual([shown, logged], [[large, "small"].sort(), ["small", large]]);
});

/** In a browser of its own, whose profile is on a disk of 128 MB. */
function onFullDisk(name: string, body: (small: Browser, site: Site, folder: string) => Promise<string[]>): void {
  void nodeTest(name, () =>
    onSmallDisk(async (folder) => {
      const site = await Site.start(dist, "http://127.0.0.1:9");
      const small = await Browser.start(folder);
      try {
        const saved = await body(small, site, folder);
        // Chromium removes a database whose log has something behind a record that was cut off.
        await small.kill();
        await small.launch();
        const page = await open(site, "/", small);
        assert.deepEqual(await names(page), [[...saved].sort(), saved]);
        const facts: string[] = await page.evaluate(`client.getDatabase().getAllKeys("_sync_meta")`);
        assert.deepEqual(
          facts.filter((fact) => fact.startsWith("filler")),
          [],
        );
      } finally {
        await small.close();
        await site.close();
      }
    }),
  );
}

/** Gives what says when it is saved. */
async function refused(page: Page, name: string): Promise<() => Promise<void>> {
  await page.evaluate("globalThis.errors = []; client.onSyncError(({ message }) => errors.push(message)); undefined");
  await page.evaluate(`globalThis.saving = ${inserting(name)}; undefined`);
  await until(async () => (await status(page, "unsaved")) === 1);
  assert.match(
    await page.evaluate<string>(`errors.at(-1) ?? ""`),
    /^The local database (can't be .*: the disk is full, or fails|has no room .*)\.$/,
  );
  return () => page.evaluate("saving.then(() => {})");
}

onFullDisk("what a full disk has no room for waits, and is saved when there is room", async (small, site, folder) => {
  const page = await open(site, "/", small);
  const saved = ["first"];
  await insert(page, "first");
  // The browser has large values in files.
  for (const size of [2_000, 1_000_000]) {
    const makeRoom = fill(folder);
    const name = randomBytes(size).toString("base64");
    const isSaved = await refused(page, name);
    await makeRoom();
    await isSaved();
    saved.push(name);
    await until(async () => (await status(page, "unsaved")) === 0);
    await until(async () => (await status(page, "pending")) === saved.length);
  }
  return saved;
});

onFullDisk("what is saved after the page was closed on a full disk is there", async (small, site, folder) => {
  const page = await open(site, "/", small);
  await insert(page, "first");
  const makeRoom = fill(folder);
  await refused(page, randomBytes(2_000).toString("base64"));
  await page.close();
  await makeRoom();
  await insert(await open(site, "/", small), "second");
  return ["first", "second"];
});

test("an upgrade that fails half-way leaves the database as it was, and the next one is whole", async (site) => {
  const older = await open(site, "/older/");
  await insert(older, "first");
  await older.close();
  // Tables were dropped by then, and one was made.
  const page = await load(
    site,
    "/",
    `const create = IDBDatabase.prototype.createObjectStore;
     IDBDatabase.prototype.createObjectStore = function (...parameters) {
       create.apply(this, parameters);
       throw new Error("on purpose");
     };`,
  );
  const said: string = await page.evaluate(
    `client.initializeDatabase({ sync: false }).then(() => "opened", (error) => error.message)`,
  );
  assert.match(said, /on purpose/);
  await page.close();
  const before = await open(site, "/older/");
  assert.deepEqual(await names(before), [["first"], ["first"]]);
  await before.close();
  assert.deepEqual(await names(await open(site)), [["first"], ["first"]]);
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
  assert.deepEqual(await names(upgraded), [["first"], ["first"]]);
  await upgraded.evaluate(`client.contactsCollection
    .insert({ first_name: "second", last_name: "", email: "second@example.org" }).isPersisted.promise.then(() => {})`);
  await upgraded.close();
  const rolledBack = await open(site, "/older/");
  const [shown] = await names(rolledBack);
  assert.deepEqual(shown, ["first", "second"]);
  // It has no mail: what was said of that is kept, and shown.
  await until(async () => (await status(rolledBack, "pending")) === 2 && (await status(rolledBack, "rejected")) === 1);
  await insert(rolledBack, "third");
  await rolledBack.close();
  const again = await open(site);
  assert.deepEqual((await names(again))[0], ["first", "second", "third"]);
});

test("a tab with the older application lets go of the database, and is told", async (site) => {
  const older = await open(site, "/older/");
  await insert(older, "first");
  const page = await open(site);
  assert.deepEqual(await names(page), [["first"], ["first"]]);
  // Nobody was in the way.
  assert.equal(await status(page, "lastError"), null);
  await until(() => status(older, "outdated"));
  const said: string = await older.evaluate(`${inserting("late")}.then(() => "saved", (error) => error.message)`);
  assert.match(said, /Another tab has loaded another version of this application.*Load this page again/);
  assert.deepEqual(await names(page), [["first"], ["first"]]);
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
  assert.equal(await status(page, "opening"), true);
  // Nothing is changed below the tab that keeps it.
  assert.deepEqual(
    await older.evaluate(`new Promise((resolve) => {
      kept.transaction("_changes").objectStore("_changes").count().onsuccess = ({ target }) => resolve(target.result);
    })`),
    1,
  );
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
    await until(async () => (await status(tab, "pending")) === written.length);
  }
});

test("a transaction in which something else is awaited fails", async (site) => {
  const page = await open(site);
  const works = [
    "new Promise((resolve) => setTimeout(resolve, 50)).then(() => meta.set('kind', 'contacts', 'whole'))",
    "fetch('/').then(() => meta.set('kind', 'contacts', 'whole'))",
    // Nothing comes after it.
    "new Promise((resolve) => setTimeout(resolve, 50))",
  ];
  for (const work of works) {
    const said: string = await page.evaluate(`defaultClient.whenOpen().then(({ store }) =>
      store.transaction(async ({ meta }) => {
        await meta.clientId();
        await ${work};
      }).then(() => "done", (error) => error.message))`);
    assert.match(said, /has ended before its work: something else was awaited in it/, work);
  }
  const kept = await page.evaluate(`defaultClient.whenOpen().then(({ store }) => store.meta.get("kind", "contacts"))`);
  assert.equal(kept, undefined);
});
