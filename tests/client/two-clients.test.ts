// Two clients in one process: each has a server, settings, a database and collections of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Server } from "./server/server.js";
import { type Client, generated, POLL } from "./support/generated.js";
import { startServer } from "./support/start.js";
import { until } from "./support/until.js";

const index = await generated();
const { configureSync, createClient, initializeDatabase, projectsCollection } = index;
const headers = { authorization: "Bearer member" };

let servers: readonly [Server, Server];
let other: ReturnType<typeof createClient>;

before(async () => {
  servers = [await startServer(), await startServer()];
  const [one, two] = servers;
  configureSync({ electricUrl: one.url, apiBaseUrl: one.url, syncUrl: `${one.url}/sync`, headers, poll: POLL });
  other = createClient({
    database: "other",
    electricUrl: two.url,
    apiBaseUrl: two.url,
    syncUrl: `${two.url}/sync`,
    headers,
    poll: POLL,
  });
  await initializeDatabase({ directory: "memory://" });
  await other.initializeDatabase({ directory: "memory://" });
  await Promise.all([projectsCollection.preload(), other.collections.projects.preload()]);
});

after(async () => {
  await index.closeDatabase();
  await other.closeDatabase();
  await Promise.all(servers.map((server) => server.close()));
});

type Projects = typeof projectsCollection;

function namesIn(projects: Projects): string[] {
  return projects.toArray.map(({ name }) => name).sort();
}

async function namesOn(server: Server): Promise<string[]> {
  const rows = JSON.parse(await server.read("projects")) as { name: string }[];
  return rows.map(({ name }) => name).sort();
}

async function settled(client: Pick<Client, "getDatabase">): Promise<void> {
  const statement = { parts: ["SELECT 1 FROM _changes"], parameters: [] };
  await until(async () => (await client.getDatabase().query(statement)).length === 0);
}

test("a write in one neither shows in the other nor goes out through it", async () => {
  const { projects } = other.collections;
  assert.notEqual(projects, projectsCollection);
  assert.notEqual(projects.id, projectsCollection.id);
  assert.notEqual(other.getDatabase(), index.getDatabase());
  await Promise.all([
    projectsCollection.insert({ name: "of the first" }).isPersisted.promise,
    projects.insert({ name: "of the other" }).isPersisted.promise,
  ]);
  await settled(index);
  await settled(other);
  const [one, two] = servers;
  assert.deepEqual(namesIn(projectsCollection), ["of the first"]);
  assert.deepEqual(namesIn(projects), ["of the other"]);
  assert.deepEqual(await namesOn(one), ["of the first"]);
  assert.deepEqual(await namesOn(two), ["of the other"]);
  assert.ok(one.exchanges.length > 0 && two.exchanges.length > 0);
});

test("what is rejected or held back in one is none of the other's business", async () => {
  const [one] = servers;
  one.tokens.clear();
  const saved = projectsCollection.insert({ name: "waits" }).isPersisted.promise;
  await saved;
  await until(() => index.getSyncStatus().waitingForAuth && index.getSyncStatus().pending === 1);
  assert.deepEqual(
    [other.getSyncStatus().waitingForAuth, other.getSyncStatus().pending, other.getSyncStatus().lastError],
    [false, 0, null],
  );
  await other.collections.projects.insert({ name: "passes" }).isPersisted.promise;
  await settled(other);
  assert.equal(index.getSyncStatus().pending, 1);
  one.tokens.set("new", "member");
  configureSync({ headers: { authorization: "Bearer new" } });
  await settled(index);
  await until(() => !index.getSyncStatus().waitingForAuth);
});

test("a transaction can't be saved in two databases", async () => {
  const { projects } = other.collections;
  const both = index.writeTogether(() => {
    projectsCollection.insert({ name: "here" });
    projects.insert({ name: "there" });
  });
  await assert.rejects(both.isPersisted.promise, /isn't a collection of the local database/);
  assert.ok(
    ![...namesIn(projectsCollection), ...namesIn(projects)].some((name) => name === "here" || name === "there"),
  );
});

test("clearing or closing one leaves the other alive", async () => {
  const { projects } = other.collections;
  const before = namesIn(projects);
  await index.clearDatabase();
  assert.deepEqual(namesIn(projects), before);
  await index.closeDatabase();
  assert.throws(() => index.getDatabase(), /not initialized/);
  assert.equal(index.getSyncStatus().models["projects"], undefined);
  assert.equal(other.getSyncStatus().models["projects"]?.ready, true);
  await projects.insert({ name: "afterwards" }).isPersisted.promise;
  await settled(other);
  assert.ok((await namesOn(servers[1])).includes("afterwards"));
  // From outside the API: the stream goes on, too.
  await servers[1].db.query("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'from elsewhere')");
  await until(() => namesIn(projects).includes("from elsewhere"));
});
