// A time keeps its form: what the API gives without a zone is shown without one, and goes back so.

import assert from "node:assert/strict";
import { models } from "../sqlite/electric/schema/index.js";
import { before as earlier, compareTimes, isSame, isoTimestamp } from "../sqlite/electric/db/client/values.js";
import type { Client } from "./support/client.js";
import { adapter, transport } from "./support/generated.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

// A time without a zone isn't one of the device's zone. Clients are processes of their own, and get this.
process.env["TZ"] = "America/New_York";

const world = new World();
const { test } = world;

/** It writes a time as short as it can be. */
const isPglite = adapter === "pglite";

const PROJECT = "00000000-0000-4000-8000-000000000001";
const TASK = "00000000-0000-4000-8000-000000000002";
const OTHER = "00000000-0000-4000-8000-000000000003";

/** The trigger is made anew: its plans have the other type. */
const alter = (type: "timestamp" | "timestamptz"): Promise<unknown> =>
  world.server.db.exec(`
    ALTER TABLE tasks ALTER COLUMN due_at TYPE ${type};
    DO $$ BEGIN EXECUTE pg_get_functiondef('_capture_tasks'::REGPROC); END $$
  `);

/** Runs `work` while the server's column has no zone. */
async function zoneless(work: () => Promise<void>): Promise<void> {
  await alter("timestamp");
  try {
    await work();
  } finally {
    await alter("timestamptz");
  }
}

async function insertTasks(due: string): Promise<void> {
  await world.server.db.exec(`
    INSERT INTO projects (id, name) VALUES ('${PROJECT}', 'P');
    INSERT INTO tasks (id, project_id, title, due_at)
    VALUES ('${TASK}', '${PROJECT}', 'T', '${due}'), ('${OTHER}', '${PROJECT}', 'O', '${due}')
  `);
}

async function showsDue(client: Client, due: string, task = TASK): Promise<void> {
  const found = async (): Promise<unknown> => (await client.shown("tasks")).find(({ id }) => id === task)?.["due_at"];
  let last: unknown;
  await until(
    async () => (last = await found()) === due,
    () => `${String(last)} to be ${due}`,
  );
}

/** What the last request said of it. */
function sentDue(): unknown {
  const { body = "" } = world.requests(`PATCH /tasks/${TASK}`).at(-1) ?? {};
  return (JSON.parse(body) as Record<string, unknown>)["due_at"];
}

test("a time without a zone is shown without one, and goes back so", () =>
  zoneless(async () => {
    await insertTasks("2026-03-08 02:30:00.25");
    const [client, other] = await world.readyPair();
    await world.converged(client, other);
    await showsDue(client, "2026-03-08T02:30:00.25");

    await client.save({ model: "tasks", update: TASK, set: { due_at: "2026-07-01T10:00:00" } });
    await world.converged(client, other);
    assert.equal(sentDue(), "2026-07-01T10:00:00");
    for (const one of [client, other]) await showsDue(one, "2026-07-01T10:00:00");

    // An edit of another column leaves it as it is.
    await client.save({ model: "tasks", update: TASK, set: { title: "later" } });
    await world.converged(client, other);
    assert.equal(sentDue(), undefined);
    await showsDue(client, "2026-07-01T10:00:00");
  }));

test("a column that gets a zone, or loses it, is shown as it comes then", async () => {
  await insertTasks("2026-07-01 10:00:00");
  const client = await world.readyClient();
  const anew = async (type: "timestamp" | "timestamptz", changed: string): Promise<void> => {
    await alter(type);
    world.server.rows.refetch("tasks");
    // A list is read soon where there are news.
    await world.server.db.exec(`UPDATE tasks SET title = title || '!' WHERE id IN (${changed})`);
  };
  const zoned = transport === "rest" && !isPglite ? "2026-07-01T10:00:00.000000Z" : "2026-07-01T10:00:00Z";
  await showsDue(client, zoned);
  // In PGlite, a row that hasn't come anew is shown so as well.
  await zoneless(async () => {
    await anew("timestamp", `'${TASK}'`);
    await showsDue(client, "2026-07-01T10:00:00");
    if (isPglite) await showsDue(client, "2026-07-01T10:00:00", OTHER);
  });
  await anew("timestamptz", `'${TASK}', '${OTHER}'`);
  await showsDue(client, zoned);
  await showsDue(client, zoned, OTHER);
});

test("a time without a zone is compared as one of UTC", async () => {
  const model = models.find(({ name }) => name === "tasks");
  assert.ok(model !== undefined);
  const [bare, zoned] = ["2026-07-01T10:00:00", "2026-07-01T10:00:00Z"];
  const due = (time: string): { due_at: string } => ({ due_at: JSON.stringify(time) });
  assert.ok(isSame(model, "due_at", due(bare), due(zoned)));
  assert.ok(isSame(model, "due_at", due(bare), due("2026-07-01T12:00:00+02:00")));
  assert.ok(!isSame(model, "due_at", due(bare), due("2026-07-01T10:00:01")));
  assert.equal(compareTimes(bare, zoned), 0);
  assert.ok(compareTimes("2026-07-01T10:00:00.000001", bare) > 0);
  // As the server has it, so that it understands what it is asked.
  assert.equal(earlier(bare, 60), "2026-07-01T09:59:00.000");
  assert.equal(earlier(zoned, 60), "2026-07-01T09:59:00.000Z");
  for (const [text, iso] of [
    ["2026-07-01 10:00:00.5", "2026-07-01T10:00:00.5"],
    ["2026-07-01 10:00:00+00", zoned],
    ["2026-07-01 12:00:00+02", zoned],
    ["infinity", "infinity"],
  ] as const) {
    assert.equal(isoTimestamp(text), iso);
  }
});
