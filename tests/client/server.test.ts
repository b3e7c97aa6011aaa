// The test server itself, asked by Electric's own client: what the tests of the generated client stand on.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { status } from "./server/faults.js";
import { changes, project, send, server, stream } from "./support/test-server.js";
import { until } from "./support/until.js";

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
