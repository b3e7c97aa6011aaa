// How a list is read to its end: pages of every style, and answers that are no list.

import assert from "node:assert/strict";
import { byCursor, byLastKey, byLink, byOffset, byPage, type ListAnswer } from "./support/list-server.js";
import { offset, project, Reading, showing } from "./support/reader.js";
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
  "by links that are objects": {
    list: { page: { by: "link", next: ["next"] }, rows: ["value"] },
    style: byLink(3, "next", undefined, (href) => ({ href, meta: {} })),
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

test("a list is asked with what it requires: from the config, an id of each request, and what the application says instead", async () => {
  reading.projects({
    page: offset,
    query: { team: { value: "7" }, order: { value: "a b" } },
    headers: { "X-Tenant": { value: "acme" }, "X-Request-ID": "write_id" },
  });
  reading.server.style = byOffset(2);
  const names = reading.fill(3);
  const client = await reading.client();
  await showing(client, names);
  const asked = reading.server.asked("/projects");
  assert.deepEqual(
    asked.map(({ url }) => url.search),
    ["?team=7&order=a+b&limit=100&offset=0", "?team=7&order=a+b&limit=100&offset=2"],
  );
  assert.deepEqual(new Set(asked.map(({ headers }) => headers["x-tenant"])), new Set(["acme"]));
  const ids = asked.map(({ headers }) => String(headers["x-request-id"]));
  assert.equal(new Set(ids).size, asked.length, "an id for each");
  for (const id of ids) assert.match(id, /^[0-9a-f-]{36}$/);
  client.configureSync({ listParams: () => ({ team: "8" }), headers: { "x-tenant": "own" } });
  await client.syncNow("projects");
  const again = reading.server.asked("/projects").at(-1);
  assert.equal(again?.url.searchParams.get("team"), "8");
  assert.equal(again?.headers["x-tenant"], "own");
});

test("a list that requires another query than before has no rows of the former one", async () => {
  const query = { team: { value: "7" } };
  reading.projects({ page: offset, query });
  reading.server.style = (rows, url, base) =>
    byOffset(2)(url.searchParams.get("team") === "7" ? rows : rows.slice(2), url, base);
  const names = reading.fill(5);
  const client = await reading.client();
  await showing(client, names);
  query.team = { value: "8" };
  // Of several pages: what such a list lacks for once may have slipped to a page that was read before.
  await client.syncNow("projects");
  await showing(client, ["p3", "p4", "p5"]);
});

test("a list that is refused with what it requires waits for the application's other headers", async () => {
  reading.projects({
    headers: { "X-Tenant": { value: "acme" }, "X-Request-ID": "write_id" },
    media: "application/hal+json",
  });
  const names = reading.fill(2);
  const client = await reading.client({ headers: { authorization: "old" } });
  await showing(client, names);
  reading.server.before = ({ headers }) =>
    headers["authorization"] === "old" ? { status: 401, body: "{}" } : undefined;
  reading.server.put("/projects", project(3));
  reading.server.requests.length = 0;
  await client.syncNow("projects");
  await until(() => client.getSyncStatus().waitingForAuth);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(reading.server.asked("/projects").length, 1, "asked again with the same headers");
  client.configureSync({ headers: { authorization: "new" } });
  await showing(client, [...names, "p3"]);
  await until(() => !client.getSyncStatus().waitingForAuth);
  const asked = reading.server.asked("/projects").at(-1)?.headers;
  assert.deepEqual([asked?.["x-tenant"], asked?.accept], ["acme", "application/hal+json"]);
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

for (const page of [
  { by: "link", next: ["next"] },
  { by: "cursor", cursor: "cursor", next: ["next"] },
] as const) {
  test(`a ${page.by} that can't be read is told: it is no end of the list`, async () => {
    reading.projects({ page, rows: ["value"] });
    reading.server.style = (rows) => ({ body: `{"value":[${rows.join(",")}],"next":null}` });
    const names = reading.fill(2);
    const client = await reading.client();
    await showing(client, names);
    reading.server.style = (rows) => ({ body: `{"value":[${rows[0] ?? ""}],"next":{"url":"?page=2"}}` });
    await client.syncNow("projects");
    assert.match(client.getSyncStatus().models["projects"]?.error ?? "", /nothing can be read of \{"url"/);
    await showing(client, names);
  });
}

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
