// Bodies and paths as many an API has them: forms, merge patches, names in another spelling, versions in paths, whole paths
// as a parameter, and what only the request has that creates a row.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "../client/support/until.js";
import type { Backend } from "./support/backend.js";
import type { Client, Row } from "./support/client.js";
import { World } from "./support/world.js";

/** Keeps rows by their paths, and reads each body as its media type says. */
class Shelf implements Backend {
  readonly rows = new Map<string, Row>();
  /** Whether the answer to a new row has none. */
  isSilent = false;
  private made = 0;
  private readonly http: Server;

  static async start(): Promise<Shelf> {
    const shelf = new Shelf();
    await new Promise<void>((resolve) => shelf.http.listen(0, "127.0.0.1", resolve));
    return shelf;
  }

  private constructor() {
    this.http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const path = decodeURI(request.url ?? "/");
        const type = request.headers["content-type"] ?? "";
        void this.respond(request.method ?? "GET", path, type, Buffer.concat(parts)).then(({ status, body }) => {
          response.writeHead(status, { "content-type": "application/json" });
          response.end(body === undefined ? undefined : JSON.stringify(body));
        });
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private async respond(method: string, path: string, type: string, bytes: Buffer): Promise<{ status: number; body?: unknown }> {
    const place = path.replace(/\.json$/, "");
    if (method === "GET") {
      const own = this.rows.get(place);
      const all = [...this.rows].filter(([at]) => at.startsWith(`${place}/`)).map(([, row]) => row);
      const isList = /\/(users|charges|fees)$/.test(place);
      return isList ? { status: 200, body: all } : own === undefined ? { status: 404 } : { status: 200, body: own };
    }
    const given = await read(type, bytes);
    const isNew = /\/(users|charges|fees|books)$/.test(place);
    const { password: _, ...kept } = given;
    if (!isNew) {
      const row = { ...this.rows.get(place), ...kept };
      this.rows.set(place, row);
      return { status: 200, body: row };
    }
    this.made += 1;
    const isBook = place.endsWith("/books");
    const row = isBook ? kept : { id: this.made, ...kept };
    this.rows.set(isBook ? `/v1/${String(kept["name"])}` : `${place}/${this.made}`, row);
    return { status: 201, ...(!this.isSilent && { body: row }) };
  }
}

/** The members of a body, under the names that rows have. */
async function read(type: string, bytes: Buffer): Promise<Record<string, unknown>> {
  if (/json/.test(type)) {
    const body = JSON.parse(bytes.toString()) as Record<string, Record<string, unknown>>;
    const { fullName, rate, ...others } = body["user"] ?? body;
    return {
      ...others,
      ...(fullName !== undefined && { full_name: fullName }),
      ...(rate !== undefined && { rate: Number(rate) }),
    };
  }
  const form = await new Response(bytes.toString(), { headers: { "content-type": type } }).formData();
  const values = [...form].map(([name, text]) => [name, valueOf(String(text))]);
  return Object.fromEntries(values) as Record<string, unknown>;
}

function valueOf(text: string): unknown {
  if (text === "") return null;
  return text === "true" || text === "false" || /^\d+(\.\d+)?$/.test(text) ? JSON.parse(text) : text;
}

const world: World<Shelf> = new World(
  "bodies",
  () => Shelf.start(),
  () => {
    world.backend.rows.clear();
    world.backend.isSilent = false;
    return Promise.resolve();
  },
);
const { test } = world;

/** The requests that have changed something: method, path, media type, body. */
function sent(): readonly (readonly string[])[] {
  return world.proxy.asked
    .filter(({ method }) => method !== "GET")
    .map(({ method, url, headers, body }) => [method, url.pathname, headers["content-type"] ?? "", body]);
}

async function insert(client: Client, model: string, row: Row): Promise<Row> {
  await client.of(model).insert(row).isPersisted.promise;
  await client.allSettled();
  const [found] = client.rows(model);
  assert.ok(found);
  return found;
}

async function update(client: Client, model: string, key: unknown, change: Row): Promise<void> {
  const saved = client.of(model).update(key as number, (draft) => void Object.assign(draft, change));
  await saved.isPersisted.promise;
  await client.allSettled();
}

async function log(client: Client): Promise<string> {
  const parts = ["SELECT * FROM _changes ORDER BY id"];
  return JSON.stringify(await client.generated.getDatabase().query({ parts, parameters: [] }));
}

test("an envelope, other names, a version in the path and a merge patch", async () => {
  const client = await world.readyClient();
  const { id } = await insert(client, "users", { full_name: "Ada", password: "hidden-word" });
  await update(client, "users", id, { full_name: "Ada L.", motto: null });
  await update(client, "users", id, { motto: "Onwards" });
  assert.deepEqual(sent(), [
    ["POST", "/v1/users", "application/json", '{"user":{"fullName":"Ada","password":"hidden-word"}}'],
    ["PATCH", `/v1/users/${String(id)}`, "application/merge-patch+json", '{"fullName":"Ada L."}'],
    ["PATCH", `/v1/users/${String(id)}`, "application/merge-patch+json", '{"motto":"Onwards"}'],
  ]);
  assert.deepEqual(client.rows("users"), [{ id, full_name: "Ada L.", motto: "Onwards" }]);
});

test("forms, and POST on the item as the update", async () => {
  const client = await world.readyClient();
  const { id } = await insert(client, "charges", { name: "Tea & cake", amount: 12, paid: false, note: "now" });
  await update(client, "charges", id, { paid: true, note: null });
  const form = "application/x-www-form-urlencoded";
  assert.deepEqual(sent(), [
    ["POST", "/charges", form, "name=Tea+%26+cake&amount=12&paid=false&note=now"],
    ["POST", `/charges/${String(id)}`, form, "paid=true&note="],
  ]);
  assert.deepEqual(client.rows("charges"), [{ id, name: "Tea & cake", amount: 12, paid: true, note: null }]);
});

test("PUT on the list creates, a number is sent as text, and a form of many parts needs no file", async () => {
  const client = await world.readyClient();
  const { id } = await insert(client, "fees", { title: "Entry", rate: 2.5 });
  await update(client, "fees", id, { title: 'The "entry"' });
  const [created, changed] = sent();
  assert.deepEqual(created, ["PUT", "/fees", "application/json", '{"title":"Entry","rate":"2.5"}']);
  assert.deepEqual(changed?.slice(0, 2), ["PUT", `/fees/${String(id)}.json`]);
  assert.match(changed?.[2] ?? "", /^multipart\/form-data; boundary=/);
  assert.deepEqual(client.rows("fees"), [{ id, title: 'The "entry"', rate: 2.5 }]);
});

test("a parameter that is a whole path keeps its slashes", async () => {
  const client = await world.readyClient();
  const name = "shelves/a b/books/2";
  await insert(client, "books", { parent: "shelves/a b", name, title: "One" });
  await update(client, "books", name, { title: "Two" });
  assert.deepEqual(sent(), [
    ["POST", "/v1/shelves/a%20b/books", "application/json", `{"name":"${name}","title":"One"}`],
    ["PATCH", "/v1/shelves/a%20b/books/2", "application/json", `{"name":"${name}","title":"Two"}`],
  ]);
});

test("what only the request has that creates a row is in the log until the server has taken it, and nowhere else", async () => {
  const client = await world.readyClient();
  let isDown = true;
  world.proxy.before = ({ method }) => {
    if (isDown && method !== "GET") throw new Error("nobody is there");
  };
  await client.of("users").insert({ full_name: "Bob", password: "hidden-word" }).isPersisted.promise;
  assert.match(await log(client), /hidden-word/);
  const read = { parts: ["SELECT * FROM users"], parameters: [] };
  const shown = [client.of("users").toArray, await client.generated.getDatabase().query(read), await client.changes()];
  for (const one of shown) {
    assert.match(JSON.stringify(one), /Bob/);
    assert.doesNotMatch(JSON.stringify(one), /password|hidden-word/);
  }
  // The server takes it, and nobody says yet what came of it.
  world.backend.isSilent = true;
  world.proxy.before = ({ method }) => {
    if (method === "GET") throw new Error("nothing arrives");
  };
  isDown = false;
  await until(async () => /acknowledged/.test(await log(client)));
  assert.match(sent().at(-1)?.[3] ?? "", /hidden-word/);
  assert.doesNotMatch(await log(client), /hidden-word/);
  assert.match(await log(client), /Bob/);
  world.proxy.before = () => {};
  await client.allSettled();
});

test("a refused row keeps it, and can be sent again", async () => {
  const client = await world.readyClient();
  let isRefused = true;
  world.proxy.before = ({ method }) => {
    if (!isRefused || method !== "POST") return;
    return { status: 422, headers: { "content-type": "application/json" }, body: '{"detail":"no"}' };
  };
  await client.of("users").insert({ full_name: "Eve", password: "hidden-word" }).isPersisted.promise;
  await until(() => client.generated.getSyncStatus().rejected === 1);
  const [rejected] = client.generated.getRejectedChanges();
  assert.ok(rejected);
  assert.doesNotMatch(JSON.stringify(rejected), /hidden-word|password/);
  isRefused = false;
  await client.generated.retryChange(rejected.writeId);
  await client.allSettled();
  assert.equal(sent().at(-1)?.[3], '{"user":{"fullName":"Eve","password":"hidden-word"}}');
  assert.equal(client.rows("users").length, 1);
});

test("a new row without it is refused at once", async () => {
  const client = await world.readyClient();
  await assert.rejects(
    client.of("users").insert({ full_name: "Kim" }).isPersisted.promise,
    /users: a new row needs password/,
  );
  assert.deepEqual(client.rows("users"), []);
  assert.equal(await log(client), "[]");
});
