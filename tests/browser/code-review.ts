// The worked example with TanStack Start as somebody starts it, built and in development, on PGlite and on PostgreSQL: two
// users, each with a browser of their own, and one who has none.

import assert from "node:assert/strict";
import { access, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { until } from "../client/support/until.js";
import { beginsWithFile } from "./begins-with-file.js";
import { Browser } from "./browser.js";
import { freePort, NpmRun } from "./npm-run.js";
import { OwnDatabase } from "./own-database.js";

const folder = resolve(process.env["FOLDER"] ?? "");
const SUMMARY = "What you agree on";

/** The page of somebody. */
class Reader {
  readonly browser: Browser;
  readonly page: Page;

  static async signIn(url: string, name: string): Promise<Reader> {
    const browser = await Browser.start();
    const page = await browser.tabs.newPage();
    page.setDefaultTimeout(240_000);
    const hasBegun = beginsWithFile(page);
    await page.goto(url);
    const reader = new Reader(browser, page);
    await page.getByRole("button", { name }).click();
    await reader.says("Live · everything is saved");
    await hasBegun();
    return reader;
  }

  private constructor(browser: Browser, page: Page) {
    this.browser = browser;
    this.page = page;
  }

  async says(status: string): Promise<void> {
    await this.page.getByRole("status").getByText(status).waitFor();
  }

  async comment(line: number, body: string): Promise<void> {
    await this.page.getByRole("button", { name: `Comment on line ${line}`, exact: true }).click();
    await this.page.getByLabel("Comment", { exact: true }).fill(body);
    await this.page.getByRole("button", { name: "Comment", exact: true }).click();
  }

  async summarize(text: string): Promise<void> {
    await this.page.getByPlaceholder(SUMMARY).fill(text);
    await this.page.getByRole("button", { name: "Save" }).click();
  }

  async hasSummary(text: string): Promise<void> {
    await until(
      async () => (await this.page.getByPlaceholder(SUMMARY).inputValue()) === text,
      () => `the summary "${text}"`,
    );
  }

  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: join("screenshots", `${name}.png`) });
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
    let url = "";
    let running: NpmRun;
    let ada: Reader;
    let grace: Reader;

    before(async () => {
      await rm(join(folder, "data"), { recursive: true, force: true });
      const port = await freePort();
      url = kind === "in development" ? `http://localhost:${port}` : `http://127.0.0.1:${port}`;
      await postgres?.create();
      const settings = postgres === undefined ? {} : { DATABASE_URL: postgres.url };
      running = new NpmRun(folder, command, { PORT: String(port), ...settings });
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
      ada = await Reader.signIn(url, "Ada Lovelace");
      grace = await Reader.signIn(url, "Grace Hopper");
    });
    after(async () => {
      await ada?.browser.close();
      await grace?.browser.close();
      await running?.stop();
      await postgres?.drop();
    });

    /** Pushes a comment by the route, without a browser. */
    async function push(cookie: string | null, author: string): Promise<Response> {
      const written_at = new Date().toISOString();
      const value = { review_id: "6b0f6c1e-3c52-4e0e-9a55-0d7c0a5d1a01", line: "3", body: "Raw", author };
      const change = {
        write_id: crypto.randomUUID(),
        transaction_id: "1",
        table: "comments",
        operation: "insert",
        key: { id: crypto.randomUUID() },
        value: { ...value, is_resolved: "false", written_at },
      };
      const body = { protocol: 1, schema: "", client_id: "raw", now: Date.now(), changes: [change] };
      const headers = { "content-type": "application/json", ...(cookie === null ? {} : { cookie }) };
      return fetch(`${url}/api/sync/push`, { method: "POST", headers, body: JSON.stringify(body) });
    }

    test("what one writes, the other sees at once", async () => {
      await ada.comment(19, "This removes the last one if the product isn't there.");
      await grace.page.getByText("This removes the last one").waitFor();
      await grace.comment(1, "Say what is in it.");
      await ada.page.getByText("Say what is in it.").waitFor();
    });

    test("offline, one goes on; a conflict shows both sides, and both see how it is settled", async () => {
      await ada.browser.tabs.setOffline(true);
      await ada.says("Offline");
      await ada.comment(10, "Rounds at the end only?");
      await ada.summarize("The rate has to come from the address.");
      await ada.says("2 changes wait");
      // The page can say that everything is saved before it hears of the edit.
      const taken = grace.page.waitForResponse((answer) => answer.request().postData()?.includes("Fine, once") ?? false);
      await grace.summarize("Fine, once the rate is passed in.");
      await taken;
      await grace.says("Live · everything is saved");
      await ada.browser.tabs.setOffline(false);
      await grace.page.getByText("Rounds at the end only?").waitFor();
      const conflict = ada.page.getByRole("alert");
      await conflict.getByText("The rate has to come from the address.").waitFor();
      await conflict.getByText("Fine, once the rate is passed in.").waitFor();
      await ada.screenshot(`code-review-${postgres === undefined ? (command.at(-1) ?? "") : "postgres"}`);
      await ada.says("1 to settle");
      await ada.hasSummary("Fine, once the rate is passed in.");
      await ada.page.getByRole("button", { name: "Keep mine" }).click();
      await grace.hasSummary("The rate has to come from the address.");
      await ada.hasSummary("The rate has to come from the address.");
      await ada.says("Live · everything is saved");
      await conflict.waitFor({ state: "detached" });
    });

    test("the server's functions refuse who isn't signed in, pages of other sites, and what isn't a push", async () => {
      const isCall = (method: string) => (request: { url(): string; method(): string }) =>
        request.url().includes("/_serverFn/") && request.method() === method;
      const call = grace.page.waitForRequest(isCall("POST"));
      await grace.comment(2, "A class for one list?");
      const request = await call;
      const send = async (headers: Record<string, string>, body: string | null) => {
        const all = { "x-tsr-serverfn": "true", "content-type": "application/json", ...headers };
        const answer = await fetch(request.url(), { method: "POST", headers: all, body });
        await answer.body?.cancel();
        return answer.status;
      };
      const cookie = "code-review-user=grace";
      const own = { "sec-fetch-site": "same-origin" };
      assert.equal(await send({ ...own, cookie }, request.postData()), 200);
      assert.equal(await send(own, request.postData()), 401);
      assert.equal(await send({ "sec-fetch-site": "cross-site", cookie }, request.postData()), 403);
      const other = request.postData()?.replace('"client_id"', '"client"') ?? null;
      assert.equal(await send({ ...own, cookie }, other), 400);
    });

    test("the route has the endpoints, and people sign what they write", async () => {
      assert.equal((await push(null, "ada")).status, 401);
      const statusOf = async (answer: Response) =>
        ((await answer.json()) as { results: { status: string; error?: { code: string } }[] }).results[0];
      assert.equal((await statusOf(await push("code-review-user=ada", "grace")))?.error?.code, "forbidden");
      assert.equal((await statusOf(await push("code-review-user=ada", "ada")))?.status, "applied");
      await grace.page.getByText("Raw").first().waitFor();
    });

    if (postgres !== undefined) {
      test("the rows are in PostgreSQL, and what another application writes there shows at once", async () => {
        const [found] = await postgres.query("SELECT author FROM comments WHERE body = 'Say what is in it.'");
        assert.equal(found?.["author"], "grace");
        await assert.rejects(access(join(folder, "data")));
        await postgres.query("UPDATE comments SET body = 'Say it in one line.' WHERE body = 'Say what is in it.'");
        await Promise.all([ada, grace].map(({ page }) => page.getByText("Say it in one line.").waitFor()));
      });

      test("when PostgreSQL ends all connections, the application opens others", async () => {
        await postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        await ada.comment(5, "Is this for one currency?");
        await grace.page.getByText("Is this for one currency?").waitFor();
        assert.ok(!running.hasEnded, running.said);
      });
    }

    test("a stream ends when its client goes", async () => {
      const looks = () => running.said.split("looks").length - 1;
      const seen = looks();
      await push("code-review-user=ada", "ada");
      await until(() => looks() > seen);
      await ada.browser.close();
      await grace.browser.close();
      // The server hears of it a moment later.
      await until(async () => {
        const before = looks();
        await push("code-review-user=ada", "ada");
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return looks() === before;
      });
    });
  });
}
