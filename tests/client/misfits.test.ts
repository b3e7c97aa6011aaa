// Rows that the document says can't be: each is left out alone, and told with its model, key and column.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Client } from "./support/client.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

/** Runs `work` while the server's table takes what the document doesn't know. */
async function lax(alter: string, restore: string, work: () => Promise<void>): Promise<void> {
  await world.server.db.exec(alter);
  try {
    await work();
  } finally {
    await world.server.db.exec(restore);
  }
}

const nameless = (work: () => Promise<void>): Promise<void> =>
  lax(
    "ALTER TABLE projects ALTER COLUMN name DROP NOT NULL",
    "DELETE FROM projects WHERE name IS NULL; ALTER TABLE projects ALTER COLUMN name SET NOT NULL",
    work,
  );

async function told(client: Client, model: string, ...parts: string[]): Promise<void> {
  let error: string | null = null;
  await until(
    async () => {
      error = (await client.status()).models[model]?.error ?? null;
      return parts.every((part) => error?.includes(part) === true);
    },
    () => `${parts.join(", ")} in ${String(error)}`,
  );
}

async function mended(client: Client, model: string): Promise<void> {
  await until(async () => (await client.status()).models[model]?.error === null);
}

test("null in a required column: all other rows and edits arrive, and the row does once it is mended", () =>
  nameless(async () => {
    const { db } = world.server;
    const [mine, theirs] = [randomUUID(), randomUUID()];
    const client = await world.readyClient();
    await client.sql`INSERT INTO projects (id, name) VALUES (${mine}, 'mine')`;
    await world.converged(client);
    await db.exec(`INSERT INTO projects (id, name, color) VALUES ('${theirs}', NULL, 'red')`);
    await db.exec("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'after it')");
    await client.sql`UPDATE projects SET color = 'blue' WHERE id = ${mine}`;
    await client.allSettled();
    await told(client, "projects", theirs, "name");
    const names = async (): Promise<unknown[]> => (await client.rows("projects")).map(({ name }) => name).toSorted();
    await until(async () => JSON.stringify(await names()) === '["after it","mine"]');
    // What comes of it in parts is kept, too.
    await db.exec(`UPDATE projects SET color = 'green' WHERE id = '${theirs}'`);
    await db.exec(`UPDATE projects SET name = 'mended' WHERE id = '${theirs}'`);
    await world.converged(client);
    await mended(client, "projects");
  }));

test("in a first load, too; it is still told after a restart, and goes with the row", () =>
  nameless(async () => {
    const { db } = world.server;
    const theirs = randomUUID();
    await db.exec(`INSERT INTO projects (id, name) VALUES ('${theirs}', NULL), (gen_random_uuid(), 'fits')`);
    const directory = await world.folder();
    const client = await world.readyClient({ directory });
    await told(client, "projects", theirs, "name");
    assert.deepEqual(
      (await client.rows("projects")).map(({ name }) => name),
      ["fits"],
    );
    await client.kill();
    const again = await world.readyClient({ directory });
    await told(again, "projects", theirs, "name");
    await db.exec(`DELETE FROM projects WHERE id = '${theirs}'`);
    await world.converged(again);
    await mended(again, "projects");
  }));

test("what is mended by the time all rows come anew stays so, after a restart too", () =>
  nameless(async () => {
    const { db, rows } = world.server;
    const theirs = randomUUID();
    await db.exec(`INSERT INTO projects (id, name) VALUES ('${theirs}', NULL)`);
    const directory = await world.folder();
    const client = await world.readyClient({ directory });
    await told(client, "projects", theirs, "name");
    await rows.hold("projects");
    await db.exec(`UPDATE projects SET name = 'mended' WHERE id = '${theirs}'`);
    world.server.shapes.options.namesNewHandle = true;
    const first = rows.requests("projects", "first");
    const anew = world.server.faults.add({ ...first, at: "arrived", times: 1_000, what: () => Promise.resolve() });
    rows.refetch("projects");
    world.server.disconnect();
    await until(() => anew.met() > 0);
    rows.release();
    await world.converged(client);
    await client.kill();
    const again = await world.readyClient({ directory });
    await db.exec(`UPDATE projects SET color = 'blue' WHERE id = '${theirs}'`);
    await world.converged(again);
    await mended(again, "projects");
  }));

test("a number that is too large for its column: the row arrives, or is told and arrives once it isn't", () =>
  lax(
    "ALTER TABLE tasks ALTER COLUMN priority TYPE BIGINT",
    "DELETE FROM tasks; ALTER TABLE tasks ALTER COLUMN priority TYPE INTEGER",
    async () => {
      const { db } = world.server;
      const [project, large, other] = [randomUUID(), randomUUID(), randomUUID()];
      const task = (id: string, priority: number): string =>
        `INSERT INTO tasks (id, project_id, title, priority) VALUES ('${id}', '${project}', 't', ${priority})`;
      const client = await world.readyClient();
      await db.exec(`INSERT INTO projects (id, name) VALUES ('${project}', 'P')`);
      await db.exec(task(other, 2));
      await world.converged(client);
      // A row that is there, and changes so.
      await db.exec(task(large, 1));
      await world.converged(client);
      await db.exec(`UPDATE tasks SET title = 'large', priority = 3000000000 WHERE id = '${large}'`);
      await db.exec(`UPDATE tasks SET title = 'other' WHERE id = '${other}'`);
      await until(async () => (await client.rows("tasks")).some(({ title }) => title === "other"));
      const isShown = async (): Promise<boolean> =>
        (await client.rows("tasks")).some(({ priority }) => Number(priority) === 3_000_000_000);
      if (!(await isShown())) await told(client, "tasks", large, "priority");
      await db.exec(`UPDATE tasks SET priority = 3 WHERE id = '${large}'`);
      await world.converged(client);
      await mended(client, "tasks");
    },
  ));
