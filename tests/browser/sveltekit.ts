// The application of docs/sveltekit.md, built and in development: its endpoints, and a page that uses them.

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../client/support/until.js";
import { Browser } from "./browser.js";
import { freePort, NpmRun } from "./npm-run.js";

const folder = resolve(process.env["FOLDER"] ?? "");
const PATH = process.env["NEWER_NODE"] ?? "";

/** What of an answer the tests look at. */
interface Answer {
  readonly results: readonly { readonly status: string }[];
  readonly changes: readonly { readonly row: { readonly title: string; readonly author: string } | null }[];
  readonly error: { readonly code: string };
}

for (const [kind, command, most] of [
  ["built", ["start"], 512 * 1024],
  ["in development", ["run", "dev", "--", "--host", "127.0.0.1"], 1_000_000],
] as const) {
  describe(kind, () => {
    let url = "";
    let running: NpmRun;

    before(async () => {
      await rm(join(folder, "data"), { recursive: true, force: true });
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const settings = { PATH, PORT: String(port), HOST: "127.0.0.1", SHUTDOWN_TIMEOUT: "1" };
      running = new NpmRun(folder, kind === "built" ? command : [...command, "--port", String(port)], settings);
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
    });
    after(() => running?.stop());

    async function ask(endpoint: string, body: object, cookie = "user=ada"): Promise<[number, Answer]> {
      const headers = { "content-type": "application/json", cookie };
      const request = { protocol: 1, schema: "", client_id: "raw", ...body };
      const answer = await fetch(`${url}/api/sync/${endpoint}`, {
        method: "POST",
        headers,
        body: JSON.stringify(request),
      });
      return [answer.status, (await answer.json()) as Answer];
    }

    function push(title: string, body = "", cookie?: string): Promise<[number, Answer]> {
      const value = { title, body, color: "blue", is_pinned: "false", author: "ada" };
      const change = {
        write_id: crypto.randomUUID(),
        transaction_id: "1",
        table: "notes",
        operation: "insert",
        key: { id: crypto.randomUUID() },
        value: { ...value, created_at: new Date().toISOString() },
      };
      return ask("push", { now: Date.now(), changes: [change] }, cookie);
    }

    const pull = () => ask("pull", { tables: { notes: ["title", "author"] }, cursor: null });

    test("the endpoints answer who is signed in, by the methods that they have", async () => {
      assert.equal((await push("Nobody's", "", ""))[0], 401);
      const [status, { results }] = await push("From a request");
      assert.deepEqual([status, results[0]?.status], [200, "applied"]);
      const [, { changes }] = await pull();
      assert.deepEqual(
        changes.map(({ row }) => row?.title),
        ["From a request"],
      );
      assert.equal((await fetch(`${url}/api/sync/push`)).status, 405);
      // SvelteKit refuses a form of another site where it is built, and the sync server any.
      const form = { method: "POST", headers: { cookie: "user=ada" }, body: new URLSearchParams({ a: "b" }) };
      assert.equal((await fetch(`${url}/api/sync/push`, form)).status, kind === "built" ? 403 : 415);
    });

    test("a body that is too large is refused as such", async () => {
      assert.equal((await push("Long", "x".repeat(most - 2_000)))[0], 200);
      const [status, { error }] = await push("Longer", "x".repeat(most));
      assert.deepEqual([status, error.code], [413, "too_large"]);
    });

    test("a stream of events tells of a push, and ends with its client", async () => {
      const gone = new AbortController();
      const stream = await fetch(`${url}/api/sync/poke`, { headers: { cookie: "user=ada" }, signal: gone.signal });
      assert.equal(stream.headers.get("content-type"), "text/event-stream");
      const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
      const next = async (part: string) => {
        let text = "";
        while (!text.includes(part)) text += (await reader?.read())?.value ?? assert.fail("the stream has ended");
      };
      await next("event: poke");
      await push("News");
      await next("event: poke");
      gone.abort();
      assert.equal((await fetch(`${url}/api/sync/poke`)).status, 401);
    });

    test("a page shows what others write, and its own gets to them", async () => {
      const browser = await Browser.start();
      try {
        const page = await browser.tabs.newPage();
        page.setDefaultTimeout(240_000);
        await page.goto(url);
        await page.getByText("From a request").waitFor();
        await push("While it looks");
        await page.getByText("While it looks").waitFor();
        await page.getByRole("button", { name: "Add" }).click();
        await page.getByText("0 not saved yet").waitFor();
        await until(async () => (await pull())[1].changes.some(({ row }) => row?.author === "somebody"));
      } finally {
        await browser.close();
      }
    });

    test("it ends though a device listens", async () => {
      const stream = await fetch(`${url}/api/sync/poke`, { headers: { cookie: "user=ada" } });
      const end = stream.text().catch(() => "");
      const start = Date.now();
      await running.stop();
      await end;
      assert.ok(Date.now() - start < 20_000, `${String(Date.now() - start)} ms`);
    });
  });
}
