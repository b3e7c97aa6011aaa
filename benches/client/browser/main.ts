// Rows in Chromium: until all of them are on the device, until the collection of them is ready after a reload, until a local
// write is saved, and what memory all of the browser's processes have then; beside a page that does the least of it with
// IndexedDB alone. All pages are built for production.

import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";
import { build } from "vite";
import { median, milliseconds, ratio, table } from "./report.js";
import { serve } from "./site.js";

const SIZES = process.argv.includes("--quick") ? [10_000] : [10_000, 100_000];
const ROUNDS = process.argv.includes("--quick") ? 1 : 3;
const PAGES = ["bare", "pglite", "sqlite", "indexeddb"];
/** The first writes warm the code up. */
const WARM = 10;

/** What a page tells: milliseconds. */
interface Told {
  readonly load: number;
  readonly ready: number;
  readonly writes: readonly number[];
  /** Of the bare page: the requests of the client's insert, without its code. */
  readonly inserts?: readonly number[];
}

function rowsOf(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
    first_name: `First ${String(index)}`,
    last_name: `Last ${String(index)}`,
    email: index % 3 === 0 ? null : `contact${String(index)}@example.com`,
    created_at: "2026-01-02T03:04:05.678Z",
    updated_at: "2026-02-03T04:05:06.789Z",
    write_id: null,
  }));
  return JSON.stringify(rows);
}

/** Of all processes of the browser, in megabytes: what several of them share counts once. */
async function memory(): Promise<number> {
  const parents = new Map<string, string>();
  const own = new Set<string>();
  for (const id of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [command, status] = await Promise.all(
      ["cmdline", "status"].map((file) => readFile(join("/proc", id, file), "utf8").catch(() => "")),
    );
    parents.set(id, /^PPid:\s+(\d+)/m.exec(status ?? "")?.[1] ?? "");
    if (command?.includes(`--user-data-dir=${profile}`)) own.add(id);
  }
  // Those with pages don't name the profile: others of the browser have begun them.
  const isOwn = (id: string | undefined): boolean => id !== undefined && (own.has(id) || isOwn(parents.get(id)));
  let sum = 0;
  for (const id of [...parents.keys()].filter(isOwn)) {
    const kept = await readFile(join("/proc", id, "smaps_rollup"), "utf8").catch(() => "");
    sum += Number(/^Pss:\s+(\d+)/m.exec(kept)?.[1] ?? 0) / 1024;
  }
  return sum;
}

async function open(browser: BrowserContext, url: string): Promise<Told & { readonly memory: number }> {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(url);
  await page.waitForFunction(() => document.title.startsWith("{"), undefined, { timeout: 600_000 });
  const told = JSON.parse(await page.title()) as Told;
  const used = await memory();
  await page.close();
  return { ...told, memory: used };
}

execFileSync(process.execPath, ["pglite/client/db/store/sql/pglite/initial-data.mjs", "pglite/public/database.tar.gz"]);
for (const page of PAGES) {
  await build({ root: page, logLevel: "error", worker: { format: "es" }, build: { target: "es2022" } });
}

const profile = await mkdtemp(join(tmpdir(), "sync-patterns-bench-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env["CHROMIUM"] ?? "chromium",
  args: ["--disable-background-networking", "--disable-component-update", "--disable-gpu", "--no-first-run"],
  chromiumSandbox: false,
  headless: true,
});
try {
  for (const size of SIZES) {
    const answer = rowsOf(size);
    const none = (): number[] => [];
    const found = new Map(
      PAGES.map((page) => [page, { load: none(), ready: none(), write: none(), insert: none(), memory: none() }]),
    );
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [page, times] of found) {
        const site = await serve(page, answer);
        const fresh = await open(browser, site.url);
        times.load.push(fresh.load);
        const again = page === "bare" ? fresh : await open(browser, site.url);
        times.ready.push(again.ready);
        times.write.push(median(again.writes.slice(WARM)));
        times.insert.push(median((again.inserts ?? []).slice(WARM)));
        times.memory.push(again.memory);
        site.close();
      }
    }
    const bare = found.get("bare");
    table(
      [
        `${String(size)} rows, in Chromium`,
        "first load",
        "÷ bare",
        "a local write",
        "÷ bare",
        "÷ the same requests",
        "ready after a reload",
        "memory",
      ],
      [...found].map(([page, { load, ready, write, memory }]) => {
        const pair = (times: readonly number[], other: readonly number[] = []) => [
          milliseconds(median(times)),
          ratio(median(times), median(other)),
        ];
        return [
          page,
          ...pair(load, bare?.load),
          ...pair(write, bare?.write),
          ratio(median(write), median(bare?.insert ?? [])),
          page === "bare" ? "" : milliseconds(median(ready)),
          `${median(memory).toFixed(0)} MB`,
        ];
      }),
    );
  }
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
