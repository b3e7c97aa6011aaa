// The process dies, the folder with the database stays. What the user had written is still there, and goes on from where
// it was.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { isSqlite } from "./support/generated.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

test("what is marked and hasn't left when the client is closed isn't marked any more", async () => {
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  const held = new Promise<void>(() => {});
  const posts = world.server.faults.add({ on: "POST /projects", at: "arrived", times: 100, what: () => held });
  const statements = Array.from({ length: 20 }, (_, index) => ({
    parts: [`INSERT INTO projects (name) VALUES ('${index}')`],
    parameters: [],
  }));
  await client.transaction(...statements);
  await until(() => posts.met() === 6);
  const [marked] = await client.sql`SELECT count(*) AS number FROM _changes WHERE attempts > 0`;
  assert.equal(marked?.["number"], "20", "they are marked before they leave");
  await client.close();
  await client.kill();

  const closed = await world.client({ directory, sync: false });
  const [left] = await closed.sql`SELECT count(*) AS number FROM _changes WHERE attempts > 0`;
  assert.equal(left?.["number"], "6");
  await closed.kill();
  world.server.faults.clear();
  const again = await world.readyClient({ directory });
  await world.converged(again);
  assert.equal((await world.rows("projects")).length, 20);
});

test("killed between the acknowledgement and its echo", async () => {
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  for (const table of ["projects", "accounts", "tags"]) await world.server.rows.hold(table);
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await client.sql`INSERT INTO labels (name) VALUES ('L')`;
  await until(async () => (await client.unsettled()).every(({ status }) => status === "acknowledged"));
  await client.kill();
  world.server.exchanges.length = 0;

  const again = await world.client({ directory });
  assert.equal((await again.rows("projects")).length, 1);
  assert.equal((await again.rows("accounts")).length, 1);
  world.server.rows.release();
  await world.converged(again);
  assert.equal(world.server.exchanges.filter(({ method }) => method !== "GET").length, 0, "nothing is sent again");
});

test("killed with edits that were never sent", async () => {
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  world.server.kill();
  const id = randomUUID();
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
  await client.sql`UPDATE projects SET color = 'red' WHERE id = ${id}`;
  await client.sql`INSERT INTO tasks (project_id, title) VALUES (${id}, 'T')`;
  await client.kill();

  const offline = await world.client({ directory });
  assert.equal((await offline.rows("projects"))[0]?.["color"], "red");
  await until(async () => (await offline.status()).pending === 3);
  await offline.sql`UPDATE tasks SET done = true`;
  await offline.kill();

  world.server.revive();
  const again = await world.readyClient({ directory });
  await world.converged(again);
  assert.equal((await world.rows("tasks"))[0]?.["done"], true);
});

test("edits that went out together stay together", async () => {
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  const id = randomUUID();
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
  await world.converged(client);
  // While the first edit is under way, two more wait; their answer gets lost with the process.
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = world.server.faults.add({ on: "PATCH /projects", at: "arrived", what: () => held });
  await client.sql`UPDATE projects SET name = 'Q' WHERE id = ${id}`;
  await until(() => first.met() === 1);
  await client.sql`UPDATE projects SET name = 'R' WHERE id = ${id}`;
  await client.sql`UPDATE projects SET color = 'red' WHERE id = ${id}`;
  const lost = world.server.faults.add({
    on: "PATCH /projects",
    where: ({ body }) => body.includes('"red"'),
    at: "committed",
    what: "reset",
  });
  release();
  await until(() => lost.met() === 1);
  await client.kill();

  // One more is written before the set is sent again.
  const offline = await world.client({ directory, sync: false });
  await offline.sql`UPDATE projects SET name = 'S' WHERE id = ${id}`;
  await offline.kill();
  const again = await world.readyClient({ directory });
  await world.converged(again);
  const [row] = await world.rows("projects");
  assert.deepEqual([row?.["name"], row?.["color"]], ["S", "red"]);
});

test("killed while the rows arrive for the first time", async () => {
  world.server.rows.options.chunk = 50;
  const rows = "SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, 500) AS n";
  await world.server.db.exec(`INSERT INTO projects (id, name) ${rows}`);
  const directory = await world.folder();
  let arrived = 0;
  const slowly = async (): Promise<void> => {
    arrived += 1;
    await new Promise((resolve) => setTimeout(resolve, 200));
  };
  world.server.faults.add({
    ...world.server.rows.requests("projects"),
    at: "arrived",
    times: 1000,
    what: slowly,
  });
  for (const chunks of [3, 6]) {
    const client = await world.client({ directory });
    await until(() => arrived >= chunks);
    await client.kill();
  }
  world.server.faults.clear();
  const client = await world.readyClient({ directory });
  await world.converged(client);
  assert.equal((await client.rows("projects")).length, 500);
});

test("killed while another client writes", async () => {
  const directory = await world.folder();
  const other = await world.readyClient();
  for (let round = 0; round < 3; round += 1) {
    const client = await world.client({ directory });
    await client.sql`INSERT INTO projects (name) VALUES (${`mine ${round}`})`;
    for (let index = 0; index < 10; index += 1) {
      await other.sql`INSERT INTO projects (name) VALUES (${`theirs ${round} ${index}`})`;
    }
    await other.sql`UPDATE projects SET color = ${`color ${round}`}`;
    await client.kill();
  }
  const again = await world.readyClient({ directory });
  await world.converged(again, other);
  assert.equal((await world.rows("projects")).length, 33);
});

test("a commit that fails is tried again, and loses no row", async () => {
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  // From now on, COMMIT fails wherever a row of the server was written.
  await client.exec(failingCommit());
  for (const name of ["one", "two", "three"]) {
    await world.server.db.exec(`INSERT INTO projects (id, name) VALUES (gen_random_uuid(), '${name}')`);
  }
  await until(async () => (await client.status()).lastError !== null);
  assert.equal((await client.rows("projects")).length, 0);
  await client.exec(`DROP TRIGGER _fails${isSqlite ? "" : " ON projects_synced"}`);
  await world.converged(client);
  assert.equal((await client.rows("projects")).length, 3);
});

function failingCommit(): string {
  if (isSqlite) {
    return `
      CREATE TABLE _nothing (id INTEGER PRIMARY KEY);
      CREATE TABLE _dangling (id INTEGER REFERENCES _nothing DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER _fails AFTER INSERT ON projects_synced BEGIN INSERT INTO _dangling VALUES (1); END;
    `;
  }
  return `
    CREATE FUNCTION _fail() RETURNS TRIGGER LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full'; END
    $$;
    CREATE CONSTRAINT TRIGGER _fails AFTER INSERT ON projects_synced
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION _fail();
  `;
}
