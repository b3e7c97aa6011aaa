// The test server itself, asked by Electric's own client: what the tests of the generated client stand on.

import { type Message, ShapeStream } from "@electric-sql/client";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { status } from "./server/faults.js";
import { Server } from "./server/server.js";
import { until } from "./support/until.js";

let server: Server;
let aborted: AbortController;

before(async () => {
  server = await Server.start();
});
beforeEach(async () => {
  aborted?.abort();
  aborted = new AbortController();
  await server.reset();
});
after(async () => {
  aborted.abort();
  await server.close();
});

interface Sent {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Sent> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: "Bearer member", "idempotency-key": randomUUID(), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text), headers: response.headers };
}

function stream(table: string, params: Record<string, string> = {}): { messages: Message[]; stream: ShapeStream } {
  const messages: Message[] = [];
  const stream = new ShapeStream({
    url: `${server.url}/v1/shape`,
    params: { table, ...params },
    headers: { authorization: "Bearer member" },
    signal: aborted.signal,
    backoffOptions: { initialDelay: 20, maxDelay: 100, multiplier: 2 },
    parser: { int8: (value) => value },
    onError: () => {},
  });
  stream.subscribe(
    (batch) => void messages.push(...batch),
    () => {},
  );
  return { messages, stream };
}

function changes(messages: readonly Message[]) {
  return messages.flatMap((message) => ("key" in message ? [message] : []));
}

const project = (name: string) => ({ id: randomUUID(), name });

test("a shape follows what the API writes", async () => {
  const one = project("one");
  assert.equal((await send("POST", "/projects", { ...one, write_id: "w1" })).status, 201);
  const { messages, stream: projects } = stream("projects");
  await until(() => projects.isUpToDate);
  assert.equal(changes(messages)[0]?.value["write_id"], "w1");
  assert.ok(messages.some(({ headers }) => headers["control"] === "snapshot-end"));

  const two = project("two");
  await send("POST", "/projects", two);
  await send("PATCH", `/projects/${one.id}`, { color: "red", write_id: "w2" });
  await send("DELETE", `/projects/${two.id}`);
  await until(() => changes(messages).length === 4);
  const [, inserted, updated, deleted] = changes(messages);
  assert.equal(inserted?.headers.operation, "insert");
  assert.equal(inserted?.key, `"public"."projects"/"${two.id}"`);
  const columns = ["color", "id", "updated_at", "write_id"];
  assert.deepEqual(Object.keys(updated?.value ?? {}).toSorted(), columns, "only what has changed");
  assert.deepEqual(deleted?.value, { id: two.id });
  assert.equal(updated?.value["color"], "red");
});

test("values are Postgres' text, and keep their digits", async () => {
  const parent = project("parent");
  await send("POST", "/projects", parent);
  const id = randomUUID();
  const text = `{"id":"${id}","project_id":"${parent.id}","title":"t","effort":9007199254740993,"estimate":"1.10",
    "due_at":"2026-01-31T10:00:00.123456Z","details":{"tags":["a"],"parent":null,"size":1.50}}`;
  const headers = { authorization: "Bearer member", "idempotency-key": "k" };
  const created = await (await fetch(`${server.url}/tasks`, { method: "POST", headers, body: text })).text();
  assert.match(created, /"effort" : 9007199254740993,/);
  assert.match(created, /"estimate" : "1.10", "due_at"|"estimate" : "1.10"/);
  assert.match(created, /"due_at" : "2026-01-31T10:00:00.123456Z"/);
  const { messages } = stream("tasks");
  await until(() => changes(messages).length === 1);
  await send("PATCH", `/tasks/${id}`, { done: true });
  await until(() => changes(messages).length === 2);
  const [inserted, updated] = changes(messages);
  assert.equal(inserted?.value["effort"], "9007199254740993");
  assert.equal(inserted?.value["estimate"], "1.10");
  assert.equal(inserted?.value["due_at"], "2026-01-31 10:00:00.123456+00");
  assert.equal(updated?.value["done"], true);
});

test("transactions of answers and of messages are the same", async () => {
  const { messages, stream: accounts } = stream("accounts");
  await until(() => accounts.isUpToDate);
  const created = await send("POST", "/accounts", { name: "A" });
  const changed = await send("PATCH", `/accounts/${String(created.body["id"])}`, { credit: "1.50" });
  assert.equal((changed.body["account"] as Record<string, unknown>)["credit"], "1.50");
  await until(() => changes(messages).length === 2);
  assert.deepEqual(
    changes(messages).map(({ headers }) => headers.txids),
    [[created.body["txid"]], [changed.body["txid"]]],
  );
});

test("an answer is remembered by its idempotency key, a refusal too", async () => {
  const body = project("once");
  const key = { "idempotency-key": "the same" };
  const [first, second] = [await send("POST", "/projects", body, key), await send("POST", "/projects", body, key)];
  assert.deepEqual(second.body, first.body);
  assert.equal(second.headers.get("idempotency-replayed"), "true");
  assert.equal((await send("POST", "/projects", body)).status, 409);
  assert.deepEqual(server.api.misused, []);
  await send("POST", "/projects", project("other"), key);
  assert.equal(server.api.misused.length, 1);

  const refused = { "idempotency-key": "refused" };
  assert.equal((await send("POST", "/projects", project(""), refused)).status, 422);
  assert.equal((await send("POST", "/projects", project(""), refused)).headers.get("idempotency-replayed"), "true");
});

test("refusals", async () => {
  const one = project("one");
  await send("POST", "/projects", one);
  assert.equal((await send("POST", "/projects", one, { authorization: "Bearer stale" })).status, 401);
  assert.equal((await send("PATCH", `/projects/${one.id}`, { name: "x".repeat(81) })).status, 422);
  assert.equal((await send("PATCH", `/projects/${one.id}`, { created_at: "2026-01-01T00:00:00Z" })).status, 422);
  assert.equal((await send("PATCH", `/projects/${randomUUID()}`, { name: "none" })).status, 404);
  assert.equal((await send("DELETE", `/projects/${randomUUID()}`)).status, 404);
  const task = { id: randomUUID(), project_id: one.id, title: "t" };
  assert.equal((await send("POST", "/tasks", { ...task, project_id: randomUUID() })).status, 422);
  assert.equal((await send("POST", "/tasks", { ...task, approved: true })).status, 403);
  assert.equal(
    (await send("POST", "/tasks", { ...task, approved: true }, { authorization: "Bearer manager" })).status,
    201,
  );
});

test("PUT replaces, and asks for the row that was read", async () => {
  const { body: account } = await send("POST", "/accounts", { name: "A" });
  const created = await send("POST", "/invoices", { account_id: account["id"], amount: "10.00", note: "n" });
  assert.equal(created.status, 201);
  const path = `/invoices/${String(created.body["id"])}`;
  const etag = (await send("GET", path)).headers.get("etag") ?? "";
  assert.equal(created.headers.get("etag"), etag);
  const replaced = await send("PUT", path, { account_id: account["id"], amount: "11.00" }, { "if-match": etag });
  assert.deepEqual(replaced.body, { ...created.body, amount: "11.00", note: null });
  assert.equal(
    (await send("PUT", path, { account_id: account["id"], amount: "12.00" }, { "if-match": etag })).status,
    412,
  );
});

test("a table and a column may be named otherwise", async () => {
  const label = { id: randomUUID(), name: "urgent" };
  assert.deepEqual((await send("POST", "/labels", label)).body, { ...label, color: null });
  const { messages } = stream("tags", { columns: "id,label_name" });
  await until(() => changes(messages).length === 1);
  assert.deepEqual(changes(messages)[0]?.value, { id: label.id, label_name: "urgent" });
  assert.equal((await send("PATCH", `/labels/${label.id}`, { name: "later" })).status, 204);
  await until(() => changes(messages).length === 2);
  assert.deepEqual(changes(messages)[1]?.value, { id: label.id, label_name: "later" });
});

test("a shape with a condition lets rows in and out", async () => {
  const one = project("one");
  await send("POST", "/projects", one);
  const { messages, stream: red } = stream("projects", { where: "color = $1", "params[1]": "red" });
  await until(() => red.isUpToDate);
  await send("PATCH", `/projects/${one.id}`, { color: "red" });
  await send("PATCH", `/projects/${one.id}`, { color: "blue" });
  await until(() => changes(messages).length === 2);
  assert.deepEqual(
    changes(messages).map(({ headers }) => headers.operation),
    ["insert", "delete"],
  );
});

test("a snapshot comes in chunks, and a change of a key as two messages", async () => {
  server.shapes.options.chunk = 3;
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  for (const name of names) await send("POST", "/settings", { name, value: "1" });
  const { messages, stream: settings } = stream("settings");
  await until(() => settings.isUpToDate);
  assert.deepEqual(
    changes(messages).map(({ value }) => value["name"]),
    names,
  );
  messages.length = 0;
  await server.db.exec("UPDATE settings SET name = 'z' WHERE name = 'a'; DELETE FROM settings WHERE name > 'd'");
  await until(() => changes(messages).length === 6);
  assert.deepEqual(
    changes(messages).map(({ headers, value }) => [headers.operation, value["name"]]),
    [
      ["delete", "a"],
      ["insert", "z"],
      ["delete", "e"],
      ["delete", "f"],
      ["delete", "g"],
      ["delete", "z"],
    ],
  );
});

test("must-refetch starts anew, with and without the name of the new shape", async () => {
  await send("POST", "/projects", project("one"));
  for (const isNamed of [true, false]) {
    server.shapes.options.namesNewHandle = isNamed;
    const { messages, stream: projects } = stream("projects");
    await until(() => projects.isUpToDate);
    messages.length = 0;
    server.shapes.refetch("projects");
    await until(() => messages.some(({ headers }) => headers["control"] === "up-to-date"));
    assert.equal(messages[0]?.headers["control"], "must-refetch");
    assert.equal(changes(messages).length, 1);
  }
});

test("changes can be held, joined and repeated", async () => {
  const one = project("one");
  await send("POST", "/projects", one);
  const { messages, stream: projects } = stream("projects");
  await until(() => projects.isUpToDate);
  messages.length = 0;
  server.shapes.options.coalesce = true;
  await server.shapes.hold("projects");
  await send("PATCH", `/projects/${one.id}`, { color: "red" });
  await send("PATCH", `/projects/${one.id}`, { name: "joined" });
  server.shapes.wake();
  await send("GET", "/projects");
  assert.equal(changes(messages).length, 0);
  server.shapes.release();
  await until(() => changes(messages).length === 1);
  const [joined] = changes(messages);
  assert.equal(joined?.value["color"], "red");
  assert.equal(joined?.value["name"], "joined");
  assert.equal(joined?.headers.txids?.length, 2);

  Object.assign(server.shapes.options, { coalesce: false, redeliver: 2 });
  messages.length = 0;
  await send("PATCH", `/projects/${one.id}`, { color: "green" });
  await until(() => changes(messages).length === 3);
  assert.deepEqual(
    changes(messages).map(({ value }) => value["color"]),
    ["red", undefined, "green"],
  );
});

test("a live request that waits in vain is answered", async () => {
  server.shapes.options.patience = 50;
  const { messages } = stream("projects");
  await until(() => messages.filter(({ headers }) => headers["control"] === "up-to-date").length >= 3);
});

test("requests for shapes are checked", async () => {
  const ask = async (query: string, token = "member"): Promise<number> => {
    const response = await fetch(`${server.url}/v1/shape?${query}`, { headers: { authorization: `Bearer ${token}` } });
    await response.text();
    return response.status;
  };
  assert.equal(await ask("table=projects&offset=-1"), 200);
  assert.equal(await ask("table=projects&offset=-1", "stale"), 401);
  assert.equal(await ask("table=projects"), 400);
  assert.equal(await ask("table=projects&offset=5_5"), 400);
  assert.equal(await ask("table=projects&offset=5_5&handle=unknown"), 409);
  assert.equal(await ask("table=nothing&offset=-1"), 400);
  assert.equal(await ask("table=projects&offset=-1&columns=id,nothing"), 400);
  assert.equal(await ask("table=projects&offset=-1&columns=name"), 400);
  assert.equal(await ask("table=projects&offset=-1&where=nothing"), 400);
  server.forbidden.add("tasks");
  assert.equal(await ask("table=tasks&offset=-1"), 403);
});

test("each step of a write can fail", async () => {
  for (const [at, isWritten] of [
    ["arrived", false],
    ["writing", false],
    ["committed", true],
    ["answering", true],
  ] as const) {
    for (const what of ["reset", "kill"] as const) {
      const body = project(`${at} ${what}`);
      const fault = server.faults.add({ on: "POST /projects", at, what });
      await assert.rejects(send("POST", "/projects", body));
      assert.equal(fault.met(), 1);
      if (what === "kill") await assert.rejects(send("GET", "/projects"));
      server.revive();
      const { status } = await send("GET", `/projects/${body.id}`);
      assert.equal(status, isWritten ? 200 : 404, `${at}, ${what}`);
    }
  }
});

test("answers can be others, and requests be repeated", async () => {
  server.faults.add({ on: "* *", at: "arrived", times: 2, what: status(503, { "retry-after": "1" }) });
  const one = project("one");
  assert.equal((await send("POST", "/projects", one)).status, 503);
  assert.equal((await send("GET", "/projects")).headers.get("retry-after"), "1");
  server.faults.add({ on: "POST /projects", at: "committed", what: "repeat" });
  assert.equal((await send("POST", "/projects", one)).status, 201);
  server.api.options.idempotency = false;
  server.faults.add({ on: "POST /projects", at: "committed", what: "repeat" });
  assert.equal((await send("POST", "/projects", project("two"))).status, 409);
});

/** One request, as Electric's client would make it. */
async function shape(query: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/v1/shape?${query}`, { headers: { authorization: "Bearer member", ...headers } });
}

async function read(response: Response): Promise<Message[]> {
  return (await response.json()) as Message[];
}

function where(response: Response): string {
  return `handle=${response.headers.get("electric-handle")}&offset=${response.headers.get("electric-offset")}`;
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
  await server.db.exec("BEGIN; UPDATE settings SET value = '2'; UPDATE settings SET name = 'z' WHERE name = 'c'; COMMIT");
  server.shapes.options.chunk = 3;
  const answers: Message[][] = [];
  const offsets: string[] = [];
  for (let next = where(first), isUpToDate = false; !isUpToDate; ) {
    const response = await shape(`table=settings&${next}`);
    next = where(response);
    isUpToDate = response.headers.has("electric-up-to-date");
    offsets.push(response.headers.get("electric-offset") ?? "");
    answers.push(await read(response));
  }
  const positions = answers.map((answer) => changes(answer).map(({ headers }) => headers["op_position"]));
  assert.deepEqual(positions, [[0, 2, 4], [6, 7]], "in several answers, up to date only after the last");
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
  const later = await read(await shape(`table=settings&handle=${first.headers.get("electric-handle")}&offset=${lsn}_7`));
  const moved = (later.at(-1)?.headers as Record<string, string>)["global_last_seen_lsn"];
  assert.ok(BigInt(moved ?? 0) > BigInt(seen["global_last_seen_lsn"] ?? 0), "it moves without news");
  server.shapes.options.isBlind = true;
  const blind = await read(await shape(`table=settings&handle=${first.headers.get("electric-handle")}&offset=${lsn}_7`));
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
  const waiting = shape(`table=projects&handle=${first.headers.get("electric-handle")}&offset=0_inf&live=true`);
  await new Promise((resolve) => setTimeout(resolve, 100));
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
  const pending = shape(`table=projects&handle=${first.headers.get("electric-handle")}&offset=0_inf&live=true`);
  pending.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  const start = Date.now();
  const stopped = server.stop(300);
  await assert.rejects(pending);
  assert.ok(Date.now() - start >= 290, "who waits is cut later");
  await stopped;
  server.revive();
});
