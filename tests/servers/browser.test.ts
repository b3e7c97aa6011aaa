// A page in Chromium whose API is a backend that nobody has prepared: without any CORS through the development server's
// proxy, and with a CORS that allows no more than `content-type`.

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { after, test as nodeTest } from "node:test";
import { createServer } from "vite";
import { Browser } from "../browser/browser.js";
import { Tab } from "../browser/tab.js";
import { until } from "../client/support/until.js";
import { NodeServer } from "./node/server.js";
import { type Backend, Python } from "./support/backend.js";
import type { Generated, Row } from "./support/client.js";
import { Proxy } from "./support/proxy.js";

const isPython = process.env["SCRIPT"] !== undefined;
const model = isPython ? "projects" : "customers";

/** The API without CORS, or with one as somebody has once set it up. */
async function start(hasCors: boolean): Promise<Backend> {
  if (isPython) return Python.start(process.env["SCRIPT"] ?? "", hasCors ? ["--cors"] : []);
  const backend = await NodeServer.start("spring");
  if (!hasCors) return backend;
  const proxy = await Proxy.start(() => backend.url);
  const allowed = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, PUT, DELETE",
    "access-control-allow-headers": "content-type",
  };
  proxy.before = ({ method }) => (method === "OPTIONS" ? { status: 204, headers: allowed, body: "" } : undefined);
  proxy.after = (_, answer) => ({ ...answer, headers: { ...answer.headers, ...allowed } });
  const close = async (): Promise<void> => {
    await proxy.close();
    await backend.close();
  };
  return { url: proxy.url, close };
}

async function develop(root: string, target: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const vite = await createServer({
    root,
    logLevel: "error",
    cacheDir: resolve(root, "../cache"),
    server: {
      host: "127.0.0.1",
      port: 0,
      // The packages are a link.
      fs: { strict: false },
      proxy: { "/api": { target, changeOrigin: true, rewrite: (path) => path.slice("/api".length) } },
    },
  });
  await vite.listen();
  const [url] = vite.resolvedUrls?.local ?? [];
  if (url === undefined) throw new Error("Vite listens nowhere.");
  return { url, close: () => vite.close() };
}

const browser = await Browser.start();
after(() => browser.close());

interface Page {
  readonly client: { createClient?: unknown } & Omit<Generated, "collections"> &
    Readonly<
      Record<
        string,
        {
          readonly toArray: readonly Row[];
          preload(): Promise<void>;
          insert(row: object): { readonly isPersisted: { readonly promise: Promise<unknown> } };
        }
      >
    >;
}

class User {
  readonly tab: Tab;

  static async come(site: string, apiBaseUrl: string): Promise<User> {
    const tab = new Tab(await browser.tabs.newPage());
    await tab.open(site);
    await tab.page.waitForFunction(() => "client" in window);
    await tab.page.evaluate(
      async ([url, model]) => {
        const { client } = window as unknown as Page;
        client.configureSync({ apiBaseUrl: url, poll: 0.5 });
        await client.initializeDatabase();
        await client[`${model}Collection`]?.preload();
      },
      [apiBaseUrl, model] as const,
    );
    return new User(tab);
  }

  private constructor(tab: Tab) {
    this.tab = tab;
  }

  async names(): Promise<unknown[]> {
    return this.tab.page.evaluate((model) => {
      const { client } = window as unknown as Page;
      return (client[`${model}Collection`]?.toArray ?? []).map(({ name }) => name).sort();
    }, model);
  }

  async add(name: string): Promise<void> {
    await this.tab.page.evaluate(
      async ([model, name]) => {
        const { client } = window as unknown as Page;
        await client[`${model}Collection`]?.insert({ name }).isPersisted.promise;
      },
      [model, name] as const,
    );
  }

  async isSaved(): Promise<void> {
    const status = () => this.tab.page.evaluate(() => (window as unknown as Page).client.getSyncStatus());
    let last: Awaited<ReturnType<typeof status>> | undefined;
    await until(
      async () => (last = await status()).pending === 0,
      () => `everything to be saved: ${JSON.stringify(last)}`,
    );
  }

  async shows(...names: string[]): Promise<void> {
    let last: unknown[] = [];
    await until(
      async () => (last = await this.names()).join() === names.join(),
      () => `${names.join()}: ${last.join()}`,
    );
  }
}

function test(name: string, hasCors: boolean, work: (site: string, backend: Backend) => Promise<void>): void {
  void nodeTest(name, { timeout: 600_000 }, async () => {
    const backend = await start(hasCors);
    const site = await develop(resolve("pages", hasCors ? "other-origin" : "proxied", "page"), backend.url);
    try {
      await work(site.url, backend);
    } finally {
      for (const page of browser.tabs.pages().slice(1)) await page.close();
      await site.close();
      await backend.close();
    }
  });
}

async function elsewhere(backend: Backend, name: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${backend.url}/${model}`, { method: "POST", headers, body: JSON.stringify({ name }) });
  assert.ok(answer.ok, await answer.text());
}

async function onServer(backend: Backend): Promise<string[]> {
  const page = (await (await fetch(`${backend.url}/${model}`)).json()) as { items?: Row[]; content?: Row[] };
  return (page.items ?? page.content ?? []).map(({ name }) => String(name)).sort();
}

async function isOnServer(backend: Backend, ...names: string[]): Promise<void> {
  let last: string[] = [];
  await until(
    async () => (last = await onServer(backend)).join() === names.join(),
    () => `${names.join()} on the server: ${last.join()}`,
  );
}

test("no CORS at all, through the proxy, in two tabs", false, async (site, backend) => {
  await elsewhere(backend, "Ada");
  const api = new URL("api", site).href;
  const [one, two] = [await User.come(site, api), await User.come(site, api)];
  for (const user of [one, two]) await user.shows("Ada");
  await one.add("Grace");
  await two.add("Edith");
  for (const user of [one, two]) {
    await user.shows("Ada", "Edith", "Grace");
    await user.isSaved();
  }
  // The tab that syncs closes: the other goes on.
  await one.tab.page.close();
  await elsewhere(backend, "Hedy");
  await two.shows("Ada", "Edith", "Grace", "Hedy");
  await two.add("Joan");
  await isOnServer(backend, "Ada", "Edith", "Grace", "Hedy", "Joan");
  await two.isSaved();
  for (const { tab } of [one, two]) assert.deepEqual(tab.complaints, []);
});

test("another origin that allows only content-type, without idempotency keys", true, async (site, backend) => {
  await elsewhere(backend, "Ada");
  const user = await User.come(site, backend.url);
  await user.shows("Ada");
  await user.add("Grace");
  await isOnServer(backend, "Ada", "Grace");
  await user.isSaved();
  await user.shows("Ada", "Grace");
  assert.deepEqual(user.tab.complaints, []);
});
