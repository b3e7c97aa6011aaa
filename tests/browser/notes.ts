// The worked example with SvelteKit and Drizzle as somebody starts it, built and in development, on PGlite and on PostgreSQL: two
// users, each with a browser of their own.

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { until } from "../client/support/until.js";
import { Browser } from "./browser.js";
import { freePort, NpmRun } from "./npm-run.js";
import { OwnDatabase } from "./own-database.js";

const folder = resolve(process.env["FOLDER"] ?? "");
const PATH = process.env["NEWER_NODE"] ?? "";
const SAVED = "Live · everything is saved";

/** The page of somebody. */
class Writer {
  readonly browser: Browser;
  readonly page: Page;

  static async signIn(url: string, name: string): Promise<Writer> {
    const browser = await Browser.start();
    const page = await browser.tabs.newPage();
    page.setDefaultTimeout(240_000);
    await page.goto(url);
    const writer = new Writer(browser, page);
    await page.getByRole("button", { name }).click();
    await writer.says(SAVED);
    return writer;
  }

  private constructor(browser: Browser, page: Page) {
    this.browser = browser;
    this.page = page;
  }

  async says(status: string): Promise<void> {
    await this.page.getByRole("status").getByText(status).waitFor();
  }

  note(title: string): Locator {
    return this.page.getByRole("article", { name: title, exact: true });
  }

  get queue(): Locator {
    return this.page.getByLabel("Queue").getByRole("listitem");
  }

  async write(title: string, text: string): Promise<void> {
    await this.page.getByRole("button", { name: "New note" }).click();
    await this.note("Untitled").getByLabel("Title").fill(title);
    await this.note(title).getByLabel("Text").fill(text);
    await this.note(title).getByLabel("Text").blur();
  }

  async has(title: string, text: string): Promise<void> {
    await until(
      async () => (await this.note(title).getByLabel("Text").inputValue()) === text,
      () => `"${title}" with "${text}"`,
    );
  }

  async change(title: string, text: string): Promise<void> {
    await this.note(title).getByLabel("Text").fill(text);
    await this.note(title).getByLabel("Text").blur();
  }
}

/** A PostgreSQL, where there is one. */
const server = process.env["POSTGRES"] ?? "";
const database = server === "" ? undefined : new OwnDatabase(folder, server);

for (const [kind, command, postgres] of [
  ["built", ["start"], undefined],
  ["in development", ["run", "dev"], undefined],
  ...(database === undefined ? [] : [["built, on PostgreSQL", ["start"], database] as const]),
] as const) {
  describe(kind, () => {
    let running: NpmRun;
    let url = "";
    let ada: Writer;
    let grace: Writer;

    async function start(port: number): Promise<void> {
      const settings = postgres === undefined ? {} : { DATABASE_URL: postgres.url };
      running = new NpmRun(folder, command, { PATH, PORT: String(port), ...settings });
      const isUp = () =>
        fetch(`${url}/api/sync/health`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until(
        async () => running.hasEnded || (await isUp()),
        () => `a start: ${running.said}`,
      );
      assert.ok(!running.hasEnded, running.said);
    }

    before(async () => {
      await rm(join(folder, "data"), { recursive: true, force: true });
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      await postgres?.create();
      await start(port);
      ada = await Writer.signIn(url, "Ada Lovelace");
      grace = await Writer.signIn(url, "Grace Hopper");
    });
    after(async () => {
      await ada?.browser.close();
      await grace?.browser.close();
      await running?.stop();
      await postgres?.drop();
    });

    test("what one writes, the other sees at once, and the queue is empty again", async () => {
      await ada.write("Tea", "Assam");
      await grace.has("Tea", "Assam");
      await grace.note("Tea").getByRole("button", { name: "Pin", exact: true }).click();
      await ada.note("Tea").getByRole("button", { name: "Pin", exact: true, pressed: true }).waitFor();
      await ada.says(SAVED);
      await ada.page.getByText("The server has everything that was written here.").waitFor();
    });

    test("offline, the queue shows what waits; of one part the later edit holds, and of others both stay", async () => {
      await ada.browser.tabs.setOffline(true);
      await ada.says("Offline");
      await ada.change("Tea", "Darjeeling");
      await ada.note("Tea").getByRole("button", { name: "Make it pink" }).click();
      await ada.write("On the train", "No network, and it is kept.");
      await ada.queue.getByText("On the train").first().waitFor();
      await ada.queue.getByText("waits").first().waitFor();
      await ada.page.screenshot({ path: join("screenshots", `notes-${kind.replaceAll(/\W+/g, "-")}.png`) });
      // Later than hers, though it arrives before.
      await grace.change("Tea", "Earl Grey");
      await grace.says(SAVED);
      await ada.browser.tabs.setOffline(false);
      await ada.says(SAVED);
      await grace.has("On the train", "No network, and it is kept.");
      await ada.has("Tea", "Earl Grey");
      await grace.has("Tea", "Earl Grey");
      await until(async () => ((await grace.note("Tea").getAttribute("class")) ?? "").includes("pink"));
    });

    test("what is thrown away goes everywhere, and comes back with its author", async () => {
      await ada.write("Old", "Not needed");
      await grace.has("Old", "Not needed");
      await grace.note("Old").getByRole("button", { name: "Throw away" }).click();
      await ada.note("Old").waitFor({ state: "detached" });
      await grace.page.getByRole("button", { name: "Bring it back" }).click();
      await ada.has("Old", "Not needed");
      await ada.note("Old").getByText("Ada", { exact: true }).waitFor();
      await grace.says(SAVED);
    });

    test("nobody writes without a session, or in the name of somebody else", async () => {
      const push = async (cookie: string) => {
        const change = {
          write_id: crypto.randomUUID(),
          transaction_id: "1",
          table: "notes",
          operation: "insert",
          key: { id: crypto.randomUUID() },
          value: {
            title: "Forged",
            body: "",
            color: "blue",
            is_pinned: "false",
            author: "grace",
            created_at: "2026-01-01",
          },
        };
        const body = { protocol: 1, schema: "", client_id: "raw", now: Date.now(), changes: [change] };
        const headers = { "content-type": "application/json", cookie };
        return fetch(`${url}/api/sync/push`, { method: "POST", headers, body: JSON.stringify(body) });
      };
      assert.equal((await push("")).status, 401);
      const { results } = (await (await push("notes-user=ada")).json()) as { results: { error?: { code: string } }[] };
      assert.equal(results[0]?.error?.code, "forbidden");
    });

    test("with the server gone, both go on; it comes back with all of it", async () => {
      const port = Number(new URL(url).port);
      await running.stop();
      await ada.says("Offline");
      await ada.write("Meanwhile", "The server was away.");
      // What the queue has is on the disk.
      await ada.queue.getByText("body").waitFor();
      await ada.page.reload().catch(() => {});
      await start(port);
      await ada.page.goto(url);
      await ada.has("Meanwhile", "The server was away.");
      await grace.has("Meanwhile", "The server was away.");
    });
  });
}
