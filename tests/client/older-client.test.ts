// A client of an older document than the server's.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as things from "../after/sync/index.js";
import * as formerly from "../before/sync/index.js";
import { Backend } from "./support/backend.js";
import { adapter, inMemory, isIndexedDb, isSqlite } from "./support/generated.js";
import { until } from "./support/until.js";

type Before = typeof import("../before/pglite/push-pull/index.js");
type After = typeof import("../after/pglite/push-pull/index.js");

/** A database that is there until its end, whoever closes it. */
async function kept() {
  if (isIndexedDb) return { options: inMemory(), end: async () => {} };
  const database = isSqlite
    ? await (await import("../after/sqlite/electric/db/store/sql/sqlite/open.js")).openSqlite("memory://")
    : await (await import("../after/pglite/electric/db/store/sql/pglite/open.js")).openPglite("memory://");
  return { options: { driver: { ...database, close: async () => {} } }, end: database.close };
}

test("a client of an older document pushes and pulls what both know", async () => {
  const server = await Backend.start(things.schemaSql, (database) =>
    things.createSyncServer({ database, authenticate: () => ({ id: "ada", scopes: {} }) }),
  );
  const older = (await import(`../before/${adapter}/push-pull/index.js`)) as Before;
  const newer = (await import(`../after/${adapter}/push-pull/index.js`)) as After;
  const { options, end } = await kept();
  const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
  await server.db.exec(`
    INSERT INTO things (id, title, fresh, age, score) VALUES ('${one}', 'one', 'f', '40', 7);
    INSERT INTO things (id, title, age) VALUES (gen_random_uuid(), 'zero', 'unknown');
  `);

  const before = older.createClient({ database: "things", syncUrl: server.url });
  before.onSyncError(() => {});
  await before.initializeDatabase(options);
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
  await after.initializeDatabase(options);
  await after.collections.things.preload();
  await until(() => after.collections.things.get(one)?.fresh === "f" && after.collections.things.get(two)?.age === "5");
  await after.closeDatabase();
  await end();
  await server.close();
});

test("a column is renamed while a device is offline: what both know goes, and the rest is rejected with the reason", async () => {
  const authenticate = () => ({ id: "ada", scopes: {} });
  const server = await Backend.start(formerly.schemaSql, (database) =>
    formerly.createSyncServer({ database, authenticate }),
  );
  const older = (await import(`../before/${adapter}/push-pull/index.js`)) as Before;
  const device = older.createClient({ database: "renamed", syncUrl: server.url });
  device.onSyncError(() => {});
  await device.initializeDatabase(inMemory());
  const { things: rows } = device.collections;
  await Promise.all(Object.values(device.collections).map((collection) => collection.preload()));
  const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
  await server.db.exec(`INSERT INTO things (id, title, nick) VALUES ('${one}', 'one', 'n'), ('${two}', 'two', 'n')`);
  await until(() => rows.size === 2);

  const back = await server.goAway();
  const writes = [
    rows.update(one, (draft) => void (draft.title = "ONE")),
    rows.update(two, (draft) => void (draft.nick = "other")),
    rows.update(one, (draft) => {
      draft.title = "both";
      draft.nick = "other";
    }),
  ].map(({ isPersisted }) => isPersisted.promise.catch((error: unknown) => String(error)));
  await until(() => device.getSyncStatus().pending === 3);
  await server.db.exec(`
    ALTER TABLE things RENAME COLUMN nick TO fresh;
    ALTER TABLE things ALTER COLUMN age TYPE TEXT, ALTER COLUMN score TYPE INTEGER USING score::INTEGER;
    ${things.schemaSql}
  `);
  await server.replace((database) => things.createSyncServer({ database, authenticate }));
  await back();
  device.configureSync({});
  const [taken, ...refused] = await Promise.all(writes);
  assert.equal(taken instanceof Error, false);
  assert.equal(refused.length, 2);
  for (const reason of refused) assert.match(String(reason), /nick/);
  assert.deepEqual(await server.rows("SELECT title, fresh FROM things ORDER BY title"), [
    { title: "ONE", fresh: "n" },
    { title: "two", fresh: "n" },
  ]);
  // Rows still come, without the column.
  await server.db.exec(`UPDATE things SET title = 'TWO', fresh = 'm' WHERE id = '${two}'`);
  await until(() => rows.get(two)?.title === "TWO" && rows.get(one)?.title === "ONE");
  assert.equal(rows.get(two)?.nick, null);
  await device.closeDatabase();
  await server.close();
});
