// An application with Next.js, built with each of its bundlers: a page for each database.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { until } from "../client/support/until.js";
import { Browser } from "./browser.js";
import { freePort, NpmRun } from "./npm-run.js";
import { Tab } from "./tab.js";

const folder = resolve(process.env["FOLDER"] ?? "");
const settings = { NEXT_TELEMETRY_DISABLED: "1" };

for (const bundler of ["turbopack", "webpack"]) {
  describe(bundler, () => {
    let url = "";
    let running: NpmRun;
    let browser: Browser;

    before(async () => {
      const { NODE_OPTIONS: _, ...inherited } = process.env;
      const env = { ...inherited, ...settings };
      await promisify(execFile)("npm", ["run", "build", "--", `--${bundler}`], { cwd: folder, env });
      const port = String(await freePort());
      url = `http://127.0.0.1:${port}`;
      running = new NpmRun(folder, ["start", "--", "--hostname", "127.0.0.1", "--port", port], settings);
      const isUp = () =>
        fetch(`${url}/api/notes`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until(
        async () => running.hasEnded || (await isUp()),
        () => `a start: ${running.said}`,
      );
      assert.ok(!running.hasEnded, running.said);
      browser = await Browser.start();
    });
    after(async () => {
      await browser?.close();
      await running?.stop();
    });

    for (const database of ["pglite", "sqlite", "indexeddb"]) {
      test(`${database}: rows come and go, and are there again without the API`, async () => {
        const tab = new Tab(await browser.tabs.newPage());
        const { page } = tab;
        await tab.open(`${url}/${database}`);
        const shows = (text: string) => page.getByText(text, { exact: true }).first().waitFor();
        await shows("From the server");
        await page.getByRole("button", { name: "Add" }).click();
        await shows("From the page");
        await until(async () => {
          const notes = (await (await fetch(`${url}/api/notes`)).json()) as readonly { readonly title: string }[];
          return notes.some(({ title }) => title === "From the page");
        });
        await shows("open, 0 unsent");
        await page.route("**/api/notes*", (route) => route.abort());
        await page.reload();
        await shows("From the server");
        await shows("From the page");
        assert.deepEqual(tab.complaints, []);
        await page.close();
      });
    }
  });
}
