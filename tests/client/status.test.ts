// What the page can show is true: that the client is opening, what fails, and where.

import assert from "node:assert/strict";
import { status } from "./server/faults.js";
import { Client } from "./support/client.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

/** A client that nothing has been asked of yet. */
async function withNewClient(work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client();
  try {
    await work(client);
  } finally {
    await client.kill();
  }
}

test("opening, until the rows of each model have come", async () => {
  await withNewClient(async (client) => {
    assert.equal((await client.status()).opening, true);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const labels = world.server.rows.requests("tags");
    world.server.faults.add({ ...labels, at: "arrived", times: 1000, what: () => held });
    await client.open({ url: world.server.url, token: "member" });
    await until(async () => Object.values((await client.status()).models).filter(({ ready }) => ready).length === 5);
    assert.equal((await client.status()).opening, true);
    release();
    await until(async () => !(await client.status()).opening);
    assert.ok(Object.values((await client.status()).models).every(({ ready }) => ready));
  });
});

test("no longer opening, where the rows can't come now", async () => {
  await withNewClient(async (client) => {
    await client.open({ url: "http://127.0.0.1:1", token: "member" });
    await until(async () => !(await client.status()).opening);
    await until(async () => {
      const { online, errors } = await client.status();
      return !online && new Set(errors.map(({ model }) => model)).size === 6;
    });
    await client.configure({ url: world.server.url });
    await client.ready();
    await until(async () => (await client.status()).errors.length === 0);
  });
  await withNewClient(async (client) => {
    await client.open({ url: world.server.url, token: "nobody's" });
    await until(async () => !(await client.status()).opening);
    await until(async () => (await client.status()).waitingForAuth);
  });
});

test("an error is told once, with its model and URL", async () => {
  await withNewClient(async (client) => {
    await client.open({ url: world.server.url, token: "member" });
    await client.ready();
    const away = world.server.faults.add({ on: "POST /projects", at: "arrived", times: 3, what: status(503) });
    await client.sql`INSERT INTO projects (name) VALUES ('P')`;
    await until(() => away.met() === 3);
    await world.converged(client);
    const expected = { model: "projects", url: `POST ${world.server.url}/projects`, message: "503: injected 503" };
    assert.deepEqual(await client.errors(), [expected]);

    world.server.faults.add({ on: "POST /labels", at: "arrived", what: status(422) });
    await client.sql`INSERT INTO labels (name) VALUES ('L')`;
    await until(async () => (await client.status()).rejected === 1);
    const { lastError } = await client.status();
    assert.equal(lastError, `labels: POST ${world.server.url}/labels: injected 422`);
    assert.equal((await client.errors()).at(-1)?.model, "labels");
  });
});

for (const code of [502, 504]) {
  test(`offline where a proxy answers ${code}, because it can't reach the API`, async () => {
    await withNewClient(async (client) => {
      const away = world.server.faults.add({ on: "rows", at: "arrived", times: 1_000_000, what: status(code) });
      await client.open({ url: world.server.url, token: "member" });
      await until(async () => {
        const { opening, online, lastError } = await client.status();
        return !opening && !online && new RegExp(`${code}: .*injected`).test(lastError ?? "");
      });
      away.end();
      await client.ready();
      await until(async () => (await client.status()).online);

      const writes = world.server.faults.add({ on: "POST /projects", at: "arrived", times: 1_000, what: status(code) });
      await client.sql`INSERT INTO projects (name) VALUES ('P')`;
      await until(async () => !(await client.status()).online);
      writes.end();
      await world.converged(client);
      await until(async () => (await client.status()).online);
    });
  });
}

test("why nothing can be read is told, where the platform says it", async () => {
  await withNewClient(async (client) => {
    await client.open({ url: "http://127.0.0.1:1", token: "member" });
    await until(async () => !(await client.status()).opening);
    assert.match((await client.status()).lastError ?? "", /fetch failed: .*(bad port|ECONNREFUSED)/);
  });
});

test("logging out while the database opens", async () => {
  await withNewClient(async (client) => {
    const opened = client.open({ url: world.server.url, token: "member" });
    await client.clear();
    await opened;
    await client.ready();
  });
});

for (const [code, what] of [
  [503, "an error"],
  [502, "that the server can't be reached"],
  [401, "that it waits for other headers"],
] as const) {
  test(`${what} of a write goes with the write when the database is cleared (${code})`, async () => {
    await withNewClient(async (client) => {
      await client.open({ url: world.server.url, token: "member" });
      await client.ready();
      world.server.faults.add({ on: "POST /projects", at: "arrived", times: 1_000_000, what: status(code) });
      const isTold = async (): Promise<boolean> => {
        const { online, waitingForAuth, errors } = await client.status();
        if (code === 502) return !online;
        return code === 401 ? waitingForAuth : errors.length > 0;
      };
      await client.sql`INSERT INTO projects (name) VALUES ('P')`;
      await until(isTold);
      await client.clear("discard");
      await client.ready();
      const { online, waitingForAuth, lastError, errors, pending } = await client.status();
      assert.deepEqual(
        { online, waitingForAuth, lastError, errors, pending },
        { online: true, waitingForAuth: false, lastError: null, errors: [], pending: 0 },
      );
    });
  });
}
