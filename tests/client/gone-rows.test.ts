// When a row that a list lacks is gone, and when it isn't.

import assert from "node:assert/strict";
import { byOffset, byPage, type Style } from "./support/list-server.js";
import { idOf, limit, offset, project, Reading, showing } from "./support/reader.js";

const reading = new Reading();
const { test } = reading;

test("null in place of the list deletes nothing that the API still has", async () => {
  reading.projects({ rows: ["items"] });
  reading.server.style = (rows) => ({ body: rows.length === 0 ? '{"items":null}' : `{"items":[${rows.join(",")}]}` });
  const client = await reading.client();
  const names = reading.fill(2);
  await client.syncNow("projects");
  await showing(client, names);
  const { style } = reading.server;
  reading.server.style = () => ({ body: '{"items":null}' });
  for (let times = 0; times < 3; times += 1) await client.syncNow("projects");
  await showing(client, names);
  // Nor if it says that this hasn't changed.
  reading.server.style = () => ({ body: '{"items":null}', headers: { etag: '"none"' } });
  for (let times = 0; times < 3; times += 1) await client.syncNow("projects");
  await showing(client, names);
  reading.server.style = style;
  reading.server.table("/projects").clear();
  await client.syncNow("projects");
  await showing(client, []);
});

test("a row that pages have shifted past is asked for, and stays", async () => {
  reading.projects({ page: offset });
  reading.server.style = byOffset(2);
  const names = reading.fill(6);
  const client = await reading.client();
  await showing(client, names);
  // The first row goes while the second page is read: the fifth comes on no page.
  let requests = 0;
  reading.server.after = ({ url }) => {
    if (url.pathname === "/projects") requests += 1;
    if (requests === 2) reading.server.table("/projects").delete(idOf(1));
  };
  reading.server.requests.length = 0;
  await client.syncNow("projects");
  assert.deepEqual(reading.server.asked(`/projects/${idOf(5)}`).length, 1);
  await showing(client, names);
  reading.server.after = () => {};
  await client.syncNow("projects");
  await showing(client, names.slice(1));
});

for (const hasItems of [true, false]) {
  test(`a row that is on no page ${hasItems ? "but has an item" : "and can't be asked for"} goes when two pulls lack it`, async () => {
    reading.projects({ page: offset });
    reading.server.style = byOffset(2);
    const names = reading.fill(5);
    const client = await reading.client();
    await showing(client, names);
    reading.server.style = (rows, url, base) =>
      byOffset(2)(
        rows.filter((row) => !row.includes(idOf(3))),
        url,
        base,
      );
    if (!hasItems)
      reading.server.before = ({ url }) => (url.pathname.includes(idOf(3)) ? { status: 500, body: "" } : undefined);
    await client.syncNow("projects");
    await showing(client, names);
    await client.syncNow("projects");
    await showing(
      client,
      names.filter((name) => name !== "p3"),
    );
  });
}

test("after other listParams, what the list lacks goes unasked", async () => {
  reading.projects({ page: offset });
  reading.server.style = (rows, url, base) => {
    const team = url.searchParams.get("team");
    return byOffset(2)(team === null ? rows : rows.filter((row) => row.includes(`"p${team}`)), url, base);
  };
  const names = reading.fill(5);
  const client = await reading.client();
  await showing(client, names);
  reading.server.requests.length = 0;
  client.configureSync({ listParams: () => ({ team: "4" }) });
  await showing(client, ["p4"]);
  assert.equal(reading.server.requests.filter(({ url }) => url.pathname.startsWith("/projects/")).length, 0);
});

test("a row that two pulls miss, as pages shift, stays without a word", async () => {
  reading.projects({ page: offset });
  reading.server.style = byOffset(2);
  const names = reading.fill(8);
  const client = await reading.client();
  await showing(client, names);
  const { projects } = client.collections;
  let isGone = false;
  projects.subscribeChanges(() => {
    isGone ||= !projects.has(idOf(7));
  });
  // Each time rows before it go while the page before it is read, so that the next one begins behind it.
  for (const { request, gone } of [
    { request: 3, gone: [1, 2] },
    { request: 2, gone: [3] },
  ]) {
    let requests = 0;
    reading.server.requests.length = 0;
    reading.server.after = ({ url }) => {
      if (url.pathname === "/projects") requests += 1;
      if (requests === request) for (const number of gone) reading.server.table("/projects").delete(idOf(number));
    };
    await client.syncNow("projects");
    assert.equal(reading.server.asked(`/projects/${idOf(7)}`).length, 1);
  }
  reading.server.after = () => {};
  await client.syncNow("projects");
  await showing(client, names.slice(3));
  assert.equal(isGone, false);
});

const empty: Readonly<Record<string, { readonly list: object; readonly style: Style; readonly none: string }>> = {
  "says that there are more": {
    list: { page: { ...offset, total: ["total"] }, rows: ["items"] },
    style: byOffset(3, (rows, total) => `{"items":${rows},"total":${total}}`),
    none: '{"items":[],"total":5}',
  },
  "says that it isn't the last": {
    list: { page: { by: "page", page: "page", first: 0, last: ["last"] }, rows: ["content"] },
    style: byPage(3, 0),
    none: '{"content":[],"last":false}',
  },
};
for (const [name, { list, style, none }] of Object.entries(empty)) {
  for (const page of [0, 1]) {
    test(`${page === 0 ? "a first" : "a later"} page without rows that ${name} deletes nothing`, async () => {
      reading.projects(list);
      reading.server.style = style;
      const names = reading.fill(5);
      const client = await reading.client();
      await showing(client, names);
      let requests = 0;
      reading.server.before = ({ url }) => {
        if (url.pathname !== "/projects") return undefined;
        requests += 1;
        return requests > page ? { body: none } : undefined;
      };
      await client.syncNow("projects");
      assert.match(client.getSyncStatus().models["projects"]?.error ?? "", /the page is empty/);
      await showing(client, names);
    });
  }
}

for (const hasItems of [true, false]) {
  const asked = hasItems ? "unless the API says so" : "where nobody can be asked";
  test(`a list of which there may be more deletes nothing ${asked}`, async () => {
    reading.projects({ page: { by: "none", size: limit }, isPartial: true });
    const names = reading.fill(5);
    if (!hasItems) {
      reading.server.before = ({ url }) => (url.pathname === "/projects" ? undefined : { status: 500, body: "" });
    }
    const client = await reading.client();
    await showing(client, names);
    // The two oldest are no longer on the page.
    reading.server.style = (rows) => ({ body: `[${rows.slice(-5).join(",")}]` });
    for (const number of [6, 7]) reading.server.put("/projects", project(number));
    for (let times = 0; times < 12; times += 1) await client.syncNow("projects");
    await showing(client, [...names, "p6", "p7"]);
    if (hasItems) {
      reading.server.table("/projects").delete(idOf(1));
      await client.syncNow("projects");
      await showing(client, [...names.slice(1), "p6", "p7"]);
    }
    // Fewer than there have been on one page: these are all of them.
    for (const number of [1, 2, 3, 4]) reading.server.table("/projects").delete(idOf(number));
    await client.syncNow("projects");
    await showing(client, ["p5", "p6", "p7"]);
  });
}
