// What fails alone, whatever the failure: others go ahead of it, and it is rejected only where the answer is its own.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Fault, type Incoming, status } from "./server/faults.js";
import type { Client } from "./support/client.js";
import { transport } from "./support/generated.js";
import { until } from "./support/until.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

/** Has each request with the row go wrong, which no other does. */
function curse(id: string, what: Fault["what"]): { met: () => number; end: () => void } {
  const where = ({ url, body }: Incoming): boolean => url.pathname.includes(id) || body.includes(id);
  return world.server.faults.add({ on: "* *", where, at: "arrived", times: 10_000, what });
}

async function arrived(color: string): Promise<void> {
  await until(async () => (await world.rows("projects")).some((row) => row["color"] === color));
}

/** Waits until the status says why a write of a project waits, though all else is well. */
async function told(client: Client, message: RegExp): Promise<void> {
  await until(
    async () => {
      const { errors, pending } = await client.status();
      return pending > 0 && errors.some((one) => one.model === "projects" && message.test(one.message));
    },
    () => `an error like ${message}`,
  );
}

const isPushed = transport === "push-pull";

/** What the status says of a write, by what it always meets. Of a connection that breaks, Node says it in several ways. */
const MESSAGES = {
  reset: /^fetch failed: (read ECONNRESET|other side closed|write EPIPE|socket hang up)$/,
  "408": isPushed ? /^408: \{"detail":"injected 408"\}$/ : /^408: injected 408$/,
  "429": isPushed ? /^429: \{"detail":"injected 429"\}$/ : /^429: injected 429$/,
  "401": isPushed ? /^401: the server wants other headers$/ : /^401: injected 401$/,
} as const;

for (const [name, what] of [
  ["reset", "reset"],
  ["408", status(408)],
  ["429", status(429)],
  ["401", status(401)],
] as const) {
  const message = MESSAGES[name];
  test(`a write that always meets ${name} is overtaken, and taken once that is over`, async () => {
    const client = await world.readyClient();
    const id = randomUUID();
    const cursed = curse(id, what);
    await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'cursed')`;
    // After two others, a 401 would be its own.
    for (const color of name === "401" ? ["red"] : ["red", "green"]) {
      await client.sql`INSERT INTO projects (name, color) VALUES ('another', ${color})`;
      await arrived(color);
    }
    await told(client, message);
    assert.deepEqual(await client.rejected(), []);
    cursed.end();
    await client.configure({ token: "manager" });
    await world.converged(client);
    assert.equal((await client.status()).lastError, null);
  });
}

test("a 401 is a row's answer once others were taken with the same headers after each of two", async () => {
  const client = await world.readyClient();
  const id = randomUUID();
  const cursed = curse(id, status(401));
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'cursed')`;
  await until(async () => (await client.status()).pending === 1 && cursed.met() > 0);
  let color = 0;
  await until(async () => {
    color += 1;
    await client.sql`INSERT INTO projects (name, color) VALUES ('another', ${String(color)})`;
    await arrived(String(color));
    return (await client.status()).rejected === 1;
  });
  assert.ok(cursed.met() > 2, `asked ${cursed.met()} times`);
  const [rejected] = await client.rejected();
  assert.deepEqual([rejected?.rowKey, rejected?.status], [id, 401]);
  cursed.end();
  await client.retry(rejected?.writeId ?? "");
  await world.converged(client);
});

test("two writes that always meet 401 are overtaken, and so is a third", async () => {
  const client = await world.readyClient();
  const ids = Array.from({ length: 3 }, () => randomUUID());
  const cursed = ids.map((id) => curse(id, status(401)));
  for (const id of ids) await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'cursed')`;
  await until(() => cursed.every(({ met }) => met() > 0));
  await client.sql`INSERT INTO projects (name, color) VALUES ('another', 'red')`;
  await arrived("red");
  for (const { end } of cursed) end();
  await world.converged(client);
  assert.deepEqual(await client.rejected(), []);
});

test("a write that meets one 401 is sent again once rows are read with the same headers", async () => {
  const client = await world.readyClient();
  const id = randomUUID();
  const cursed = world.server.faults.add({
    on: "* *",
    where: ({ url, body }) => url.pathname.includes(id) || body.includes(id),
    at: "arrived",
    what: status(401),
  });
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'cursed')`;
  await until(() => cursed.met() === 1);
  await until(async () => {
    world.server.rows.wake();
    return (await client.unsettled()).length === 0;
  });
  await world.converged(client);
});

if (transport === "push-pull") {
  test("a server that refuses all edits, and takes a request without any, rejects none", async () => {
    const client = await world.readyClient();
    const refused = world.server.faults.add({
      on: "* *",
      where: ({ url }) => !url.pathname.startsWith("/sync"),
      at: "arrived",
      times: 10_000,
      what: status(403),
    });
    for (const name of ["one", "two"]) await client.sql`INSERT INTO projects (name) VALUES (${name})`;
    await until(() => refused.met() >= 8);
    assert.deepEqual(await client.rejected(), []);
    refused.end();
    await client.configure({ token: "manager" });
    await world.converged(client);
  });
}

test("a token that expires while six are on their way rejects nothing", async () => {
  const client = await world.readyClient();
  const ids = Array.from({ length: 6 }, () => randomUUID());
  for (const id of ids) await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'P')`;
  await world.converged(client);
  const tokens = ["member", "second", "third", "fourth"];
  for (const [index, token] of tokens.entries()) {
    let isOver = false;
    const held = world.server.faults.add({
      on: "PATCH /projects",
      at: "arrived",
      times: 6,
      what: () => until(() => isOver).then(() => {}),
    });
    for (const id of ids) await client.sql`UPDATE projects SET color = ${token} WHERE id = ${id}`;
    // As far as the transport sends as many at once.
    await until(() => held.met() >= (transport === "push-pull" ? 1 : 6));
    world.server.tokens.delete(token);
    isOver = true;
    await until(async () => (await client.status()).waitingForAuth);
    held.end();
    const next = tokens[index + 1] ?? "manager";
    world.server.tokens.set(next, "manager");
    await client.configure({ token: next });
    await world.converged(client);
    assert.deepEqual(await client.rejected(), []);
  }
});

test("what is told of a write goes with it when the database is cleared", async () => {
  const client = await world.readyClient();
  const id = randomUUID();
  const cursed = curse(id, status(408));
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'cursed')`;
  for (const color of ["red", "green"]) {
    await client.sql`INSERT INTO projects (name, color) VALUES ('another', ${color})`;
    await arrived(color);
  }
  await told(client, MESSAGES["408"]);
  await client.clear("discard");
  await client.ready();
  assert.deepEqual((await client.status()).errors, []);
  cursed.end();
});

test("what is told of a write stays while more than five hundred others wait before it", async () => {
  const client = await world.readyClient({ directory: await world.folder(), user: "ada", token: "member" });
  world.server.kill();
  for (let saved = 0; saved < 600; saved += 100) {
    const some = Array.from({ length: 100 }, (_, number) => ({ name: `of Ada ${saved + number}` }));
    await client.save(...some.map((insert) => ({ model: "labels", insert }) as const));
  }
  await client.configure({ user: "bob", token: "manager" });
  await until(async () => (await client.status()).held === 600);
  world.server.revive();
  const id = randomUUID();
  const cursed = curse(id, status(408));
  await client.sql`INSERT INTO projects (id, name) VALUES (${id}, 'cursed')`;
  for (const color of ["red", "green", "blue"]) {
    await client.sql`INSERT INTO projects (name, color) VALUES ('another', ${color})`;
    await arrived(color);
    if (color !== "red") await told(client, MESSAGES["408"]);
  }
  // Looked for anew, and found to wait.
  const tries = cursed.met();
  await until(() => cursed.met() > tries + 1);
  await told(client, MESSAGES["408"]);
  cursed.end();
  await until(async () => (await world.rows("projects")).some((row) => row["id"] === id));
  await until(async () => (await client.status()).errors.length === 0);
  assert.equal((await client.status()).held, 600);
  await client.clear("discard");
});

test("rows that are refused once with a token that others pass with are asked for again", async () => {
  const client = await world.readyClient();
  const rows = world.server.rows.requests("projects");
  const refused = world.server.faults.add({ ...rows, at: "arrived", what: status(401) });
  world.server.rows.wake();
  world.server.disconnect();
  await until(() => refused.met() === 1);
  await world.server.db.exec("INSERT INTO projects (id, name) VALUES (gen_random_uuid(), 'theirs')");
  await client.sql`INSERT INTO labels (name) VALUES ('mine')`;
  await until(async () => (await client.rows("projects")).length === 1);
  await world.converged(client);
  assert.equal((await client.status()).waitingForAuth, false);
});
