// What answers in a sync server's place, or answers what the protocol doesn't have: no edit is lost, nothing hangs, and
// the status says what is wrong.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Answer, status, type Incoming } from "./server/faults.js";
import type { Client } from "./support/client.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

const STAMP = "1795932681502.0";
const json = (body: unknown): Answer => ({ status: 200, body: JSON.stringify(body) });
const page = (more: object): Answer => json({ protocol: 1, stamp: STAMP, changes: [], more: false, ...more });
const cursor = { scopes: { "*": { epoch: "e", version: "1" } }, tables: {}, loads: [] };
const row = { table: "projects", key: { id: randomUUID() }, version: "1", write_id: null };

/** Answers to any request, and what the status says of them. */
const ODD: readonly (readonly [string, Answer, RegExp])[] = [
  ["a page", { status: 200, headers: { "content-type": "text/html" }, body: "<html>Welcome" }, /isn't JSON: <html>Wel/],
  ["half of an answer", { status: 200, body: '{"protocol":1,"stamp":"1.0","results":[' }, /isn't JSON/],
  ["nothing", { status: 204 }, /204/],
  ["a text", json("hello"), /the answer isn't as the protocol says/],
  ["a list", json([]), /the answer isn't as the protocol says/],
  ["another version", json({ protocol: 2 }), /speaks version 2 of the protocol/],
  ["no version", json({ stamp: STAMP }), /`protocol`/],
  ["no stamp", json({ protocol: 1 }), /`stamp`/],
  ["a stamp that no clock has", json({ protocol: 1, stamp: "9999999999999999.0" }), /`stamp`/],
  ["an old client's page", { status: 400, body: '{"error":{"code":"protocol","message":"use 2"}}' }, /400: use 2/],
];

/** Answers to a push. */
const RESULTS: readonly (readonly [string, (request: Incoming) => Answer, RegExp])[] = [
  ...ODD.map(([name, answer, said]) => [name, () => answer, said] as const),
  ["no results", () => results(undefined), /`results`/],
  ["results for nobody", () => results([{ write_id: "x", status: "applied" }]), /doesn't say what has become/],
  ["an unknown status", each({ status: "queued" }), /`results\[0\]\.status`/],
  ["all of it later", each({ status: "pending" }), /doesn't say what has become/],
  ["no place", each({ status: "applied", place: null }), /`results\[0\]\.place`/],
  [
    "a version that is none",
    each({ status: "applied", place: { scope: "*", epoch: "e", version: "x" } }),
    /place\.version/,
  ],
  ["a key that is a number", each({ status: "applied", key: { id: 5 } }), /`results\[0\]\.key\.id`/],
  ["an error without a reason", each({ status: "rejected", error: {} }), /`results\[0\]\.error\.status`/],
];

/** Answers to a pull. What comes before the reading of pages is the same for both. */
const PAGES: readonly (readonly [string, (request: Incoming) => Answer, RegExp])[] = [
  ...ODD.slice(0, 2).map(([name, answer, said]) => [name, () => answer, said] as const),
  ["no cursor", () => page({ cursor: null }), /`cursor`/],
  ["a cursor that is a text", () => page({ cursor: "abc" }), /`cursor`/],
  ["a version that is a number", () => page({ cursor: { scopes: { "*": { epoch: "e", version: 1 } } } }), /\.version/],
  ["no changes", () => page({ cursor, changes: null }), /`changes`/],
  ["a row with a number", () => page({ cursor, changes: [{ ...row, row: { name: 5 } }] }), /`changes\[0\]\.row\.name`/],
  ["a row that isn't there", () => page({ cursor, changes: [row] }), /`changes\[0\]\.row`/],
  ["a page without an end", (request) => page({ cursor: asked(request), more: true }), /doesn't go on/],
  ["another history each time", () => page({ cursor: null, reset: "ahead", more: true }), /again and again/],
];

function results(all: unknown): Answer {
  return json({ protocol: 1, stamp: STAMP, results: all });
}

/** The same for each change. */
function each(result: object): (request: Incoming) => Answer {
  return ({ body }) => {
    const { changes } = JSON.parse(body) as { readonly changes: readonly { readonly write_id: string }[] };
    return results(changes.map(({ write_id }) => ({ write_id, repeated: false, ...result })));
  };
}

function asked({ body }: Incoming): unknown {
  return (JSON.parse(body) as { readonly cursor: unknown }).cursor;
}

/** Returns once the status says it, or once nothing waits that it could be said of. */
async function says(client: Client, said: RegExp, isOver = async () => false): Promise<void> {
  let all = "";
  await until(
    async () => {
      const { lastError, errors, models } = await client.status();
      all = JSON.stringify([lastError, errors, models]);
      const isSaid = said.test(errors.map(({ message }) => message).join("\n")) || said.test(lastError ?? "");
      return isSaid || (await isOver());
    },
    () => `${String(said)} in ${all}`,
  );
}

/** As somebody would who mends it: the client needn't wait for its next try. */
async function mended(client: Client): Promise<void> {
  await client.configure({});
  await world.converged(client);
}

test("whatever is answered to a push, nothing is lost or doubled", async () => {
  const client = await world.readyClient();
  for (const [name, by, said] of RESULTS) {
    // Every second edit, the server has taken; only nobody hears of it, until its row comes.
    const at = name.length % 2 === 0 ? "arrived" : "committed";
    const fault = world.server.faults.add({ on: "* *", at, times: 1_000, what: { by } });
    await client.sql`INSERT INTO projects (name) VALUES (${name})`;
    // The row may come before anybody has seen what was said.
    const hasArrived = async () => at === "committed" && (await client.unsettled()).length === 0;
    await says(client, said, hasArrived);
    if (at === "arrived")
      await until(
        async () => (await client.status()).pending === 1,
        () => `${name} to wait`,
      );
    fault.end();
    await client.configure({});
    await client.allSettled();
    await until(async () => (await client.status()).lastError === null);
  }
  await world.converged(client);
  const names = (await world.rows("projects")).map((project) => project["name"]);
  assert.deepEqual(new Set(names), new Set(RESULTS.map(([name]) => name)));
  assert.equal(names.length, RESULTS.length);
  assert.deepEqual(await client.rejected(), []);
});

test("whatever is answered to a pull, rows come once it is mended", async () => {
  const client = await world.readyClient();
  for (const [name, by, said] of PAGES) {
    const { where, ...on } = world.server.rows.requests("projects");
    const fault = world.server.faults.add({
      ...on,
      ...(where && { where }),
      at: "arrived",
      times: 1_000,
      what: { by },
    });
    const id = randomUUID();
    await world.server.db.exec(`INSERT INTO projects (id, name) VALUES ('${id}', '${name.replace("'", "''")}')`);
    await says(client, said);
    // Edits go their way meanwhile.
    await client.sql`INSERT INTO labels (id, name) VALUES (${id}, ${name})`;
    await until(async () => (await world.rows("labels")).some((label) => label["id"] === id));
    fault.end();
    await client.configure({});
    await until(async () => (await client.rows("projects")).some((project) => project["id"] === id));
  }
  await world.converged(client);
});

test("results come in another order, and more than were asked for", async () => {
  const client = await world.readyClient();
  world.server.kill();
  for (const name of ["one", "two", "three"]) await client.sql`INSERT INTO projects (name) VALUES (${name})`;
  assert.ok(world.server.sync);
  world.server.sync.options.shuffles = true;
  world.server.revive();
  await world.converged(client);
  assert.equal((await world.rows("projects")).length, 3);
});

test("keys beyond 2^53 keep their digits", async () => {
  const client = await world.readyClient();
  await world.server.db.exec("SELECT setval(pg_get_serial_sequence('accounts', 'id'), 9007199254740992)");
  await client.sql`INSERT INTO accounts (id, name) VALUES (-5, 'A')`;
  await client.sql`INSERT INTO invoices (account_id, amount) VALUES (-5, '1.10')`;
  await client.sql`UPDATE accounts SET credit = '2.50' WHERE name = 'A'`;
  await client.allSettled();
  const { rows } = await world.server.db.query(
    "SELECT a.id::TEXT AS id, i.account_id::TEXT AS account, a.credit::TEXT AS credit FROM accounts AS a, invoices AS i",
  );
  assert.deepEqual(rows, [{ id: "9007199254740993", account: "9007199254740993", credit: "2.50" }]);
  assert.deepEqual(await client.sql`SELECT CAST(id AS TEXT) AS id FROM accounts`, [{ id: "9007199254740993" }]);
});

test("the server's clock jumps an hour ahead and back", async () => {
  const client = await world.readyClient();
  assert.ok(world.server.sync);
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  for (const [index, ahead] of [3_600_000, -3_600_000, 0].entries()) {
    world.server.sync.options.ahead = ahead;
    await client.sql`UPDATE projects SET color = ${String(index)}`;
    await world.converged(client);
    assert.equal((await world.rows("projects"))[0]?.["color"], String(index));
  }
});

test("a standby takes nothing: the status says so, and what waits goes once it is promoted", async () => {
  const client = await world.readyClient();
  const { rows } = await world.server.db.query<{ source: string }>(
    "SELECT pg_get_functiondef('sync_state'::regproc) AS source",
  );
  await world.server.db.exec(
    "CREATE OR REPLACE FUNCTION sync_state() RETURNS TEXT LANGUAGE sql AS $$ SELECT 'standby' $$",
  );
  try {
    await client.sql`INSERT INTO projects (name) VALUES ('P')`;
    await says(client, /503: the database is a standby/);
    await until(async () => (await client.status()).pending === 1);
    assert.equal((await client.status()).online, true);
  } finally {
    await world.server.db.exec(rows[0]?.source ?? "");
  }
  await mended(client);
  assert.equal((await world.rows("projects")).length, 1);
});

test("pokes that get stuck in a proxy are as good as none", async () => {
  const end = new AbortController();
  const stuck = world.server.faults.add({
    on: "rows",
    where: ({ url }) => url.pathname === "/sync/poke",
    at: "arrived",
    times: 1_000,
    what: {
      by: () => ({ status: 200, headers: { "content-type": "text/event-stream" }, stream: silence(end.signal) }),
    },
  });
  const client = await world.readyClient({ directory: await world.folder() });
  await until(() => stuck.met() > 0);
  await world.server.db.exec("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'P')");
  // Sooner than a stream without a word counts as dead, which is after a minute.
  await until(async () => (await client.rows("projects")).length === 1, undefined, 50_000);
  stuck.end();
  end.abort();
});

test("a poke of what the device has asks for nothing, and any other for a pull", async () => {
  let say = (_text: string): void => {};
  const poke = world.server.faults.add({
    on: "rows",
    where: ({ url }) => url.pathname === "/sync/poke",
    at: "arrived",
    times: 1_000,
    what: {
      by: () => ({
        status: 200,
        headers: { "content-type": "text/event-stream" },
        stream: new ReadableStream<Uint8Array>({
          start: (controller) => {
            say = (text) => controller.enqueue(new TextEncoder().encode(text));
            say(": connected\n\n");
          },
        }),
      }),
    },
  });
  // It asks for nothing by itself.
  const client = await world.readyClient({ directory: await world.folder(), poll: 3_600 });
  await until(() => poke.met() > 0);
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await world.converged(client);
  let pulls = 0;
  world.server.faults.add({
    ...world.server.rows.requests("projects"),
    at: "arrived",
    times: 1_000,
    what: async () => void (pulls += 1),
  });
  const { rows } = await world.server.db.query<{ epoch: string; version: string }>(
    "SELECT epoch, version::TEXT FROM sync_scope WHERE scope = '*'",
  );
  const event = (data: unknown): string => `event: poke\r\ndata: ${JSON.stringify(data)}\r\n\r\n`;
  /** Waits until what was asked for before is over. */
  const settle = async (): Promise<void> => {
    for (let before = -1; before !== pulls; await new Promise((resolve) => setTimeout(resolve, 1_000))) before = pulls;
    pulls = 0;
  };
  await settle();
  say(event({ scopes: { "*": rows[0] } }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(pulls, 0);
  for (const data of [
    { scopes: { "team:9": { epoch: "e", version: "1" } } },
    { scopes: { "*": { version: "x" } } },
    {},
    5,
  ]) {
    await settle();
    say(event(data));
    await until(() => pulls > 0);
  }
  poke.end();
});

/** The beginning of a comment, and nothing more. */
async function* silence(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(":");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

test("a write that a backup doesn't have is sent again by a client that had seen nothing yet", async () => {
  const away = world.server.faults.add({
    ...world.server.rows.requests("projects"),
    at: "arrived",
    times: 1_000,
    what: status(503),
  });
  const client = await world.client({ directory: await world.folder() });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await until(async () => (await client.unsettled())[0]?.["status"] === "acknowledged");
  await world.server.db.exec("DELETE FROM projects; DELETE FROM sync_write; SELECT sync_new_epoch()");
  away.end();
  await mended(client);
  assert.equal((await world.rows("projects")).length, 1);
});

for (const history of ["the same history", "another history each time"]) {
  test(`a server with ${history} that takes edits, and never has them, is asked ever less`, async () => {
    const client = await world.readyClient();
    const nowhere = { scope: "*", epoch: randomUUID(), version: "1" };
    const { on, where } = world.server.rows.requests("projects");
    const isSame = history === "the same history";
    const faults = [
      world.server.faults.add({
        on: "* *",
        at: "arrived",
        times: 100_000,
        what: { by: each({ status: "applied", place: nowhere }) },
      }),
      world.server.faults.add({
        on,
        where: (request) => !isSame && where?.(request) === true && asked(request) !== null,
        at: "arrived",
        times: 100_000,
        what: { by: () => page({ cursor: null, reset: "epoch", more: true }) },
      }),
    ];
    await client.sql`INSERT INTO projects (name) VALUES ('P')`;
    await says(client, /has taken an edit, and then hasn't had it/);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    // Twice at once; then after a second at most, after two, and after four.
    const { length } = world.server.exchanges.filter(({ url }) => url.pathname === "/sync/push");
    assert.ok(length < 20, `${length} pushes`);
    // What else there is goes its way.
    for (const fault of faults) fault.end();
    await client.sql`INSERT INTO labels (id, name) VALUES (${randomUUID()}, 'L')`;
    await until(async () => (await world.rows("labels")).length === 1);
    await mended(client);
    await until(async () => (await client.status()).lastError === null);
    assert.deepEqual([(await world.rows("projects")).length, await client.rejected()], [1, []]);
  });
}

test("no edit is rejected for what is wrong with the request around it", async () => {
  const client = await world.readyClient();
  await client.sql`INSERT INTO projects (name) VALUES ('before')`;
  await client.allSettled();
  for (const field of ["now", "answered.0"]) {
    const body = JSON.stringify({ error: { code: "bad_request", message: `\`${field}\`: Invalid input` } });
    const fault = world.server.faults.add({
      on: "* *",
      at: "arrived",
      times: 100_000,
      what: { status: 400, body },
    });
    await client.sql`INSERT INTO projects (name) VALUES (${`${field} one`})`;
    await client.sql`INSERT INTO projects (name) VALUES (${`${field} two`})`;
    await says(client, new RegExp(`400: .${field}`));
    await until(() => fault.met() > 6);
    const { pending, rejected } = await client.status();
    assert.deepEqual([pending, rejected], [2, 0], field);
    fault.end();
    await client.configure({});
    await client.allSettled();
    await until(async () => (await client.status()).lastError === null);
  }
  await world.converged(client);
  assert.equal((await world.rows("projects")).length, 5);
});

test("of a scope that is being filled, an edit doesn't say that all of it was seen", async () => {
  world.server.rows.options.chunk = 20;
  await world.server.db.exec(
    "INSERT INTO projects (id, name) SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, 60) AS n",
  );
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let pages = 0;
  world.server.faults.add({
    ...world.server.rows.requests("projects"),
    at: "answering",
    times: 1_000,
    what: async () => {
      pages += 1;
      if (pages > 1) await released;
    },
  });
  const client = await world.client({ directory: await world.folder() });
  await until(async () => (await client.sql`SELECT 1 AS one FROM projects_synced`).length === 20);
  await client.sql`UPDATE projects SET color = 'red'`;
  release();
  await world.converged(client);
  const { body = "" } = world.server.exchanges.find(({ url }) => url.pathname === "/sync/push") ?? {};
  const { bases, changes } = JSON.parse(body) as { bases: object[]; changes: { base: number | null }[] };
  assert.equal(changes.length, 20);
  for (const { base } of changes) assert.deepEqual(base === null ? {} : bases[base], {});
});
