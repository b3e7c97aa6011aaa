// The server says must-refetch while edits are on their way: none is lost, and the user sees nothing of it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "./server/faults.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

for (const isNamed of [true, false]) {
  test(`pending edits survive, the new shape ${isNamed ? "named" : "not named"}`, async () => {
    world.server.shapes.options.namesNewHandle = isNamed;
    world.server.rows.options.chunk = 4;
    await world.server.db.exec(
      `INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, 10) AS n`,
    );
    const [client, other] = await world.readyPair();
    const away = world.server.faults.add({ on: "* *", at: "arrived", times: 1000, what: status(503) });
    await client.sql`UPDATE projects SET color = 'red' WHERE name = 'project 1'`;
    await client.sql`DELETE FROM projects WHERE name = 'project 2'`;
    await client.sql`INSERT INTO projects (name) VALUES ('mine')`;
    await client.sql`UPDATE projects SET color = 'lost' WHERE name = 'project 3'`;

    let isOver = false;
    const seen = (async () => {
      const all = new Set<string>();
      while (!isOver) {
        const rows = await client.sql`SELECT name, color FROM projects ORDER BY name`;
        all.add(
          JSON.stringify(rows.filter(({ name }) => name !== "project 3").map(({ name, color }) => [name, color])),
        );
      }
      return [...all];
    })();
    await world.server.db.exec("DELETE FROM projects WHERE name = 'project 3'");
    const asked = world.server.faults.add({
      ...world.server.rows.requests("projects", "first"),
      at: "arrived",
      times: 1000,
      what: () => Promise.resolve(),
    });
    for (let round = 1; round <= 3; round += 1) {
      world.server.rows.refetch("projects");
      await until(() => asked.met() >= 2 * round);
      await until(async () => (await client.sql`SELECT * FROM projects_synced`).length === 9);
    }
    isOver = true;
    assert.equal((await seen).length, 1, "what the user sees doesn't flicker");
    away.end();
    await world.converged(client, other);
    assert.deepEqual(
      (await client.rejected()).map(({ status }) => status),
      [404],
    );
    const colors = (await world.rows("projects")).map(({ name, color }) => [name, color]);
    assert.ok(colors.some(([name, color]) => name === "project 1" && color === "red"));
    assert.equal(colors.length, 9);
  });
}

test("what was acknowledged before the snapshot is settled by it", async () => {
  const client = await world.readyClient();
  for (const table of ["projects", "accounts", "tags"]) await world.server.rows.hold(table);
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await client.sql`INSERT INTO labels (name) VALUES ('L')`;
  await until(async () => (await client.unsettled()).every(({ status }) => status === "acknowledged"));
  world.server.rows.refetch();
  await world.converged(client);
});

test("a snapshot from before the acknowledgement settles nothing", async () => {
  const client = await world.readyClient();
  const id = randomUUID();
  await client.sql`INSERT INTO labels (id, name) VALUES (${id}, 'L')`;
  await world.converged(client);
  // The snapshot is taken, and reaches the client only after the edit has been answered.
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const late = world.server.faults.add({
    ...world.server.rows.requests("tags", "first"),
    at: "answering",
    what: () => held,
  });
  await world.server.rows.hold("tags");
  world.server.rows.refetch("tags");
  await until(() => late.met() === 1);
  await client.sql`UPDATE labels SET color = 'red' WHERE id = ${id}`;
  await until(async () => (await client.unsettled()).every(({ status }) => status === "acknowledged"));
  release();
  for (let look = 0; look < 20; look += 1) {
    const [row] = await client.sql`SELECT color FROM labels`;
    assert.equal(row?.["color"], "red");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  world.server.rows.release();
  await world.converged(client);
});

test("killed in the middle of a refetch", async () => {
  world.server.rows.options.chunk = 20;
  await world.server.db.exec(
    `INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, 100) AS n`,
  );
  const directory = await world.folder();
  const client = await world.readyClient({ directory });
  const slow = world.server.faults.add({
    ...world.server.rows.requests("projects"),
    at: "answering",
    times: 1000,
    what: () => new Promise((resolve) => setTimeout(resolve, 200)),
  });
  await world.server.db.exec("DELETE FROM projects WHERE name LIKE 'project 1%'");
  world.server.rows.refetch("projects");
  await client.sql`UPDATE projects SET color = 'red' WHERE name = 'project 2'`;
  await until(() => slow.met() >= 3);
  await client.kill();
  slow.end();
  const again = await world.readyClient({ directory });
  await world.converged(again);
  const rows = await again.rows("projects");
  assert.equal(rows.length, 88);
  assert.equal(rows.find(({ name }) => name === "project 2")?.["color"], "red");
});
