// A database that an older version of the generator has made, with edits that were never sent: its SQL is in `older`.

import { PGlite } from "@electric-sql/pglite";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { adapter, isSqlite } from "./support/generated.js";
import { openFile } from "./support/native.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

/** The first version of the log. One column and one model have other names in the API since. */
async function olderSchema(): Promise<string[]> {
  const folder = join(process.env["OLDER_SCHEMAS"] ?? "", adapter);
  const file = (name: string): Promise<string> => readFile(join(folder, `${name}.sql`), "utf8");
  return [
    await file("_changes"),
    await file("accounts"),
    await file("labels"),
    (await file("labels")).replaceAll("labels", "notes"),
    (await file("projects")).replaceAll("color", "budget"),
    await file("tasks"),
  ];
}

/** Runs scripts on the database in a folder, as an application of that time did. */
async function run(directory: string, scripts: readonly string[]): Promise<void> {
  if (isSqlite) {
    const database = openFile(join(directory, "client.db"));
    for (const script of scripts) database.exec(script);
    database.close();
    return;
  }
  const database = await PGlite.create(directory);
  for (const script of scripts) await database.exec(script);
  await database.close();
}

test("a log of the first version goes on, be its user offline or not", async () => {
  const directory = await world.folder();
  const [project, task, shown] = [randomUUID(), randomUUID(), randomUUID()];
  await run(directory, [
    ...(await olderSchema()),
    `INSERT INTO projects (id, name, budget) VALUES ('${project}', 'P', '5')`,
    `UPDATE projects SET name = 'renamed' WHERE id = '${project}'`,
    `INSERT INTO tasks (id, project_id, title, estimate, effort) VALUES ('${task}', '${project}', 'T', '1.10', 9007199254740993)`,
    "INSERT INTO accounts (name) VALUES ('A')",
    "UPDATE accounts SET credit = '2.50'",
    "INSERT INTO notes (name) VALUES ('of a model that is gone')",
    `INSERT INTO labels (id, name) VALUES ('${shown}', 'acknowledged')`,
    "UPDATE _changes SET status = 'acknowledged' WHERE table_name = 'labels'",
    "INSERT INTO labels (name) VALUES ('rejected')",
    "UPDATE _changes SET status = 'rejected', error = 'refused' WHERE table_name = 'labels' AND status = 'pending'",
    // It was sent, and nobody knows what became of it.
    "UPDATE _changes SET attempts = 1 WHERE table_name = 'tasks'",
  ]);
  await world.server.db.exec(`INSERT INTO tags (id, label_name) VALUES ('${shown}', 'acknowledged')`);

  world.server.kill();
  const offline = await world.client({ directory });
  assert.equal((await offline.sql`SELECT name FROM projects`)[0]?.["name"], "renamed");
  assert.equal((await offline.sql`SELECT effort FROM tasks`)[0]?.["effort"], "9007199254740993");
  assert.equal((await offline.sql`SELECT name FROM labels`)[0]?.["name"], "acknowledged");
  await until(async () => (await offline.status()).pending === 5);
  await offline.sql`UPDATE projects SET color = 'red'`;
  await offline.kill();

  world.server.revive();
  const client = await world.readyClient({ directory });
  await world.converged(client);
  const [row] = await world.rows("projects");
  assert.deepEqual([row?.["name"], row?.["color"]], ["renamed", "red"]);
  assert.equal((await world.rows("tasks"))[0]?.["estimate"], "1.10");
  assert.equal((await world.rows("accounts"))[0]?.["credit"], "2.50");

  // What can't be sent any more is told, and so is what had been refused before.
  const rejected = await client.rejected();
  assert.deepEqual(rejected.map(({ model }) => model).toSorted(), ["labels", "notes", "projects"]);
  assert.match(rejected.find(({ model }) => model === "projects")?.message ?? "", /budget is gone/);
  assert.match(rejected.find(({ model }) => model === "notes")?.message ?? "", /gone/);
  const refused = rejected.find(({ model }) => model === "labels");
  assert.equal(refused?.message, "refused");
  await client.retry(refused?.writeId ?? "");
  await until(async () => (await world.rows("labels")).length === 2);
  await world.converged(client);
});

test("an upgrade with rows of the server, and edits over them", async () => {
  const directory = await world.folder();
  const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
  const times = "'2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'";
  const rows = [one, two, three].map((id) => `('${id}', 'from the server', NULL, ${times})`);
  await run(directory, [
    ...(await olderSchema()),
    `INSERT INTO projects_synced (id, name, budget, created_at, updated_at) VALUES ${rows.join(", ")}`,
    `UPDATE projects SET name = 'edited' WHERE id = '${one}'`,
    `DELETE FROM projects WHERE id = '${two}'`,
  ]);
  const values = [one, two].map((id) => `('${id}', 'from the server')`);
  await world.server.db.exec(`INSERT INTO projects (id, name) VALUES ${values.join(", ")}`);
  // The third was deleted while nobody listened.
  const client = await world.readyClient({ directory });
  await world.converged(client);
  assert.deepEqual(
    (await world.rows("projects")).map(({ id, name }) => [id, name]),
    [[one, "edited"]],
  );
  assert.deepEqual(await client.rejected(), []);
});
