// What a browser doesn't let through, or doesn't tell: redirects, and the CORS settings of an API of another origin.

import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { build } from "vite";
import { Server } from "../client/server/server.js";
import { until } from "../client/support/until.js";
import { Gateway, type GatewayOptions } from "./gateway.js";
import { Site } from "./site.js";
import type { Tab } from "./tab.js";
import { prepare, type World } from "./world.js";

/** What these tests use of the generated client. */
interface Client {
  configureSync(settings: object): void;
  initializeDatabase(): Promise<unknown>;
  getSyncStatus(): Status;
  readonly contactsCollection: {
    preload(): Promise<void>;
    insert(row: object): { readonly isPersisted: { readonly promise: Promise<unknown> } };
  };
}

const root = resolve(process.env["ELECTRIC"] ?? "", "bare");
// A folder of its own: another suite builds the same page, and Vite empties the folder that it writes to.
const site = join(root, "dist/origins");
await build({ root, build: { outDir: site }, logLevel: "error", worker: { format: "es" } });

interface Status {
  readonly opening: boolean;
  readonly online: boolean;
  readonly pending: number;
  readonly errors: readonly { readonly model: string | null; readonly url: string | null; readonly message: string }[];
}

const test = prepare(
  (backend) => Site.start(site, backend),
  () => Server.start(),
);

/** A tab whose client writes to this API. */
async function tabFor(world: World, apiBaseUrl: string): Promise<Tab> {
  const tab = await world.open();
  await tab.page.evaluate(async (url) => {
    const { client } = window as unknown as { client: Client };
    client.configureSync({ electricUrl: location.origin, apiBaseUrl: url });
    await client.initializeDatabase();
    await client.contactsCollection.preload();
  }, apiBaseUrl);
  return tab;
}

async function add(tab: Tab, name: string): Promise<void> {
  await tab.page.evaluate(async (first_name) => {
    const { client } = window as unknown as { client: Client };
    await client.contactsCollection.insert({ first_name, last_name: "" }).isPersisted.promise;
  }, name);
}

async function status(tab: Tab): Promise<Status> {
  return tab.page.evaluate(() => (window as unknown as { client: Client }).client.getSyncStatus());
}

async function arrived(world: World, ...names: string[]): Promise<void> {
  await until(
    async () => (await world.names()).join() === names.join(),
    () => `${names.join()} on the server`,
  );
}

async function withGateway(world: World, options: GatewayOptions, work: (gateway: Gateway) => Promise<void>) {
  const gateway = await Gateway.start(world.server.url, options);
  try {
    await work(gateway);
  } finally {
    await gateway.close();
  }
}

test("an API of another origin that allows only content-type: the status says what to allow", async (world) => {
  await withGateway(world, { headers: "content-type" }, async (gateway) => {
    const tab = await tabFor(world, gateway.url);
    await add(tab, "Ada");
    await until(
      async () => (await status(tab)).errors.some(({ message }) => message.includes("CORS")),
      () => "a word of CORS in the status",
    );
    const { online, pending, errors } = await status(tab);
    const [error] = errors;
    assert.deepEqual([online, pending, error?.model], [true, 1, "contacts"]);
    assert.equal(error?.url, `POST ${gateway.url}/contacts`);
    assert.match(error?.message ?? "", /idempotency-key/);
    assert.match(error?.message ?? "", new RegExp(world.host.url));
    assert.deepEqual(await world.names(), []);
    // As with `idempotency_key: none` in the config.
    await tab.page.evaluate(() =>
      (window as unknown as { client: Client }).client.configureSync({ idempotencyKey: "none" }),
    );
    await arrived(world, "Ada");
    await until(async () => (await status(tab)).pending === 0 && (await status(tab)).errors.length === 0);
    // The browser says so, too, where no page can read it.
    const complaints = tab.complaints.splice(0);
    assert.ok(complaints.every((text) => text.includes("blocked by CORS policy")));
  });
});

test("a server that is away isn't taken for one with CORS settings", async (world) => {
  const gateway = await Gateway.start(world.server.url, { headers: "content-type" });
  const tab = await tabFor(world, gateway.url);
  await gateway.close();
  await add(tab, "Ada");
  await until(async () => !(await status(tab)).online);
  assert.ok((await status(tab)).errors.every(({ message }) => !message.includes("CORS")));
});

test("a redirect to the slash at the end, on another origin", async (world) => {
  await withGateway(world, { headers: "content-type, idempotency-key", hasSlashes: true }, async (gateway) => {
    const tab = await tabFor(world, gateway.url);
    await add(tab, "Ada");
    await arrived(world, "Ada");
    await add(tab, "Grace");
    await arrived(world, "Ada", "Grace");
    const posts = gateway.requests.filter((request) => request.startsWith("POST"));
    assert.deepEqual(posts, ["POST /contacts", "POST /contacts/", "POST /contacts/"], "asked for once");
  });
});

test("303 is the answer, where the document has it", async (world) => {
  await withGateway(world, { headers: "content-type, idempotency-key", seesOther: true }, async (gateway) => {
    const tab = await tabFor(world, gateway.url);
    await add(tab, "Ada");
    await until(async () => (await status(tab)).pending === 0);
    await arrived(world, "Ada");
    assert.deepEqual((await status(tab)).errors, []);
    const posts = gateway.requests.filter((request) => request.startsWith("POST"));
    assert.deepEqual(posts, ["POST /contacts"], "sent once");
  });
});

test("a redirect of a proxied API, which doesn't know its prefix", async (world) => {
  await withGateway(world, { headers: "", hasSlashes: true }, async (gateway) => {
    const host = await Site.start(site, gateway.url);
    const tab = await world.open(host.url);
    await tab.page.evaluate(async () => {
      const { client } = window as unknown as { client: Client };
      client.configureSync({ electricUrl: "http://127.0.0.1:1", apiBaseUrl: `${location.origin}/api` });
      await client.initializeDatabase();
    });
    await add(tab, "Ada");
    await arrived(world, "Ada");
    await tab.page.close();
    await host.close();
  });
});
