// The queue, as a page shows it: what waits, what is on its way, and what has failed and why.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { type Client, generated } from "./support/generated.js";
import { until } from "./support/until.js";

const index = await generated();

type Made = ReturnType<Client["createClient"]>;
type Changes = Awaited<ReturnType<Made["listChanges"]>>;

const open: Made[] = [];
afterEach(async () => {
  for (const { closeDatabase } of open.splice(0)) await closeDatabase();
});

/** Answers for the API: each write, when it has left, waits for the test to decide. */
class Api {
  readonly asked: { readonly url: string; readonly answer: (status: number, body?: unknown) => void }[] = [];

  readonly fetch: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if ((init?.method ?? "GET") === "GET")
      return new Response("[]", { headers: { "content-type": "application/json" } });
    return new Promise<Response>((resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      // The next try waits until the test wants it.
      const headers = { "content-type": "application/json", "retry-after": "3600" };
      this.asked.push({
        url,
        answer: (status, body = {}) => resolve(new Response(JSON.stringify(body), { status, headers })),
      });
    });
  };
}

async function opened(options: { sync: boolean; api?: Api; concurrency?: number }): Promise<Made> {
  const { api = new Api(), concurrency = 1 } = options;
  const client = index.createClient({ database: "changes", fetch: api.fetch, concurrency, apiBaseUrl: "http://api" });
  open.push(client);
  await client.initializeDatabase({ sync: options.sync, directory: "memory://" });
  return client;
}

/** What the client has told so far. */
function heard(client: Made, options?: { limit: number }): { readonly lists: Changes[]; readonly stop: () => void } {
  const lists: Changes[] = [];
  const stop = client.onChanges((changes) => lists.push(changes), options);
  return { lists, stop };
}

function states(changes: Changes | undefined): string[] {
  return (changes ?? []).map(({ operation, state, attempts }) => `${operation} ${state} ${attempts}`);
}

test("what is written stands in the list, in order, with all that a page shows of it", async () => {
  const client = await opened({ sync: false });
  const start = Date.now();
  const id = client.store.projects.add({ name: "one" });
  client.store.projects.update(id, (draft) => {
    draft.name = "two";
  });
  await client.flushed();
  const changes = await client.listChanges();
  assert.deepEqual(states(changes), ["insert pending 0", "update pending 0"]);
  const [insert, update] = changes;
  assert.equal(insert?.model, "projects");
  assert.equal(insert?.rowKey, id);
  assert.equal(insert?.value["name"], "one");
  assert.deepEqual(update?.value, { id, name: "two" });
  assert.deepEqual([insert?.error, insert?.rejected], [null, false]);
  assert.ok(Math.abs(Date.parse(insert?.at ?? "") - start) < 60_000, insert?.at);
  assert.match(insert?.at ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.notEqual(insert?.writeId, update?.writeId);
});

test("a listener hears of each change, and of nothing else; the list has a limit", async () => {
  const client = index.createClient({ database: "changes" });
  open.push(client);
  const all = heard(client);
  await client.initializeDatabase({ sync: false, directory: "memory://" });
  const two = heard(client, { limit: 2 });
  for (let number = 0; number < 150; number += 1) client.store.projects.add({ name: `p${number}` });
  await client.flushed();
  await until(() => all.lists.at(-1)?.length === 100 && two.lists.at(-1)?.length === 2);
  assert.deepEqual(all.lists.at(-1)?.slice(0, 2), two.lists.at(-1));
  assert.equal((await client.listChanges({ limit: 1_000 })).length, 150);

  // Beyond the limit, and elsewhere: the list is as it was, so nobody is told.
  const [before, told] = [all.lists.at(-1), all.lists.length];
  client.store.projects.add({ name: "later" });
  await client.flushed();
  const third = heard(client, { limit: 200 });
  await until(() => third.lists.at(-1)?.length === 151);
  assert.equal(all.lists.length, told);
  assert.equal(third.lists.at(-1)?.[0], before?.[0], "a change that is as it was is the same object");

  third.stop();
  const heardByThird = third.lists.length;
  await client
    .getDatabase()
    .query({ parts: ["DELETE FROM _changes WHERE id = (SELECT min(id) FROM _changes)"], parameters: [] });
  await until(() => all.lists.length > told);
  assert.equal(third.lists.length, heardByThird);
  assert.equal(all.lists.at(-1)?.length, 100);

  await client.closeDatabase();
  assert.deepEqual(all.lists.at(-1), []);
  all.stop();
  two.stop();
});

test("without a listener nobody reads the list", async () => {
  const client = await opened({ sync: false });
  const reads: number[] = [];
  const database = client.getDatabase();
  const { query } = database;
  Object.assign(database, {
    query: (statement: Parameters<typeof query>[0]) => {
      if (/status <> 'acknowledged'\s+ORDER BY id LIMIT/.test(statement.parts.join("?"))) reads.push(1);
      return query.call(database, statement);
    },
  });
  client.store.projects.add({ name: "one" });
  await client.flushed();
  await until(() => client.getSyncStatus().pending === 1);
  assert.equal(reads.length, 0);
  const { lists, stop } = heard(client);
  await until(() => lists.length === 1);
  const before = reads.length;
  assert.ok(before > 0);
  stop();
  client.store.projects.add({ name: "two" });
  await client.flushed();
  await until(() => client.getSyncStatus().pending === 2);
  assert.equal(reads.length, before);
});

test("on its way, then waiting for the next try, and failed after five", async () => {
  const api = new Api();
  const client = await opened({ sync: true, api });
  const { lists, stop } = heard(client);
  const isNow = (state: string) =>
    until(
      () => states(lists.at(-1))[0] === state,
      () => `${state}: ${states(lists.at(-1))}`,
    );
  const id = client.store.projects.add({ name: "one" });
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await until(() => api.asked.length === attempt);
    await isNow(`insert sending ${attempt}`);
    assert.equal(lists.at(-1)?.[0]?.error, null);
    api.asked.at(-1)?.answer(503, { detail: "not now" });
    await isNow(`insert ${attempt < 5 ? "pending" : "failed"} ${attempt}`);
    const [change] = lists.at(-1) ?? [];
    assert.match(change?.error?.message ?? "", /503: not now/);
    assert.equal(change?.rejected, false);
    client.configureSync({});
  }
  await until(() => api.asked.length === 6);
  await isNow("insert failed 6");
  api.asked.at(-1)?.answer(422, { detail: "no such name" });
  await until(() => lists.at(-1)?.[0]?.rejected === true);
  const [refused] = lists.at(-1) ?? [];
  assert.deepEqual([refused?.state, refused?.rowKey], ["failed", id]);
  assert.deepEqual(refused?.error, { status: 422, message: "no such name" });
  await client.retryChange(refused?.writeId ?? "");
  await until(() => api.asked.length === 7);
  await isNow("insert sending 1");
  assert.equal(lists.at(-1)?.[0]?.error, null);
  api.asked.at(-1)?.answer(201, { id, name: "one" });
  await until(() => lists.at(-1)?.length === 0);
  stop();
});
