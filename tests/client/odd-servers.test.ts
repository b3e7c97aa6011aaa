// Servers that do what is allowed, and what one doesn't think of.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { rowIn, rowMembers } from "../sqlite/rest/db/transport/rest/rows.js";
import { models } from "../sqlite/rest/schema/index.js";
import { byLink, byOffset, type ListAnswer, type ListRequest } from "./support/list-server.js";
import { idOf, offset, operations, project, Reading, settled, showing, shown } from "./support/reader.js";
import { until } from "./support/until.js";

const reading = new Reading();
const { test } = reading;

const isWrite = ({ method }: ListRequest): boolean => method !== "GET";

/** Answers writes so. What the request asks for is done. */
function answering(answer: (asked: ListRequest, usual: ListAnswer) => ListAnswer): void {
  reading.server.after = (asked, usual) => (isWrite(asked) ? answer(asked, usual) : undefined);
}

test("what is called as a column at the top of an answered row isn't that column, which lies deeper", async () => {
  const [model] = models.filter(({ name }) => name === "projects");
  assert.ok(model !== undefined);
  const text = { type: "text", insert: "optional", update: true } as const;
  const id = { ...text, name: "id", nullable: false };
  const data = { ...text, name: "data", nullable: true, place: ["attributes", "data"] };
  const objects = { ...model, key: ["id"], fields: [id, data] };
  assert.deepEqual(rowMembers(objects, '{"id":"1","data":"other"}'), { id: '"1"' });
  const row = '{"id":"1","attributes":{"data":"own"}}';
  assert.equal(rowIn(objects, `{"data":${row}}`)?.["data"], '"own"', "in an envelope of that name");
});

test("a compressed list, and one with a byte order mark before its JSON", async () => {
  reading.projects({ page: offset });
  const names = reading.fill(5);
  reading.server.style = (rows, url, base) => {
    const { body } = byOffset(2)(rows, url, base);
    return url.searchParams.get("offset") === "0"
      ? { headers: { "content-encoding": "gzip" }, body, bytes: gzipSync(body) }
      : { body: `\uFEFF${body}` };
  };
  await showing(await reading.client(), names);
});

test("a list that says 204 when it is empty", async () => {
  const client = await reading.client();
  reading.projects({ page: offset });
  reading.server.style = (rows, url, base) =>
    rows.length === 0 ? { status: 204, body: "" } : byOffset(2)(rows, url, base);
  const other = await reading.client();
  assert.deepEqual([other.getSyncStatus().lastError, shown(other), shown(client)], [null, [], []]);
  const names = reading.fill(3);
  await other.syncNow("projects");
  await showing(other, names);
  // What is gone is gone, and what is only missing from the list isn't.
  reading.server.table("/projects").delete(idOf(1));
  reading.server.style = () => ({ status: 204, body: "" });
  await other.syncNow("projects");
  await showing(other, ["p2", "p3"]);
});

test("a total that is text, and a row that comes on two pages", async () => {
  reading.projects({ page: { ...offset, total: ["total"] }, rows: ["items"] });
  const names = reading.fill(5);
  reading.server.style = (rows, url, base) => {
    const wrap = (some: string, total: number): string => `{"items":${some},"total":"${total + 1}"}`;
    const [first = "", second = "", ...others] = rows;
    return byOffset(2, (some) => wrap(some, rows.length))([first, second, second, ...others], url, base);
  };
  const client = await reading.client();
  await showing(client, names);
  assert.equal(client.getSyncStatus().lastError, null);
});

test("links without an origin, or with a query alone", async () => {
  for (const short of [(url: URL) => url.pathname + url.search, (url: URL) => url.search]) {
    reading.projects({ page: { by: "link", next: ["next"] }, rows: ["value"] });
    const names = reading.fill(7);
    reading.server.style = (rows, url, base) => {
      const { value, next } = JSON.parse(byLink(3, "next")(rows, url, base).body) as {
        value: unknown[];
        next: string | null;
      };
      return { body: JSON.stringify({ value, ...(next !== null && { next: short(new URL(next)) }) }) };
    };
    const client = await reading.client();
    await showing(client, names);
    assert.equal(client.getSyncStatus().lastError, null);
  }
});

test("a list that is redirected in a circle is told, and its rows stay", async () => {
  const names = reading.fill(2);
  const client = await reading.client();
  await showing(client, names);
  reading.server.style = (_, url) => ({ status: 302, headers: { location: url.pathname }, body: "" });
  await client.syncNow("projects");
  assert.match(
    client.getSyncStatus().lastError ?? "",
    /^projects: http.*\/projects: fetch failed: redirect count exceeded/,
  );
  await showing(client, names);
  reading.server.style = byOffset(1_000);
  reading.server.put("/projects", project(3));
  await client.syncNow("projects");
  await showing(client, [...names, "p3"]);
});

for (const [name, answer] of Object.entries({
  "200 with nothing in it": { status: 200, body: "" },
  "200 with an empty object": { status: 200, body: "{}" },
  "200 with null": { status: 200, body: "null" },
  "200 with a part of the row": { status: 200, body: '{"name":"not the row"}' },
  "a row after a byte order mark": undefined,
})) {
  test(`writes that are answered with ${name}`, async () => {
    const client = await reading.client();
    await showing(client, []);
    answering((_, usual) => (usual.status === 204 ? usual : (answer ?? { ...usual, body: `\uFEFF${usual.body}` })));
    const { projects } = client.collections;
    await settled(client, projects.insert({ id: idOf(1), name: "made" }));
    await settled(
      client,
      projects.update(idOf(1), (draft) => void (draft.name = "changed")),
    );
    await showing(client, ["changed"]);
    assert.deepEqual(client.getRejectedChanges(), []);
    assert.deepEqual(
      reading.server.written.map(({ method }) => method),
      ["POST", "PATCH"],
    );
    assert.equal(reading.server.table("/projects").get(idOf(1))?.["name"], '"changed"');
  });
}

const OTHER = { statuses: [303] };

test("303 says where the row is, where the document has it", async () => {
  operations("projects", { create: OTHER, update: OTHER, delete: OTHER });
  const client = await reading.client();
  const { projects } = client.collections;
  answering(({ url, method, body }) => {
    const item = method === "POST" ? `/${(JSON.parse(body) as { id: string }).id}` : "";
    return { status: 303, headers: { location: method === "DELETE" ? "/projects" : url.pathname + item }, body: "" };
  });
  await settled(client, projects.insert({ id: idOf(1), name: "made" }), projects.insert({ id: idOf(2), name: "gone" }));
  await settled(
    client,
    projects.update(idOf(1), (draft) => void (draft.name = "changed")),
    projects.delete(idOf(2)),
  );
  await showing(client, ["changed"]);
  assert.equal(reading.server.written.length, 4, "each was sent once");
  assert.deepEqual([...reading.server.table("/projects").keys()], [idOf(1)]);
});

test("303 to a page isn't the answer, though the document has 303", async () => {
  operations("projects", { create: OTHER });
  const client = await reading.client();
  reading.server.before = ({ method, url }) => {
    if (url.pathname === "/login") return { headers: { "content-type": "text/html" }, body: "<p>Log in</p>" };
    return method === "POST" ? { status: 303, headers: { location: "/login" }, body: "" } : undefined;
  };
  const write = client.collections.projects.insert({ id: idOf(1), name: "kept" });
  await write.isPersisted.promise;
  await until(() => client.getSyncStatus().waitingForAuth);
  assert.equal(client.getSyncStatus().pending, 1);
  reading.server.before = () => undefined;
  client.configureSync({ headers: { authorization: "Bearer other" } });
  await settled(client);
  assert.equal(reading.server.table("/projects").size, 1);
});

test("303 that the document doesn't have is a failed try", async () => {
  const client = await reading.client();
  reading.server.before = ({ method }) =>
    method === "POST" ? { status: 303, headers: { location: `/projects/${idOf(1)}` }, body: "" } : undefined;
  await client.collections.projects.insert({ id: idOf(1), name: "kept" }).isPersisted.promise;
  await until(() => /redirected to/.test(client.getSyncStatus().lastError ?? ""));
  assert.equal(client.getSyncStatus().pending, 1);
  reading.server.before = () => undefined;
  await settled(client);
  assert.equal(reading.server.table("/projects").get(idOf(1))?.["name"], project(1, "kept")["name"]);
});
