// What stands between a client and its server: it redirects requests for rows, or answers in the server's place.

import assert from "node:assert/strict";
import type { Answer, Incoming } from "./server/faults.js";
import { generated, inMemory, transport } from "./support/generated.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

/** Somewhere else on the server, where an answer looks like one to a request for projects. */
function elsewhere({ url }: Incoming): string {
  if (transport === "rest") return "/settings";
  if (transport === "push-pull") return "/sync/elsewhere";
  const other = new URL(url);
  other.searchParams.set("table", "tags");
  return `${other.pathname}${other.search}`;
}

test("a redirect to elsewhere isn't the answer to a request for rows: they stay, and the status says where it leads", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await world.converged(client);
  const rows = world.server.rows.requests("projects");
  const isAsked = (request: Incoming): boolean => rows.where?.(request) !== false;
  const away = world.server.faults.add({
    ...rows,
    where: isAsked,
    at: "arrived",
    times: 10_000,
    what: { by: (request): Answer => ({ status: 302, headers: { location: elsewhere(request) } }) },
  });
  world.server.rows.wake();
  world.server.disconnect();
  await world.server.db.exec("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'theirs')");
  await until(
    async () =>
      (await client.status()).errors.some(({ message }) => /redirected to .*isn't what was asked/.test(message)),
    () => "an error about the redirect",
  );
  assert.deepEqual(
    (await client.rows("projects")).map(({ name }) => name),
    ["P"],
  );
  away.end();
  await client.configure({ token: "manager" });
  await world.converged(client);
  await until(async () => (await client.status()).lastError === null);
});

const waits = { rest: undefined, electric: "live requests", "push-pull": "the stream ends" }[transport];

if (waits !== undefined) {
  test("what should wait for news and is answered at once doesn't make a client ask without end, and is told", async () => {
    const client = await world.readyClient();
    let asked = 0;
    const count = ({ url }: Incoming): boolean => {
      if (url.pathname === "/sync/poke" || url.searchParams.get("live") === "true") asked += 1;
      return false;
    };
    world.server.faults.add({ on: "rows", where: count, at: "arrived", times: 10_000, what: "reset" });
    const stream = { "content-type": "text/event-stream" };
    const ended = world.server.faults.add({
      on: "rows",
      where: ({ url }) => url.pathname === "/sync/poke",
      at: "arrived",
      times: 10_000,
      what: { status: 200, headers: stream, body: ": here\n\n" },
    });
    world.server.shapes.options.patience = 1;
    world.server.rows.wake();
    world.server.disconnect();
    await until(
      async () => (await client.status()).errors.some(({ message }) => message.includes(waits)),
      () => waits,
    );
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.ok(asked - before <= 60, `${asked - before} requests in three seconds`);
    await world.server.db.exec("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'theirs')");
    await until(async () => (await client.rows("projects")).length === 1);
    world.server.shapes.options.patience = 20_000;
    ended.end();
    world.server.rows.wake();
    await client.sql`INSERT INTO projects (name) VALUES ('mine')`;
    await world.converged(client);
    await until(async () => (await client.status()).lastError === null);
  });
}

/** Fails where the work takes as long as an answer may: then it has waited for that. */
async function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes too long`)), 20_000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const never = (): Promise<never> => new Promise(() => {});
const hanging = {
  headers: { headers: never },
  fetch: { fetch: never },
  ...(transport === "push-pull" && { functions: { pushPull: { push: never, pull: never, poke: never } } }),
};

for (const [what, settings] of Object.entries(hanging)) {
  test(`${what} of the application that never end hold up neither clearing nor closing`, async () => {
    const { createClient } = await generated();
    const { url } = world.server;
    const one = createClient({ apiBaseUrl: url, electricUrl: url, syncUrl: `${url}/sync`, ...(settings as object) });
    await one.initializeDatabase(inMemory());
    await inTime(one.collections.labels.insert({ name: "kept" }).isPersisted.promise, "a write");
    await until(() => one.getSyncStatus().pending === 1);
    if (what === "headers") await until(() => /headers/.test(one.getSyncStatus().lastError ?? ""));
    await assert.rejects(inTime(one.clearDatabase(), "clearing"), /not on the server/);
    await inTime(one.clearDatabase({ unsent: "discard" }), "clearing");
    await inTime(one.closeDatabase(), "closing");
  });
}
