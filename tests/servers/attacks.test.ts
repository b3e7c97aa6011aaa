// What goes wrong between a list and a client, on purpose. The lists are Spring's: pages with a total.

import assert from "node:assert/strict";
import { until } from "../client/support/until.js";
import { NodeServer } from "./node/server.js";
import type { Client, Row } from "./support/client.js";
import type { Answered } from "./support/proxy.js";
import { World } from "./support/world.js";

const world: World<NodeServer> = new World(
  "spring",
  () => NodeServer.start("spring"),
  () => world.backend.empty(),
);
const { test } = world;

const model = "customers";

async function make(name: string, more: Row = {}): Promise<Row> {
  return (await world.ask("POST", "/customers", { name, ...more })) as Row;
}

async function converged(...clients: Client[]): Promise<void> {
  for (const client of clients) await client.allSettled();
  for (const client of clients) await client.shows(model, () => world.backend.all());
}

function names(client: Client): string[] {
  return client
    .rows(model)
    .map(({ name }) => String(name))
    .toSorted();
}

const isList = ({ method, url }: { readonly method: string; readonly url: URL }): boolean =>
  method === "GET" && url.pathname === "/customers";

/** Lets so many polls pass. */
async function polls(count: number): Promise<void> {
  const isFirst = (): number =>
    world.proxy.asked.filter((request) => isList(request) && (request.url.searchParams.get("page") ?? "0") === "0")
      .length;
  const before = isFirst();
  await until(() => isFirst() >= before + count);
}

/** Every name that a subscriber sees of a row, one after the other; "gone" where it is taken away. */
function seenOf(client: Client, id: unknown): string[] {
  const seen: string[] = [];
  client.of(model).subscribeChanges((changes) => {
    for (const { type, value } of changes) {
      if (value["id"] === id) seen.push(type === "delete" ? "gone" : String(value["name"]));
    }
  });
  return seen;
}

async function rename(client: Client, id: unknown, name: string): Promise<void> {
  await client.of(model).update(Number(id), (draft) => void (draft["name"] = name)).isPersisted.promise;
}

test("slow lists, quick writes: no row goes back to what it was", async () => {
  const row = await make("0");
  for (let index = 0; index < 8; index += 1) await make(`other ${index}`);
  const client = await world.readyClient();
  await converged(client);
  const seen = seenOf(client, row["id"]);
  world.proxy.after = async (request) => {
    // The answer is old by the time that it arrives.
    if (isList(request)) await new Promise((resolve) => setTimeout(resolve, 150));
  };
  for (let round = 1; round <= 20; round += 1) {
    await rename(client, row["id"], String(round));
    await new Promise((resolve) => setTimeout(resolve, 60));
    // Others are there as well, so that the list is another each time.
    if (round % 4 === 0) await make(`meanwhile ${round}`);
  }
  await converged(client);
  const numbers = seen.map(Number);
  assert.deepEqual(
    numbers,
    numbers.toSorted((one, other) => one - other),
    `in the order of writing: ${seen.join(" ")}`,
  );
});

test("a new row doesn't flicker while an older list is under way, and a deleted one doesn't come back", async () => {
  for (let index = 0; index < 7; index += 1) await make(`other ${index}`);
  const client = await world.readyClient();
  await converged(client);
  for (let round = 0; round < 5; round += 1) {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let holding = 0;
    world.proxy.after = async (request) => {
      if (!isList(request)) return;
      holding += 1;
      await held;
    };
    await until(() => holding > 0);
    const name = `new ${round}`;
    await client.of(model).insert({ name }).isPersisted.promise;
    await client.allSettled();
    const id = client.rows(model).find((row) => row["name"] === name)?.["id"];
    assert.ok(Number(id) > 0, "it has the server's key");
    const seen = seenOf(client, id);
    const other = client.rows(model).find((row) => String(row["name"]).startsWith("other"));
    await client.of(model).delete(Number(other?.["id"])).isPersisted.promise;
    await client.allSettled();
    const back = seenOf(client, other?.["id"]);
    world.proxy.after = () => {};
    release();
    await polls(2);
    await converged(client);
    assert.deepEqual([seen.filter((state) => state === "gone"), back.filter((state) => state !== "gone")], [[], []]);
  }
});

test("rows that leave the list without being deleted go once two pulls lack them", async () => {
  const rows: Row[] = [];
  for (let index = 0; index < 12; index += 1) rows.push(await make(`row ${index}`));
  const client = await world.readyClient();
  await converged(client);
  const hidden = rows[4]?.["id"];
  const hide = (answer: Answered): Answered => {
    const page = JSON.parse(answer.body) as { content: Row[]; totalElements: number };
    const content = page.content.filter(({ id }) => id !== hidden);
    return { ...answer, body: JSON.stringify({ ...page, content }) };
  };
  world.proxy.after = (request, answer) => (isList(request) ? hide(answer) : undefined);
  await until(() => !names(client).includes("row 4"));
  assert.equal(client.rows(model).length, 11);
  // And comes back with the list.
  world.proxy.after = () => {};
  await converged(client);
});

test("a key that is used again", async () => {
  const client = await world.readyClient();
  const first = await make("first of this key", { price: "1.50" });
  await converged(client);
  for (const name of ["second", "third"]) {
    await world.ask("DELETE", `/customers/${String(first["id"])}`);
    await world.ask("POST", "/customers", { id: first["id"], name });
    await converged(client);
    assert.equal(client.of(model).get(Number(first["id"]))?.["price"], null);
  }
  // This device deletes it, and somebody else makes it again at once.
  await client.of(model).delete(Number(first["id"])).isPersisted.promise;
  await client.allSettled();
  await world.ask("POST", "/customers", { id: first["id"], name: "fourth" });
  await converged(client);
  assert.deepEqual(names(client), ["fourth"]);
});

for (const [what, answer] of [
  ["a page of a hotspot", { status: 200, headers: { "content-type": "text/html" }, body: "<h1>Welcome</h1>" }],
  [
    "JSON that breaks off",
    { status: 200, headers: { "content-type": "application/json" }, body: '{"content":[{"id":' },
  ],
  ["another object", { status: 200, headers: { "content-type": "application/json" }, body: '{"error":"maintenance"}' }],
  ["null", { status: 200, headers: { "content-type": "application/json" }, body: "null" }],
  ["nothing", { status: 200, headers: {}, body: "" }],
  ["404", { status: 404, headers: { "content-type": "application/json" }, body: "{}" }],
  ["500", { status: 500, headers: {}, body: "" }],
] as const satisfies readonly (readonly [string, Answered])[]) {
  test(`${what} in place of a list takes no row away`, async () => {
    for (let index = 0; index < 7; index += 1) await make(`row ${index}`);
    const client = await world.readyClient();
    await converged(client);
    for (const page of ["0", "1"]) {
      let met = 0;
      world.proxy.after = (request) => {
        if (!isList(request) || (request.url.searchParams.get("page") ?? "0") !== page) return;
        met += 1;
        return answer;
      };
      await make(`changed before page ${page}`);
      await until(() => met >= 1);
      await until(() => client.generated.getSyncStatus().models[model]?.error !== null);
      assert.ok(client.rows(model).length >= 7, `${client.rows(model).length} rows`);
      world.proxy.after = () => {};
      // Whoever has mended it needn't wait.
      await client.generated.syncNow();
      await converged(client);
    }
    await until(() => client.generated.getSyncStatus().models[model]?.error === null);
  });
}

test("a list that asks to come back later is left alone so long", async () => {
  await make("row");
  const client = await world.readyClient();
  await converged(client);
  const times: number[] = [];
  world.proxy.before = (request) => {
    if (!isList(request)) return;
    times.push(Date.now());
    if (times.length === 1) return { status: 429, headers: { "retry-after": "2" }, body: "" };
  };
  await until(() => times.length >= 2);
  const [first = 0, second = 0] = times;
  assert.ok(second - first >= 1_900, `came back after ${second - first} ms`);
  await converged(client);
});

test("pages that repeat are no reason to read on for ever", async () => {
  for (let index = 0; index < 12; index += 1) await make(`row ${index}`);
  // A server that knows of no pages after the second, and gives that again.
  world.proxy.after = (request, answer) => {
    if (!isList(request)) return;
    const { totalElements: _, totalPages: __, last: ___, ...page } = JSON.parse(answer.body) as Record<string, unknown>;
    return { ...answer, body: JSON.stringify(page) };
  };
  let forwarded = 0;
  world.proxy.before = (request) => {
    if (!isList(request)) return;
    forwarded += 1;
    if (Number(request.url.searchParams.get("page") ?? 0) > 1) request.url.searchParams.set("page", "1");
  };
  const client = await world.client();
  await until(() => client.rows(model).length >= 10);
  const before = forwarded;
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  assert.ok(forwarded - before < 60, `${forwarded - before} requests in three seconds`);
});

test("an answer to a write that is lost is found again, where the server remembers nothing", async () => {
  await make("somebody's");
  const client = await world.readyClient();
  await converged(client);
  let lost = 0;
  world.proxy.after = ({ method }) => {
    if (method !== "POST" || lost > 0) return;
    lost += 1;
    throw new Error("the answer is lost");
  };
  await client.of(model).insert({ name: "once" }).isPersisted.promise;
  await converged(client);
  assert.equal(lost, 1);
  assert.deepEqual(names(client), ["once", "somebody's"]);
});

test("writers of all kinds at the same time, with an unreliable network", async () => {
  for (let index = 0; index < 9; index += 1) await make(`row ${index}`);
  const [one, two] = [await world.readyClient(), await world.readyClient()];
  let step = 0;
  const cut = (): void => {
    step = (step * 1_103_515_245 + 12_345) % 2_147_483_648;
    if (step % 7 === 0) throw new Error("cut");
  };
  world.proxy.before = cut;
  world.proxy.after = ({ method }) => {
    // A lost answer to a POST is a case of its own.
    if (method !== "POST") cut();
  };
  for (let round = 0; round < 15; round += 1) {
    await one.of(model).insert({ name: `one ${round}` }).isPersisted.promise;
    const [row] = two.rows(model).filter(({ id }) => Number(id) > 0);
    if (row !== undefined) await rename(two, row["id"], `two ${round}`);
    await make(`other ${round}`);
    const all = world.backend.all();
    if (round % 3 === 0) await world.ask("DELETE", `/customers/${String(all[round % all.length]?.["id"])}`);
  }
  world.proxy.reset();
  await converged(one, two);
  const made = world.backend.all().filter(({ name }) => String(name).startsWith("one "));
  assert.equal(new Set(made.map(({ name }) => name)).size, made.length, "none twice");
});
