// A page that can't load a part of the client's code loses no edit, says what is missing, and goes on once it can.

import assert from "node:assert/strict";
import { cp, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Server } from "./server/server.js";
import { adapter, type Client, POLL, transport } from "./support/generated.js";
import { startServer } from "./support/start.js";
import { until } from "./support/until.js";

const compiled = fileURLToPath(new URL("..", import.meta.url));
const copies: string[] = [];
let server: Server;

before(async () => {
  server = await startServer();
});

after(async () => {
  await server.close();
  for (const copy of copies) await rm(copy, { recursive: true });
});

/** A client that nobody has loaded yet, without one of its files, and what gives that back. */
async function without(
  file: string,
): Promise<[one: ReturnType<Client["createClient"]>, giveBack: () => Promise<void>]> {
  const copy = await mkdtemp(join(compiled, "without-code-"));
  copies.push(copy);
  await cp(join(compiled, adapter, transport), copy, { recursive: true });
  const [present, missing] = [join(copy, file), join(copy, `${file}.missing`)];
  await rename(present, missing);
  const { createClient } = (await import(`../${basename(copy)}/index.js`)) as Client;
  const headers = { authorization: "Bearer member" };
  const urls = { electricUrl: server.url, apiBaseUrl: server.url, syncUrl: `${server.url}/sync` };
  return [createClient({ ...urls, headers, poll: POLL }), () => rename(missing, present)];
}

test("without the code that syncs, edits stay on the device, and are sent once it is there", async () => {
  const [one, giveBack] = await without("db/sync.js");
  await one.initializeDatabase({ directory: "memory://" });
  await one.collections.projects.insert({ name: "kept" }).isPersisted.promise;
  // Whoever waits for the first rows isn't left waiting.
  await one.collections.projects.preload();
  await until(() => one.getSyncStatus().lastError !== null);
  await until(() => one.getSyncStatus().pending === 1);
  const { lastError, online, opening } = one.getSyncStatus();
  assert.match(lastError ?? "", /^The code that syncs can't be loaded: .*sync\.js.* load the page again\.$/s);
  assert.deepEqual({ online, opening }, { online: false, opening: false });

  await giveBack();
  await until(async () => (await server.read("projects")).includes('"kept"'));
  await until(() => one.getSyncStatus().pending === 0);
  assert.deepEqual([one.getSyncStatus().lastError, one.getSyncStatus().online], [null, true]);
  await one.closeDatabase();
});

test("closing doesn't wait for it", async () => {
  const [one] = await without("db/sync.js");
  await one.initializeDatabase({ directory: "memory://" });
  await until(() => one.getSyncStatus().lastError !== null);
  await one.closeDatabase();
});

test("without the code that makes a database, opening says so, and works once it is there", async () => {
  const [one, giveBack] = await without("db/store/sql/migrate.js");
  const edit = one.collections.projects.insert({ name: "waits" });
  await assert.rejects(
    one.initializeDatabase({ directory: "memory://", sync: false }),
    /^Error: The code that makes the local database can't be loaded: .*migrate\.js.*Nothing was changed\.$/s,
  );
  await giveBack();
  await one.initializeDatabase({ directory: "memory://", sync: false });
  await edit.isPersisted.promise;
  assert.deepEqual(
    [...one.collections.projects.values()].map(({ name }) => name),
    ["waits"],
  );
  await one.closeDatabase();
});
