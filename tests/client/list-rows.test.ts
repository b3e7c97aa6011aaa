// Rows of lists: their digits, rows that are wrong, and the same row in the answer to a write.

import assert from "node:assert/strict";
import type { StoredRow } from "./support/list-server.js";
import { idOf, project, query, type Reader, Reading, requires, settled, showing, shown } from "./support/reader.js";
import { until } from "./support/until.js";

const reading = new Reading();
const { test } = reading;

test("a row that can't be one is left out alone, and told", async () => {
  reading.projects({});
  reading.fill(3);
  reading.server.put("/projects", { ...project(2), name: "null" });
  reading.server.put("/projects", { ...project(3), updated_at: '"never"', created_at: '"2026-02-31T99:00:00Z"' });
  const client = await reading.client();
  const status = () => client.getSyncStatus().models["projects"];
  await until(() => shown(client).length > 0 && status()?.ready === true);
  assert.equal(shown(client)[0]?.["name"], "p1");
  const { error } = status() ?? {};
  assert.match(error ?? "", /the row .* has no name/);
  reading.server.put("/projects", project(2));
  reading.server.put("/projects", project(3));
  await client.syncNow("projects");
  await showing(client, ["p1", "p2", "p3"]);
  await until(() => client.getSyncStatus().lastError === null);
});

type Database = ReturnType<Reader["getDatabase"]>;

for (const [what, hasTransactions] of [
  ["a read of the database fails", true],
  ["the database fails", false],
] as const) {
  test(`${what}: that is told, and of no row that it doesn't fit`, async () => {
    reading.projects({});
    reading.fill(2);
    const client = await reading.client();
    await showing(client, ["p1", "p2"]);
    const database = client.getDatabase() as { -readonly [Name in keyof Database]: Database[Name] };
    const { query, transaction } = database;
    const broken = new Error("disk I/O error");
    database.query = (statement) =>
      statement.parts.join("").includes("_synced") ? Promise.reject(broken) : query(statement);
    if (!hasTransactions) database.transaction = () => Promise.reject(broken);
    reading.server.put("/projects", project(3));
    await client.syncNow("projects");
    assert.equal(client.getSyncStatus().models["projects"]?.error, "disk I/O error");
    Object.assign(database, { query, transaction });
    // It is tried again by itself.
    await showing(client, ["p1", "p2", "p3"]);
    await until(() => client.getSyncStatus().lastError === null);
  });
}

test("a row that is replaced as a whole keeps what no list shows", async () => {
  reading.lists({ invoices: { path: "/invoices", page: { by: "none" }, lacks: ["note"] } });
  reading.server.put("/accounts", { id: "1", name: '"A"', created_at: '"2026-03-01T10:00:00Z"' });
  const row = { id: "1", account_id: "1", amount: '"10.00"', note: '"kept"', paid: "false" };
  reading.server.put("/invoices", row);
  const client = await reading.client();
  await until(() => shown(client, "invoices").length === 1);
  const stored = (): StoredRow | undefined => reading.server.table("/invoices").get("1");
  const update = (paid: boolean) => client.collections.invoices.update(1, (draft) => void (draft.paid = paid));
  // The second time, the API is known to give no tags.
  for (const paid of [true, false]) {
    await settled(client, update(paid));
    assert.deepEqual([stored()?.["note"], stored()?.["paid"]], ['"kept"', String(paid)]);
  }
  // Somebody else has changed it, and the item can't be read now.
  reading.server.put("/invoices", { ...row, note: '"changed"' });
  const away = { status: 503, body: '{"detail":"later"}' };
  reading.server.before = ({ method, url }) => (method === "GET" && url.pathname === "/invoices/1" ? away : undefined);
  reading.server.requests.length = 0;
  const written = update(true);
  await written.isPersisted.promise;
  await until(() => /that is to be written can't be read/.test(client.getSyncStatus().lastError ?? ""));
  assert.equal(reading.server.requests.filter(({ method }) => method === "PUT").length, 0);
  reading.server.before = () => undefined;
  await settled(client, written);
  assert.deepEqual([stored()?.["note"], stored()?.["paid"]], ['"changed"', "true"]);
});

test("a row whose item can't be asked for isn't replaced by what its list lacks, and others are written", async () => {
  reading.lists({ invoices: { path: "/invoices", page: { by: "none" }, lacks: ["note"] } });
  // No list has it, so it is null here.
  requires("invoices", "get", { note: { field: "note" } });
  reading.server.put("/accounts", { id: "1", name: '"A"', created_at: '"2026-03-01T10:00:00Z"' });
  reading.server.put("/invoices", { id: "1", account_id: "1", amount: '"10.00"', note: '"kept"', paid: "false" });
  const client = await reading.client();
  await until(() => shown(client, "invoices").length === 1);
  await client.collections.invoices.update(1, (draft) => void (draft.paid = true)).isPersisted.promise;
  await until(() => client.getSyncStatus().rejected === 1);
  assert.match(client.getRejectedChanges()[0]?.message ?? "", /note/);
  client.collections.accounts.insert({ name: "B" });
  await until(() => reading.server.table("/accounts").size === 2);
  assert.equal(reading.server.requests.filter(({ method }) => method === "PUT").length, 0);
  assert.equal(reading.server.table("/invoices").get("1")?.["note"], '"kept"');
});

test("digits are kept", async () => {
  reading.server.put("/projects", project(1));
  reading.server.put("/tasks", {
    id: JSON.stringify(idOf(1)),
    project_id: JSON.stringify(idOf(1)),
    title: '"t"',
    done: "true",
    priority: "3",
    approved: "false",
    estimate: '"12345678901234567890.10"',
    effort: "9007199254740993",
    due_at: '"2026-03-01T10:00:00.123456Z"',
    details: '{"n":12345678901234567890,"s":"a","list":[1.5]}',
    created_at: '"2026-03-01T10:00:00Z"',
  });
  const client = await reading.client();
  await until(() => shown(client, "tasks").length === 1);
  const [row] = await query(
    client,
    "SELECT effort, estimate, due_at, CAST(details AS TEXT) AS details FROM tasks_synced",
  );
  assert.equal(String(row?.["effort"]), "9007199254740993");
  assert.equal(row?.["estimate"], "12345678901234567890.10");
  assert.match(String(row?.["due_at"]), /10:00:00\.123456/);
  assert.match(String(row?.["details"]), /"n": ?12345678901234567890[,}]/);
});

test("a row in the answer to a write is the row that the list shows, however the server spells it", async () => {
  reading.fill(1);
  const spelled = {
    id: JSON.stringify(idOf(1)),
    project_id: '"ABCDEF00-0000-4000-8000-00000000ABCD"',
    title: '"caf\\u00e9"',
    done: "false",
    priority: "3",
    approved: "false",
    estimate: '"1.50"',
    effort: "9007199254740993",
    due_at: '"2026-03-01T10:00:00Z"',
    details: '{ "size" : 1.50e1, "parent" : null, "tags" : [ "a\\/b", "2.0" ], "n": 12345678901234567890, "m": 1.0 }',
    created_at: '"2026-03-01T10:00:00Z"',
  };
  reading.server.put("/tasks", spelled);
  const client = await reading.client();
  await until(() => shown(client, "tasks").length === 1);
  // Nothing else in the list has digits to keep, or all of it has.
  for (const [title, effort] of [
    ["one", "1"],
    ["two", "9007199254740993"],
  ] as const) {
    const details = effort === "1" ? '{ "size" : 1.50e1, "m" : 1.0, "s" : "\\ue0001" }' : spelled.details;
    reading.server.put("/tasks", { ...spelled, effort, details });
    await settled(
      client,
      client.collections.tasks.update(idOf(1), (draft) => void (draft.title = title)),
    );
    const newest = async () => (await query(client, "SELECT max(seq) AS seq FROM _changed_keys"))[0]?.["seq"];
    const answered = await query(client, "SELECT CAST(details AS TEXT) AS details, project_id FROM tasks_synced");
    const before = await newest();
    // The first pull after a write compares all with what is there; so does every tenth.
    for (let times = 1; times <= 10; times += 1) await client.syncNow("tasks");
    assert.equal(await newest(), before, title);
    assert.equal(answered[0]?.["project_id"], "abcdef00-0000-4000-8000-00000000abcd");
    const [task] = shown(client, "tasks");
    assert.equal((task?.["details"] as { size: number }).size, 15);
  }
});
