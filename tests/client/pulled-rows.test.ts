// What pulls write, as the database's SQL sees it.

import assert from "node:assert/strict";
import { byOffset } from "./support/list-server.js";
import { idOf, offset, project, query, Reading, showing } from "./support/reader.js";

const reading = new Reading();
const { test } = reading;

test("an unchanged list writes nothing and wakes nobody; a changed row is written alone", async () => {
  reading.projects({ page: offset });
  reading.server.style = byOffset(100);
  const names = reading.fill(250);
  const client = await reading.client();
  await showing(client, names);
  let commits = 0;
  client.getDatabase().onCommit(() => {
    commits += 1;
  });
  const changes: unknown[] = [];
  client.collections.projects.subscribeChanges((some) => changes.push(...some));
  // The collection may still have the first rows to tell.
  await client.syncNow("projects");
  changes.length = 0;
  for (let times = 0; times < 3; times += 1) await client.syncNow("projects");
  assert.deepEqual([commits, changes.length], [0, 0]);
  const [before] = await query(client, "SELECT max(seq) AS seq FROM _changed_keys");
  reading.server.put("/projects", project(42, "renamed"));
  await client.syncNow("projects");
  await showing(client, [...names.filter((name) => name !== "p42"), "renamed"]);
  const [after] = await query(client, "SELECT max(seq) AS seq FROM _changed_keys");
  assert.equal(Number(after?.["seq"]) - Number(before?.["seq"]), 1);
  assert.equal(changes.length, 1);
});

test("the first pull after a start and every tenth compare with what is there", async () => {
  reading.projects({});
  const names = reading.fill(3);
  const client = await reading.client();
  await showing(client, names);
  // As if somebody had broken the database.
  await query(client, `DELETE FROM projects_synced WHERE id = '${idOf(2)}'`);
  await showing(client, ["p1", "p3"]);
  for (let times = 2; times <= 10; times += 1) await client.syncNow("projects");
  await showing(client, ["p1", "p3"]);
  await client.syncNow("projects");
  await showing(client, names);
});
