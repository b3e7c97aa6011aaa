// The worked example as it is started: `npm start`, and Ctrl-C.

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { until } from "../client/support/until.js";
import { Browser } from "./browser.js";
import { Tab } from "./tab.js";

const folder = resolve(process.env["ADAPTER"] ?? "");
const [port, apiPort] = [await freePort(), await freePort()];
const api = `http://127.0.0.1:${apiPort}/api`;
let running: ChildProcess | undefined;
let browser: Browser | undefined;

after(async () => {
  await browser?.close();
  if (running !== undefined) await stop(running);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Returns when it says where the page is. */
async function start(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  // With its own PGlite, from nothing.
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = { ...inherited, PORT: String(port), API_PORT: String(apiPort) };
  // A group of its own, as a terminal makes one: Ctrl-C reaches all of it.
  const child = spawn("npm", ["start"], { cwd: folder, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running = child;
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => (said += data.toString()));
  await until(
    () => child.exitCode !== null || said.includes("Ctrl-C"),
    () => `a start: ${said}`,
  );
  const [, url] = /The page: +(\S+)/.exec(said) ?? [];
  assert.ok(url !== undefined && said.includes(api), said);
  return { child, url };
}

async function stop(child: ChildProcess): Promise<void> {
  const end = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-(child.pid ?? 0), "SIGINT");
  await end;
  running = undefined;
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
  await tab.open(first.url);
  await tab.shows("Ada Lovelace", "saved");
  await tab.says("Online · everything is saved");
  await tab.page.getByText("11 contacts").waitFor();
  await tab.setMail("Alan Turing", "alan at work");
  await tab.alert("Change of Alan Turing was refused: email has to be a mail address").waitFor();
  await tab.select("Grace Hopper");
  await tab.page.getByText("Collects moths.").waitFor();

  await stop(first.child);
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
  await stop(second.child);
});
