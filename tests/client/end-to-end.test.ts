// Two clients and the sync server that are generated from one document, as an application has them: over HTTP, with
// nothing in between.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { contact, type Device, Office, settled, shown } from "./support/backend.js";
import { inMemory } from "./support/generated.js";
import { until } from "./support/until.js";

const office = new Office();

test("the client's database is initialised, and rows are created, read, updated and deleted", async () => {
  const back = await office.backend.goAway();
  const client = await office.device("ada", false);
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
  assert.deepEqual(await office.backend.rows("SELECT first_name, email FROM contacts"), [
    { first_name: "Ada", email: "a@example.org" },
  ]);
});

test("end-to-end flow: what one device writes comes to the database, and to the other device", async () => {
  const [one, two] = await office.devices();
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
  const { owner_id, score, tags, balance, _device_id, _edited_at } = shown(one, id) ?? {};
  assert.deepEqual([owner_id, score, tags, balance], ["ada", 7, ["a", "ü"], "12345678901234567890.10"]);
  assert.equal(_device_id, office.backend.pushes.at(-1)?.client_id);
  assert.ok(Math.abs(Date.parse(_edited_at ?? "") - Date.now()) < 60_000);
  // Each has received the row at a time of its own.
  const isShared = (name: string) => !name.startsWith("$") && name !== "_synced_at";
  const columns = (client: Device) => Object.entries(shown(client, id) ?? {}).filter(([name]) => isShared(name));
  await until(
    () => isDeepStrictEqual(columns(one), columns(two)),
    () => JSON.stringify([columns(one), columns(two)]),
  );
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
  await office.backend.db.exec(`UPDATE contacts SET first_name = 'A. L.' WHERE id = '${id}'`);
  await until(() => shown(one, id)?.first_name === "A. L." && shown(two, id)?.first_name === "A. L.");
  await until(() => one.collections.notes.has(1));
  one.collections.notes.delete(1);
  one.collections.contacts.delete(id);
  await until(() => shown(two, id) === undefined);
  await settled(one);
  assert.deepEqual(await office.backend.rows("SELECT 1 FROM contacts"), []);
});

test("offline to online: everything waits, and counts once", async () => {
  const [one, two] = await office.devices();
  const first = contact(one, "before");
  await settled(one);
  const back = await office.backend.goAway();
  for (let number = 0; number < 30; number += 1) contact(one, `offline ${String(number)}`);
  one.collections.contacts.update(first, (draft) => void (draft.first_name = "edited"));
  await one.flushed();
  await until(() => !one.getSyncStatus().online && one.getSyncStatus().pending === 31);
  assert.equal(one.collections.contacts.size, 31);
  await back();
  await settled(one);
  assert.equal(one.getSyncStatus().online, true);
  await until(() => two.collections.contacts.size === 31 && shown(two, first)?.first_name === "edited");
  assert.deepEqual(await office.backend.rows("SELECT count(*)::INT AS rows FROM contacts"), [{ rows: 31 }]);
});

test("concurrent modification: edits of two columns both stay, and of one column the later arrival", async () => {
  const [one, two] = await office.devices();
  const id = contact(one, "Ada");
  await until(() => shown(two, id) !== undefined);
  await settled(one, two);
  const back = await office.offline(
    () => {
      one.collections.contacts.update(id, (draft) => void (draft.email = "one@example.org"));
      two.collections.contacts.update(id, (draft) => void (draft.stage = "lead"));
    },
    one,
    two,
  );
  await back();
  await settled(one, two);
  const both = (client: Device) =>
    shown(client, id)?.email === "one@example.org" && shown(client, id)?.stage === "lead";
  await until(() => both(one) && both(two));

  one.collections.contacts.update(id, (draft) => void (draft.first_name = "first"));
  await settled(one);
  two.collections.contacts.update(id, (draft) => void (draft.first_name = "second"));
  await settled(two);
  await until(() => [one, two].every((client) => shown(client, id)?.first_name === "second"));
});

test("what an application can't send together is refused at once", async () => {
  const client = await office.device("ada");
  const back = await office.backend.goAway();
  const many = (count: number) => () => {
    for (let number = 0; number < count; number += 1) contact(client, `C${String(number)}`);
  };
  assert.throws(() => client.writeTogether(many(501)), /501 edits are too many.*500 together at most/);
  assert.equal(client.collections.contacts.size, 0);
  await client.writeTogether(many(500)).isPersisted.promise;
  await back();
  await settled(client);
  assert.deepEqual(await office.backend.rows("SELECT count(*)::INT AS rows FROM contacts"), [{ rows: 500 }]);
});

test("edits that are saved together by chance have each their own fate", async () => {
  const client = await office.device("ada");
  const back = await office.backend.goAway();
  contact(client, "good");
  contact(client, "x".repeat(21));
  contact(client, "better");
  await client.flushed();
  await back();
  await until(() => client.getRejectedChanges().length === 1);
  await until(async () => (await client.listChanges()).length === 1);
  const rows = await office.backend.rows("SELECT first_name FROM contacts ORDER BY first_name");
  assert.deepEqual(rows, [{ first_name: "better" }, { first_name: "good" }]);
});

test("functions of the application can take the place of requests", async () => {
  const local = office.client({ database: "by functions", user: "ada" });
  const ask = async <T>(endpoint: string, body: unknown, signal: AbortSignal): Promise<T> => {
    const headers = { "content-type": "application/json", authorization: "ada" };
    const init = { method: "POST", headers, body: JSON.stringify(body), signal };
    const answer = await fetch(`${office.backend.url}/${endpoint}`, init);
    if (!answer.ok) throw Object.assign(new Error(await answer.text()), { status: answer.status });
    return (await answer.json()) as T;
  };
  local.configureSync({
    pushPull: {
      push: (request, signal) => ask("push", request, signal),
      pull: (request, signal) => ask("pull", request, signal),
    },
  });
  await local.initializeDatabase(inMemory());
  await local.collections.contacts.preload();
  const id = contact(local, "Ada");
  await settled(local);
  await office.backend.db.exec(`UPDATE contacts SET first_name = 'A.' WHERE id = '${id}'`);
  // Nobody pokes it.
  await until(() => local.collections.contacts.get(id)?.first_name === "A.");
});

test("functions of the application can throw answers, and give the events of a poke", async () => {
  const local = office.client({ database: "by functions that throw", user: "ada" });
  let status = 401;
  const ask = async <T>(endpoint: string, body: unknown, signal: AbortSignal): Promise<T> => {
    if (status !== 200) throw Response.json({ error: { code: "unauthenticated", message: "nobody" } }, { status });
    const headers = { "content-type": "application/json", authorization: "ada" };
    const init = { method: "POST", headers, body: JSON.stringify(body), signal };
    return (await (await fetch(`${office.backend.url}/${endpoint}`, init)).json()) as T;
  };
  /** How many have been asked for. */
  let streams = 0;
  local.configureSync({
    pushPull: {
      push: (request, signal) => ask("push", request, signal),
      pull: (request, signal) => ask("pull", request, signal),
      poke: (headers, signal) => {
        streams += 1;
        return fetch(`${office.backend.url}/poke`, { headers: { ...headers, authorization: "ada" }, signal });
      },
    },
  });
  await local.initializeDatabase(inMemory());
  const id = contact(local, "Ada");
  await until(() => local.getSyncStatus().waitingForAuth);
  status = 200;
  local.configureSync({ headers: { authorization: "again" } });
  await local.collections.contacts.preload();
  await settled(local);
  const taken: number[] = [];
  for (const name of ["A.", "B.", "C.", "D.", "E.", "F."]) {
    const start = Date.now();
    await office.backend.db.exec(`UPDATE contacts SET first_name = '${name}' WHERE id = '${id}'`);
    await until(() => local.collections.contacts.get(id)?.first_name === name);
    taken.push(Date.now() - start);
  }
  // Without events it would ask every 5 seconds: each after the first would take so long. A busy machine is quick once.
  assert.ok(Math.min(...taken.slice(1)) < 3_500, taken.join());
  // And each time a stream ends. One did when the headers changed.
  assert.ok(streams <= 2, `${streams} streams`);
});
