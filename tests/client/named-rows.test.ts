// New rows that name others whose keys the server makes, in a relationship of JSON:API or in what only the request has.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test as nodeTest } from "node:test";
import { adapter, inMemory } from "./support/generated.js";
import { until, untilShown } from "./support/until.js";

type Generated = Omit<typeof import("../related/pglite/rest/index.js"), "pgliteDriver">;
type Client = ReturnType<Generated["createClient"]>;

const { createClient } = (await import(`../related/${adapter}/rest/index.js`)) as Generated;

let client: Client;
/** The writes that have come, and the queries of lists. */
let sent: { readonly to: string; readonly body: Record<string, unknown> }[];
let queries: URLSearchParams[];
/** The server's rows by path. Its answers to writes wait while they are held. */
let rows: Map<string, unknown[]>;
let held: Promise<void>;

beforeEach(async () => {
  [sent, queries, rows, held] = [[], [], new Map(), Promise.resolve()];
  client = createClient({ apiBaseUrl: "http://api.test", poll: 3_600, fetch: api });
  await client.initializeDatabase(inMemory());
  await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
  await until(() => Object.values(client.getSyncStatus().models).every(({ ready }) => ready));
});
afterEach(() => client.closeDatabase());

const api: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input));
  const isJsonApi = ["/writers", "/articles"].some((path) => url.pathname.startsWith(path));
  const type = isJsonApi ? "application/vnd.api+json" : "application/json";
  const answer = (value: unknown, status: number) =>
    new Response(JSON.stringify(isJsonApi ? { data: value } : value), { status, headers: { "Content-Type": type } });
  const method = init?.method ?? "GET";
  if (method === "GET") {
    queries.push(url.searchParams);
    return answer(rows.get(url.pathname) ?? [], 200);
  }
  const body = JSON.parse(String(init?.body)) as Record<string, unknown>;
  sent.push({ to: `${method} ${url.pathname}`, body });
  await held;
  if (method === "PATCH") return answer(body["data"], 200);
  const count = (rows.get(url.pathname)?.length ?? 0) + 1;
  const made = isJsonApi
    ? { ...(body["data"] as object), id: `made-${String(count)}` }
    : { ...body, project_id: undefined, id: 40 + count };
  rows.set(url.pathname, [...(rows.get(url.pathname) ?? []), made]);
  return answer(made, 201);
};

function test(name: string, work: () => Promise<void>): void {
  void nodeTest(name, { timeout: 300_000 }, work);
}

/** Has the server answer no write until the work is done. */
async function whileHeld(work: () => Promise<void>): Promise<void> {
  let release = (): void => {};
  held = new Promise((resolve) => void (release = resolve));
  await work();
  release();
  await taken();
}

/** Waits until the server has taken all, and collections show it so. */
async function taken(): Promise<void> {
  await until(async () => (await client.listChanges()).length === 0);
  await untilShown(client.collections);
}

/** What was sent to a path. */
function bodies(to: string): unknown[] {
  return sent.filter((request) => request.to === to).map(({ body }) => body);
}

test("a relationship to a new row waits for it, and has the key that the server has made", async () => {
  const { writers, articles } = client.collections;
  await whileHeld(async () => {
    await writers.insert({ name: "Ada" } as never).isPersisted.promise;
    const [writer] = writers.toArray;
    await articles.insert({ title: "Notes", author: writer?.id } as never).isPersisted.promise;
    await until(() => sent.length === 1);
  });
  assert.deepEqual(
    sent.map(({ to }) => to),
    ["POST /writers", "POST /articles"],
  );
  const data = {
    attributes: { title: "Notes" },
    relationships: { author: { data: { id: "made-1", type: "people" } } },
    type: "articles",
  };
  assert.deepEqual(bodies("POST /articles"), [{ data }]);
  assert.equal(articles.toArray[0]?.author, "made-1");
});

test("what a body requires is there, even where nothing is in it", async () => {
  const { writers, articles } = client.collections;
  await whileHeld(async () => {
    await writers.insert({ name: "Ada" } as never).isPersisted.promise;
    await articles.insert({ author: writers.toArray[0]?.id } as never).isPersisted.promise;
  });
  const relationships = { author: { data: { id: "made-1", type: "people" } } };
  assert.deepEqual(bodies("POST /articles"), [{ data: { attributes: {}, relationships, type: "articles" } }]);
  const id = articles.toArray[0]?.id ?? "";
  await articles.update(id, (draft) => void (draft.title = "Notes")).isPersisted.promise;
  await taken();
  const changed = { attributes: { title: "Notes" }, id, relationships: {}, type: "articles" };
  assert.deepEqual(bodies(`PATCH /articles/${id}`), [{ data: changed }]);
});

test("what only a create takes waits for the new row that it names, and has the key that the server has made", async () => {
  const { projects, invitations } = client.collections;
  let temporary: number | string | undefined;
  await whileHeld(async () => {
    await projects.insert({ name: "P" } as never).isPersisted.promise;
    temporary = projects.toArray[0]?.id;
    await invitations.insert({ email: "one", project_id: temporary } as never).isPersisted.promise;
    await until(() => sent.length === 1);
  });
  assert.ok(Number(temporary) < 0);
  assert.deepEqual(
    sent.map(({ to }) => to),
    ["POST /projects", "POST /invitations"],
  );
  // As a form has it that was opened before the server made the key.
  await invitations.insert({ email: "two", project_id: temporary } as never).isPersisted.promise;
  await taken();
  const expected = ["one", "two"].map((email) => ({ email, project_id: 41 }));
  assert.deepEqual(bodies("POST /invitations"), expected);
});

test("a list whose pages are an object of the query is asked for with brackets", async () => {
  const asked = queries.filter((query) => query.size > 0).map((query) => query.toString());
  assert.deepEqual(asked, ["page%5Bsize%5D=100&page%5Bnumber%5D=1"]);
});
