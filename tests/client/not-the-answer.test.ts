// An answer counts only as the answer to the write: whatever else looks like success is tried again, and nothing is lost.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, type Answering, type Incoming, status } from "./server/faults.js";
import type { Client } from "./support/client.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

const redirected = (code: number, location: (url: URL) => string): Answering => ({
  by: ({ url }) => ({ status: code, headers: { location: location(url) } }),
});

/** What a proxy or a hotspot puts in the API's place. */
const page: Answer = {
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: "<!doctype html><title>Welcome</title>",
};

const isBare = ({ url }: Incoming): boolean => !url.pathname.endsWith("/");

/** Waits until the status says that a write fails, with its model and URL. */
async function failing(client: Client, model: string, path: string, message: RegExp): Promise<void> {
  await until(
    async () => {
      const { errors } = await client.status();
      const error = errors.find((one) => one.model === model);
      return error !== undefined && (error.url ?? "").includes(path) && message.test(error.message);
    },
    () => `an error of ${model}, at ${path}: ${message}`,
  );
}

for (const code of [301, 302, 307, 308]) {
  test(`${code} to the slash at the end: the write goes there, with its method and body`, async () => {
    const client = await world.readyClient();
    const turn = world.server.faults.add({
      on: "* *",
      where: isBare,
      at: "arrived",
      times: 1000,
      what: redirected(code, (url) => `${url.pathname}/`),
    });
    const id = randomUUID();
    await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
    await client.allSettled();
    await client.sql`UPDATE projects SET name = 'Q' WHERE id = ${id}`;
    await client.allSettled();
    await client.sql`UPDATE projects SET color = 'red' WHERE id = ${id}`;
    await client.sql`INSERT INTO projects (name) VALUES ('another')`;
    await client.allSettled();
    const writes = world.server.exchanges.filter(({ method }) => method !== "GET");
    const isAt = (method: string, bare: boolean) =>
      writes.filter((one) => one.method === method && isBare(one) === bare);
    assert.deepEqual([isAt("POST", true).length, isAt("PATCH", true).length], [1, 1], "asked for once");
    assert.deepEqual([isAt("POST", false).length, isAt("PATCH", false).length], [2, 2]);
    // The API has moved back.
    turn.end();
    world.server.faults.add({ on: "PATCH /projects", where: (one) => !isBare(one), at: "arrived", what: status(404) });
    await client.sql`UPDATE projects SET color = 'blue' WHERE id = ${id}`;
    await world.converged(client);
    assert.deepEqual(await client.rejected(), []);
  });
}

test("a write has the query parameters that the application gives, also where it is redirected", async () => {
  const client = await world.readyClient();
  await client.configure({ writeParams: { projects: { api_key: "a b&c" } } });
  world.server.faults.add({
    on: "* *",
    where: isBare,
    at: "arrived",
    times: 1000,
    what: redirected(307, ({ pathname, search }) => `${pathname}/${search.replaceAll("%20", "+")}`),
  });
  const id = randomUUID();
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
  await client.allSettled();
  await client.sql`UPDATE projects SET name = 'Q' WHERE id = ${id}`;
  await client.sql`INSERT INTO labels (name) VALUES ('L')`;
  await world.converged(client);
  assert.deepEqual(await client.rejected(), []);
  const writes = world.server.exchanges.filter(({ method }) => method !== "GET");
  const queries = (model: string) => [
    ...new Set(writes.filter(({ url }) => url.pathname.startsWith(`/${model}`)).map(({ url }) => url.search)),
  ];
  assert.deepEqual([queries("projects"), queries("labels")], [["?api_key=a%20b%26c"], [""]]);
});

for (const code of [301, 302, 303, 307]) {
  test(`${code} to a page to log in: waits for other headers, and sends nothing there`, async () => {
    const client = await world.readyClient();
    // To the test server, a path with one name is a list.
    for (const on of ["* /login", "rows"]) {
      const isLogin = ({ url }: Incoming): boolean => url.pathname === "/login";
      world.server.faults.add({ on, where: isLogin, at: "arrived", times: 1000, what: page });
    }
    const away = world.server.faults.add({
      on: "POST /projects",
      at: "arrived",
      times: 1000,
      what: redirected(code, () => "/login?next=projects"),
    });
    await client.sql`INSERT INTO projects (name) VALUES ('P')`;
    await until(async () => (await client.status()).waitingForAuth);
    assert.deepEqual(world.requests("POST /login"), []);
    assert.equal((await client.status()).pending, 1);
    away.end();
    await client.configure({ token: "manager" });
    await world.converged(client);
    assert.equal((await world.rows("projects")).length, 1);
  });
}

test("a redirect to another origin, or another path: the write is kept, and the status says where it leads", async () => {
  const seen: string[] = [];
  const other = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const client = await world.readyClient();
  for (const [location, code] of [
    [(url: URL) => `${elsewhere}${url.pathname}`, 307],
    [() => "/labels", 302],
    [(url: URL) => `${url.pathname}/1`, 303],
  ] as const) {
    const away = world.server.faults.add({
      on: "POST /projects",
      at: "arrived",
      times: 1000,
      what: redirected(code, location),
    });
    await client.sql`INSERT INTO projects (name) VALUES ('P')`;
    await failing(client, "projects", "POST http://127.0.0.1", /redirected to http.*not sent there/);
    assert.equal((await client.status()).pending, 1);
    away.end();
    await world.converged(client);
  }
  assert.deepEqual(seen, []);
  assert.deepEqual(await client.rejected(), []);
  assert.equal((await world.rows("projects")).length, 3);
  assert.equal((await client.status()).lastError, null);
  await new Promise((resolve) => other.close(resolve));
});

const imposters: readonly (readonly [string, Answer, RegExp])[] = [
  ["a page", page, /200.*text\/html/],
  ["JSON that is cut short", { status: 201, body: '{"id": "1", "na' }, /201.*JSON/],
  ["a page that says it is JSON", { ...page, headers: { "content-type": "application/json" } }, /200.*JSON/],
  ["a part of something", { status: 206, body: "{}" }, /206.*status/],
  ["text", { status: 200, headers: { "content-type": "text/plain" }, body: "OK" }, /200.*text\/plain/],
];
for (const [name, answer, message] of imposters) {
  test(`${name} isn't the answer to a write`, async () => {
    const client = await world.readyClient();
    const id = randomUUID();
    const attempt = async (on: string): Promise<void> => {
      const fault = world.server.faults.add({ on, at: "arrived", times: 1000, what: answer });
      await failing(client, "projects", `${on.split(" ")[0]} ${world.server.url}/projects`, message);
      assert.ok((await client.status()).pending > 0);
      await assert.rejects(client.clear(), /not on the server/);
      fault.end();
      await world.converged(client);
    };
    await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
    await attempt("POST /projects");
    await client.sql`UPDATE projects SET color = 'red' WHERE id = ${id}`;
    await attempt("PATCH /projects");
    await client.sql`DELETE FROM projects WHERE id = ${id}`;
    await attempt("DELETE /projects");
    assert.deepEqual(await client.rejected(), []);
    assert.equal((await client.status()).lastError, null);
  });
}

test("one write that is answered by something else doesn't hold up the others for ever", async () => {
  const client = await world.readyClient();
  const stuck = world.server.faults.add({ on: "POST /labels", at: "arrived", times: 1000, what: page });
  await client.sql`INSERT INTO labels (name) VALUES ('stuck')`;
  await client.sql`INSERT INTO projects (name) VALUES ('passes')`;
  await until(async () => (await world.rows("projects")).length === 1);
  await until(async () => (await client.status()).pending === 1);
  stuck.end();
  await world.converged(client);
});

test("a list isn't the answer to a write that the document answers with a row", async () => {
  const client = await world.readyClient();
  const list: Answer = { status: 200, body: "[]" };
  const fault = world.server.faults.add({ on: "POST /projects", at: "arrived", times: 1000, what: list });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await failing(client, "projects", `POST ${world.server.url}/projects`, /200.*object/);
  fault.end();
  await world.converged(client);
});

test("a page that says 404 doesn't say that a row is gone", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await world.converged(client);
  world.server.faults.add({ on: "DELETE /projects", at: "arrived", what: { by: () => ({ ...page, status: 404 }) } });
  await client.sql`DELETE FROM projects`;
  await until(async () => (await client.status()).rejected === 1);
  assert.equal((await client.rows("projects")).length, 1);
  const [rejected] = await client.rejected();
  assert.deepEqual([rejected?.operation, rejected?.status], ["delete", 404]);
  await client.retry(rejected?.writeId ?? "");
  await world.converged(client);
  assert.deepEqual(await world.rows("projects"), []);
});
