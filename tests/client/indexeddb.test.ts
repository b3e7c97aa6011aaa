// What only IndexedDB has: transactions that live while requests are under way, versions, other tabs' connections, and what a
// browser refuses.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { shared } from "./support/generated.js";
import { speakerOf, type Speaker } from "./support/speaker.js";
import { until } from "./support/until.js";

await shared("durable-indexeddb.mjs");

type Client = typeof import("../after/indexeddb/rest/index.js");
type Init = typeof import("../after/indexeddb/rest/db/init.js");

const folders = {
  before: new URL("../before/indexeddb/rest/", import.meta.url),
  after: new URL("../after/indexeddb/rest/", import.meta.url),
};

async function loaded<Module>(version: keyof typeof folders, path: string): Promise<Module> {
  return (await import(new URL(path, folders[version]).href)) as Module;
}

const before = await loaded<Client>("before", "index.js");
const after = await loaded<Client>("after", "index.js");

const [ONE, TWO, THREE] = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${String(number)}`);

function statement(text: string) {
  return { parts: [text], parameters: [] };
}

async function names(speaker: Speaker, view: string): Promise<unknown[]> {
  return (await speaker.query(statement(`SELECT name FROM ${view} ORDER BY name`))).map((row) => row["name"]);
}

/** Opens a database of this name, and gives what speaks SQL to it. */
async function open(version: "before" | "after", directory: string): Promise<Speaker> {
  await { before, after }[version].initializeDatabase({ directory, sync: false });
  return speakerOf(folders[version]);
}

async function store() {
  const { defaultClient } = await loaded<Pick<Init, "defaultClient">>("after", "db/init.js");
  return (await defaultClient.whenOpen()).store;
}

const { models } = await loaded<Pick<typeof import("../after/indexeddb/rest/schema/index.js"), "models">>(
  "after",
  "schema/index.js",
);
const labels = models.find(({ name }) => name === "labels");
assert.ok(labels);

test("a transaction in which something else is awaited fails", async () => {
  const speaker = await open("after", randomUUID());
  const { transaction } = await store();
  const ended = /has ended before its work: something else was awaited in it/;
  const pause = async () => {
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  };
  await assert.rejects(
    transaction(async ({ rows }) => {
      await pause();
      await rows.insert(labels, { id: ONE, name: "too late" });
    }),
    ended,
  );
  assert.deepEqual(await names(speaker, "labels"), []);
  await assert.rejects(
    transaction(async ({ meta }) => {
      await meta.clientId();
      await pause();
    }),
    ended,
  );
  await after.closeDatabase();
});

test("a transaction whose work fails leaves nothing", async () => {
  const speaker = await open("after", randomUUID());
  const { transaction } = await store();
  await assert.rejects(
    transaction(async ({ rows, meta }) => {
      await rows.insert(labels, { id: ONE, name: "half" });
      await meta.set("kind", "labels", "half");
      throw new Error("on purpose");
    }),
    /on purpose/,
  );
  assert.deepEqual(await names(speaker, "labels"), []);
  assert.equal(await (await store()).meta.get("kind", "labels"), undefined);
  await after.closeDatabase();
});

test("what a user has saved is on the disk, and what the server has needn't be", async () => {
  const used: [mode: string | undefined, durability: string | undefined][] = [];
  const begin = IDBDatabase.prototype.transaction;
  await open("after", randomUUID());
  IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...parameters: Parameters<typeof begin>) {
    used.push([parameters[1], parameters[2]?.durability]);
    return begin.apply(this, parameters);
  };
  try {
    const { transaction, receive } = await store();
    await transaction(async ({ rows }) => rows.insert(labels, { id: ONE, name: "saved" }));
    await receive(async ({ synced }) =>
      synced.upsert(labels, [
        new Map([
          ["id", TWO ?? ""],
          ["name", "theirs"],
        ]),
      ]),
    );
  } finally {
    IDBDatabase.prototype.transaction = begin;
  }
  const written = used.filter(([mode]) => mode === "readwrite").map(([, durability]) => durability);
  assert.deepEqual(written, ["strict", "relaxed"]);
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});

test("a local write is one transaction of its own model's tables, and is shown without a read", async () => {
  await open("after", randomUUID());
  await after.labelsCollection.preload();
  const used: string[] = [];
  const rowsOf = new Set<string>();
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...parameters: Parameters<typeof begin>) {
    const [tables, mode = "readonly"] = parameters;
    if (["labels_synced", "_changed_keys"].some((name) => [tables].flat().includes(name))) used.push(mode);
    for (const name of typeof tables === "string" ? [tables] : tables) if (!name.startsWith("_")) rowsOf.add(name);
    return begin.apply(this, parameters);
  };
  try {
    after.labelsCollection.insert({ id: ONE, name: "mine" } as never).isPersisted.promise.catch(() => {});
    await until(() => after.getSyncStatus().pending === 1);
  } finally {
    IDBDatabase.prototype.transaction = begin;
  }
  assert.deepEqual(used, ["readwrite"]);
  assert.deepEqual([...rowsOf].toSorted(), ["labels_local", "labels_synced"]);
  await after.labelsCollection.cleanup();
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});

test("what the server has sent is compared when collections have loaded", async () => {
  await open("after", randomUUID());
  const { rows, synced } = await store();
  const steps: string[] = [];
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...parameters: Parameters<typeof begin>) {
    const transaction = begin.apply(this, parameters);
    const work = [parameters[0]].flat().includes("labels_local") ? "the load" : "the comparison";
    steps.push(`${work} begins`);
    transaction.addEventListener("complete", () => steps.push(`${work} ends`));
    return transaction;
  };
  try {
    const theirs = new Map([
      ["id", TWO ?? ""],
      ["name", "theirs"],
    ]);
    await Promise.all([rows.readAll(labels), synced.differing(labels, [theirs])]);
  } finally {
    IDBDatabase.prototype.transaction = begin;
  }
  assert.deepEqual(steps.slice(0, 3), ["the load begins", "the load ends", "the comparison begins"]);
  await after.closeDatabase();
});

test("the log isn't read between writes that follow each other, and not much later", async () => {
  await open("after", randomUUID());
  const { rows, transaction } = await store();
  let reads = 0;
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...parameters: Parameters<typeof begin>) {
    if (parameters[1] === "readonly" && [parameters[0]].flat().includes("_changes")) reads += 1;
    return begin.apply(this, parameters);
  };
  const start = performance.now();
  try {
    for (let number = 0; number < 20; number += 1) {
      await rows.insert(labels, { id: randomUUID(), name: String(number) });
    }
    const longest = 100;
    assert.ok(reads <= 1 + (performance.now() - start) / longest, `${String(reads)} reads`);
  } finally {
    IDBDatabase.prototype.transaction = begin;
  }
  // Its commit would be the next to tell of the log.
  const failing = transaction(async ({ meta }) => {
    await meta.clientId();
    throw new Error("on purpose");
  });
  await assert.rejects(failing, /on purpose/);
  await until(() => after.getSyncStatus().pending === 20);
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});

test("what another tab has written in between is read, though nobody has told of it", async () => {
  const directory = randomUUID();
  await open("after", directory);
  await after.labelsCollection.preload();
  const { openIndexedDb } = await loaded<
    Pick<typeof import("../after/indexeddb/rest/db/store/indexeddb/store.js"), "openIndexedDb">
  >("after", "db/store/indexeddb/store.js");
  // In Node, connections have no channel between them.
  const other = await openIndexedDb(directory);
  await other.rows.insert(labels, { id: TWO, name: "theirs" });
  await (await store()).rows.insert(labels, { id: ONE, name: "mine" });
  await until(() => after.labelsCollection.get(ONE ?? "")?.name === "mine");
  assert.equal(after.labelsCollection.get(TWO ?? "")?.name, "theirs");
  await other.close();
  await after.labelsCollection.cleanup();
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});

const WRITES = [
  `UPDATE things SET title = 'new', nick = 'gone' WHERE id = '${ONE}'`,
  `UPDATE things SET age = 5, score = '7' WHERE id = '${ONE}'`,
  `UPDATE things SET score = 'seven' WHERE id = '${TWO}'`,
  `INSERT INTO things (id, title, price, serial, data) VALUES
     ('${THREE}', 'three', '1.10', 9007199254740993, '{"a": [null, 5]}')`,
  `INSERT INTO wishes (id, name) VALUES ('${ONE}', 'w')`,
  `UPDATE labels SET name = 'edited' WHERE id = '${ONE}'`,
  `DELETE FROM labels WHERE id = '${TWO}'`,
];

async function withEdits(directory: string): Promise<void> {
  const speaker = await open("before", directory);
  await speaker.exec(`
    INSERT INTO things_synced (id, title, nick, age, score) VALUES
      ('${ONE}', 'one', 'n', 1, '1'),
      ('${TWO}', 'two', 'n', 2, '2');
    INSERT INTO labels_synced (id, name) VALUES ('${ONE}', 'from the server'), ('${TWO}', 'to be deleted');
  `);
  for (const write of WRITES) await speaker.query(statement(write));
}

/** `operation table value status` of each entry. */
async function log(speaker: Speaker): Promise<string[]> {
  const rows = await speaker.query(statement("SELECT operation, table_name, value, status FROM _changes ORDER BY id"));
  return rows.map((row) => Object.values(row).join(" "));
}

test("edits survive an update of the application, and the way back", async () => {
  const directory = randomUUID();
  await withEdits(directory);
  await before.closeDatabase();
  const speaker = await open("after", directory);
  assert.deepEqual(await log(speaker), [
    `update things {"id":"${ONE}","title":"new"} pending`,
    `update things {"id":"${ONE}","age":"5","score":7} pending`,
    `update things {"id":"${TWO}","score":"seven"} rejected`,
    `insert things {"id":"${THREE}","title":"three","price":"1.10","serial":9007199254740993,"data":{"a":[null,5]}} pending`,
    `insert wishes {"id":"${ONE}","name":"w"} rejected`,
    `update labels {"id":"${ONE}","name":"edited"} pending`,
    `delete labels {"id":"${TWO}"} pending`,
    `update things {"id":"${ONE}","nick":"gone"} rejected`,
  ]);
  // The unchanged model has its rows from the server; the others come again.
  assert.deepEqual(await names(speaker, "labels"), ["edited"]);
  assert.deepEqual(
    (await speaker.query(statement("SELECT title FROM things"))).map(({ title }) => title),
    ["three"],
  );
  await after.closeDatabase();

  const again = await open("before", directory);
  assert.deepEqual(await names(again, "labels"), ["edited"]);
  const pending = (await log(again)).filter((entry) => entry.endsWith(" pending"));
  assert.equal(pending.length, 5);
  await before.clearDatabase({ unsent: "discard" });
  await before.closeDatabase();
});

test("what only a create takes is gone from the log, where the new version doesn't take it", async () => {
  const directory = randomUUID();
  await open("before", directory);
  const user = { id: ONE, name: "Ada", password: "secret" };
  before.usersCollection.insert(user as never).isPersisted.promise.catch(() => {});
  await until(() => before.getSyncStatus().pending === 1);
  const [written] = await before.getDatabase().getAll("_changes");
  assert.deepEqual(written?.inputs, { password: '"secret"' });
  await before.closeDatabase();
  await open("after", directory);
  const [entry] = await after.getDatabase().getAll("_changes");
  assert.deepEqual([entry?.status, entry?.inputs, entry?.members["name"]], ["pending", {}, '"Ada"']);
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});

test("an upgrade that fails half-way changes nothing", async () => {
  const directory = randomUUID();
  await withEdits(directory);
  const entries = await log(await speakerOf(folders.before));
  await before.closeDatabase();
  const remove = IDBDatabase.prototype.deleteObjectStore;
  let removed = 0;
  IDBDatabase.prototype.deleteObjectStore = function (this: IDBDatabase, name: string) {
    removed += 1;
    if (removed === 3) throw new Error("on purpose");
    remove.call(this, name);
  };
  try {
    await assert.rejects(after.initializeDatabase({ directory, sync: false }), /on purpose/);
  } finally {
    IDBDatabase.prototype.deleteObjectStore = remove;
  }
  const speaker = await open("before", directory);
  assert.deepEqual(await log(speaker), entries);
  assert.deepEqual(await names(speaker, "labels"), ["edited"]);
  await before.clearDatabase({ unsent: "discard" });
  await before.closeDatabase();
});

test("a tab with older code lets go of the database, and is told", async () => {
  const directory = randomUUID();
  await withEdits(directory);
  await open("after", directory);
  await until(() => before.getSyncStatus().outdated);
  await assert.rejects(
    (before as unknown as Client).labelsCollection.insert({ id: THREE, name: "late" } as never).isPersisted.promise,
    /Another tab has loaded another version of this application.*Load this page again/,
  );
  await before.closeDatabase();
  assert.deepEqual(await names(await speakerOf(folders.after), "labels"), ["edited"]);
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});

test("a database that the browser removes is told of, with what has gone with it", async () => {
  const directory = randomUUID();
  await open("after", directory);
  const errors: string[] = [];
  const stop = after.onSyncError(({ message }) => errors.push(message));
  after.labelsCollection.insert({ id: ONE, name: "unsent" } as never).isPersisted.promise.catch(() => {});
  await until(() => after.getSyncStatus().pending === 1);
  const request = indexedDB.deleteDatabase(directory);
  await new Promise((resolve) => (request.onsuccess = resolve));
  await until(() => after.getSyncStatus().outdated);
  const removed = /The browser has removed the local database .* edits that were not sent.* Load this page again\.$/;
  assert.match(after.getSyncStatus().lastError ?? "", removed);
  assert.match(errors.join("; "), removed);
  await assert.rejects(
    after.labelsCollection.insert({ id: THREE, name: "late" } as never).isPersisted.promise,
    removed,
  );
  stop();
  await after.closeDatabase();

  // The page that is loaded again begins anew.
  const speaker = await open("after", directory);
  assert.deepEqual(await names(speaker, "labels"), []);
  assert.deepEqual([after.getSyncStatus().outdated, after.getSyncStatus().lastError], [false, null]);
  await after.closeDatabase();
});

test("a tab that doesn't let go is told of, and waited for", async () => {
  const directory = randomUUID();
  await withEdits(directory);
  await before.closeDatabase();
  // As a tab that is frozen: it doesn't hear that another one wants to upgrade.
  const request = indexedDB.open(directory);
  await new Promise((resolve) => (request.onsuccess = resolve));
  const errors: string[] = [];
  const stop = after.onSyncError(({ message }) => errors.push(message));
  const opened = open("after", directory);
  await until(() => after.getSyncStatus().lastError !== null);
  assert.match(after.getSyncStatus().lastError ?? "", /^Another tab has the local database .* close that tab\.$/);
  assert.deepEqual([after.getSyncStatus().opening, errors.length], [true, 1]);
  request.result.close();
  assert.deepEqual(await names(await opened, "labels"), ["edited"]);
  assert.equal(after.getSyncStatus().lastError, null);
  stop();
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});

test("a browser without storage says so", async () => {
  const { indexedDB: there } = globalThis;
  Object.defineProperty(globalThis, "indexedDB", { value: undefined, configurable: true, writable: true });
  try {
    await assert.rejects(
      after.initializeDatabase({ directory: randomUUID(), sync: false }),
      /gives this page no local database: there is no IndexedDB\. Private windows/,
    );
  } finally {
    Object.defineProperty(globalThis, "indexedDB", { value: there, configurable: true, writable: true });
  }
});

test("what a full disk has no room for waits, and is saved when there is room", async () => {
  await open("after", randomUUID());
  const add = IDBObjectStore.prototype.add;
  let isFull = true;
  IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...parameters: Parameters<typeof add>) {
    if (isFull && this.name === "_changes") throw new DOMException("The disk is full.", "QuotaExceededError");
    return add.apply(this, parameters);
  };
  const stop = after.onSyncError(() => {});
  try {
    // It waits for the server, too, which never comes: that it is saved is told by the status.
    after.thingsCollection.insert({ id: ONE, title: "waits" } as never).isPersisted.promise.catch(() => {});
    await until(() => after.getSyncStatus().unsaved === 1);
    assert.equal(after.getSyncStatus().pending, 0);
    isFull = false;
    await until(() => after.getSyncStatus().pending === 1);
  } finally {
    IDBObjectStore.prototype.add = add;
    stop();
  }
  await until(() => after.getSyncStatus().unsaved === 0);
  await assert.rejects(after.clearDatabase(), /1 edits of this device are not on the server/);
  await after.clearDatabase({ unsent: "discard" });
  await until(() => after.thingsCollection.size === 0);
  await after.closeDatabase();
});

test("rows aren't left out for a database that fails, be it for a moment", async () => {
  await open("after", randomUUID());
  const { findMisfits } = await loaded<typeof import("../after/indexeddb/rest/db/transport/misfits.js")>(
    "after",
    "db/transport/misfits.js",
  );
  const opened = await store();
  const things = models.find(({ name }) => name === "things");
  assert.ok(things);
  const rows = [ONE, TWO].map((id) => new Map(Object.entries({ id: id ?? "", title: "t", score: "1" })));
  const found = () => findMisfits(opened, things, rows, (row) => ({ row, isWhole: true }));
  const put = IDBObjectStore.prototype.put;
  let failures = 0;
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...parameters: Parameters<typeof put>) {
    failures -= 1;
    if (failures >= 0) throw new DOMException("The disk is full.", "QuotaExceededError");
    return put.apply(this, parameters);
  };
  try {
    assert.equal((await found()).size, 0);
    // All rows at once, and the first one alone.
    failures = 2;
    assert.equal((await found()).size, 0);
    failures = Infinity;
    await assert.rejects(found(), /the disk is full/i);
    failures = 0;
    rows[1] = new Map([...(rows[1] ?? []), ["score", "many"]]);
    assert.deepEqual([...(await found()).keys()], rows.slice(1));
  } finally {
    IDBObjectStore.prototype.put = put;
  }
  await after.closeDatabase();
});

test("a number that JSON doesn't have is refused at the write", async () => {
  await open("after", randomUUID());
  const stop = after.onSyncError(() => {});
  for (const score of [Number.NaN, Infinity, -Infinity]) {
    const insert = async () =>
      after.thingsCollection.insert({ id: ONE, title: "t", score } as never).isPersisted.promise;
    await assert.rejects(insert, /things\.score must be an integer/);
  }
  stop();
  assert.equal(after.getSyncStatus().pending + after.getSyncStatus().unsaved, 0);
  assert.equal(after.thingsCollection.size, 0);
  await after.closeDatabase();
});

test("an application reads its database as it is", async () => {
  const speaker = await open("after", randomUUID());
  await speaker.exec(`INSERT INTO labels_synced (id, name) VALUES ('${ONE}', 'theirs')`);
  await after.labelsCollection.preload();
  after.thingsCollection.insert({ id: TWO, title: "mine" } as never).isPersisted.promise.catch(() => {});
  await until(() => after.getSyncStatus().pending === 1);
  const database = after.getDatabase();
  const theirs = await database.get("labels_synced", ONE ?? "");
  const mine = await database.get("things_local", TWO ?? "");
  assert.deepEqual(
    [theirs?.name, mine?.row?.["title"], (await database.getAll("_changes")).length],
    ["theirs", "mine", 1],
  );
  await after.clearDatabase({ unsent: "discard" });
  await after.closeDatabase();
});
