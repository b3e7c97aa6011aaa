// What only a sync server can do: edits in batches, groups with one fate, and what both sides tell each other of time.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status, type Incoming } from "./server/faults.js";
import type { PushBody } from "./server/pushed.js";
import { sql } from "./support/protocol.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

interface Push extends PushBody {
  readonly now: number;
  readonly bases: readonly Readonly<Record<string, { readonly version: string }>>[];
  readonly changes: readonly (PushBody["changes"][number] & {
    readonly base: number | null;
    readonly edited_at: string;
  })[];
}

/** All that was pushed, in the order of arrival. */
function pushes(): Push[] {
  const pushed = world.server.exchanges.filter(({ url }) => url.pathname === "/sync/push");
  return pushed.map(({ body }) => JSON.parse(body) as Push);
}

function hasName(request: Incoming, name: string): boolean {
  return request.body.includes(`"${name}"`);
}

test("many edits go out in few requests, in their order, and each once", async () => {
  const client = await world.readyClient();
  world.server.kill();
  for (let start = 0; start < 1_200; start += 400) {
    const rows = Array.from({ length: 400 }, (_, index) => `('project ${String(start + index)}')`);
    await client.exec(`INSERT INTO projects (name) VALUES ${rows.join(", ")}`);
  }
  await client.sql`UPDATE projects SET color = 'red' WHERE name = 'project 7'`;
  world.server.revive();
  await world.converged(client);
  const sizes = pushes().map(({ changes }) => changes.length);
  assert.ok(sizes.length <= 6 && sizes.every((size) => size <= 500), String(sizes));
  assert.equal((await world.rows("projects")).length, 1_200);
  const ids = pushes().flatMap(({ changes }) => changes.map(({ id }) => Number(id)));
  assert.deepEqual(
    ids,
    ids.toSorted((one, other) => one - other),
  );
});

test("what one transaction writes is refused, sent again and discarded together", async () => {
  const client = await world.readyClient();
  const [project, task] = [randomUUID(), randomUUID()];
  const write = (title: string): Promise<void> =>
    client.transaction(
      sql`INSERT INTO projects (id, name) VALUES (${project}, ${title})`,
      sql`INSERT INTO tasks (id, project_id, title, approved) VALUES (${task}, ${project}, 'T', true)`,
      sql`UPDATE projects SET color = 'red' WHERE id = ${project}`,
    );
  // Only a manager may approve.
  await write("P");
  await until(async () => (await client.status()).rejected === 3);
  assert.deepEqual(await world.rows("projects"), []);
  await until(async () => (await client.rows("projects")).length === 0);
  const refused = await client.rejected();
  assert.deepEqual(new Set(refused.map((change) => change.status)), new Set([403]));

  await client.configure({ token: "manager" });
  await client.retry(refused[2]?.writeId ?? "");
  await world.converged(client);
  assert.equal((await world.rows("projects"))[0]?.["color"], "red");
  assert.equal((await world.rows("tasks"))[0]?.["approved"], true);
  assert.deepEqual(await client.rejected(), []);

  await client.configure({ token: "member" });
  await client.transaction(
    sql`UPDATE projects SET name = 'renamed' WHERE id = ${project}`,
    sql`INSERT INTO tasks (project_id, title, approved) VALUES (${project}, 'another', true)`,
  );
  await until(async () => (await client.status()).rejected === 2);
  await client.discard((await client.rejected())[0]?.writeId ?? "");
  await until(async () => (await client.rejected()).length === 0);
  await world.converged(client);
  assert.equal((await world.rows("projects"))[0]?.["name"], "P");
});

test("what was written to a row whose insert is refused goes with it, whole groups of it", async () => {
  const client = await world.readyClient();
  const [bad, good] = [randomUUID(), randomUUID()];
  world.server.kill();
  await client.sql`INSERT INTO projects (id, name) VALUES (${good}, 'good')`;
  await client.exec(`INSERT INTO projects (id, name) VALUES ('${bad}', '${"x".repeat(81)}')`);
  await client.transaction(
    sql`UPDATE projects SET color = 'red' WHERE id = ${bad}`,
    sql`UPDATE projects SET color = 'red' WHERE id = ${good}`,
  );
  await client.sql`UPDATE projects SET name = 'better' WHERE id = ${good}`;
  world.server.revive();
  await until(async () => (await client.status()).rejected === 3);
  await world.converged(client);
  const [row] = await world.rows("projects");
  assert.deepEqual([row?.["name"], row?.["color"]], ["better", null]);
});

test("children go out with parents whose keys the server makes", async () => {
  const client = await world.readyClient();
  await client.transaction(
    sql`INSERT INTO accounts (id, name) VALUES (-5, 'A')`,
    sql`INSERT INTO invoices (account_id, amount) VALUES (-5, '1.10')`,
    sql`UPDATE accounts SET credit = '2.50' WHERE id = -5`,
  );
  await world.converged(client);
  assert.equal(pushes().length, 1);
  const [account] = await world.rows("accounts");
  assert.equal(account?.["credit"], "2.50");
  assert.equal((await world.rows("invoices"))[0]?.["account_id"], account?.["id"]);
});

test("an answer that got lost is asked for again, with the same content", async () => {
  const client = await world.readyClient();
  for (const at of ["committed", "answering"] as const) {
    world.server.faults.add({ on: "POST /sync/push", at, what: "reset" });
    world.server.faults.add({ on: "POST /accounts", at, what: "reset" });
  }
  await client.transaction(
    sql`INSERT INTO accounts (id, name) VALUES (-7, 'A')`,
    sql`INSERT INTO invoices (account_id, amount) VALUES (-7, '1.10')`,
  );
  await world.converged(client);
  assert.equal((await world.rows("accounts")).length, 1);
  assert.equal((await world.rows("invoices")).length, 1);
});

test("a request that keeps failing is halved, until what is wrong with it is alone", async () => {
  const client = await world.readyClient();
  world.server.kill();
  for (const name of ["one", "two", "three", "poison", "five"])
    await client.sql`INSERT INTO projects (name) VALUES (${name})`;
  const poison = world.server.faults.add({
    on: "POST /projects",
    where: (request) => hasName(request, "poison"),
    at: "arrived",
    times: 1_000,
    what: status(500),
  });
  world.server.revive();
  await until(async () => {
    // Nobody waits for the next try.
    await client.configure({});
    return (await world.rows("projects")).length === 4;
  });
  // The server has them a moment before the client knows.
  await until(async () => (await client.status()).pending === 1);
  poison.end();
  await world.converged(client);
  assert.equal((await world.rows("projects")).length, 5);
});

test("edits say what the device had seen, and are later than all of it", async () => {
  const client = await world.readyClient();
  // The server's clock is an hour ahead.
  assert.ok(world.server.sync);
  world.server.sync.options.ahead = 3_600_000;
  await client.sql`INSERT INTO projects (name) VALUES ('first')`;
  await world.converged(client);
  await client.sql`UPDATE projects SET name = 'second'`;
  await client.sql`UPDATE projects SET name = 'third'`;
  await world.converged(client);
  const changes = pushes().flatMap(({ bases, changes: all }) =>
    all.map(({ base, edited_at }) => ({ seen: base === null ? undefined : bases[base]?.["*"]?.version, edited_at })),
  );
  const stamps = changes.map(({ edited_at }) => edited_at.split(".").map(Number));
  assert.ok(
    stamps.every(([time = 0, count = 0], index) => {
      const [before = 0, counted = 0] = stamps[index - 1] ?? [];
      return time > before || (time === before && count > counted);
    }),
    JSON.stringify(stamps),
  );
  assert.ok((stamps[1]?.[0] ?? 0) >= Date.now() + 3_500_000, "later than what the server has told");
  assert.ok(Math.abs((pushes()[0]?.now ?? 0) - Date.now()) < 60_000, "the device's clock goes out as it is");
  const versions = changes.map(({ seen }) => Number(seen ?? -1));
  assert.ok((versions[1] ?? 0) > (versions[0] ?? 0), "the second was written over what the first had made");
});

test("the server is told what it may forget", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await world.converged(client);
  await client.sql`UPDATE projects SET color = 'red'`;
  await world.converged(client);
  const [first, second] = pushes();
  assert.deepEqual(
    second?.answered,
    first?.changes.map(({ write_id }) => write_id),
  );
  const { rows } = await world.server.db.query("SELECT write_id FROM sync_write WHERE answered_at IS NULL");
  assert.deepEqual(
    rows,
    second?.changes.map(({ write_id }) => ({ write_id })),
  );
});

test("a server without pokes is asked every few seconds", async () => {
  const gone = world.server.faults.add({
    on: "rows",
    where: ({ url }) => url.pathname === "/sync/poke",
    at: "arrived",
    times: 1_000,
    what: status(404),
  });
  const client = await world.readyClient({ directory: await world.folder() });
  await world.server.db.exec("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'P')");
  await world.converged(client);
  assert.ok(gone.met() > 0);
});

test("the server's history is another one: what it had taken is sent again", async () => {
  const client = await world.readyClient();
  await world.server.rows.hold("projects");
  await client.sql`INSERT INTO projects (id, name) VALUES (${randomUUID()}, 'lost')`;
  await until(async () => (await client.unsettled())[0]?.["status"] === "acknowledged");
  // A backup of before is put back.
  await world.server.db.exec("DELETE FROM projects; DELETE FROM sync_write");
  world.server.rows.refetch();
  await world.converged(client);
  assert.equal((await world.rows("projects"))[0]?.["name"], "lost");
  const ids = pushes().flatMap(({ changes }) => changes.map(({ write_id }) => write_id));
  assert.equal(new Set(ids).size, 1);
});

test("the server asks for a fresh copy while edits are on their way, and while it is read", async () => {
  const client = await world.readyClient();
  world.server.rows.options.chunk = 20;
  await world.server.db.exec(
    "INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, 60) AS n",
  );
  await world.converged(client);
  // The server takes the edit, its answer is lost, and then it has another history.
  const lost = world.server.faults.add({
    on: "PATCH /projects",
    at: "committed",
    what: async () => void (await world.server.db.exec("SELECT sync_new_epoch()")),
  });
  world.server.faults.add({ on: "PATCH /projects", at: "committed", what: "reset" });
  let pages = 0;
  world.server.faults.add({
    ...world.server.rows.requests("projects"),
    at: "arrived",
    times: 1_000,
    what: async () => {
      pages += 1;
      // In the midst of the copy.
      if (pages === 3) await client.sql`UPDATE projects SET color = 'blue' WHERE name = 'project 8'`;
      if (pages === 4) await world.server.db.exec("SELECT sync_new_epoch()");
    },
  });
  await client.sql`UPDATE projects SET color = 'red' WHERE name = 'project 7'`;
  await world.converged(client);
  assert.deepEqual([lost.met(), pages > 4], [1, true]);
  const colors = new Map((await world.rows("projects")).map((row) => [row["name"], row["color"]]));
  assert.deepEqual([colors.size, colors.get("project 7"), colors.get("project 8")], [60, "red", "blue"]);
  assert.deepEqual(await client.rejected(), []);
});

test("an answer is lost, and the row comes: nothing is wrong any more", async () => {
  const client = await world.readyClient();
  world.server.faults.add({ on: "POST /projects", at: "committed", times: 1_000, what: "reset" });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await client.allSettled();
  await until(async () => {
    const { online, lastError, errors } = await client.status();
    return online && lastError === null && errors.length === 0;
  });
});
