// The test server where it does what Electric alone does, as tests/README.md has it in a table.

import type { Message } from "@electric-sql/client";
import assert from "node:assert/strict";
import { test } from "node:test";
import { changes, project, read, send, server, shape, where } from "./support/test-server.js";
import { until } from "./support/until.js";

/** What this gives returns once the next live request has come, and waits for news. */
function arrival(): () => Promise<void> {
  const live = server.faults.add({
    on: "rows",
    where: ({ url }) => url.searchParams.get("live") === "true",
    at: "arrived",
    what: () => Promise.resolve(),
  });
  return async () => {
    await until(() => live.met() === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
  };
}

test("a snapshot ends at its last chunk, and what follows it begins at 0_inf", async () => {
  server.shapes.options.chunk = 2;
  for (const name of ["a", "b", "c"]) await send("POST", "/settings", { name, value: "1" });
  const offsets: (string | null)[] = [];
  let next = "offset=-1";
  for (;;) {
    const response = await shape(`table=settings&${next}`);
    offsets.push(response.headers.get("electric-offset"));
    await response.text();
    next = where(response);
    if (response.headers.has("electric-up-to-date")) break;
  }
  assert.deepEqual(offsets, ["0_0", "0_1", "0_inf"]);
});

test("a transaction's changes are numbered from 0 in steps of two, and the last one says so", async () => {
  for (const name of ["a", "b", "c"]) await send("POST", "/settings", { name, value: "1" });
  const first = await shape("table=settings&offset=-1");
  await first.text();
  await server.db.exec(
    "BEGIN; UPDATE settings SET value = '2'; UPDATE settings SET name = 'z' WHERE name = 'c'; COMMIT",
  );
  server.shapes.options.chunk = 3;
  const answers: Message[][] = [];
  const offsets: string[] = [];
  for (let next = where(first), isUpToDate = false; !isUpToDate;) {
    const response = await shape(`table=settings&${next}`);
    next = where(response);
    isUpToDate = response.headers.has("electric-up-to-date");
    offsets.push(response.headers.get("electric-offset") ?? "");
    answers.push(await read(response));
  }
  const positions = answers.map((answer) => changes(answer).map(({ headers }) => headers["op_position"]));
  assert.deepEqual(
    positions,
    [
      [0, 2, 4],
      [6, 7],
    ],
    "in several answers, up to date only after the last",
  );
  const messages = answers.flatMap(changes);
  assert.equal(new Set(messages.map(({ headers }) => headers["lsn"])).size, 1);
  assert.deepEqual(
    messages.map(({ headers }) => headers["last"] === true),
    [false, false, false, false, true],
  );
  const lsn = String(messages[0]?.headers["lsn"]);
  assert.deepEqual(offsets, [`${lsn}_4`, `${lsn}_7`]);
  const seen = answers.at(-1)?.at(-1)?.headers as Record<string, string>;
  assert.ok(BigInt(seen["global_last_seen_lsn"] ?? 0) >= BigInt(lsn), "at least the last LSN");

  await send("POST", "/projects", project("elsewhere"));
  const later = await read(
    await shape(`table=settings&handle=${first.headers.get("electric-handle")}&offset=${lsn}_7`),
  );
  const moved = (later.at(-1)?.headers as Record<string, string>)["global_last_seen_lsn"];
  assert.ok(BigInt(moved ?? 0) > BigInt(seen["global_last_seen_lsn"] ?? 0), "it moves without news");
  server.shapes.options.isBlind = true;
  const blind = await read(
    await shape(`table=settings&handle=${first.headers.get("electric-handle")}&offset=${lsn}_7`),
  );
  assert.equal((blind.at(-1)?.headers as Record<string, string>)["global_last_seen_lsn"], "0");
});

test("answers say how long they may be kept, and what is in them", async () => {
  const first = await shape("table=projects&offset=-1", { "accept-encoding": "gzip" });
  await first.text();
  const has = (response: Response, name: string): string | null => response.headers.get(name);
  assert.match(has(first, "cache-control") ?? "", /max-age=604800/);
  assert.equal(has(first, "content-encoding"), "gzip");
  assert.equal(has(first, "electric-has-data"), "false");
  assert.equal(has(first, "access-control-expose-headers"), "*");
  assert.notEqual(has(first, "etag"), null);
  assert.notEqual(has(first, "surrogate-control"), null);
  const following = await shape(`table=projects&${where(first)}`);
  await following.text();
  assert.match(has(following, "cache-control") ?? "", /max-age=60\b/);
  server.shapes.options.patience = 10;
  const live = await shape(`table=projects&${where(following)}&live=true`);
  await live.text();
  assert.match(has(live, "cache-control") ?? "", /max-age=5\b/);
  const wrong = await shape("table=nothing&offset=-1");
  await wrong.text();
  assert.equal(has(wrong, "cache-control"), "no-store");
});

test("the schema is sorted by name, and has what is in the brackets of a type", async () => {
  await server.db.exec("CREATE TABLE typed (id INT PRIMARY KEY, b VARCHAR(7), a NUMERIC(6, 2), lists INT[][])");
  try {
    const response = await shape("table=typed&offset=-1");
    await response.text();
    assert.equal(
      response.headers.get("electric-schema"),
      JSON.stringify({
        a: { type: "numeric", precision: 6, scale: 2 },
        b: { type: "varchar", max_length: 7 },
        id: { type: "int4", not_null: true, pk_index: 0 },
        lists: { type: "int4", dims: 2 },
      }),
    );
  } finally {
    await server.db.exec("DROP TABLE typed");
  }
});

test("a table that is emptied rotates its shape: whoever waits isn't told the next one, later requests are", async () => {
  const first = await shape("table=projects&offset=-1");
  await first.text();
  const waits = arrival();
  const waiting = shape(`table=projects&handle=${first.headers.get("electric-handle")}&offset=0_inf&live=true`);
  await waits();
  await server.db.exec("TRUNCATE projects CASCADE");
  const rotated = await waiting;
  await rotated.text();
  assert.deepEqual([rotated.status, rotated.headers.get("electric-handle")], [409, null]);
  assert.match(rotated.headers.get("cache-control") ?? "", /max-age=1\b/);
  const later = await shape(`table=projects&handle=${first.headers.get("electric-handle")}&offset=0_inf`);
  await later.text();
  assert.equal(later.status, 409);
  assert.notEqual(later.headers.get("electric-handle"), first.headers.get("electric-handle"));
  server.shapes.options.refusals = 1;
  const refused = await shape("table=projects&offset=-1");
  await refused.text();
  assert.deepEqual([refused.status, refused.headers.get("electric-handle")], [409, null]);
});

test("what is beyond the log is held, and then refused", async () => {
  await send("POST", "/projects", project("one"));
  const first = await shape("table=projects&offset=-1");
  await first.text();
  server.shapes.options.bounds = 200;
  const start = Date.now();
  const beyond = await shape(`table=projects&handle=${first.headers.get("electric-handle")}&offset=99000000_0`);
  assert.equal(beyond.status, 400);
  assert.deepEqual(await beyond.json(), {
    message: "Invalid request",
    errors: { offset: ["out of bounds for this shape"] },
  });
  assert.ok(Date.now() - start >= 190);
});

test("names without quotes are folded, and what can't be synced is refused", async () => {
  await server.db.exec(`CREATE TABLE "Mixed" ("Id" INT PRIMARY KEY, twice INT GENERATED ALWAYS AS ("Id" * 2) STORED);
    CREATE VIEW seen AS SELECT * FROM projects; CREATE UNLOGGED TABLE unlogged (id INT PRIMARY KEY)`);
  try {
    const status = async (query: string): Promise<number> => {
      const response = await shape(`${query}&offset=-1`);
      await response.text();
      return response.status;
    };
    assert.equal(await status("table=PROJECTS&columns=ID,Name"), 200);
    assert.equal(await status("table=Mixed"), 400);
    assert.equal(await status('table="Mixed"&columns=Id'), 400);
    assert.equal(await status('table="Mixed"&columns="Id"'), 200);
    assert.equal(await status('table="Mixed"'), 400, "a generated column");
    assert.equal(await status("table=seen"), 400);
    assert.equal(await status("table=unlogged"), 500);
    // What the real one can and this can't isn't passed over.
    assert.equal(await status("table=projects&replica=full"), 501);
    assert.equal(await status("table=projects&log=changes_only"), 501);
  } finally {
    await server.db.exec('DROP VIEW seen; DROP TABLE unlogged; DROP TABLE "Mixed"');
  }
});

test("503s say when to come back, a second instance serves what is there, and a stop is graceful", async () => {
  server.shapes.options.unready = 7;
  const unready = await shape("table=projects&offset=-1");
  await unready.text();
  assert.deepEqual([unready.status, unready.headers.get("retry-after")], [503, "7"]);
  server.shapes.options.unready = null;
  const first = await shape("table=projects&offset=-1");
  await first.text();
  server.shapes.options.isSecond = true;
  for (const [table, status] of [
    ["projects", 200],
    ["settings", 503],
  ] as const) {
    const response = await shape(`table=${table}&offset=-1`);
    await response.text();
    assert.equal(response.status, status, table);
  }
  const waits = arrival();
  const pending = shape(`table=projects&handle=${first.headers.get("electric-handle")}&offset=0_inf&live=true`);
  pending.catch(() => {});
  await waits();
  const start = Date.now();
  const stopped = server.stop(300);
  await assert.rejects(pending);
  assert.ok(Date.now() - start >= 290, "who waits is cut later");
  await stopped;
  server.revive();
});
