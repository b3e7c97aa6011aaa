// The worked example as it is started: `npm start`, and Ctrl-C.

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { until } from "../client/support/until.js";
import { beginsWithFile } from "./begins-with-file.js";
import { Browser } from "./browser.js";
import { freePort, NpmRun } from "./npm-run.js";
import { Tab } from "./tab.js";

const folder = resolve(process.env["ADAPTER"] ?? "");
const [port, apiPort] = [await freePort(), await freePort()];
const api = `http://127.0.0.1:${apiPort}/api`;
let running: NpmRun | undefined;
let browser: Browser | undefined;

after(async () => {
  await browser?.close();
  await running?.stop();
});

/** Returns when it says where the page is. */
async function start(): Promise<{ readonly run: NpmRun; readonly url: string }> {
  const run = new NpmRun(folder, ["start"], { PORT: String(port), API_PORT: String(apiPort) });
  running = run;
  await until(
    () => run.hasEnded || run.said.includes("Ctrl-C"),
    () => `a start: ${run.said}`,
  );
  const [, url] = /The page: +(\S+)/.exec(run.said) ?? [];
  assert.ok(url !== undefined && run.said.includes(api), run.said);
  return { run, url };
}

async function mailOf(name: string): Promise<string | null | undefined> {
  const { items } = (await (await fetch(`${api}/contacts`)).json()) as {
    items: { first_name: string; email: string | null }[];
  };
  return items.find((contact) => contact.first_name === name)?.email;
}

test("the example starts with rows, and keeps what is edited while it is stopped", async () => {
  const first = await start();
  browser = await Browser.start();
  const tab = new Tab(await browser.tabs.newPage());
  const hasBegun = beginsWithFile(tab.page);
  await tab.open(first.url);
  await tab.shows("Ada Lovelace", "saved");
  await hasBegun();
  await tab.says("Online · everything is saved");
  await tab.page.getByText("11 contacts").waitFor();
  await tab.setMail("Alan Turing", "alan at work");
  await tab.alert("Change of Alan Turing was refused: email has to be a mail address").waitFor();
  await tab.select("Grace Hopper");
  await tab.page.getByText("Collects moths.").waitFor();

  await first.run.stop();
  await tab.setMail("Grace Hopper", "grace@navy.example");
  await tab.says("Offline · 1 change not saved yet · 1 change refused");
  await tab.shows("Grace Hopper", "unsaved");
  await tab.screenshot("npm start");
  const picture = process.env["SYNC_PATTERNS_PICTURE"];
  if (picture !== undefined)
    await copyFile(join("screenshots", process.env["ADAPTER"] ?? "", "npm-start.png"), picture);

  const second = await start();
  await until(
    async () => (await mailOf("Grace")) === "grace@navy.example",
    () => "the mail on the server",
  );
  await tab.shows("Grace Hopper", "saved");
  await tab.alert("Change of Alan Turing was refused").getByRole("button", { name: "Discard" }).click();
  await tab.says("Online · everything is saved");
  assert.equal(await mailOf("Alan"), "alan@example.com");
  await second.run.stop();
});
