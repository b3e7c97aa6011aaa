// Whatever goes wrong on the way, at any step: nothing is lost, and nothing is applied twice.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Incoming, status, type Step } from "./server/faults.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

const steps: readonly Step[] = ["arrived", "writing", "committed", "answering"];

for (const what of ["reset", "kill"] as const) {
  test(`each write survives a ${what} at each step`, async () => {
    const [client, other] = await world.readyPair();
    for (const at of steps) {
      const id = randomUUID();
      const survive = async (on: string, isDone: () => Promise<boolean>): Promise<void> => {
        const fault = world.server.faults.add({ on, at, what });
        await until(() => fault.met() === 1);
        await new Promise((resolve) => setTimeout(resolve, 100));
        world.server.revive();
        await until(isDone);
        await client.allSettled();
      };
      const name = async (): Promise<unknown> =>
        (await world.rows("projects")).find((row) => row["id"] === id)?.["name"];
      const applied = async (): Promise<number> =>
        (await world.rows("accounts")).filter((row) => row["name"] === id).length;

      await Promise.all([
        survive("POST /projects", async () => (await name()) === at),
        client.sql`INSERT INTO projects (id, name) VALUES (${id}, ${at})`,
      ]);
      await Promise.all([
        survive("PATCH /projects", async () => (await name()) === "changed"),
        client.sql`UPDATE projects SET name = 'changed' WHERE id = ${id}`,
      ]);
      await Promise.all([
        survive("DELETE /projects", async () => (await name()) === undefined),
        client.sql`DELETE FROM projects WHERE id = ${id}`,
      ]);
      // Where the server makes the key, it alone can tell that it has seen the row before.
      await Promise.all([
        survive("POST /accounts", async () => (await applied()) === 1),
        client.sql`INSERT INTO accounts (name) VALUES (${id})`,
      ]);
    }
    await world.converged(client, other);
    assert.deepEqual(await client.rejected(), []);
    const names = (await world.rows("accounts")).map((row) => row["name"]);
    assert.equal(new Set(names).size, steps.length);
    assert.equal(names.length, steps.length);
  });
}

test("a server that is away is asked again, ever more slowly", async () => {
  const client = await world.readyClient();
  const away = world.server.faults.add({ on: "* *", at: "arrived", times: 1000, what: status(503) });
  await client.sql`INSERT INTO projects (name) VALUES ('patient')`;
  await until(() => away.met() >= 1);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  assert.ok(away.met() <= 30, `${away.met()} requests`);
  const { pending, lastError } = await client.status();
  assert.equal(pending, 1);
  assert.notEqual(lastError, null);
  away.end();
  await world.converged(client);
  assert.equal((await client.status()).lastError, null);
});

for (const code of [408, 425, 500, 502, 503, 504]) {
  test(`${code} is passing`, async () => {
    const client = await world.readyClient();
    const burst = world.server.faults.add({ on: "* *", at: "arrived", times: 3, what: status(code) });
    await client.sql`INSERT INTO projects (name) VALUES ('once')`;
    await world.converged(client);
    assert.equal(burst.met(), 3);
    assert.equal((await world.rows("projects")).length, 1);
    const keys = new Set(world.requests("POST /projects").map(({ headers }) => headers["idempotency-key"]));
    assert.equal(keys.size, 1, "the key of a write doesn't change");
  });
}

test("429 says when to come back", async () => {
  const client = await world.readyClient();
  const times: number[] = [];
  const note = (): Promise<void> => {
    times.push(Date.now());
    return Promise.resolve();
  };
  world.server.faults.add({ on: "POST /projects", at: "arrived", times: 2, what: note });
  world.server.faults.add({ on: "POST /projects", at: "arrived", what: status(429, { "retry-after": "2" }) });
  await client.sql`INSERT INTO projects (name) VALUES ('later')`;
  await world.converged(client);
  const [first = 0, second = 0] = times;
  assert.ok(second - first >= 1_900, `came back after ${second - first} ms`);
});

test("an answer that gets lost after a 500 on the way", async () => {
  const client = await world.readyClient();
  // The row is written, and a proxy says otherwise.
  world.server.faults.add({ on: "POST /accounts", at: "committed", what: status(500) });
  world.server.faults.add({ on: "PATCH /accounts", at: "committed", what: status(502) });
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await world.converged(client);
  await client.sql`UPDATE accounts SET credit = '1.50'`;
  await world.converged(client);
  assert.equal((await world.rows("accounts")).length, 1);
});

test("a request that arrives twice", async () => {
  const client = await world.readyClient();
  for (const on of ["POST /accounts", "PATCH /accounts", "DELETE /accounts"]) {
    world.server.faults.add({ on, at: "committed", what: "repeat" });
  }
  await client.sql`INSERT INTO accounts (name) VALUES ('A')`;
  await world.converged(client);
  await client.sql`UPDATE accounts SET credit = '2'`;
  await world.converged(client);
  await client.sql`DELETE FROM accounts`;
  await world.converged(client);
  assert.deepEqual(await client.rejected(), []);
});

test("a row that always gets a 500 holds up no other", async () => {
  const client = await world.readyClient();
  const [cursed, child] = [randomUUID(), randomUUID()];
  const isCursed = ({ body }: Incoming): boolean => body.includes(cursed) && !body.includes(child);
  const curse = world.server.faults.add({
    on: "POST /projects",
    where: isCursed,
    at: "writing",
    times: 1000,
    what: status(500),
  });
  await client.sql`INSERT INTO projects (id, name) VALUES (${cursed}, 'cursed')`;
  await client.sql`INSERT INTO tasks (id, project_id, title) VALUES (${child}, ${cursed}, 'waits for it')`;
  await client.sql`INSERT INTO projects (name) VALUES ('another')`;
  await client.sql`INSERT INTO labels (name) VALUES ('yet another')`;
  await until(async () => (await world.rows("labels")).length === 1 && (await world.rows("projects")).length === 1);
  await until(() => curse.met() >= 5);
  await client.sql`INSERT INTO labels (name) VALUES ('one more')`;
  await until(async () => (await world.rows("labels")).length === 2);
  assert.equal(world.requests("POST /tasks").length, 0, "a child waits for its parent");
  assert.equal((await client.rows("tasks")).length, 1);
  curse.end();
  await world.converged(client);
  assert.equal((await world.rows("tasks")).length, 1);
});

test("a server that remembers nothing, and keys that the client makes", async () => {
  const client = await world.readyClient();
  world.server.api.options.idempotency = false;
  for (const on of ["POST /projects", "POST /labels", "DELETE /projects"]) {
    world.server.faults.add({ on, at: "committed", what: "reset" });
  }
  // Sent again, they are a 409 and a 404: not refusals, since the server has what was wanted.
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await client.sql`INSERT INTO labels (name) VALUES ('L')`;
  await world.converged(client);
  await client.sql`DELETE FROM projects`;
  await world.converged(client);
  assert.deepEqual(await client.rejected(), []);
  assert.equal((await world.rows("labels")).length, 1);
});

test("a 409 because somebody else has that key is a refusal", async () => {
  const [one, two] = await world.readyPair();
  await world.server.rows.hold("settings");
  await one.sql`INSERT INTO settings (name, value) VALUES ('theme', 'dark')`;
  await until(async () => (await world.rows("settings")).length === 1);
  // Its first answer gets lost, so that the 409 has to be looked into.
  world.server.faults.add({ on: "POST /settings", at: "arrived", what: "reset" });
  await two.sql`INSERT INTO settings (name, value) VALUES ('theme', 'light')`;
  await until(async () => (await two.status()).rejected === 1);
  world.server.rows.release();
  await world.converged(one, two);
  assert.equal((await two.rejected())[0]?.status, 409);
  assert.deepEqual(await two.rows("settings"), [{ name: "theme", value: "dark" }]);
});

test("streams survive what happens to their requests", async () => {
  world.server.rows.options.chunk = 3;
  const rows = "SELECT gen_random_uuid(), 'project ' || n FROM generate_series(1, 20) AS n";
  await world.server.db.exec(`INSERT INTO projects (id, name) ${rows}`);
  for (const at of ["arrived", "answering"] as const) {
    world.server.faults.add({ on: "rows", at, times: 4, what: "reset" });
  }
  world.server.faults.add({ on: "rows", at: "arrived", times: 6, what: status(503) });
  world.server.faults.add({ on: "rows", at: "arrived", times: 3, what: status(429, { "retry-after": "1" }) });
  const [one, two] = await world.readyPair();
  await world.converged(one, two);
  Object.assign(world.server.shapes.options, { redeliver: 5, patience: 300 });
  for (const color of ["red", "green", "blue"]) {
    world.server.faults.add({ on: "rows", at: "answering", times: 2, what: "reset" });
    await one.sql`UPDATE projects SET color = ${color} WHERE name LIKE 'project 1%'`;
    await two.sql`INSERT INTO projects (name) VALUES (${color})`;
    await two.sql`DELETE FROM projects WHERE name = ${`project ${color.length}`}`;
    await world.converged(one, two);
  }
  world.server.disconnect();
  await one.sql`INSERT INTO labels (name) VALUES ('after')`;
  await world.converged(one, two);
});

test("connections that have died without a sign", async () => {
  const client = await world.readyClient();
  const never = (): Promise<void> => new Promise(() => {});
  const write = world.server.faults.add({ on: "POST /projects", at: "arrived", what: never });
  await client.sql`INSERT INTO projects (name) VALUES ('patient')`;
  const anew = world.server.rows.requests("projects", "first");
  const snapshot = world.server.faults.add({ ...anew, at: "arrived", what: never });
  world.server.rows.refetch("projects");
  await until(() => write.met() === 1 && snapshot.met() === 1);
  await world.converged(client);
  assert.equal((await world.rows("projects")).length, 1);
});

test("one model whose rows fail doesn't stop the others", async () => {
  const broken = world.server.faults.add({
    ...world.server.rows.requests("tags"),
    at: "arrived",
    times: 1000,
    what: status(400),
  });
  const client = await world.client();
  await until(async () => {
    const { models } = await client.status();
    return models["labels"]?.error !== null && Object.values(models).filter(({ ready }) => ready).length === 5;
  });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await client.allSettled();
  broken.end();
});
