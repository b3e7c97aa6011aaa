// FastAPI with SQLAlchemy: pages smaller than asked for, PUT only, soft deletes, decimals, nested rows, and slashes.

import assert from "node:assert/strict";
import { until } from "../client/support/until.js";
import { Python } from "./support/backend.js";
import type { Client, Row } from "./support/client.js";
import { Others, scenarios, type Subject } from "./support/scenarios.js";
import { World } from "./support/world.js";

const world = new World("fastapi", () => Python.start(process.env["SCRIPT"] ?? ""), empty);
const { test } = world;

async function all(path: string, read: (answer: unknown) => Row[], offset: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = read(await world.ask("GET", `${path}?limit=100&${offset}=${rows.length}`));
    if (page.length === 0) return rows;
    rows.push(...page);
  }
}

const projects: Subject = {
  model: "projects",
  path: "/projects",
  key: "id",
  isServerKey: true,
  update: "PUT",
  text: "name",
  other: { name: "budget", values: ["1.50", "27.25"] },
  all: () => all("/projects", (answer) => (answer as { items: Row[] }).items, "offset"),
};
const labels = (): Promise<Row[]> => all("/labels/", (answer) => answer as Row[], "skip");
const tasks = async (): Promise<Row[]> => {
  const rows: Row[] = [];
  for (const { id } of await projects.all()) {
    const found = (await world.ask("GET", `/projects/${String(id)}/tasks`)) as Row[];
    rows.push(...found.map((row) => ({ project_id: id, ...row })));
  }
  return rows;
};
const others = new Others(world, projects);

async function empty(): Promise<void> {
  for (const { id } of await projects.all()) await world.ask("DELETE", `/projects/${String(id)}`);
  for (const { id } of await labels()) await world.ask("DELETE", `/labels/${String(id)}`);
}

async function converged(...clients: Client[]): Promise<void> {
  // First what each of them sends: a parent that goes meanwhile takes its tasks' path along.
  for (const client of clients) await client.allSettled();
  for (const client of clients) {
    await client.shows("projects", projects.all);
    await client.shows("labels", labels);
    await client.shows("tasks", tasks);
  }
}

scenarios(world, projects);

test("the server deletes softly, and its rows leave the client", async () => {
  const rows = [await others.make("one"), await others.make("two")];
  const client = await world.readyClient();
  await converged(client);
  const [one] = rows;
  await others.remove(one ?? {});
  await client.shows("projects", projects.all);
  assert.deepEqual(
    client.rows("projects").map(({ name }) => name),
    ["two"],
  );
  await client.of("projects").delete(Number(rows[1]?.["id"])).isPersisted.promise;
  await converged(client);
  assert.deepEqual(await projects.all(), []);
});

test("rows made offline under a parent that is made offline", async () => {
  const [client, other] = [await world.readyClient(), await world.readyClient()];
  let isDown = true;
  world.proxy.before = () => {
    if (isDown) throw new Error("nobody is there");
  };
  await client.of("projects").insert({ name: "Parent" }).isPersisted.promise;
  const [parent] = client.rows("projects");
  for (const title of ["first", "second"]) {
    await client.of("tasks").insert({ project_id: parent?.["id"], title }).isPersisted.promise;
  }
  isDown = false;
  await converged(client, other);
  const [project] = await projects.all();
  assert.deepEqual(
    (await tasks()).map(({ project_id, title }) => [project_id, title]),
    ["first", "second"].map((title) => [project?.["id"], title]),
  );
  // And written, and taken along when their parent goes.
  const [task] = other.rows("tasks");
  await other.of("tasks").update(taskKey(other, task), (draft) => void (draft["done"] = true)).isPersisted.promise;
  await converged(client, other);
  assert.deepEqual(
    (await tasks()).map(({ done }) => done),
    [true, false],
  );
  await other.of("projects").delete(Number(project?.["id"])).isPersisted.promise;
  await converged(client, other);
  assert.deepEqual(client.rows("tasks"), []);
});

/** The key of a task in its collection. */
function taskKey(client: Client, row: Row | undefined): string | number {
  const both = JSON.stringify([row?.["project_id"], row?.["id"]]);
  return client.of("tasks").has(both) ? both : Number(row?.["id"]);
}

test("nested rows that others write, move and delete", async () => {
  const [one, two] = [await others.make("one"), await others.make("two")];
  const make = async (project: Row, title: string): Promise<Row> =>
    (await world.ask("POST", `/projects/${String(project["id"])}/tasks`, { title })) as Row;
  const [first] = [await make(one, "a"), await make(one, "b"), await make(two, "c")];
  const client = await world.readyClient();
  await converged(client);
  assert.equal(client.rows("tasks").length, 3);
  await world.ask("DELETE", `/projects/${String(one["id"])}/tasks/${String(first?.["id"])}`);
  await make(two, "d");
  const third = await others.make("three");
  await make(third, "e");
  await converged(client);
  await others.remove(two);
  await converged(client);
  assert.deepEqual(
    client
      .rows("tasks")
      .map(({ title }) => title)
      .toSorted(),
    ["b", "e"],
  );
});

test("a path without its slash is redirected, and the write arrives", async () => {
  const client = await world.readyClient();
  // As a gateway in front of it would have its paths: without the slash, which this server then asks for.
  world.proxy.before = async ({ method, url, headers, body }) => {
    if (url.pathname !== "/labels/" || headers["x-followed"] !== undefined || method !== "POST") return;
    const bare = await fetch(`${world.backend.url}/labels`, {
      method,
      headers: { "content-type": "application/json" },
      body,
      redirect: "manual",
    });
    const location = `${world.proxy.url}/api/labels/`;
    assert.equal(bare.status, 307);
    world.proxy.before = async (request) => {
      if (request.url.pathname !== "/api/labels/") return;
      const answer = await fetch(`${world.backend.url}/labels/`, {
        method: request.method,
        headers: { "content-type": "application/json" },
        ...(request.body === "" ? {} : { body: request.body }),
      });
      return { status: answer.status, headers: { "content-type": "application/json" }, body: await answer.text() };
    };
    return { status: 307, headers: { location }, body: "" };
  };
  await client.of("labels").insert({ name: "urgent" }).isPersisted.promise;
  await until(async () => (await labels()).length === 1);
  await converged(client);
});

test("rows without an item endpoint go once two pulls lack them", async () => {
  for (const name of ["a", "b", "c", "d", "e", "f", "g", "h"]) await world.ask("POST", "/labels/", { name });
  const client = await world.readyClient();
  await converged(client);
  const [first] = await labels();
  await world.ask("DELETE", `/labels/${String(first?.["id"])}`);
  await converged(client);
  await client.of("labels").insert({ name: "i" }).isPersisted.promise;
  await converged(client);
  assert.equal(client.rows("labels").length, 8);
});

test("a decimal keeps its digits, and a computed field follows", async () => {
  const client = await world.readyClient();
  await client.of("projects").insert({ name: "big money", budget: "1234567890.12" }).isPersisted.promise;
  await converged(client);
  const [row] = client.rows("projects");
  assert.deepEqual([row?.["budget"], row?.["initials"], row?.["archived"]], ["1234567890.12", "BM", false]);
  await client.of("projects").update(Number(row?.["id"]), (draft) => void (draft["name"] = "small change")).isPersisted
    .promise;
  await converged(client);
  assert.equal(client.rows("projects")[0]?.["initials"], "SC");
});

test("a refusal of the server is the user's to see", async () => {
  const client = await world.readyClient();
  await client.of("projects").insert({ name: "x".repeat(81) }).isPersisted.promise;
  await until(() => client.generated.getSyncStatus().rejected === 1);
  assert.equal(client.generated.getRejectedChanges()[0]?.status, 422);
  await converged(client);
});

test("the server restarts between two pages", async () => {
  for (let index = 0; index < 17; index += 1) await others.make(`row ${index}`);
  const client = await world.readyClient();
  await converged(client);
  let isOver = false;
  world.proxy.before = async ({ method, url }) => {
    if (isOver || method !== "GET" || url.pathname !== "/projects" || url.searchParams.get("offset") === "0") return;
    isOver = true;
    await world.backend.down();
    setTimeout(() => void world.backend.up(), 500);
  };
  await client.of("projects").insert({ name: "meanwhile" }).isPersisted.promise;
  await until(() => isOver);
  await client.of("projects").insert({ name: "while it was away" }).isPersisted.promise;
  await converged(client);
  assert.equal(client.rows("projects").length, 19);
});

for (const [what, skew] of [
  ["behind", -3_600_000],
  ["ahead", 3_600_000],
] as const) {
  test(`a clock in the answers that is an hour ${what}`, async () => {
    const row = await others.make("row");
    world.proxy.after = (_, answer) => ({
      ...answer,
      headers: { ...answer.headers, date: new Date(Date.now() + skew).toUTCString() },
    });
    const client = await world.readyClient();
    await converged(client);
    for (const name of ["a", "b", "c"]) {
      await others.change(row, { name });
      await others.make(`${name} more`);
      await client.shows("projects", projects.all);
    }
  });
}

test("rows that were changed long ago by their own clock arrive as well", async () => {
  await others.make("row");
  const client = await world.readyClient();
  await converged(client);
  // As if its transaction had begun long before: no incremental pull finds it, and the next full one does.
  const ago = new Date(Date.now() - 3_600_000).toISOString();
  world.proxy.after = ({ method, url }, answer) => {
    if (method !== "GET" || url.pathname !== "/projects") return;
    const page = JSON.parse(answer.body) as { items: Row[]; total: number };
    const since = url.searchParams.get("updated_since");
    const isLate = (row: Row) => row["name"] === "committed late";
    const items = page.items
      .map((row) => (isLate(row) ? { ...row, updated_at: ago } : row))
      .filter((row) => !isLate(row) || since === null || since < ago);
    const total = page.total - (page.items.length - items.length);
    return { ...answer, body: JSON.stringify({ ...page, items, total }) };
  };
  await others.make("committed late");
  await until(async () => {
    await client.generated.syncNow("projects");
    return client.rows("projects").some(({ name }) => name === "committed late");
  });
});

test("what is asked for changes while a pull is under way", async () => {
  for (let index = 0; index < 16; index += 1) await others.make(`row ${index}`, { archived: index % 2 === 0 });
  let archived = "false";
  const listParams = (model: string): Record<string, string> => (model === "projects" ? { archived } : {});
  const client = await world.readyClient({ listParams });
  const shown = (wanted: boolean) =>
    client.shows("projects", async () => (await projects.all()).filter((row) => row["archived"] === wanted));
  await shown(false);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let isUnderWay = false;
  world.proxy.after = async ({ method, url }) => {
    if (method !== "GET" || url.pathname !== "/projects") return;
    isUnderWay = true;
    await held;
  };
  await until(() => isUnderWay);
  archived = "true";
  client.generated.configureSync({ listParams });
  world.proxy.after = () => {};
  release();
  await shown(true);
});
