// Lists below the rows of another model.

import assert from "node:assert/strict";
import { idOf, project, Reading, shown, type Reader } from "./support/reader.js";
import { until } from "./support/until.js";

const reading = new Reading();
const { test } = reading;

/** Has tasks be listed below their projects. */
function listsBelow(): void {
  reading.lists({
    tasks: {
      path: "/projects/{project_id}/tasks",
      page: { by: "none" },
      parents: [{ parameter: "project_id", model: "projects", field: "id", column: "project_id" }],
    },
  });
  // The longer path is to be found first.
  const tables = [...reading.server.tables];
  reading.server.tables.clear();
  for (const number of [1, 2, 3]) below(number);
  for (const [name, table] of tables) reading.server.tables.set(name, table);
}

/** The tasks of a project. */
function below(project: number, ...ids: number[]): void {
  const row = (id: number) => ({
    id: JSON.stringify(idOf(id)),
    title: JSON.stringify(`t${id}`),
    done: "false",
    priority: "1",
    approved: "false",
    created_at: '"2026-03-01T10:00:00Z"',
  });
  reading.server.tables.set(pathOf(project), new Map(ids.map((id) => [idOf(id), row(id)])));
}

function pathOf(project: number): string {
  return `/projects/${idOf(project)}/tasks`;
}

async function showingTasks(client: Reader, ...ids: number[]): Promise<void> {
  const titles = () =>
    shown(client, "tasks")
      .map(({ title }) => String(title))
      .join();
  const expected = ids.map((id) => `t${id}`).join();
  await until(
    () => titles() === expected,
    () => `${titles()} to be ${expected}`,
  );
}

test("there is one for each parent, at once for a new one, and none of a parent that has gone", async () => {
  listsBelow();
  below(1, 11, 12);
  below(2, 21);
  below(3, 31);
  reading.fill(2);
  const client = await reading.client();
  await showingTasks(client, 11, 12, 21);
  assert.deepEqual(shown(client, "tasks")[0]?.["project_id"], idOf(1));
  // A parent that appears, with nothing asked of the others.
  reading.server.requests.length = 0;
  reading.server.put("/projects", project(3));
  await client.syncNow("projects");
  await showingTasks(client, 11, 12, 21, 31);
  assert.deepEqual(reading.server.asked(pathOf(1)), []);
  // One that goes takes its rows along.
  reading.server.table("/projects").delete(idOf(1));
  await client.syncNow("projects");
  await showingTasks(client, 21, 31);
});

for (const [name, answer] of Object.entries({
  "isn't for this user": { status: 403, body: '{"detail":"not yours"}' },
  "is an error of the server": { status: 500, body: "{}" },
  "is no list": { body: '{"error":"none"}' },
})) {
  test(`one that ${name} keeps nothing from the others, and is told`, async () => {
    listsBelow();
    below(1, 11);
    below(2, 21);
    reading.fill(2);
    const client = await reading.client();
    await showingTasks(client, 11, 21);
    reading.server.before = ({ url }) => (url.pathname === pathOf(1) ? answer : undefined);
    below(1);
    below(2, 21, 22);
    await client.syncNow("tasks");
    await showingTasks(client, 11, 21, 22);
    const { lastError, waitingForAuth, models } = client.getSyncStatus();
    assert.deepEqual([models["tasks"]?.ready, waitingForAuth], [true, false]);
    assert.match(lastError ?? "", new RegExp(`^tasks: http[^ ]*${pathOf(1)}: [^/]*$`));
    // Nobody asks for it all the time.
    const asked = reading.server.asked(pathOf(1)).length;
    await client.syncNow("projects");
    assert.equal(reading.server.asked(pathOf(1)).length, asked);
    reading.server.before = () => undefined;
    await client.syncNow("tasks");
    await showingTasks(client, 21, 22);
    assert.equal(client.getSyncStatus().lastError, null);
  });
}

test("of several that fail, the same one is told each time", async () => {
  listsBelow();
  for (const number of [1, 2, 3]) below(number, 10 * number);
  reading.fill(3);
  let slow = pathOf(1);
  reading.server.after = async ({ url }) => {
    if (url.pathname === slow) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const client = await reading.client();
  await showingTasks(client, 10, 20, 30);
  const told: (string | null)[] = [];
  client.onSyncError(({ url }) => told.push(url));
  const away = { status: 500, body: "later" };
  reading.server.before = ({ url }) => ([pathOf(1), pathOf(2)].includes(url.pathname) ? away : undefined);
  for (const number of [1, 2, 1]) {
    slow = pathOf(number);
    await client.syncNow("tasks");
  }
  assert.deepEqual(told, [reading.server.url + pathOf(1)]);
});

test("where all are refused, it is the session that is", async () => {
  listsBelow();
  reading.fill(2);
  const client = await reading.client();
  reading.server.before = ({ url }) => (url.pathname.endsWith("/tasks") ? { status: 403, body: "{}" } : undefined);
  void client.syncNow("tasks");
  await until(() => client.getSyncStatus().waitingForAuth);
});

test("a row of two lists stays below one of them", async () => {
  listsBelow();
  below(1, 11);
  below(2, 11, 21);
  reading.fill(2);
  let isSlow = false;
  reading.server.after = async ({ url }) => {
    if (isSlow && url.pathname === pathOf(1)) await new Promise((resolve) => setTimeout(resolve, 30));
  };
  const client = await reading.client();
  await showingTasks(client, 11, 21);
  const parent = () => shown(client, "tasks")[0]?.["project_id"];
  const before = parent();
  const parents = new Set([before]);
  client.collections.tasks.subscribeChanges(() => parents.add(parent()));
  for (let times = 0; times < 4; times += 1) {
    isSlow = !isSlow;
    await client.syncNow("tasks");
  }
  assert.deepEqual([...parents], [before]);
});
