// A new database of PGlite that begins with a file, and one that is made as usual because the file is of no use.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test as nodeTest } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Request } from "playwright-core";
import { build } from "vite";
import { Server } from "../client/server/server.js";
import { isLong } from "../client/support/size.js";
import { Site } from "./site.js";
import type { Tab } from "./tab.js";
import { prepare, type World } from "./world.js";

/** What these tests use of the generated client. */
interface Client {
  initializeDatabase(options: { initialData: string; sync: boolean }): Promise<{
    query(statement: { parts: readonly string[]; parameters: readonly never[] }): Promise<Record<string, unknown>[]>;
  }>;
  closeDatabase(): Promise<void>;
  clearDatabase(options: { unsent: "discard" }): Promise<void>;
  readonly contactsCollection: {
    preload(): Promise<void>;
    insert(row: object): { readonly isPersisted: { readonly promise: Promise<unknown> } };
  };
}

const page = resolve(process.env["ELECTRIC"] ?? "");
const root = join(page, "bare");
const site = join(root, "dist/initial-data");
await build({ root, build: { outDir: site }, logLevel: "error", worker: { format: "es" } });
const file = join(site, "database.tar.gz");

/** Runs the generated script, as the application's build does. */
function make(...files: string[]): { readonly status: number | null; readonly stderr: string } {
  const script = join(page, "src/generated/db/store/sql/pglite/initial-data.mjs");
  // Without what lets PGlite begin with another folder in these tests.
  return spawnSync(process.execPath, [script, ...files], {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
}

const made = make(file);
assert.equal(made.status, 0, made.stderr);
const packed = readFileSync(file);
const folder = gunzipSync(packed);

/** The folder with another text in one of its files. */
function patched(name: string, text: string): Buffer {
  const other = Buffer.from(folder);
  const at = other.indexOf(`${name}\0`);
  assert.notEqual(at, -1, name);
  other.write(text, at + 512);
  return other;
}

writeFileSync(join(site, "unpacked.tar"), folder);
const useless = {
  "missing.tar.gz": "the server answers with 404",
  "index.html": "it isn't a packed data folder",
  "damaged.tar.gz": "",
  "other-version.tar.gz": "PGlite failed to initialize properly",
};
writeFileSync(join(site, "damaged.tar.gz"), Buffer.from(packed).fill(0, 100_000, 100_064));
writeFileSync(join(site, "other-version.tar.gz"), gzipSync(patched("/PG_VERSION", "17")));

const test = prepare(
  (backend) => Site.start(site, backend),
  () => Server.start(),
);

/** Opens the database, and gives the size of its log's segments: only the script makes small ones. */
async function open(tab: Tab, initialData: string): Promise<unknown> {
  return tab.page.evaluate(async (initialData) => {
    const { client } = window as unknown as { client: Client };
    const database = await client.initializeDatabase({ initialData, sync: false });
    const size = "SELECT current_setting('wal_segment_size') AS size";
    return (await database.query({ parts: [size], parameters: [] }))[0]?.["size"];
  }, initialData);
}

async function add(tab: Tab, name: string): Promise<void> {
  await tab.page.evaluate(async (first_name) => {
    const { client } = window as unknown as { client: Client };
    await client.contactsCollection.insert({ first_name, last_name: "" }).isPersisted.promise;
  }, name);
}

async function names(tab: Tab, initialData: string): Promise<unknown[]> {
  return tab.page.evaluate(async (initialData) => {
    const { client } = window as unknown as { client: Client };
    const database = await client.initializeDatabase({ initialData, sync: false });
    const text = "SELECT first_name FROM contacts ORDER BY first_name";
    return (await database.query({ parts: [text], parameters: [] })).map((row) => row["first_name"]);
  }, initialData);
}

/** How often this file is asked for while `work` runs. */
async function requests(world: World, name: string, work: () => Promise<void>): Promise<number> {
  const url = new URL(name, world.host.url).href;
  let count = 0;
  const look = (request: Request) => void (count += Number(request.url() === url));
  world.browser.tabs.on("request", look);
  try {
    await work();
  } finally {
    world.browser.tabs.off("request", look);
  }
  return count;
}

nodeTest("the script leaves a file as it is, unless another version has made it", () => {
  const other = join(site, "again.tar.gz");
  writeFileSync(other, packed);
  const before = statSync(other).mtimeMs;
  assert.equal(make(other).status, 0);
  assert.equal(statSync(other).mtimeMs, before);

  const older = Buffer.from(packed);
  older.write("PGlite 0.0.1", 10);
  writeFileSync(other, older);
  assert.equal(make(other).status, 0);
  assert.deepEqual(readFileSync(other).subarray(0, 24), packed.subarray(0, 24));

  const nothing = make();
  assert.equal(nothing.status, 1);
  assert.match(nothing.stderr, /^Which file\?/);
});

test("a new database begins with the file, and later it isn't asked for", async (world) => {
  const tab = await world.open();
  const first = await requests(world, "database.tar.gz", async () => {
    assert.equal(await open(tab, "/database.tar.gz"), "1MB");
    await add(tab, "Ada");
  });
  assert.equal(first, 1);

  // The tab ends without a word.
  await tab.page.close();
  const again = await world.open();
  const later = await requests(world, "database.tar.gz", async () => {
    assert.equal(await open(again, "/database.tar.gz"), "1MB");
    assert.deepEqual(await names(again, "/database.tar.gz"), ["Ada"]);
    await again.page.evaluate(async () => {
      const { client } = window as unknown as { client: Client };
      await client.clearDatabase({ unsent: "discard" });
      await client.closeDatabase();
    });
    assert.deepEqual(await names(again, "/database.tar.gz"), []);
  });
  assert.equal(later, 0);
});

test("tabs that open a new database together share one", async (world) => {
  const tabs = await Promise.all([world.open(), world.open()]);
  await Promise.all(tabs.map((tab) => open(tab, "/database.tar.gz")));
  await Promise.all(tabs.map((tab, index) => add(tab, `Tab ${index + 1}`)));
  for (const tab of tabs) assert.deepEqual(await names(tab, "/database.tar.gz"), ["Tab 1", "Tab 2"]);
});

test("a server may have the browser unpack the file", async (world) => {
  assert.equal(await open(await world.open(), "/unpacked.tar"), "1MB");
});

for (const [name, why] of Object.entries(useless).slice(0, isLong ? undefined : 1)) {
  test(`a new database is made as usual where the file is of no use: ${name}`, async (world) => {
    const warnings: string[] = [];
    const tab = await world.open();
    tab.page.on("console", (message) => {
      if (message.type() === "warning") warnings.push(message.text());
    });
    assert.equal(await open(tab, `/${name}`), "16MB");
    const url = new URL(name, world.host.url).href;
    const [warning = "", ...others] = warnings;
    assert.ok(warning.startsWith(`The new database is made without ${url}, which takes longer: ${why}`), warning);
    assert.deepEqual(others, []);
    await add(tab, "Ada");
    await tab.page.close();
    assert.deepEqual(await names(await world.open(), `/${name}`), ["Ada"]);
  });
}
