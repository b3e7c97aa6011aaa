// New rows that refer to one another: none waits for ever.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test as nodeTest } from "node:test";
import { adapter, inMemory } from "./support/generated.js";
import { ListServer, type StoredRow } from "./support/list-server.js";
import { until } from "./support/until.js";

type Generated = Omit<typeof import("../circles/pglite/rest/index.js"), "pgliteDriver">;
type Client = ReturnType<Generated["createClient"]>;

const { createClient } = (await import(`../circles/${adapter}/rest/index.js`)) as Generated;

const NOWHERE = "http://127.0.0.1:1";
const [TEAM, LEAD, OTHER] = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${number}`) as [
  string,
  string,
  string,
];

let server: ListServer;
let client: Client;

before(async () => {
  server = await ListServer.start();
});
beforeEach(async () => {
  server.tables.clear();
  server.requests.length = 0;
  for (const path of ["/teams", "/people", "/locks", "/keys"]) server.table(path);
  client = createClient({ apiBaseUrl: server.url, poll: 3_600 });
  await client.initializeDatabase(inMemory());
  await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
  await until(() => Object.values(client.getSyncStatus().models).every(({ ready }) => ready));
});
afterEach(() => client.closeDatabase());
after(() => server.close());

function test(name: string, work: () => Promise<void>): void {
  void nodeTest(name, { timeout: 60_000 }, work);
}

async function together(work: () => void): Promise<void> {
  await client.writeTogether(work).isPersisted.promise;
}

async function taken(): Promise<void> {
  await until(async () => (await client.listChanges()).every(({ rejected }) => rejected));
}

/** What the server has of a row; of what it wasn't told, nothing. */
function stored(path: string, id: string): StoredRow | undefined {
  const { created_at: _, updated_at: __, ...row } = server.table(path).get(id) ?? {};
  return row;
}

function writes(): string[] {
  return server.requests.flatMap(({ method, url }) => (method === "GET" ? [] : [`${method} ${url.pathname}`]));
}

test("a reference that may be null is set by an update, after the row that it refers to", async () => {
  const { teams, people } = client.collections;
  await together(() => {
    teams.insert({ id: TEAM, name: "T", lead_id: LEAD });
    people.insert({ id: LEAD, name: "L", team_id: TEAM });
  });
  assert.equal(teams.get(TEAM)?.lead_id, LEAD);
  await taken();
  assert.deepEqual(writes(), ["POST /teams", "POST /people", `PATCH /teams/${TEAM}`]);
  assert.equal(stored("/teams", TEAM)?.["lead_id"], JSON.stringify(LEAD));
  assert.equal(stored("/people", LEAD)?.["team_id"], JSON.stringify(TEAM));
  assert.equal(teams.get(TEAM)?.lead_id, LEAD);
  assert.deepEqual(client.getRejectedChanges(), []);
});

test("what was written later to the reference stays", async () => {
  const { teams, people } = client.collections;
  client.configureSync({ apiBaseUrl: NOWHERE });
  await together(() => {
    people.insert({ id: LEAD, name: "L", team_id: TEAM });
    people.insert({ id: OTHER, name: "O", team_id: TEAM });
    teams.insert({ id: TEAM, name: "T", lead_id: LEAD });
  });
  await teams.update(TEAM, (draft) => void (draft.lead_id = OTHER)).isPersisted.promise;
  client.configureSync({ apiBaseUrl: server.url });
  await taken();
  assert.equal(stored("/teams", TEAM)?.["lead_id"], JSON.stringify(OTHER));
  assert.equal(teams.get(TEAM)?.lead_id, OTHER);
});

test("where no reference may be null all are rejected, with the reason, and nothing else waits", async () => {
  const { locks, keys, teams } = client.collections;
  await together(() => {
    locks.insert({ id: TEAM, key_id: LEAD });
    keys.insert({ id: LEAD, lock_id: TEAM });
    teams.insert({ id: OTHER, name: "T" });
  });
  await taken();
  assert.deepEqual(writes(), ["POST /teams"]);
  // The status counts a moment later.
  await until(() => client.getRejectedChanges().length === 2);
  const rejected = client.getRejectedChanges();
  assert.deepEqual(rejected.map(({ model }) => model).toSorted(), ["keys", "locks"]);
  for (const { message } of rejected) assert.match(message, /refer to one another.*(keys\.lock_id|locks\.key_id)/);
  for (const { writeId } of rejected) await client.discardChange(writeId);
  await until(() => locks.size + keys.size === 0);
});
