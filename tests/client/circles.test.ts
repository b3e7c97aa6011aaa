// New rows that refer to one another: none waits for ever.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test as nodeTest } from "node:test";
import { adapter, inMemory } from "./support/generated.js";
import { ListServer, type StoredRow } from "./support/list-server.js";
import { until } from "./support/until.js";

type Generated = Omit<typeof import("../circles/pglite/rest/index.js"), "pgliteDriver">;
type Client = ReturnType<Generated["createClient"]>;
type PushPull = NonNullable<NonNullable<Parameters<Generated["createClient"]>[0]>["pushPull"]>;
type PushRequest = Parameters<PushPull["push"]>[0];
type PushAnswer = Awaited<ReturnType<PushPull["push"]>>;
type PullAnswer = Awaited<ReturnType<PushPull["pull"]>>;

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
  pushes.length = 0;
  for (const path of ["teams", "people", "locks", "keys", "rooms", "hosts", "desks"]) server.table(`/${path}`);
  client = createClient({ apiBaseUrl: server.url, poll: 3_600, pushPull: { push, pull } });
  await client.initializeDatabase(inMemory());
  await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
  await until(() => Object.values(client.getSyncStatus().models).every(({ ready }) => ready));
});
afterEach(() => client.closeDatabase());
after(() => server.close());

/** What the sync server was asked to take, request by request. Its answers wait while it is held. */
const pushes: (readonly string[])[] = [];
let held = Promise.resolve();

async function push({ changes }: PushRequest): Promise<PushAnswer> {
  pushes.push(changes.map(({ operation, table }) => `${operation} ${table}`));
  await held;
  const results = changes.map(({ write_id }, index) => {
    const place = { scope: "*", epoch: "e", version: String(pushes.length * 100 + index) };
    return { write_id, status: "applied" as const, repeated: false, place };
  });
  return { protocol: 1, stamp: "1795932681502.0", results };
}

/** It shows all that it has taken, though no row. */
async function pull(): Promise<PullAnswer> {
  const version = String(pushes.length * 100 + 99);
  const cursor = { scopes: { "*": { epoch: "e", version } }, tables: {}, loads: [] };
  return { protocol: 1, stamp: "1795932681502.0", cursor, changes: [], more: false };
}

function test(name: string, work: () => Promise<void>): void {
  void nodeTest(name, { timeout: 300_000 }, work);
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

test("a reference that a new row must have stays in it", async () => {
  const { rooms, hosts } = client.collections;
  await together(() => {
    rooms.insert({ id: TEAM, host_id: LEAD });
    hosts.insert({ id: LEAD, room_id: TEAM });
  });
  await taken();
  assert.deepEqual(writes(), ["POST /hosts", "POST /rooms", `PATCH /hosts/${LEAD}`]);
  assert.deepEqual(client.getRejectedChanges(), []);
});

test("what goes to a sync server as one group stays one, whatever the API's queue does meanwhile", async () => {
  const { groups, members, owners, locks, keys } = client.collections;
  let release = (): void => {};
  held = new Promise((resolve) => void (release = resolve));
  owners.insert({ id: OTHER, desk_id: null });
  await until(() => pushes.length === 1);
  await together(() => {
    groups.insert({ id: TEAM, member_id: LEAD });
    members.insert({ id: LEAD, group_id: TEAM });
    locks.insert({ id: TEAM, key_id: LEAD });
    keys.insert({ id: LEAD, lock_id: TEAM });
  });
  await until(() => client.getRejectedChanges().length === 2);
  release();
  await taken();
  assert.deepEqual(pushes.slice(1), [["insert groups", "insert members"]]);
});

test("a circle of two servers is broken where it can be", async () => {
  const { desks, owners } = client.collections;
  await together(() => {
    owners.insert({ id: LEAD, desk_id: TEAM });
    desks.insert({ id: TEAM, owner_id: LEAD });
  });
  await taken();
  assert.deepEqual(pushes, [["insert owners"], ["update owners"]]);
  assert.deepEqual(writes(), ["POST /desks"]);
  assert.deepEqual(client.getRejectedChanges(), []);
});
