import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test as nodeTest } from "node:test";
import type { PGlite } from "@electric-sql/pglite";
import type { Faults } from "../client/server/faults.js";
import type { Exchange } from "../client/server/server.js";
import { Browser } from "./browser.js";
import { ExampleServer } from "./example-server.js";
import { IDENTITY } from "./site.js";
import { Tab } from "./tab.js";

/** An API with contacts and notes: that of the example, or that of the client's suites. */
export interface Backend {
  readonly url: string;
  readonly db: PGlite;
  readonly faults: Faults;
  readonly exchanges: readonly Exchange[];
  kill(): void;
  revive(): void;
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Something that serves the page. */
export interface Host {
  readonly url: string;
  close(): Promise<void>;
}

export interface Contact {
  readonly first_name: string;
  readonly email: string | null;
}

/** What a test has: a server without rows, the page on an origin where nothing is stored, and a browser. */
export class World {
  readonly tabs: Tab[] = [];
  readonly server: Backend;
  readonly browser: Browser;
  readonly host: Host;

  constructor(server: Backend, browser: Browser, host: Host) {
    this.server = server;
    this.browser = browser;
    this.host = host;
  }

  async open(path = ""): Promise<Tab> {
    const tab = new Tab(await this.browser.tabs.newPage());
    this.tabs.push(tab);
    await tab.open(new URL(path, this.host.url).href);
    return tab;
  }

  /** A request of somebody else. */
  async elsewhere(method: string, path: string, body?: object): Promise<void> {
    const response = await fetch(this.server.url + path, {
      method,
      headers: { ...IDENTITY, "idempotency-key": randomUUID() },
      ...(body && { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, await response.text());
  }

  async addElsewhere(name: string): Promise<string> {
    const id = randomUUID();
    await this.elsewhere("POST", "/contacts", { id, first_name: name, last_name: "" });
    return id;
  }

  /** What the server has, by name. */
  async contacts(): Promise<Contact[]> {
    const { rows } = await this.server.db.query<Contact>("SELECT first_name, email FROM contacts ORDER BY first_name");
    return rows;
  }

  async names(): Promise<string[]> {
    return (await this.contacts()).map((contact) => contact.first_name);
  }
}

export type Test = (name: string, body: (world: World) => Promise<void>) => void;

let server: Backend;
let browser: Browser;

/** One server and one browser for all tests of a process; each test has a page on an origin of its own. */
export function prepare(
  serve: (backend: string) => Promise<Host>,
  startServer: () => Promise<Backend> = () => ExampleServer.start(),
): Test {
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  return (name, body) => {
    void nodeTest(name, async () => {
      server ??= await startServer();
      browser ??= await Browser.start();
      await server.reset();
      const world = new World(server, browser, await serve(server.url));
      try {
        await body(world);
        assert.deepEqual(
          world.tabs.flatMap((tab) => tab.complaints),
          [],
        );
        if (server instanceof ExampleServer) assert.deepEqual(server.misused, []);
      } catch (error) {
        await explain(name, world);
        throw error;
      } finally {
        for (const { page } of world.tabs) await page.close();
        await world.host.close();
      }
    });
  };
}

async function explain(name: string, world: World): Promise<void> {
  for (const [index, tab] of world.tabs.entries()) {
    if (tab.page.isClosed()) continue;
    await tab.screenshot(`failed ${name} ${index + 1}`).catch(() => {});
    console.error(`Tab ${index + 1}:\n${await tab.page.locator("body").innerText().catch(String)}`);
  }
  const complaints = new Set(world.tabs.flatMap((tab) => tab.complaints));
  console.error("Complaints:", [...complaints].slice(0, 5));
  console.error(
    "Requests:",
    world.server.exchanges
      .slice(0, 30)
      .map(({ method, url, body, status }) => `${method} ${url.pathname} ${body} → ${status}`),
  );
}

/** What the server waits for. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
