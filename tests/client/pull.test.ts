// What pulls change: pages that are the same, and what this device writes meanwhile.

import assert from "node:assert/strict";
import { adapter } from "./support/generated.js";
import { byOffset } from "./support/list-server.js";
import { idOf, offset, project, Reading, settled, showing, shown } from "./support/reader.js";
import { until } from "./support/until.js";

const reading = new Reading();
const { test } = reading;

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
  // Pulled again soon, since those rows were left alone: that waits until it is seen what comes of the first one.
  let goOn = (): void => {};
  const next = new Promise<void>((resolve) => (goOn = resolve));
  reading.server.before = async ({ method, url }) => {
    if (method === "GET" && url.pathname === "/projects" && url.searchParams.get("offset") === "0") await next;
    return undefined;
  };
  release();
  await pulled;
  await showing(client, ["mine", "p3", "new"]);
  const after = states.slice(states.indexOf("mine p3 new"));
  assert.ok(after.length > 0 && after.every((state) => state === "mine p3 new"), JSON.stringify(states));
  reading.server.put("/projects", project(1, "theirs", 1_000_000));
  goOn();
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

test("an interrupted first pull leaves what it has read, and begins again", async () => {
  reading.projects({ page: offset });
  reading.server.style = byOffset(2);
  const names = reading.fill(5);
  let isDown = true;
  reading.server.before = ({ url }) =>
    isDown && url.searchParams.get("offset") === "4" ? { status: 503, body: "later" } : undefined;
  const client = await reading.client();
  await showing(client, ["p1", "p2", "p3", "p4"]);
  const isReady = () => client.getSyncStatus().models["projects"]?.ready;
  await until(() => client.getSyncStatus().models["projects"]?.rows === 4);
  assert.equal(isReady(), false);
  isDown = false;
  client.configureSync({});
  await showing(client, names);
  await until(() => isReady() === true);
});

test("pulls of changes that fail each time don't keep the one of everything from coming", async () => {
  reading.projects({ since: { parameter: "updated_since", column: "updated_at", overlap: 10 } });
  const names = reading.fill(3);
  const client = await reading.client();
  await showing(client, names);
  reading.server.before = ({ url }) =>
    url.searchParams.has("updated_since") ? { status: 500, body: "no such time" } : undefined;
  reading.server.put("/projects", project(4));
  for (let times = 2; times <= 11; times += 1) await client.syncNow("projects");
  await showing(client, [...names, "p4"]);
});

test("a server that is away for long isn't asked for everything when it is back", async () => {
  reading.projects({ since: { parameter: "updated_since", column: "updated_at", overlap: 10 } });
  const names = reading.fill(3);
  const client = await reading.client();
  await showing(client, names);
  reading.server.before = () => ({ status: 503, body: "later" });
  for (let times = 2; times <= 11; times += 1) await client.syncNow("projects");
  reading.server.before = () => undefined;
  reading.server.put("/projects", project(4));
  await client.syncNow("projects");
  await showing(client, [...names, "p4"]);
  assert.ok(reading.server.asked("/projects").at(-1)?.url.searchParams.has("updated_since"));
});

// IndexedDB ends a transaction that waits for something else.
if (adapter !== "indexeddb") {
  test("the next page is asked for while one is being written", async () => {
    reading.projects({ page: offset });
    reading.server.style = byOffset(2);
    const names = reading.fill(5);
    reading.server.before = () => ({ status: 503, body: "later" });
    const client = await reading.client();
    const database = client.getDatabase();
    let release = (): void => {};
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    // Nothing can be written from the first page's answer until the second page is asked for.
    let held: Promise<unknown> | undefined;
    reading.server.before = async ({ url }) => {
      if (url.searchParams.get("offset") === "2") release();
      if (url.searchParams.get("offset") !== "0" || held !== undefined) return;
      await new Promise<void>((begun) => {
        held = database.transaction(async () => {
          begun();
          await isReleased;
        });
      });
    };
    client.configureSync({});
    await showing(client, names);
    await held;
  });
}

test("many rows come in while the user writes", async () => {
  reading.projects({ page: { ...offset, total: ["total"] }, rows: ["items"] });
  reading.server.style = byOffset(1_000, (rows, total) => `{"items":${rows},"total":${total}}`);
  reading.fill(6_000);
  const client = await reading.client();
  await until(() => client.collections.projects.size === 6_000);
  // All of them change.
  for (let number = 1; number <= 6_000; number += 1) reading.server.put("/projects", project(number, `q${number}`));
  const pulled = client.syncNow("projects");
  let written = 0;
  let isPulled = false;
  void pulled.then(() => {
    isPulled = true;
  });
  for (let number = 1; !isPulled; number += 1) {
    await client.collections.labels.insert({ name: `l${number}` }).isPersisted.promise;
    written += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(written >= 3, `${written} writes of the user while it pulled`);
});
