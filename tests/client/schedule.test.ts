// When lists are read: who looks, what has failed, how long it takes, and what needn't be sent again.

import assert from "node:assert/strict";
import { afterEach, mock } from "node:test";
import { byOffset, type ListAnswer } from "./support/list-server.js";
import { Page } from "./support/page.js";
import { idOf, project, Reading, settled, showing, shown } from "./support/reader.js";
import { until } from "./support/until.js";

const reading = new Reading();
const { test } = reading;
const page = new Page();

afterEach(() => {
  page.close();
  mock.restoreAll();
});

const hour = 3_600;
const limit = { parameter: "limit", rows: 100 };
const inPages = { page: { by: "offset", offset: "offset", size: limit } } as const;

/** How often the projects have been asked for. */
function pulls(): number {
  return reading.server.asked("/projects").length;
}

/** Long enough for what comes at once. */
async function rest(milliseconds = 300): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Has the client believe that so much time has gone by. */
function skip(seconds: number): void {
  const now = Date.now;
  mock.method(Date, "now", () => now() + seconds * 1_000);
}

/** Answers requests for the projects so, in place of the usual. */
function answer(answer: ListAnswer | undefined): void {
  reading.server.before = ({ method, url }) => (method === "GET" && url.pathname === "/projects" ? answer : undefined);
}

/** Lets no list be answered until `release`, and counts those that wait. */
function holdLists(isHeld: (path: string) => boolean = () => true) {
  const waiting: string[] = [];
  let most = 0;
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  reading.server.after = async ({ url: { pathname } }) => {
    if (!isHeld(pathname)) return;
    waiting.push(pathname);
    most = Math.max(most, waiting.length);
    await held;
    // Others would come meanwhile, if they could.
    await rest(50);
    waiting.splice(waiting.indexOf(pathname), 1);
  };
  return { waiting, release, most: () => most };
}

test("a hidden page reads the lists once, and again only while somebody looks", async () => {
  page.open("hidden");
  reading.fill(1);
  const client = await reading.client({ poll: 0.1 });
  await showing(client, ["p1"]);
  await rest(450);
  assert.equal(pulls(), 1);
  reading.server.put("/projects", project(2));
  page.show();
  await showing(client, ["p1", "p2"]);
  await until(() => pulls() >= 4);
  page.hide();
  await client.syncNow("projects");
  const before = pulls();
  await rest(450);
  assert.equal(pulls(), before);
});

test("who comes back gets what is new, unless a tenth of the time between two polls hasn't gone by", async () => {
  page.open("visible");
  const client = await reading.client({ poll: hour });
  await client.syncNow("projects");
  const before = pulls();
  for (const seconds of [0, 300]) {
    skip(seconds);
    page.hide();
    page.show();
    await rest();
    assert.equal(pulls(), before);
  }
  skip(70);
  page.hide();
  page.show();
  await until(() => pulls() > before);
  await rest();
  assert.equal(pulls(), before + 1);
});

test("a browser that is online again reads the lists at once, though nobody looks", async () => {
  page.open("hidden");
  const client = await reading.client({ poll: hour });
  await client.syncNow("projects");
  const before = pulls();
  page.online();
  await until(() => pulls() > before);
});

test("a poll begins a tenth earlier or later than it is asked for", async () => {
  for (const [chance, earliest] of [
    [0, 450],
    [1 - Number.EPSILON, 549],
  ] as const) {
    mock.method(Math, "random", () => chance);
    const client = await reading.client();
    client.configureSync({ poll: 0.5 });
    const start = Date.now();
    await client.syncNow("projects");
    const before = pulls();
    await until(() => pulls() > before);
    assert.ok(Date.now() - start >= earliest, `${Date.now() - start} ms after the one before`);
    await client.closeDatabase();
    mock.restoreAll();
  }
});

test("a poll that is to come sooner from now on doesn't wait for the next one", async () => {
  const client = await reading.client({ poll: hour });
  const before = pulls();
  client.configureSync({ poll: 0.1 });
  await until(() => pulls() > before + 1);
});

test("a poll that never comes doesn't wake anybody in between", async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", note);
  await reading.client({ poll: 1e9 });
  await rest(100);
  process.off("warning", note);
  assert.deepEqual(warnings, []);
});

test("a pull takes no more than a tenth of the time", async () => {
  const begun: { readonly at: number; lasted: number }[] = [];
  reading.server.after = async ({ url }) => {
    if (url.pathname !== "/projects") return;
    const pull = { at: Date.now(), lasted: 0 };
    begun.push(pull);
    await rest(70);
    pull.lasted = Date.now() - pull.at;
  };
  page.open("visible");
  await reading.client({ poll: 0.01 });
  // Nor does it where somebody comes back.
  await until(() => begun.some(({ lasted }) => lasted > 0));
  await rest(50);
  page.hide();
  page.show();
  await until(() => begun.length >= 3);
  for (const [index, { at, lasted }] of begun.slice(0, 2).entries()) {
    const gap = (begun[index + 1]?.at ?? 0) - at;
    assert.ok(gap >= 10 * (lasted - 1), `${lasted} ms, and ${gap} ms to the next one`);
  }
});

test("four models are read at the same time, one request each, and those with a priority first", async () => {
  const all = ["accounts", "invoices", "labels", "projects", "settings", "tasks"].map((name) => `/${name}`);
  for (const [priorities, first] of [
    [{}, ["/accounts", "/invoices", "/labels", "/projects"]],
    // The projects as well, which they refer to.
    [{ tasks: 1, projects: 1 }, ["/accounts", "/invoices", "/projects", "/tasks"]],
    [{ settings: 2, tasks: 1 }, ["/accounts", "/invoices", "/settings", "/tasks"]],
  ] as const) {
    reading.priorities(priorities);
    const lists = holdLists();
    const opened = reading.client();
    await until(() => lists.waiting.length >= 4);
    await rest(100);
    assert.deepEqual(lists.waiting.toSorted(), first);
    lists.release();
    const client = await opened;
    const again = holdLists();
    const asked = [...all, ...all].map((path) => client.syncNow(path.slice(1) as "projects"));
    await until(() => again.waiting.length >= 4);
    assert.equal(new Set(again.waiting).size, 4);
    again.release();
    await Promise.all(asked);
    assert.deepEqual([lists.most(), again.most()], [4, 4]);
    await client.closeDatabase();
  }
});

test("of nested lists, four of a model are read at the same time", async () => {
  const parents = [{ parameter: "project_id", model: "projects", field: "id", column: "project_id" }];
  reading.lists({ tasks: { path: "/projects/{project_id}/tasks", page: { by: "none" }, parents } });
  const projects = reading.server.table("/projects");
  reading.server.tables.delete("/projects");
  for (let number = 1; number <= 10; number += 1) reading.server.table(`/projects/${idOf(number)}/tasks`);
  reading.server.tables.set("/projects", projects);
  reading.fill(10);
  const lists = holdLists((path) => path.endsWith("/tasks"));
  const opened = reading.client();
  await until(() => lists.waiting.length >= 4);
  await rest(100);
  lists.release();
  await opened;
  assert.equal(lists.most(), 4);
  const asked = reading.server.requests.filter(({ url }) => url.pathname.endsWith("/tasks"));
  assert.equal(new Set(asked.map(({ url }) => url.pathname)).size, 10);
});

test("pages that haven't been modified aren't sent again, but every tenth time, and after a write of this device", async () => {
  reading.projects(inPages);
  let modified = Date.UTC(2026, 0, 1);
  reading.server.style = (rows, url, base) => ({
    ...byOffset(2)(rows, url, base),
    headers: { "last-modified": new Date(modified).toUTCString() },
  });
  const names = reading.fill(5);
  const client = await reading.client();
  await showing(client, names);
  const full = async (): Promise<number> => {
    reading.server.requests.length = 0;
    await client.syncNow("projects");
    return reading.server.asked("/projects").filter(({ headers }) => headers["if-modified-since"] === undefined).length;
  };
  let commits = 0;
  client.getDatabase().onCommit(() => {
    commits += 1;
  });
  assert.equal(await full(), 0);
  assert.equal(pulls(), 3);
  assert.equal(commits, 0);
  await showing(client, names);
  // Sent anew with another time, and then no more.
  modified += 1_000;
  reading.server.put("/projects", project(3, "renamed"));
  await client.syncNow("projects");
  await showing(client, ["p1", "p2", "renamed", "p4", "p5"]);
  assert.equal(await full(), 0);
  await settled(
    client,
    client.collections.projects.update(idOf(1), (draft) => void (draft.name = "mine")),
  );
  assert.equal(await full(), 3);
  for (let times = 6; times <= 10; times += 1) assert.equal(await full(), 0, `pull ${times}`);
  assert.equal(await full(), 3);
});

test("a list that may still change within the second of its Last-Modified is sent again", async () => {
  let modified: string | undefined;
  reading.server.style = (rows) => {
    modified ??= new Date().toUTCString();
    // Sent within that second, however long it takes to get there.
    return { headers: { "last-modified": modified, date: modified }, body: `[${rows.join(",")}]` };
  };
  reading.fill(1);
  const client = await reading.client();
  await showing(client, ["p1"]);
  reading.server.put("/projects", project(1, "changed"));
  await client.syncNow("projects");
  await showing(client, ["changed"]);
});

test("an error is told once while it lasts, and again after all was well; with its model and URL", async () => {
  reading.fill(1);
  const client = await reading.client();
  const told: unknown[] = [];
  client.onSyncError((error) => told.push(error));
  const expected = { model: "projects", url: `${reading.server.url}/projects`, message: "500: later" };
  const pull = async (given: ListAnswer | undefined): Promise<void> => {
    answer(given);
    await client.syncNow("projects");
  };
  const away = { status: 500, body: "later" };
  for (let times = 0; times < 3; times += 1) await pull(away);
  await until(() => told.length > 0);
  assert.deepEqual(client.getSyncStatus().errors, [expected]);
  await pull(undefined);
  assert.deepEqual(client.getSyncStatus().errors, []);
  for (let times = 0; times < 2; times += 1) await pull(away);
  await until(() => told.length > 1);
  await pull(undefined);
  assert.deepEqual(told, [expected, expected]);
});

test("a row that can't be one is told once, however often it is read", async () => {
  reading.fill(1);
  const client = await reading.client();
  const told: string[] = [];
  client.onSyncError(({ model, url, message }) => told.push(`${model} ${url}: ${message}`));
  reading.server.put("/projects", { ...project(2), name: "null" });
  for (let times = 0; times < 3; times += 1) await client.syncNow("projects");
  const message = `projects ${reading.server.url}/projects: the row ${idOf(2)} has no name, which the document requires`;
  assert.deepEqual(told, [message]);
  reading.server.put("/projects", project(2));
  await client.syncNow("projects");
  assert.equal(client.getSyncStatus().lastError, null);
  reading.server.put("/projects", { ...project(2), name: "null" });
  await client.syncNow("projects");
  assert.deepEqual(told, [message, message]);
});

for (const status of [429, 503]) {
  test(`after ${status} with Retry-After, rows stay, and the list is read again once that time is over`, async () => {
    page.open("visible");
    // Without it, at once.
    mock.method(Math, "random", () => 0);
    const names = reading.fill(3);
    const client = await reading.client();
    await showing(client, names);
    answer({ status, headers: { "retry-after": "1" }, body: "later" });
    const start = Date.now();
    await client.syncNow("projects");
    const before = pulls();
    assert.equal(client.getSyncStatus().lastError, `projects: ${reading.server.url}/projects: ${status}: later`);
    page.hide();
    page.show();
    reading.server.put("/projects", project(4));
    answer(undefined);
    await until(() => pulls() > before);
    assert.ok(Date.now() - start >= 999, `${Date.now() - start} ms`);
    await showing(client, [...names, "p4"]);
    await until(() => client.getSyncStatus().lastError === null);
  });
}

test("a list whose first pages can be read is asked for less and less often while a later one fails", async () => {
  reading.projects(inPages);
  reading.server.style = byOffset(2);
  mock.method(Math, "random", () => 0.1);
  reading.fill(5);
  const begun: number[] = [];
  reading.server.before = ({ url }) => {
    if (url.pathname !== "/projects") return undefined;
    if (url.searchParams.get("offset") === "0") begun.push(Date.now());
    return url.searchParams.get("offset") === "4" ? { status: 503, body: "later" } : undefined;
  };
  await reading.client();
  await until(() => begun.length >= 4);
  // Of a second, two, and four.
  assert.ok((begun[3] ?? 0) - (begun[2] ?? 0) >= 390, begun.join());
});

test("what is asked for during a pull that fails is asked of the server at once", async () => {
  const client = await reading.client();
  const { waiting, release } = holdLists((path) => path === "/projects");
  answer({ status: 503, headers: { "retry-after": String(hour) }, body: "later" });
  const first = client.syncNow("projects");
  await until(() => waiting.length === 1);
  const second = client.syncNow("projects");
  answer(undefined);
  reading.fill(1);
  release();
  await Promise.all([first, second]);
  await showing(client, ["p1"]);
});

test("other listParams count from when they are given, also during a pull", async () => {
  reading.server.style = (rows, url) => {
    const name = url.searchParams.get("name") ?? "";
    return { body: `[${rows.filter((row) => row.includes(`"p${name}`)).join(",")}]` };
  };
  const names = reading.fill(3);
  const client = await reading.client();
  await showing(client, names);
  const { waiting, release } = holdLists((path) => path === "/projects");
  const pulled = client.syncNow("projects");
  await until(() => waiting.length === 1);
  client.configureSync({ listParams: (model) => (model === "projects" ? { name: "2" } : {}) });
  release();
  await pulled;
  await showing(client, ["p2"]);
});

test("a pull leaves alone what only the item has", async () => {
  reading.lists({ invoices: { path: "/invoices", page: { by: "none" }, lacks: ["note"] } });
  reading.server.put("/accounts", { id: "1", name: '"A"', created_at: '"2026-03-01T10:00:00Z"' });
  const row = { id: "1", account_id: "1", amount: '"10.00"', note: '"from the item"', paid: "false" };
  reading.server.put("/invoices", row);
  const client = await reading.client();
  await until(() => shown(client, "invoices").length === 1);
  assert.equal(shown(client, "invoices")[0]?.["note"], null);
  // Its answer is the item.
  await settled(
    client,
    client.collections.invoices.update(1, (draft) => void (draft.paid = true)),
  );
  const expected = (amount: string): void => {
    const { note, paid, amount: found } = shown(client, "invoices")[0] ?? {};
    assert.deepEqual({ note, paid, amount: found }, { note: "from the item", paid: true, amount });
  };
  await until(() => shown(client, "invoices")[0]?.["note"] !== null);
  expected("10.00");
  // Neither a changed row does otherwise, nor a pull that compares all of them.
  for (let times = 2; times <= 11; times += 1) {
    const amount = `${times}.00`;
    reading.server.put("/invoices", { ...row, amount: JSON.stringify(amount), note: '"other"', paid: "true" });
    await client.syncNow("invoices");
    await until(() => shown(client, "invoices")[0]?.["amount"] === amount);
    expected(amount);
  }
});
