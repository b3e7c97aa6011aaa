// How lists are read: pages of every style, snapshots, and what this device writes meanwhile.

import assert from "node:assert/strict";
import { byCursor, byLastKey, byLink, byOffset, byPage, type ListAnswer, type StoredRow } from "./support/list-server.js";
import { idOf, offset, project, query, Reading, settled, showing, shown } from "./support/reader.js";
import { until } from "./support/until.js";

const reading = new Reading();
const { test } = reading;

const styles = {
  "all at once": { list: { page: { by: "none" } }, style: byOffset(1_000), requests: [1, 1] },
  "by offset": { list: { page: offset }, style: byOffset(3), requests: [4, 4] },
  "by offset, with a total": {
    list: { page: { ...offset, total: ["total"] }, rows: ["items"] },
    style: byOffset(3, (rows, total) => `{"items":${rows},"total":${total}}`),
    requests: [3, 4],
  },
  "by page, with the last one": {
    list: { page: { by: "page", page: "page", first: 0, last: ["last"] }, rows: ["content"] },
    style: byPage(3, 0),
    requests: [3, 4],
  },
  "by page, with their number": {
    list: { page: { by: "page", page: "page", first: 1, pages: ["totalPages"] }, rows: ["content"] },
    style: byPage(3, 1),
    requests: [3, 4],
  },
  "by page": {
    list: { page: { by: "page", page: "page", first: 1 }, rows: ["content"] },
    style: byPage(3, 1),
    requests: [4, 4],
  },
  "by cursor": {
    list: { page: { by: "cursor", cursor: "cursor", next: ["meta", "next_cursor"] }, rows: ["items"] },
    style: byCursor(3),
    requests: [3, 4],
  },
  "by the last row's key": {
    list: { page: { by: "after", after: "starting_after", key: "id" }, rows: ["data"] },
    style: byLastKey(3),
    requests: [4, 5],
  },
  "by the last row's key, with what says whether there are more": {
    list: { page: { by: "after", after: "starting_after", key: "id", more: ["has_more"] }, rows: ["data"] },
    style: byLastKey(3),
    requests: [3, 4],
  },
  "by the header Link": { list: { page: { by: "link" } }, style: byLink(3, undefined), requests: [3, 4] },
  "by a link in the answer": {
    list: { page: { by: "link", next: ["@odata.nextLink"] }, rows: ["value"] },
    style: byLink(3, "@odata.nextLink"),
    requests: [3, 4],
  },
  "by links to an origin that only the API knows": {
    list: { page: { by: "link", next: ["next"] }, rows: ["value"] },
    style: byLink(3, "next", "http://internal:8000"),
    requests: [3, 4],
  },
} as const;

for (const [name, { list, style, requests }] of Object.entries(styles)) {
  test(`a list ${name} is read to its end`, async () => {
    reading.projects(list);
    reading.server.style = style;
    // One more page, short, and then none: the second time the last page is full.
    const names = reading.fill(9);
    const client = await reading.client();
    await showing(client, names);
    assert.equal(reading.server.asked("/projects").length, requests[0]);
    reading.server.put("/projects", project(10));
    reading.server.requests.length = 0;
    await client.syncNow("projects");
    await showing(client, [...names, "p10"]);
    assert.equal(reading.server.asked("/projects").length, requests[1]);
  });
}

test("more parameters, where the application gives them, stay while reading; one that is required is asked for", async () => {
  reading.projects({ page: offset, required: ["team"] });
  reading.server.style = byOffset(2);
  const names = reading.fill(3);
  const client = await reading.client();
  const { error } = client.getSyncStatus().models["projects"] ?? {};
  assert.match(error ?? "", /listParams.*team/);
  assert.deepEqual(reading.server.asked("/projects"), []);
  client.configureSync({ listParams: (model) => (model === "projects" ? { team: "7" } : {}) });
  await showing(client, names);
  const queries = reading.server.asked("/projects").map(({ url }) => url.search);
  assert.deepEqual(queries, ["?team=7&limit=100&offset=0", "?team=7&limit=100&offset=2"]);
});

test("a server that refuses as many rows as are asked for says itself how many it gives", async () => {
  reading.projects({ page: offset });
  reading.server.style = (rows, url, base) =>
    url.searchParams.has("limit")
      ? { status: 422, body: '{"detail":"limit: at most 50"}' }
      : byOffset(2)(rows, url, base);
  const names = reading.fill(5);
  const client = await reading.client();
  await showing(client, names);
  assert.deepEqual(
    reading.server.asked("/projects").map(({ url }) => url.search),
    ["?limit=100&offset=0", "?offset=0", "?offset=2", "?offset=4"],
  );
  await client.syncNow("projects");
  assert.equal(reading.server.asked("/projects").at(-3)?.url.search, "?offset=0");
  // What it refuses without a size is told.
  reading.server.style = () => ({ status: 422, body: '{"detail":"team is missing"}' });
  await client.syncNow("projects");
  assert.match(client.getSyncStatus().lastError ?? "", /422.*team is missing/);
});

test("a server that ignores the offset ends the list, and one that repeats a cursor is told", async () => {
  reading.projects({ page: offset });
  const names = reading.fill(3);
  const client = await reading.client();
  await showing(client, names);
  assert.equal(reading.server.asked("/projects").length, 2);
  reading.projects({ page: { by: "cursor", cursor: "cursor", next: ["next"] }, rows: ["items"] });
  reading.server.style = (rows) => ({ body: `{"items":[${rows.join(",")}],"next":"again"}` });
  const other = await reading.client();
  assert.match(other.getSyncStatus().models["projects"]?.error ?? "", /has come before/);
  assert.match(other.getSyncStatus().lastError ?? "", /projects.*\/projects\?cursor=again/);
});

test("more rows that nothing leads to are no end of the list", async () => {
  reading.projects({
    page: { by: "after", after: "starting_after", key: "id", more: ["has_more"] },
    rows: ["data"],
  });
  reading.server.style = byLastKey(3);
  const names = reading.fill(7);
  const client = await reading.client();
  await showing(client, names);
  reading.server.style = () => ({ body: '{"data":[],"has_more":true}' });
  await client.syncNow("projects");
  assert.match(client.getSyncStatus().lastError ?? "", /there is more/);
  await showing(client, names);
  // A server that doesn't know the parameter gives the first page again.
  reading.server.style = (rows) => ({ body: `{"data":[${rows.slice(0, 3).join(",")}],"has_more":true}` });
  await client.syncNow("projects");
  assert.match(client.getSyncStatus().lastError ?? "", /has come before/);
  await showing(client, names);
});

test("links lack what a proxy removes from the path", async () => {
  reading.projects({ page: { by: "link", next: ["next"] }, rows: ["value"] });
  const names = reading.fill(7);
  const { url } = reading.server;
  // The server makes links to the address that the page has, as it gets no other.
  reading.server.style = byLink(3, "next", url);
  const client = await reading.client({
    apiBaseUrl: `${url}/api`,
    fetch: (input, init) => {
      const asked = String(input);
      if (!asked.startsWith(`${url}/api/`)) throw new TypeError(`${asked} isn't the API's`);
      return fetch(asked.replace(`${url}/api/`, `${url}/`), init);
    },
  });
  await showing(client, names);
});

test("a link to another origin isn't followed", async () => {
  reading.projects({ page: { by: "link", next: ["next"] }, rows: ["value"] });
  reading.server.style = () => ({ body: '{"value":[],"next":"http://127.0.0.1:9/elsewhere"}' });
  const client = await reading.client();
  assert.match(client.getSyncStatus().models["projects"]?.error ?? "", /another origin/);
});

const noList: Readonly<Record<string, ListAnswer>> = {
  "an HTML page": { headers: { "content-type": "text/html" }, body: "<p>Log in</p>" },
  "JSON without the member": { body: '{"error":"later"}' },
  "half an answer": { body: '{"items":[{"id"' },
  "an object in place of the list": { body: '{"items":{}}' },
  "nothing at all": { body: "" },
};
for (const [name, answer] of Object.entries(noList)) {
  test(`${name} is a failed pull, and no empty list`, async () => {
    reading.projects({ rows: ["items"] });
    reading.server.style = (rows) => ({ body: `{"items":[${rows.join(",")}]}` });
    const names = reading.fill(3);
    const client = await reading.client();
    await showing(client, names);
    reading.server.style = () => answer;
    await client.syncNow("projects");
    await until(() => client.getSyncStatus().models["projects"]?.error != null);
    await showing(client, names);
    assert.match(client.getSyncStatus().lastError ?? "", /^projects: http.*\/projects: /);
    reading.server.style = () => ({ body: '{"items":[]}' });
    await client.syncNow("projects");
    await showing(client, []);
    assert.equal(client.getSyncStatus().lastError, null);
  });
}

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

test("an answer that left before a write was acknowledged takes nothing back", async () => {
  reading.projects({ page: offset });
  reading.server.style = byOffset(2);
  reading.fill(3);
  const client = await reading.client();
  await showing(client, ["p1", "p2", "p3"]);
  const states: string[] = [];
  client.collections.projects.subscribeChanges(() => {
    states.push(
      shown(client)
        .map(({ name }) => String(name))
        .join(" "),
    );
  });
  let release = (): void => {};
  let isHeld = true;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Made before the writes, and on its way until they are acknowledged.
  reading.server.after = async ({ method, url }) => {
    if (isHeld && method === "GET" && url.pathname === "/projects") await held;
  };
  const pulled = client.syncNow("projects");
  await until(() => reading.server.asked("/projects").length > 2);
  const { projects: collection } = client.collections;
  await settled(
    client,
    collection.update(idOf(1), (draft) => void (draft.name = "mine")),
    collection.delete(idOf(2)),
    collection.insert({ id: idOf(9), name: "new" }),
  );
  isHeld = false;
  release();
  await pulled;
  await showing(client, ["mine", "p3", "new"]);
  const after = states.slice(states.indexOf("mine p3 new"));
  assert.ok(after.length > 0 && after.every((state) => state === "mine p3 new"), JSON.stringify(states));
  // Pulled again soon, since those rows were left alone.
  const before = reading.server.asked("/projects").length;
  reading.server.put("/projects", project(1, "theirs", 1_000_000));
  await until(() => reading.server.asked("/projects").length > before);
  await showing(client, ["theirs", "p3", "new"]);
});

test("a write whose answer says nothing is settled by the next pull that left after it", async () => {
  reading.projects({});
  reading.server.answersRows = false;
  reading.fill(2);
  const client = await reading.client();
  await showing(client, ["p1", "p2"]);
  await settled(
    client,
    client.collections.projects.update(idOf(1), (draft) => void (draft.name = "mine")),
  );
  await showing(client, ["mine", "p2"]);
});

test("a row from before the one that is there replaces nothing", async () => {
  reading.projects({ changed: "updated_at" });
  reading.server.put("/projects", project(1, "newer", 100));
  const client = await reading.client();
  await showing(client, ["newer"]);
  reading.server.put("/projects", project(1, "from a cache", 99));
  await client.syncNow("projects");
  await client.syncNow("projects");
  await showing(client, ["newer"]);
  reading.server.put("/projects", project(1, "newest", 101));
  await client.syncNow("projects");
  await showing(client, ["newest"]);
});

test("a row from before the one that is there replaces it where the server keeps to it", async () => {
  reading.projects({ changed: "updated_at" });
  reading.server.put("/projects", project(1, "lost", 100));
  reading.server.put("/projects", project(2, "also lost", 100));
  const client = await reading.client();
  await showing(client, ["lost", "also lost"]);
  // The server has been restored from a copy.
  reading.server.put("/projects", project(1, "restored", 50));
  reading.server.put("/projects", project(2, "restored", 50));
  await client.syncNow("projects");
  await client.syncNow("projects");
  await showing(client, ["lost", "also lost"]);
  // A row that is another one each time has no such say, nor one that this device has written meanwhile.
  reading.server.put("/projects", project(2, "restored again", 60));
  await client.syncNow("projects");
  await showing(client, ["restored", "also lost"]);
  await settled(
    client,
    client.collections.projects.update(idOf(2), (draft) => void (draft.name = "mine")),
  );
  reading.server.put("/projects", project(2, "restored again", 60));
  await client.syncNow("projects");
  await client.syncNow("projects");
  await showing(client, ["restored", "mine"]);
  await client.syncNow("projects");
  await showing(client, ["restored", "restored again"]);
});

test("pages that are the same aren't sent again, but every tenth time, and after a write of this device", async () => {
  reading.projects({ page: offset });
  let full = 0;
  reading.server.style = (rows, url, base) => {
    const answer = byOffset(2)(rows, url, base);
    return {
      ...answer,
      headers: { etag: `"${answer.body.length}-${answer.body.includes("renamed")}-${rows.length}"` },
    };
  };
  reading.server.after = ({ headers, url }) => {
    if (url.pathname === "/projects" && headers["if-none-match"] === undefined) full += 1;
  };
  const names = reading.fill(5);
  const client = await reading.client();
  await showing(client, names);
  assert.equal(full, 3);
  await client.syncNow("projects");
  assert.equal(full, 3);
  reading.server.put("/projects", project(3, "renamed"));
  await client.syncNow("projects");
  await showing(
    client,
    names.map((name) => (name === "p3" ? "renamed" : name)),
  );
  reading.server.table("/projects").delete(idOf(5));
  await client.syncNow("projects");
  await showing(client, ["p1", "p2", "renamed", "p4"]);
  await settled(
    client,
    client.collections.projects.update(idOf(1), (draft) => void (draft.name = "mine")),
  );
  full = 0;
  await client.syncNow("projects");
  assert.ok(full >= 2, "a row is no longer what the pages have shown");
  for (let times = 6; times <= 10; times += 1) await client.syncNow("projects");
  full = 0;
  await client.syncNow("projects");
  assert.equal(full, 3);
});

test("with a time to start from, only changes are asked for; deleted rows go with the mark, or at the tenth pull", async () => {
  reading.projects({ since: { parameter: "updated_since", column: "updated_at", overlap: 10 }, deleted: "color" });
  reading.server.style = (rows, url) => {
    const since = url.searchParams.get("updated_since") ?? "";
    const some = rows.filter((row) => (JSON.parse(row) as { updated_at: string }).updated_at >= since);
    return { body: `[${some.join(",")}]` };
  };
  const names = reading.fill(50);
  const client = await reading.client();
  await showing(client, names);
  reading.server.put("/projects", project(3, "renamed", 60));
  await client.syncNow("projects");
  await showing(
    client,
    names.map((name) => (name === "p3" ? "renamed" : name)),
  );
  assert.equal(
    reading.server.asked("/projects").at(-1)?.url.searchParams.get("updated_since"),
    "2026-01-01T00:00:40.000Z",
  );
  reading.server.put("/projects", { ...project(4, "marked", 61), color: '"2026-02-01"' });
  reading.server.table("/projects").delete(idOf(5));
  await client.syncNow("projects");
  const rest = names.filter((name) => name !== "p4").map((name) => (name === "p3" ? "renamed" : name));
  await showing(client, rest);
  for (let times = 4; times <= 11; times += 1) await client.syncNow("projects");
  assert.equal(reading.server.asked("/projects").at(-1)?.url.searchParams.get("updated_since"), null);
  await showing(
    client,
    rest.filter((name) => name !== "p5"),
  );
});

test("a row that can't be one is left out alone, and told", async () => {
  reading.projects({});
  reading.fill(3);
  reading.server.put("/projects", { ...project(2), name: "null" });
  reading.server.put("/projects", { ...project(3), updated_at: '"never"', created_at: '"2026-02-31T99:00:00Z"' });
  const client = await reading.client();
  await until(() => shown(client).length > 0);
  assert.equal(shown(client)[0]?.["name"], "p1");
  const { error, ready } = client.getSyncStatus().models["projects"] ?? {};
  assert.equal(ready, true);
  assert.match(error ?? "", /a row has no name/);
  reading.server.put("/projects", project(2));
  reading.server.put("/projects", project(3));
  await client.syncNow("projects");
  await showing(client, ["p1", "p2", "p3"]);
  assert.equal(client.getSyncStatus().lastError, null);
});

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
  await until(() => /can't be read that is to be replaced/.test(client.getSyncStatus().lastError ?? ""));
  assert.equal(reading.server.requests.filter(({ method }) => method === "PUT").length, 0);
  reading.server.before = () => undefined;
  await settled(client, written);
  assert.deepEqual([stored()?.["note"], stored()?.["paid"]], ['"changed"', "true"]);
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

test("an interrupted first pull leaves what it has read, and begins again", async () => {
  reading.projects({ page: offset });
  reading.server.style = byOffset(2);
  const names = reading.fill(5);
  let isDown = true;
  reading.server.before = ({ url }) =>
    isDown && url.searchParams.get("offset") === "4" ? { status: 503, body: "later" } : undefined;
  const client = await reading.client();
  await showing(client, ["p1", "p2", "p3", "p4"]);
  const status = client.getSyncStatus().models["projects"];
  assert.deepEqual([status?.ready, status?.rows], [false, 4]);
  isDown = false;
  client.configureSync({});
  await showing(client, names);
  await until(() => client.getSyncStatus().models["projects"]?.ready === true);
});

test("many rows come in while the user writes", async () => {
  reading.projects({ page: { ...offset, total: ["total"] }, rows: ["items"] });
  reading.server.style = byOffset(1_000, (rows, total) => `{"items":${rows},"total":${total}}`);
  reading.fill(6_000);
  const client = await reading.client();
  await until(() => client.collections.projects.size === 6_000);
  // All of them change.
  for (let number = 1; number <= 6_000; number += 1) reading.server.put("/projects", project(number, `q${number}`));
  const pulled = client.syncNow("projects");
  let slowest = 0;
  let isPulled = false;
  void pulled.then(() => {
    isPulled = true;
  });
  for (let number = 1; !isPulled; number += 1) {
    const start = performance.now();
    await client.collections.labels.insert({ name: `l${number}` }).isPersisted.promise;
    slowest = Math.max(slowest, performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(slowest < 3_000, `a write of the user took ${slowest} ms`);
});
