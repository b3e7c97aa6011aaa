// The first load of a model, interrupted anywhere, and with edits over its rows.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "./server/faults.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

const PART = 20;
const PARTS = 4;

/** Fills the server, and lets so many parts of its rows out: the others are held until what it returns is called. */
async function heldAfter(parts: number): Promise<() => void> {
  world.server.rows.options.chunk = PART;
  await world.server.db.exec(
    `INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, ${PART * PARTS}) AS n`,
  );
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let answers = 0;
  const fault = world.server.faults.add({
    ...world.server.rows.requests("projects"),
    at: "answering",
    times: 1000,
    what: async () => {
      answers += 1;
      if (answers > parts) await released;
    },
  });
  return () => {
    fault.end();
    release();
  };
}

test("rows are shown while others are still to come", async () => {
  const release = await heldAfter(1);
  const client = await world.client({});
  await until(async () => (await client.shownSoFar("projects")).length === PART);
  assert.equal((await client.status()).models["projects"]?.ready, false);
  release();
  await world.converged(client);
});

for (let parts = 1; parts < PARTS; parts += 1) {
  test(`killed after ${parts} of ${PARTS} parts, with unsent edits of loaded rows`, async () => {
    const release = await heldAfter(parts);
    const away = world.server.faults.add({ on: "* *", at: "arrived", times: 1000, what: status(503) });
    const directory = await world.folder();
    const client = await world.client({ directory });
    const mine = randomUUID();
    await client.sql`INSERT INTO projects (id, name) VALUES (${mine}, 'mine')`;
    const loaded = async () => (await client.sql`SELECT name FROM projects_synced`).map(({ name }) => String(name));
    await until(async () => (await loaded()).length === parts * PART);
    // Rows are shown as they come.
    assert.equal((await client.sql`SELECT 1 AS one FROM projects`).length, parts * PART + 1);
    const [edited = "", gone = "", changed = ""] = await loaded();
    await client.sql`UPDATE projects SET color = 'red' WHERE name = ${edited}`;
    await client.sql`DELETE FROM projects WHERE name = ${gone}`;
    await client.kill();
    release();
    // What has been loaded is there already, and some of it is no longer so.
    await world.server.db.exec(`UPDATE projects SET color = 'blue' WHERE name = '${changed}'`);

    const again = await world.readyClient({ directory });
    await until(async () => (await again.sql`SELECT 1 AS one FROM projects_synced`).length === PARTS * PART);
    const shown = new Map((await again.rows("projects")).map((row) => [row["name"], row["color"]]));
    assert.equal(shown.get(edited), "red");
    assert.equal(shown.has(gone), false);
    assert.equal(shown.has("mine"), true);
    away.end();
    await world.converged(again);
    assert.deepEqual(await again.rejected(), []);
    const colors = new Map((await world.rows("projects")).map((row) => [row["name"], row["color"]]));
    assert.equal(colors.size, PARTS * PART);
    assert.deepEqual([colors.get(edited), colors.get(changed), colors.has(gone)], ["red", "blue", false]);
  });
}

test("a row that is there before its part comes", async () => {
  const release = await heldAfter(1);
  const client = await world.client({});
  await until(async () => (await client.sql`SELECT 1 AS one FROM projects_synced`).length === PART);
  const there = new Set((await client.sql`SELECT id FROM projects_synced`).map(({ id }) => id));
  const missing = (await world.rows("projects")).find(({ id }) => !there.has(String(id)));
  const id = String(missing?.["id"]);
  const then = "2020-01-01T00:00:00Z";
  await client.sql`INSERT INTO projects_synced (id, name, color, created_at, updated_at)
    VALUES (${id}, 'an older one', 'red', ${then}, ${then})`;
  release();
  await world.converged(client);
  assert.equal((await client.rows("projects")).find((row) => row["id"] === id)?.["name"], missing?.["name"]);
});
