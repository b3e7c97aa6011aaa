// Until the page's collection is ready, from the start of the page: with a new database and with one that is there, beside
// a page that does nothing but create a new PGlite. All pages are built for production, and come from this machine.

import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";
import { build } from "vite";
import { median, milliseconds, ratio, table } from "./report.js";
import { serve } from "./site.js";

const ROUNDS = process.argv.includes("--quick") ? 1 : 3;
const PAGES = ["bare", "pglite", "sqlite", "indexeddb"];
/** Milliseconds until the page says that it is ready. */
async function open(browser: BrowserContext, url: string): Promise<number> {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  page.on("console", (message) => console.error(message.text()));
  await page.goto(url);
  await page.waitForFunction(() => /^[\d.]+$/.test(document.title), undefined, { timeout: 120_000 });
  const time = Number(await page.title());
  await page.close();
  return time;
}

const script = "pglite/client/db/store/sql/pglite/initial-data.mjs";
execFileSync(process.execPath, [script, "pglite/public/database.tar.gz"]);
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
const times: Record<string, [number[], number[]]> = Object.fromEntries(PAGES.map((page) => [page, [[], []]]));
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const page of PAGES) {
      const site = await serve(page);
      times[page]?.[0].push(await open(browser, site.url));
      times[page]?.[1].push(await open(browser, site.url));
      site.close();
    }
  }
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}

const bare = median(times["bare"]?.[0] ?? []);
const cells = (found: readonly number[]) => [milliseconds(median(found)), ratio(median(found), bare)];
table(
  ["until it is ready, in Chromium", "new database", "÷ bare", "existing one", "÷ bare"],
  PAGES.map((page) => [page, ...(times[page] ?? []).flatMap(cells)]),
);
