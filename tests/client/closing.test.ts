// Closing and clearing end, whatever is under way, and what is opened next finds everything again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Server } from "./server/server.js";
import { type Client, generated, POLL } from "./support/generated.js";
import { startServer } from "./support/start.js";
import { until } from "./support/until.js";

const { createClient } = await generated();
type Settings = NonNullable<Parameters<typeof createClient>[0]>;
type Driver = ReturnType<Client["getDatabase"]>;

const LONG_MS = 120_000;
/** At most: by then, all models have begun to load. */
const STEPS = 80;

let server: Server;
/** The database of all tests. Clients close it, and it stays open. */
let driver: Driver;

before(async () => {
  server = await startServer();
  const opened = await createClient().initializeDatabase({ directory: "memory://", sync: false });
  driver = { ...opened, close: async () => {} };
});

after(() => server.close());

function client(settings: Settings = {}): ReturnType<typeof createClient> {
  const headers = { authorization: "Bearer member" };
  return createClient({
    electricUrl: server.url,
    apiBaseUrl: server.url,
    syncUrl: `${server.url}/sync`,
    headers,
    poll: POLL,
    ...settings,
  });
}

async function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} doesn't end`)), LONG_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Waits until the log is empty, and gives the names that the server has. */
async function sent(other: ReturnType<typeof createClient>): Promise<string[]> {
  await until(async () => (await other.getDatabase().query(logged)).length === 0);
  return (JSON.parse(await server.read("projects")) as { name: string }[]).map(({ name }) => name);
}

const logged = { parts: ["SELECT 1 FROM _changes"], parameters: [] };

/** The database; `act` is called at the step with that number: before each call of it, in each transaction, and after each. */
function stepping(number: number, act: () => void): Driver {
  let steps = 0;
  const step = (): void => {
    if (steps === number) act();
    steps += 1;
  };
  const around = async <T>(call: () => Promise<T>): Promise<T> => {
    step();
    try {
      return await call();
    } finally {
      step();
    }
  };
  return {
    ...driver,
    query: (statement) => around(() => driver.query(statement)),
    exec: (script) => around(() => driver.exec(script)),
    transaction: (work) => around(() => driver.transaction((within) => around(() => work(within)))),
  };
}

for (const [name, stop] of [
  ["closed", async (one: ReturnType<typeof createClient>) => one.closeDatabase()],
  [
    "cleared",
    async (one: ReturnType<typeof createClient>) => {
      await one.clearDatabase({ unsent: "discard" });
      await one.closeDatabase();
    },
  ],
] as const) {
  test(`${name} at each step of opening and of the first sync`, async () => {
    let number = 0;
    for (let isOver = false; !isOver && number < STEPS; number += 1) {
      const one = client();
      let ended: Promise<void> | undefined;
      const opened = one.initializeDatabase({
        driver: stepping(number, () => {
          ended = inTime(stop(one), `step ${number}`);
        }),
      });
      await inTime(opened, `opening, ${name} at step ${number}`);
      const isReady = (): boolean => Object.values(one.getSyncStatus().models).every(({ ready }) => ready);
      await until(() => ended !== undefined || isReady());
      isOver = ended === undefined;
      await (ended ?? one.closeDatabase());
      assert.throws(() => one.getDatabase(), /not initialized/);
    }
    assert.ok(number > 20, `only ${number} steps`);
  });
}

test("closed without waiting until it is open, and opened again at once", async () => {
  const one = client();
  const { projects } = one.collections;
  const first = one.initializeDatabase({ directory: "memory://" });
  const closed = one.closeDatabase();
  const second = one.initializeDatabase({ driver });
  const isSame = (await inTime(second, "the second opening")) === (await inTime(first, "the first opening"));
  assert.equal(isSame, false, "what is closed isn't given for what is opened after that");
  await inTime(closed, "closing");
  assert.equal(one.getDatabase(), driver);
  await projects.insert({ name: "after the second opening" }).isPersisted.promise;
  assert.ok((await sent(one)).includes("after the second opening"));
  await one.closeDatabase();
});

test("each of two that close it returns when it is closed", async () => {
  const one = client();
  let isClosed = false;
  const close = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    isClosed = true;
  };
  await one.initializeDatabase({ driver: { ...driver, close } });
  void one.closeDatabase();
  await inTime(one.closeDatabase(), "closing twice");
  assert.equal(isClosed, true);
  await one.closeDatabase();
});

const never = new Promise<never>(() => {});

/** What never ends, and how often it has been asked for. */
function hanging(what: "headers" | "fetch" | "body"): { readonly settings: Settings; readonly calls: () => number } {
  let calls = 0;
  const hang = (): Promise<never> => {
    calls += 1;
    return never;
  };
  const body = new Response("[]", { headers: { "content-type": "application/json" } });
  const settings: Record<typeof what, Settings> = {
    headers: { headers: hang },
    fetch: { fetch: hang },
    body: { fetch: async () => Object.assign(body.clone(), { text: hang }) },
  };
  return { settings: settings[what], calls: () => calls };
}

for (const what of ["headers", "fetch", "body"] as const) {
  test(`closed and cleared while ${what} of the application never ends`, async () => {
    const { settings, calls } = hanging(what);
    const one = client(settings);
    await one.initializeDatabase({ driver });
    await one.collections.projects.insert({ name: `kept from ${what}` }).isPersisted.promise;
    await until(() => calls() > 1);
    await assert.rejects(inTime(one.clearDatabase(), "clearing"), /not on the server/);
    await until(() => calls() > 3);
    await inTime(one.closeDatabase(), "closing");

    const again = client();
    await again.initializeDatabase({ driver });
    assert.ok((await sent(again)).includes(`kept from ${what}`));
    await again.closeDatabase();
  });
}

test("headers that never come are told, and others are taken at once", async () => {
  const one = client(hanging("headers").settings);
  await one.initializeDatabase({ driver });
  await one.collections.projects.insert({ name: "waits for headers" }).isPersisted.promise;
  await until(() => /headers/.test(one.getSyncStatus().lastError ?? ""));
  one.configureSync({ headers: { authorization: "Bearer member" } });
  assert.ok((await sent(one)).includes("waits for headers"));
  await one.closeDatabase();
});

test("a write that waits for the server's answer is told that there will be none", async () => {
  const one = client(hanging("fetch").settings);
  await one.initializeDatabase({ driver });
  const saved = one.collections.settings.insert({ name: "theme", value: "dark" }).isPersisted.promise;
  saved.catch(() => {});
  await until(() => one.getSyncStatus().pending === 1);
  await inTime(one.closeDatabase(), "closing");
  await assert.rejects(inTime(saved, "the write"), /closed before the server has answered/);

  const again = client();
  await again.initializeDatabase({ driver });
  await sent(again);
  assert.match(await server.read("settings"), /"theme"/);
  await again.closeDatabase();
});
