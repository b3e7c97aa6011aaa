// Who is signed in: nothing goes out while nobody is, and nobody's edits go out as those of somebody else.

import assert from "node:assert/strict";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

const ADA = { user: "ada", token: "member" };
const BOB = { user: "bob", token: "manager" };

/** What was sent with these headers of writes of projects. */
function sentAs({ token }: { readonly token: string }): string[] {
  const sent = world.requests("POST /projects").filter(({ headers }) => headers["authorization"] === `Bearer ${token}`);
  return sent.map(({ body }) => String((JSON.parse(body) as { readonly name: unknown }).name));
}

test("nothing is sent or read while nobody is signed in", async () => {
  const client = await world.client({ directory: await world.folder(), token: "member", user: null });
  await client.sql`INSERT INTO projects (name) VALUES ('before')`;
  await until(async () => (await client.status()).pending === 1);
  const { signedOut, opening, held } = await client.status();
  assert.deepEqual([signedOut, opening, held], [true, false, 0]);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(world.server.exchanges.length, 0);

  // It becomes that of whoever signs in.
  await client.configure(ADA);
  await world.converged(client);
  assert.equal((await client.status()).signedOut, false);
  assert.deepEqual(sentAs(ADA), ["before"]);

  await client.configure({ user: null });
  await until(async () => (await client.status()).signedOut);
  const asked = world.server.exchanges.length;
  await client.sql`INSERT INTO projects (name) VALUES ('after')`;
  await world.server.db.exec("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'meanwhile')");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(world.server.exchanges.length, asked);
  await client.configure(BOB);
  await world.converged(client);
  assert.deepEqual(sentAs(BOB), ["after"]);
});

test("edits of one user wait while another one is signed in, also after a restart", async () => {
  const directory = await world.folder();
  world.server.kill();
  const before = await world.client({ directory, ...ADA });
  await before.sql`INSERT INTO projects (name) VALUES ('of Ada')`;
  await before.configure(BOB);
  await until(async () => (await before.status()).held === 1);
  await before.kill();

  world.server.revive();
  const client = await world.readyClient({ directory, ...BOB });
  await client.sql`INSERT INTO projects (name) VALUES ('of Bob')`;
  await until(async () => (await world.rows("projects")).length === 1);
  await until(async () => (await client.status()).pending === 1);
  assert.equal((await client.status()).held, 1);
  assert.deepEqual((await client.rows("projects")).map(({ name }) => name).toSorted(), ["of Ada", "of Bob"]);

  await client.configure(ADA);
  await world.converged(client);
  assert.deepEqual([sentAs(ADA), sentAs(BOB)], [["of Ada"], ["of Bob"]]);
  assert.equal((await client.status()).held, 0);
});

test("edits of two users to one row go out in their order, each alone", async () => {
  const client = await world.readyClient({ directory: await world.folder(), ...ADA });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await world.converged(client);
  world.server.kill();
  await client.sql`UPDATE projects SET name = 'of Ada'`;
  await client.configure(BOB);
  await until(async () => (await client.status()).held === 1);
  await client.sql`UPDATE projects SET color = 'red'`;
  world.server.revive();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.deepEqual(world.requests("PATCH /projects"), []);
  const { held, pending } = await client.status();
  assert.deepEqual([held, pending], [1, 2]);

  await client.configure(ADA);
  await until(() => world.requests("PATCH /projects").length === 1);
  // It has the answer as well: without it, the edit would wait until Ada is signed in again.
  await until(async () => (await client.status()).pending === 1);
  await client.configure(BOB);
  await world.converged(client);
  const sent = world
    .requests("PATCH /projects")
    .map(({ headers, body }) => [
      headers["authorization"],
      Object.keys(JSON.parse(body) as object).filter((name) => name !== "write_id"),
    ]);
  assert.deepEqual(sent, [
    ["Bearer member", ["name"]],
    ["Bearer manager", ["color"]],
  ]);
});

test("what is on its way when its user signs out is sent again as theirs", async () => {
  const client = await world.readyClient({ directory: await world.folder(), ...ADA });
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const fault = world.server.faults.add({ on: "POST /projects", at: "committed", what: () => answered });
  await client.sql`INSERT INTO projects (name) VALUES ('P')`;
  await until(() => fault.met() === 1);
  await client.configure(BOB);
  // A stream may show the row by now, which settles the write.
  await until(async () => {
    const { held, pending } = await client.status();
    return held === pending;
  });
  answer();
  await client.configure(ADA);
  await world.converged(client);
  assert.equal((await world.rows("projects")).length, 1);
  assert.deepEqual(sentAs(BOB), []);
});

test("an application that doesn't say who is signed in sends nothing of somebody known", async () => {
  const directory = await world.folder();
  const before = await world.readyClient({ directory, ...ADA });
  world.server.kill();
  await before.sql`INSERT INTO projects (name) VALUES ('of Ada')`;
  await before.kill();
  world.server.revive();
  const client = await world.readyClient({ directory, token: "manager" });
  await until(async () => (await client.status()).held === 1);
  assert.deepEqual(world.requests("POST /projects"), []);
  await client.configure(ADA);
  await world.converged(client);
});
