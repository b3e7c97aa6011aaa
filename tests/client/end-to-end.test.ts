// Two clients and the sync server that are generated from one document, as an application has them: over HTTP, with
// nothing in between.

import assert from "node:assert/strict";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { PGlite } from "@electric-sql/pglite";
import * as things from "../after/sync/index.js";
import * as crm from "../crm/sync/index.js";
import { adapter, isSqlite } from "./support/generated.js";
import { until } from "./support/until.js";

type Crm = typeof import("../crm/pglite/push-pull/index.js");
type Before = typeof import("../before/pglite/push-pull/index.js");
type After = typeof import("../after/pglite/push-pull/index.js");

const { createClient } = (await import(`../crm/${adapter}/push-pull/index.js`)) as Crm;
type Client = ReturnType<Crm["createClient"]>;

/** Who a token is. */
const USERS: Readonly<Record<string, { readonly id: string; readonly scopes: crm.SyncUser["scopes"] }>> = {
  ada: { id: "ada", scopes: { user: ["ada"], team: ["1", "2"] } },
  bob: { id: "bob", scopes: { user: ["bob"], team: ["1"] } },
};

/** A sync server on a database of its own, at an address of its own. */
class Backend {
  readonly db: PGlite;
  private readonly sync: crm.SyncServer;
  private readonly http: HttpServer;
  private port = 0;

  private constructor(db: PGlite, sync: crm.SyncServer) {
    this.db = db;
    this.sync = sync;
    this.http = createServer(crm.nodeHandler(sync.handle));
  }

  static async start(schema: string, create: (database: crm.Database) => crm.SyncServer): Promise<Backend> {
    const db = await PGlite.create();
    await db.exec(schema);
    const backend = new Backend(db, create(crm.pgliteDatabase(db)));
    await backend.comeBack();
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/api/sync`;
  }

  /** In reach, at the same address as before. */
  async comeBack(): Promise<void> {
    if (this.http.listening) return;
    await new Promise<void>((resolve) => this.http.listen(this.port, "127.0.0.1", resolve));
    this.port = (this.http.address() as AddressInfo).port;
  }

  /** Out of reach until what this gives is called. */
  async goAway(): Promise<() => Promise<void>> {
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.http.closeAllConnections();
    await closed;
    return () => this.comeBack();
  }

  async rows(statement: string): Promise<unknown[]> {
    return (await this.db.query(statement)).rows;
  }

  async close(): Promise<void> {
    this.http.close();
    this.http.closeAllConnections();
    await this.sync.close();
    await this.db.close();
  }
}

let backend: Backend;
let clients: Client[] = [];

before(async () => {
  backend = await Backend.start(crm.schemaSql, (database) =>
    crm.createSyncServer({
      database,
      authenticate: (request) => USERS[request.headers.get("authorization") ?? ""] ?? null,
    }),
  );
});
beforeEach(async () => {
  await backend.comeBack();
  await backend.db.exec("TRUNCATE contacts, notes, replies, deals, tasks RESTART IDENTITY");
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.closeDatabase()));
  clients = [];
});
after(() => backend.close());

/** A device of a user, in sync with the server. */
async function device(user: "ada" | "bob", isReady = true): Promise<Client> {
  const database = `${user} ${String(clients.length)}`;
  const client = createClient({ database, user, headers: { authorization: user }, syncUrl: backend.url });
  client.onSyncError(() => {});
  clients.push(client);
  await client.initializeDatabase({ directory: "memory://" });
  await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
  if (isReady) await until(() => Object.values(client.getSyncStatus().models).every(({ ready }) => ready));
  return client;
}

/** Two devices of one user. */
async function devices(): Promise<[Client, Client]> {
  return [await device("ada"), await device("ada")];
}

/** Returns when the devices have the server's rows for all that they have written, and nothing of it was refused. */
async function settled(...all: Client[]): Promise<void> {
  for (const client of all) {
    await client.flushed();
    // Nobody waits for the next try.
    client.configureSync({});
    await until(
      async () => (await log(client)).length === 0,
      () => JSON.stringify(client.getSyncStatus()),
      60_000,
    );
  }
}

async function log(client: Client): Promise<readonly unknown[]> {
  return client.getDatabase().query({ parts: ["SELECT * FROM _changes"], parameters: [] });
}

/** Writes while the server is out of reach. */
async function offline(work: () => void, ...all: Client[]): Promise<() => Promise<void>> {
  const back = await backend.goAway();
  work();
  for (const client of all) await client.flushed();
  return back;
}

function contact(client: Client, first_name: string): string {
  const id = crypto.randomUUID();
  client.collections.contacts.insert({ id, first_name });
  return id;
}

function shown(client: Client, id: string) {
  return client.collections.contacts.get(id);
}

test("the client's database is initialised, and rows are created, read, updated and deleted", async () => {
  const back = await backend.goAway();
  const client = await device("ada", false);
  const id = contact(client, "Ada");
  await client.flushed();
  const { first_name, is_active, _has_local_changes } = shown(client, id) ?? {};
  assert.deepEqual([first_name, is_active, _has_local_changes], ["Ada", true, true]);
  client.collections.contacts.update(id, (draft) => void (draft.email = "a@example.org"));
  const other = contact(client, "Bob");
  await client.flushed();
  assert.equal(shown(client, id)?.email, "a@example.org");
  client.collections.contacts.delete(other);
  await client.flushed();
  assert.equal(shown(client, other), undefined);
  const changes = await client.listChanges();
  assert.deepEqual(
    changes.map(({ operation }) => operation),
    ["insert", "update"],
  );
  await back();
  await settled(client);
  assert.deepEqual(await backend.rows("SELECT first_name, email FROM contacts"), [
    { first_name: "Ada", email: "a@example.org" },
  ]);
});

test("end-to-end flow: what one device writes comes to the database, and to the other device", async () => {
  const [one, two] = await devices();
  const id = contact(one, "Ada");
  await until(() => shown(two, id)?.first_name === "Ada");
  two.collections.contacts.update(id, (draft) => {
    draft.stage = "customer";
    draft.score = 7;
    draft.tags = ["a", "ü"];
    draft.balance = "12345678901234567890.10";
  });
  await until(() => shown(one, id)?.stage === "customer");
  await settled(one, two);
  const { owner_id, score, tags, balance } = shown(one, id) ?? {};
  assert.deepEqual([owner_id, score, tags, balance], ["ada", 7, ["a", "ü"], "12345678901234567890.10"]);
  const columns = (client: Client) => Object.entries(shown(client, id) ?? {}).filter(([name]) => !name.startsWith("$"));
  assert.deepEqual(columns(one), columns(two));
  // The server makes the key of a note, and puts it into its reply.
  const note = one.collections.notes.insert({ body: "N", contact_id: id });
  await note.isPersisted.promise;
  await until(() => two.collections.notes.size === 1);
  await settled(one);
  assert.deepEqual(
    two.collections.notes.toArray.map(({ id: key, body }) => [key, body]),
    [[1, "N"]],
  );
  // Another writer than a device.
  await backend.db.exec(`UPDATE contacts SET first_name = 'A. L.' WHERE id = '${id}'`);
  await until(() => shown(one, id)?.first_name === "A. L." && shown(two, id)?.first_name === "A. L.");
  one.collections.notes.delete(1);
  one.collections.contacts.delete(id);
  await until(() => shown(two, id) === undefined);
  await settled(one);
  assert.deepEqual(await backend.rows("SELECT 1 FROM contacts"), []);
});

test("offline to online: everything waits, and counts once", async () => {
  const [one, two] = await devices();
  const first = contact(one, "before");
  await settled(one);
  const back = await backend.goAway();
  for (let number = 0; number < 30; number += 1) contact(one, `offline ${String(number)}`);
  one.collections.contacts.update(first, (draft) => void (draft.first_name = "edited"));
  await one.flushed();
  await until(() => !one.getSyncStatus().online && one.getSyncStatus().pending === 31);
  assert.equal(one.collections.contacts.size, 31);
  await back();
  await settled(one);
  assert.equal(one.getSyncStatus().online, true);
  await until(() => two.collections.contacts.size === 31 && shown(two, first)?.first_name === "edited");
  assert.deepEqual(await backend.rows("SELECT count(*)::INT AS rows FROM contacts"), [{ rows: 31 }]);
});

test("concurrent modification: edits of two columns both stay, and of one column the later arrival", async () => {
  const [one, two] = await devices();
  const id = contact(one, "Ada");
  await until(() => shown(two, id) !== undefined);
  await settled(one, two);
  const back = await offline(
    () => {
      one.collections.contacts.update(id, (draft) => void (draft.email = "one@example.org"));
      two.collections.contacts.update(id, (draft) => void (draft.stage = "lead"));
    },
    one,
    two,
  );
  await back();
  await settled(one, two);
  const both = (client: Client) =>
    shown(client, id)?.email === "one@example.org" && shown(client, id)?.stage === "lead";
  await until(() => both(one) && both(two));

  one.collections.contacts.update(id, (draft) => void (draft.first_name = "first"));
  await settled(one);
  two.collections.contacts.update(id, (draft) => void (draft.first_name = "second"));
  await settled(two);
  await until(() => [one, two].every((client) => shown(client, id)?.first_name === "second"));
});

test("conflict: reject refuses the later of two edits with its group, and shows both sides", async () => {
  const [one, two] = await devices();
  const [deal, other] = [crypto.randomUUID(), crypto.randomUUID()];
  one.collections.deals.insert({ id: deal, title: "D", team_id: 1 });
  await until(() => two.collections.deals.has(deal));
  await settled(one, two);

  const back = await offline(() => {
    two.writeTogether(() => {
      two.collections.tasks.insert({ id: other, title: "call them", team_id: 1 });
      two.collections.deals.update(deal, (draft) => void (draft.stage = "lost"));
    });
  }, two);
  // Somebody else is quicker.
  await backend.db.exec(`UPDATE deals SET stage = 'won' WHERE id = '${deal}'`);
  await back();
  two.configureSync({});
  await until(
    () => two.getRejectedChanges().length === 2,
    () => JSON.stringify(two.getSyncStatus()),
    30_000,
  );
  assert.deepEqual(
    two
      .getRejectedChanges()
      .map(({ model, status, values, serverRow }) => [model, status, values["stage"], serverRow?.["stage"]]),
    [
      ["tasks", 409, undefined, undefined],
      ["deals", 409, "lost", "won"],
    ],
  );
  await until(() => two.collections.deals.get(deal)?.stage === "won");
  assert.equal(two.collections.tasks.has(other), false);

  // Sent again, it is an edit of somebody who has seen the other one.
  await two.retryChange(two.getRejectedChanges()[0]?.writeId ?? "");
  await settled(two);
  await until(() => one.collections.deals.get(deal)?.stage === "lost" && one.collections.tasks.has(other));

  // Edits of two columns don't meet.
  one.collections.deals.update(deal, (draft) => void (draft.title = "E"));
  two.collections.deals.update(deal, (draft) => void (draft.stage = "won"));
  await settled(one, two);
  await until(() => one.collections.deals.get(deal)?.stage === "won" && two.collections.deals.get(deal)?.title === "E");
});

test("conflict: last-write-wins keeps the later edit, though it arrives first", async () => {
  const [one, two] = await devices();
  const task = crypto.randomUUID();
  one.collections.tasks.insert({ id: task, title: "T", team_id: 1 });
  await until(() => two.collections.tasks.has(task));
  await settled(one, two);

  // The first device can't reach the server, the second can.
  one.configureSync({ syncUrl: "http://127.0.0.1:1" });
  one.collections.tasks.update(task, (draft) => {
    draft.title = "earlier";
    draft.done = true;
  });
  await one.flushed();
  await until(() => one.getSyncStatus().pending === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  two.collections.tasks.update(task, (draft) => void (draft.title = "later"));
  await settled(two);
  one.configureSync({ syncUrl: backend.url });
  await settled(one);
  const isRight = (client: Client) => {
    const { title, done } = client.collections.tasks.get(task) ?? {};
    return title === "later" && done === true;
  };
  await until(() => isRight(one) && isRight(two));
  assert.deepEqual(one.getRejectedChanges(), []);

  // A delete marks the row, and an insert of its key makes it anew.
  one.collections.tasks.delete(task);
  await until(() => !two.collections.tasks.has(task));
  await settled(one);
  assert.deepEqual(await backend.rows("SELECT deleted_at IS NOT NULL AS gone FROM tasks"), [{ gone: true }]);
  two.collections.tasks.insert({ id: task, title: "again", team_id: 1 });
  await until(() => one.collections.tasks.get(task)?.title === "again");
  await settled(two);
});

test("each user sees the rows of their scopes, and what moves to another one goes", async () => {
  const [ada, bob] = [await device("ada"), await device("bob")];
  const [shared, own] = [crypto.randomUUID(), crypto.randomUUID()];
  ada.collections.deals.insert({ id: shared, title: "of team 1", team_id: 1 });
  ada.collections.deals.insert({ id: own, title: "of team 2", team_id: 2 });
  const person = contact(ada, "Ada's");
  await settled(ada);
  await until(() => bob.collections.deals.has(shared));
  assert.deepEqual([bob.collections.deals.size, bob.collections.contacts.has(person)], [1, false]);
  await backend.db.exec(`UPDATE deals SET team_id = 2 WHERE id = '${shared}'`);
  await until(() => !bob.collections.deals.has(shared));
  assert.equal(ada.collections.deals.size, 2);
  // A row that the user doesn't see can't be written to.
  bob.collections.deals.insert({ id: crypto.randomUUID(), title: "not mine", team_id: 2 });
  await until(() => bob.getRejectedChanges()[0]?.status === 403);
});

test("what an application can't send together is refused at once", async () => {
  const client = await device("ada");
  const back = await backend.goAway();
  const many = (count: number) => () => {
    for (let number = 0; number < count; number += 1) contact(client, `C${String(number)}`);
  };
  assert.throws(() => client.writeTogether(many(501)), /501 edits are too many.*500 together at most/);
  assert.equal(client.collections.contacts.size, 0);
  await client.writeTogether(many(500)).isPersisted.promise;
  await back();
  await settled(client);
  assert.deepEqual(await backend.rows("SELECT count(*)::INT AS rows FROM contacts"), [{ rows: 500 }]);
});

test("edits that are saved together by chance have each their own fate", async () => {
  const client = await device("ada");
  const back = await backend.goAway();
  contact(client, "good");
  contact(client, "x".repeat(21));
  contact(client, "better");
  await client.flushed();
  await back();
  await until(() => client.getRejectedChanges().length === 1);
  await until(async () => (await client.listChanges()).length === 1);
  const rows = await backend.rows("SELECT first_name FROM contacts ORDER BY first_name");
  assert.deepEqual(rows, [{ first_name: "better" }, { first_name: "good" }]);
});

test("functions of the application can take the place of requests", async () => {
  const local = createClient({ database: "by functions", user: "ada" });
  clients.push(local);
  const ask = async (endpoint: string, body: unknown, signal: AbortSignal): Promise<unknown> => {
    const headers = { "content-type": "application/json", authorization: "ada" };
    const init = { method: "POST", headers, body: JSON.stringify(body), signal };
    const answer = await fetch(`${backend.url}/${endpoint}`, init);
    if (!answer.ok) throw Object.assign(new Error(await answer.text()), { status: answer.status });
    return answer.json();
  };
  local.configureSync({
    pushPull: {
      push: (request: import("../crm/pglite/push-pull/index.js").PushRequest, signal) => ask("push", request, signal),
      pull: (request: import("../crm/pglite/push-pull/index.js").PullRequest, signal) => ask("pull", request, signal),
    },
  });
  await local.initializeDatabase({ directory: "memory://" });
  await local.collections.contacts.preload();
  const id = contact(local, "Ada");
  await settled(local);
  await backend.db.exec(`UPDATE contacts SET first_name = 'A.' WHERE id = '${id}'`);
  // Nobody pokes it.
  await until(() => local.collections.contacts.get(id)?.first_name === "A.");
});

test("a client of an older document pushes and pulls what both know", async () => {
  const server = await Backend.start(things.schemaSql, (database) =>
    things.createSyncServer({ database, authenticate: () => ({ id: "ada", scopes: {} }) }),
  );
  const older = (await import(`../before/${adapter}/push-pull/index.js`)) as Before;
  const newer = (await import(`../after/${adapter}/push-pull/index.js`)) as After;
  const database = isSqlite
    ? await (await import("../after/sqlite/electric/db/store/sql/sqlite/driver.js")).openSqlite("memory://")
    : await (await import("../after/pglite/electric/db/store/sql/pglite/driver.js")).openPglite("memory://");
  const driver = { ...database, close: async () => {} };
  const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
  await server.db.exec(`
    INSERT INTO things (id, title, fresh, age, score) VALUES ('${one}', 'one', 'f', '40', 7);
    INSERT INTO things (id, title, age) VALUES (gen_random_uuid(), 'zero', 'unknown');
  `);

  const before = older.createClient({ database: "things", syncUrl: server.url });
  before.onSyncError(() => {});
  await before.initializeDatabase({ driver });
  await Promise.all(Object.values(before.collections).map((collection) => collection.preload()));
  // A row whose age isn't a number doesn't keep the others from coming.
  await until(() => before.collections.things.get(one)?.title === "one");
  assert.deepEqual([before.collections.things.size, before.collections.things.get(one)?.score], [1, "7"]);
  await until(() => /unknown/.test(before.getSyncStatus().models["things"]?.error ?? ""));
  const { labels, things: rows, wishes } = before.collections;
  const writes = [
    labels.insert({ id: two, name: "L" }),
    rows.insert({ id: two, title: "two", age: 5 }),
    rows.update(one, (draft) => void (draft.title = "ONE")),
    rows.update(one, (draft) => void (draft.nick = "gone")),
    wishes.insert({ id: one, name: "W" }),
  ].map(({ isPersisted }) =>
    isPersisted.promise.then(
      () => "taken",
      (error: { readonly status: number }) => error.status,
    ),
  );
  assert.deepEqual(await Promise.all(writes), ["taken", "taken", "taken", 422, 404]);
  assert.deepEqual(await server.rows("SELECT title, age, fresh FROM things ORDER BY title"), [
    { title: "ONE", age: "40", fresh: "f" },
    { title: "two", age: "5", fresh: null },
    { title: "zero", age: "unknown", fresh: null },
  ]);
  await before.closeDatabase();

  // The device gets the new version of the application.
  const after = newer.createClient({ database: "things", syncUrl: server.url });
  await after.initializeDatabase({ driver });
  await after.collections.things.preload();
  await until(() => after.collections.things.get(one)?.fresh === "f" && after.collections.things.get(two)?.age === "5");
  await after.closeDatabase();
  await database.close();
  await server.close();
});
