// A folder that a client has open is refused to everybody else, until that client closes it or its process is gone.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isSqlite } from "./support/generated.js";
import { Client } from "./support/client.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

async function names(client: Client): Promise<unknown[]> {
  return (await client.sql`SELECT name FROM projects ORDER BY name`).map(({ name }) => name);
}

for (const [kind, long] of [
  ["a folder", ""],
  ["a folder with a path too long for a socket", "x".repeat(120)],
] as const) {
  test(`${kind} is refused to a second process, and free again when the first is killed or closes it`, async () => {
    const directory = join(await world.folder(), long);
    await mkdir(directory, { recursive: true });
    const first = await world.client({ directory, sync: false });
    await first.sql`INSERT INTO projects (name) VALUES ('of the first')`;
    await assert.rejects(world.client({ directory, sync: false }), (error: Error) => {
      assert.match(error.message, /is open already/);
      assert.ok(error.message.includes(directory), "it names the folder");
      assert.match(error.message, /close the other/);
      return true;
    });
    await first.sql`INSERT INTO projects (name) VALUES ('after the second was refused')`;
    await first.kill();

    const second = await world.client({ directory, sync: false });
    assert.deepEqual(await names(second), ["after the second was refused", "of the first"]);
    await assert.rejects(world.client({ directory, sync: false }), /is open already/);
    await second.close();
    const third = await world.client({ directory, sync: false });
    assert.equal((await names(third)).length, 2);
  });
}

test("of some that open a folder at the same moment, one gets it", async () => {
  const directory = await world.folder();
  const opened = await Promise.allSettled([1, 2, 3].map(() => world.client({ directory, sync: false })));
  const winners = opened.filter(({ status }) => status === "fulfilled");
  assert.equal(winners.length, 1, JSON.stringify(opened.map((each) => String(Object(each).reason))));
});

test("a folder is refused to a second client of the same process", async () => {
  const directory = await world.folder();
  const client = await world.client({ directory, sync: false });
  await assert.rejects(client.openAnother(directory), /is open already/);
  await client.close();
  await client.openAnother(directory);
});

if (isSqlite) {
  test("a file with a write-ahead log is kept as well", async () => {
    const directory = await world.folder();
    const first = await world.client({ directory, sync: false, wal: true });
    await first.sql`INSERT INTO projects (name) VALUES ('of the first')`;
    // The file stays in that mode, whoever opens it.
    await assert.rejects(world.client({ directory, sync: false }), /is open already/);
    await first.kill();
    const second = await world.client({ directory, sync: false });
    assert.deepEqual(await names(second), ["of the first"]);
  });
}
