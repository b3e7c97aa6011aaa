// Electric lags behind PostgreSQL: a shape that was there before a write doesn't show it, whenever it is read.

import assert from "node:assert/strict";
import type { Model } from "../sqlite/electric/db/client/model.js";
import { dateOf, jsonOf, plainText } from "../sqlite/electric/db/client/values.js";
import { shapeTable } from "../sqlite/electric/db/transport/electric/request.js";
import { Cache } from "./server/cache.js";
import type { Answer, Incoming } from "./server/faults.js";
import type { Client } from "./support/client.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

const all = { where: "true" };
/** A row that says which write it shows, one whose answer names the transaction, and one that has neither. */
const shapeParams = { projects: all, accounts: all, labels: all };
const tables = ["projects", "accounts", "tags"];

async function ready(): Promise<Client> {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (name, color) VALUES ('P', 'old')`;
  await client.sql`INSERT INTO accounts (name, credit) VALUES ('A', '1')`;
  await client.sql`INSERT INTO labels (name, color) VALUES ('L', 'old')`;
  await world.converged(client);
  return client;
}

/** What is seen of the three edits. */
async function seen(client: Client): Promise<unknown[]> {
  const [projects, accounts, labels] = await Promise.all([
    client.sql`SELECT color FROM projects`,
    client.sql`SELECT credit FROM accounts`,
    client.sql`SELECT color FROM labels`,
  ]);
  return [projects[0]?.["color"], accounts[0]?.["credit"], labels[0]?.["color"]];
}

async function edit(client: Client): Promise<void> {
  await client.sql`UPDATE projects SET color = 'new'`;
  await client.sql`UPDATE accounts SET credit = '2'`;
  await client.sql`UPDATE labels SET color = 'new'`;
  await until(async () => (await client.unsettled()).every(({ status }) => status === "acknowledged"));
}

function outOfBounds(): Answer {
  return {
    status: 400,
    headers: { "cache-control": "no-store" },
    body: JSON.stringify({ message: "Invalid request", errors: { offset: ["out of bounds for this shape"] } }),
  };
}

test("what was acknowledged stays, while a shape that was there before is read", async () => {
  const client = await ready();
  // Somebody else has these shapes already.
  const other = await world.readyClient({ shapeParams });
  for (const table of tables) await world.server.rows.hold(table);
  await edit(client);
  const asked = world.server.faults.add({
    on: "rows",
    where: ({ url }) => url.searchParams.get("offset") === "-1",
    at: "answering",
    times: 100,
    what: () => Promise.resolve(),
  });
  await client.configure({ shapeParams });
  await until(() => asked.met() >= 3);
  // For longer than a row may take that somebody else has overwritten, and not as long as Electric may lag behind.
  for (const end = Date.now() + 4_500; Date.now() < end;) {
    assert.deepEqual(await seen(client), ["new", "2", "new"]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal((await client.unsettled()).length, 3);
  world.server.rows.release();
  await world.converged(client, other);
});

test("Electric's data is put back to an older state: all rows are read again, and the status says so", async () => {
  const client = await ready();
  const name = async () => (await client.shown("projects")).map((row) => row["name"]);
  const isLater = ({ url }: Incoming): boolean =>
    url.searchParams.get("table") === "projects" && url.searchParams.get("offset") !== "-1";
  const once = world.server.faults.add({ on: "rows", where: isLater, at: "arrived", what: { by: outOfBounds } });
  await world.server.rows.hold("projects");
  world.server.shapes.wake();
  await world.server.db.exec("UPDATE projects SET name = 'later'");
  world.server.disconnect();
  await until(() => once.met() === 1);
  world.server.rows.release();
  await until(async () => (await name())[0] === "later");
  const told = (await client.errors()).map(({ message }) => message).join("\n");
  assert.match(told, /older state .*out of bounds for this shape/);

  // Where that goes on, not all rows are read each second.
  const always = world.server.faults.add({
    on: "rows",
    where: isLater,
    at: "arrived",
    times: 1000,
    what: { by: outOfBounds },
  });
  const anew = world.server.faults.add({
    ...world.server.rows.requests("projects", "first"),
    at: "arrived",
    times: 1000,
    what: () => Promise.resolve(),
  });
  world.server.disconnect();
  await until(() => always.met() >= 1);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  assert.ok(anew.met() <= 2, `${anew.met()} times from the start`);
  assert.match((await client.status()).models["projects"]?.error ?? "", /older state/);
  always.end();
  await world.server.db.exec("UPDATE projects SET name = 'latest'");
  await client.configure({ token: "member" });
  await until(async () => (await name())[0] === "latest");
});

test("the network breaks while all rows are read again: they are read again from the start", async () => {
  const client = await ready();
  await world.server.db.exec(
    "INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'P' || n FROM generate_series(1, 30) AS n",
  );
  await world.converged(client);
  Object.assign(world.server.shapes.options, { chunk: 10 });
  const last = world.server.faults.add({
    on: "rows",
    where: ({ url }) => url.searchParams.get("table") === "projects" && url.searchParams.get("offset") === "0_2",
    at: "answering",
    what: () => Promise.resolve(),
  });
  world.server.rows.refetch("projects");
  await until(() => last.met() === 1);
  await world.server.db.exec("UPDATE projects SET name = 'later' WHERE name = 'P1'");
  await world.converged(client);
  const isOfProjects = ({ url }: Incoming): boolean => url.searchParams.get("table") === "projects";
  const offset = ({ url }: Incoming): string => url.searchParams.get("offset") ?? "";
  // The log's end is lost; the snapshot is there.
  const isInLog = (request: Incoming): boolean => isOfProjects(request) && !/^(-1|0_.*)$/.test(offset(request));
  const lost = world.server.faults.add({
    on: "rows",
    where: isInLog,
    at: "arrived",
    times: 1000,
    what: { by: outOfBounds },
  });
  /** How often the end was found lost before each time that all rows are asked for. */
  const starts: number[] = [];
  world.server.faults.add({
    ...world.server.rows.requests("projects", "first"),
    at: "arrived",
    times: 1000,
    what: () => {
      starts.push(lost.met());
      return Promise.resolve();
    },
  });
  const broken = world.server.faults.add({
    on: "rows",
    where: (request) => isOfProjects(request) && offset(request) === "0_1",
    at: "arrived",
    what: "reset",
  });
  await world.server.db.exec("UPDATE projects SET name = 'latest' WHERE name = 'P2'");
  world.server.disconnect();
  await until(() => broken.met() === 1);
  await until(async () => (await client.shown("projects")).some(({ name }) => name === "latest"));
  // The second time nobody had looked for the end again.
  assert.ok(starts.length >= 2 && (starts[0] ?? 0) > 0, starts.join());
  assert.equal(starts[1], starts[0]);
  lost.end();
  await client.configure({ token: "member" });
  await world.converged(client);
});

test("a value has the type that the document says, whatever PostgreSQL calls it", async () => {
  const json = (elements: "number" | "boolean" | "string" | "json" | undefined, text: string, type: string, dims = 0) =>
    JSON.parse(
      jsonOf(
        { name: "f", type: "json", nullable: true, insert: "optional", update: true, ...(elements && { elements }) },
        text,
        { type, ...(dims > 0 && { dims }) },
      ),
    ) as unknown;
  assert.deepEqual(json(undefined, '{"a": [1]}', "document"), { a: [1] });
  assert.deepEqual(json("string", '["a"]', "document"), ["a"]);
  assert.deepEqual(json("number", "{}", "counts"), []);
  assert.deepEqual(json("number", "{1,NULL,-2}", "positive", 1), [1, null, -2]);
  assert.deepEqual(json("number", "{{1},{2}}", "positive", 2), [[1], [2]]);
  for (const [text, duration] of [
    ["1 day 02:03:04", "P1DT2H3M4S"],
    ["1 year 2 mons -3 days", "P1Y2M-3D"],
    ["-00:00:01.5", "PT-1.5S"],
    ["00:00:00", "PT0S"],
    ["P1D", "P1D"],
  ] as const) {
    assert.equal(plainText(text, { type: "interval" }), duration);
    assert.equal(json(undefined, text, "interval"), duration);
  }
  assert.deepEqual(json("boolean", "{t,f}", "flag", 1), [true, false]);
  assert.deepEqual(json("string", '{1,"a,b"}', "code", 1), ["1", "a,b"]);
  assert.deepEqual(json("json", '{"{\\"a\\": 1}",plain}', "document", 1), [{ a: 1 }, "plain"]);
  assert.deepEqual(json(undefined, "sad", "mood"), "sad");
  // A type that is known needs no document.
  assert.deepEqual(json(undefined, "{1,2}", "int4", 1), [1, 2]);
  assert.deepEqual(json("string", "{1,2}", "text", 1), ["1", "2"]);
  assert.equal(dateOf("0044-03-15 BC"), "0044-03-15 BC");
  assert.equal(dateOf("2026-01-02 03:04:05+00"), "2026-01-02");
});

test("a document comes from a domain over jsonb as an object", async () => {
  const [client, other] = await world.readyPair();
  const id = "00000000-0000-4000-8000-000000000001";
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
  await client.save({ model: "tasks", insert: { project_id: id, title: "T", details: { tags: ["a"], parent: null } } });
  await world.converged(client, other);
  assert.deepEqual((await other.rows("tasks"))[0]?.["details"], { tags: ["a"], parent: null });
});

test("a table in mixed case is asked for as it is called, and a refusal names the line that mends it", async () => {
  assert.equal(shapeTable({ table: "contacts" } as Model), "contacts");
  assert.equal(shapeTable({ table: "MixedTable" } as Model), '"MixedTable"');
  assert.equal(shapeTable({ table: "crm.MixedTable" } as Model), 'crm."MixedTable"');
  assert.equal(shapeTable({ table: '"My.Table"' } as Model), '"My.Table"');
  await world.server.db.exec('ALTER TABLE tags RENAME TO "Tags"; ALTER TABLE settings RENAME COLUMN value TO content');
  try {
    const client = await world.client();
    const error = async (model: string) => (await client.status()).models[model]?.error ?? "";
    await until(async () => (await error("labels")) !== "" && (await error("settings")) !== "");
    assert.match(await error("labels"), /`models\.labels\.table` .* tags\b/);
    assert.match(
      await error("settings"),
      /`models\.settings\.columns: \{ value: … \}` .*`models\.settings\.exclude: \[value\]`/,
    );
  } finally {
    await world.server.db.exec(
      'ALTER TABLE "Tags" RENAME TO tags; ALTER TABLE settings RENAME COLUMN content TO value',
    );
  }
});

test("through a cache that keeps answers as long as they allow, two clients converge, also after a table was emptied", async () => {
  const cache = await Cache.start(world.server.url);
  try {
    const electricUrl = cache.url;
    const client = await world.readyClient({ electricUrl });
    await client.sql`INSERT INTO projects (name) VALUES ('one')`;
    await world.converged(client);
    const other = await world.readyClient({ electricUrl });
    assert.ok(cache.hits > 0, "the second client's snapshot comes from the cache");
    // What follows the snapshot may be kept for some seconds, too.
    await until(async () => (await other.rows("projects")).length === 1);
    await other.sql`UPDATE projects SET color = 'red'`;
    await world.converged(client, other);
    await world.server.db.exec("TRUNCATE projects CASCADE");
    await client.sql`INSERT INTO projects (name) VALUES ('two')`;
    await world.converged(client, other);
    assert.deepEqual(
      (await other.rows("projects")).map((row) => row["name"]),
      ["two"],
    );
  } finally {
    await cache.close();
  }
});

test("a large transaction comes in several answers, and a shape from its start may be refused at first", async () => {
  Object.assign(world.server.shapes.options, { chunk: 10, refusals: 2 });
  const client = await world.readyClient();
  await world.server.db.exec(
    `INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, 95) AS n`,
  );
  await world.converged(client);
  await world.server.db.exec("UPDATE projects SET color = 'red'");
  await world.converged(client);
  world.server.disconnect();
  await world.server.db.exec("DELETE FROM projects WHERE name LIKE '%1%'");
  await world.converged(client);
});

test("what isn't ready, stops gracefully, or serves no new shapes, is waited for", async () => {
  const client = await world.readyClient();
  Object.assign(world.server.shapes.options, { unready: 1 });
  world.server.disconnect();
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await until(async () => ((await client.status()).models["projects"]?.error ?? "").includes("503"));
  world.server.shapes.options.unready = null;
  await world.converged(client);

  const stopped = world.server.stop(500);
  await client.sql`UPDATE projects SET color = 'red'`;
  await stopped;
  world.server.revive();
  await world.converged(client);

  world.server.shapes.options.isSecond = true;
  const other = await world.readyClient();
  await client.configure({ shapeParams });
  await until(async () => ((await client.status()).models["projects"]?.error ?? "").includes("503"));
  await client.sql`UPDATE projects SET color = 'blue'`;
  await until(async () => (await world.rows("projects"))[0]?.["color"] === "blue");
  await world.converged(other);
  world.server.shapes.options.isSecond = false;
  await world.converged(client, other);
});
