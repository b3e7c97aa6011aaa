// Clients that write at the same time, and a server: in the end all three are equal.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "./server/faults.js";
import { sql } from "./support/protocol.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

test("two clients and the server end equal", async () => {
  const [one, two] = await world.readyPair();
  const [shared, task] = [randomUUID(), randomUUID()];
  await one.sql`INSERT INTO projects (id, name) VALUES (${shared}, 'shared')`;
  await two.sql`INSERT INTO labels (name) VALUES ('two''s own')`;
  await one.transaction(
    sql`INSERT INTO projects (name, color) VALUES ('together', 'blue')`,
    sql`INSERT INTO tasks (id, project_id, title) VALUES (${task}, ${shared}, 'with it')`,
    sql`UPDATE tasks SET done = true, priority = 1 WHERE id = ${task}`,
  );
  await world.converged(one, two);
  assert.equal((await world.rows("projects")).length, 2);

  // Each edits another column of the same row.
  await one.sql`UPDATE projects SET name = 'renamed' WHERE id = ${shared}`;
  await two.sql`UPDATE projects SET color = 'green' WHERE id = ${shared}`;
  await two.sql`UPDATE tasks SET title = 'retitled' WHERE id = ${task}`;
  await one.sql`DELETE FROM labels WHERE name = 'two''s own'`;
  await world.converged(one, two);
  const [row] = (await world.rows("projects")).filter(({ id }) => id === shared);
  assert.equal(row?.["name"], "renamed");
  assert.equal(row?.["color"], "green");
  assert.deepEqual(await world.rows("labels"), []);
});

test("values keep their meaning on the way out and back", async () => {
  const [one, two] = await world.readyPair();
  const [project, task] = [randomUUID(), randomUUID()];
  const details = JSON.stringify({ tags: ["a", "ü", "'"], parent: null, size: 1.5 });
  await one.sql`INSERT INTO projects (id, name) VALUES (${project}, 'p')`;
  await one.sql`INSERT INTO tasks (id, project_id, title, estimate, effort, due_at, details)
    VALUES (${task}, ${project}, 'say "hi"', '12345678901234567890.10', 9007199254740993,
      '2026-03-01T10:00:00.123456Z', ${details})`;
  await world.converged(one, two);
  assert.deepEqual(await one.rejected(), []);
  const found = await world.server.db.query<Record<string, string>>(
    "SELECT estimate::text, effort::text, due_at::text, details::text FROM tasks",
  );
  assert.deepEqual(found.rows, [
    {
      estimate: "12345678901234567890.10",
      effort: "9007199254740993",
      due_at: "2026-03-01 10:00:00.123456+00",
      details: '{"size": 1.5, "tags": ["a", "ü", "\'"], "parent": null}',
    },
  ]);
  const [shown] = await two.rows("tasks");
  assert.equal(shown?.["estimate"], "12345678901234567890.10");
  assert.equal(shown?.["due_at"], "2026-03-01T10:00:00.123456Z");
  assert.equal(shown?.["done"], false);
  const [stored] = await two.sql`SELECT effort FROM tasks`;
  assert.equal(stored?.["effort"], "9007199254740993");

  // Cleared, and cleared on the server too.
  await two.sql`UPDATE tasks SET estimate = NULL, effort = NULL, due_at = NULL, details = NULL`;
  await world.converged(one, two);
  const [cleared] = await world.rows("tasks");
  assert.deepEqual(
    ["estimate", "effort", "due_at", "details"].map((name) => cleared?.[name]),
    [null, null, null, null],
  );
});

test("set to A, to B and to A again, a row shows A all along", async () => {
  const client = await world.readyClient();
  const id = randomUUID();
  await client.sql`INSERT INTO projects (id, name, color) VALUES (${id}, 'p', 'none')`;
  await world.converged(client);
  await world.server.rows.hold("projects");
  for (const color of ["A", "B", "A"]) {
    const sent = world.requests("PATCH /projects").length;
    await client.sql`UPDATE projects SET color = ${color} WHERE id = ${id}`;
    await until(() => world.requests("PATCH /projects").length > sent);
  }
  let isReleased = false;
  const shown = (async () => {
    const colors = new Set<unknown>();
    while (!isReleased || (await client.unsettled()).length > 0) {
      const [row] = await client.sql`SELECT color FROM projects WHERE id = ${id}`;
      colors.add(row?.["color"]);
    }
    return [...colors];
  })();
  world.server.rows.release();
  isReleased = true;
  assert.deepEqual(await shown, ["A"]);
  await world.converged(client);
});

test("an edit whose echo never comes alone is settled", async () => {
  const [one, two] = await world.readyPair();
  const id = randomUUID();
  await one.sql`INSERT INTO projects (id, name) VALUES (${id}, 'p')`;
  await world.converged(one, two);
  world.server.shapes.options.coalesce = true;
  await world.server.rows.hold("projects");
  await one.sql`UPDATE projects SET name = 'one''s' WHERE id = ${id}`;
  await until(async () => (await world.rows("projects")).some(({ name }) => name === "one's"));
  await two.sql`UPDATE projects SET name = 'two''s' WHERE id = ${id}`;
  await until(async () => (await world.rows("projects")).some(({ name }) => name === "two's"));
  world.server.rows.release();
  await world.converged(one, two);
  assert.equal((await one.rows("projects"))[0]?.["name"], "two's");
});

test("an edit of a row that somebody has deleted is told, and shows no phantom", async () => {
  const [one, two] = await world.readyPair();
  const id = randomUUID();
  await one.sql`INSERT INTO projects (id, name) VALUES (${id}, 'p')`;
  await world.converged(one, two);
  await world.server.rows.hold("projects");
  await one.sql`DELETE FROM projects WHERE id = ${id}`;
  await until(async () => (await world.rows("projects")).length === 0);
  await two.sql`UPDATE projects SET name = 'too late' WHERE id = ${id}`;
  await until(async () => (await two.status()).rejected === 1);
  world.server.rows.release();
  await world.converged(one, two);
  const [rejected] = await two.rejected();
  assert.equal(rejected?.status, 404);
  assert.deepEqual(await two.rows("projects"), []);
});

test("deleted and made again under the same key", async () => {
  const [one, two] = await world.readyPair();
  await one.sql`INSERT INTO settings (name, value) VALUES ('theme', 'dark')`;
  await world.converged(one, two);
  await one.transaction(
    sql`DELETE FROM settings WHERE name = 'theme'`,
    sql`INSERT INTO settings (name, value) VALUES ('theme', 'light')`,
  );
  await world.converged(one, two);
  assert.deepEqual(await world.rows("settings"), [{ name: "theme", value: "light" }]);
});

test("what was made and deleted before it was sent is never sent", async () => {
  const client = await world.readyClient();
  world.server.kill();
  const id = randomUUID();
  // Something is in the way: until the server answers again, one write at a time is tried.
  await client.sql`INSERT INTO projects (name) VALUES ('first')`;
  await until(async () => (await client.status()).errors.some(({ url }) => url?.startsWith("POST") === true));
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'never')`;
  await client.sql`DELETE FROM projects WHERE id = ${id}`;
  world.server.revive();
  await world.converged(client);
  assert.equal((await world.rows("projects")).length, 1);
  assert.ok(world.server.exchanges.every(({ body, url }) => !body.includes(id) && !url.pathname.includes(id)));
});

test("many rows arrive in chunks, and many edits leave", async () => {
  world.server.rows.options.chunk = 100;
  await world.server.db.exec(`
    INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, 1050) AS n;
    INSERT INTO tags (id, label_name) SELECT gen_random_uuid(), 'label ' || n FROM generate_series(1, 350) AS n;
  `);
  const [one, two] = await world.readyPair();
  await one.sql`UPDATE projects SET color = 'red' WHERE name LIKE 'project 10%'`;
  await two.sql`UPDATE labels SET color = 'blue' WHERE name LIKE 'label 3_'`;
  await world.converged(one, two);
  const { rows } = await world.server.db.query<{ red: number }>(
    "SELECT count(*)::int AS red FROM projects WHERE color = 'red'",
  );
  assert.equal(rows[0]?.red, 62);
});

test("rows that others have written, outside the API, arrive as well", async () => {
  const client = await world.readyClient();
  const id = randomUUID();
  await world.server.db.exec(`INSERT INTO projects (id, name) VALUES ('${id}', 'imported')`);
  await world.converged(client);
  await client.sql`UPDATE projects SET color = 'red' WHERE id = ${id}`;
  await world.server.db.exec(`UPDATE projects SET id = gen_random_uuid() WHERE name = 'imported'`);
  await until(async () => (await client.rows("projects"))[0]?.["id"] !== id);
});

test("a write that changes nothing on the server is settled although its row never arrives", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (name, color) VALUES ('P', 'red')`;
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await world.converged(client);
  // Whoever compares first has nothing to write.
  const ignored = ["PATCH /projects", "PATCH /accounts"].map((on) =>
    world.server.faults.add({ on, at: "arrived", times: 2, what: status(200) }),
  );
  world.server.kill();
  await client.sql`UPDATE projects SET color = 'blue'`;
  await client.sql`UPDATE projects SET color = 'red'`;
  await client.sql`UPDATE accounts SET name = 'B'`;
  await client.sql`UPDATE accounts SET name = 'A'`;
  world.server.revive();
  await world.converged(client);
  for (const fault of ignored) assert.ok(fault.met() > 0);
});
