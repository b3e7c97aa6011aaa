// An application's database that an older PGlite has made, with edits that were never sent. Its packages are of now.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import * as client from "./client/index.ts";
import { carryOver } from "./carry-over.js";

type OldPglite = Parameters<typeof client.pgliteDriver>[0] & {
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>;
  exec(text: string): Promise<unknown>;
  close(): Promise<void>;
};

const { PGlite } = (await import(process.env["PGLITE_OLD"] ?? "")) as {
  readonly PGlite: { create(directory: string): Promise<OldPglite> };
};

const TOGETHER = "00000000-0000-4000-8000-000000000001";

interface Contact {
  readonly id: string;
  readonly first_name: string;
  readonly email?: string | null;
}

const there = {
  id: TOGETHER,
  first_name: "Grace",
  last_name: "Hopper",
  email: null,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};
let rows: Contact[] = [there];
const writes: string[] = [];
let isAway = false;
const server = createServer(async (request, response) => {
  const { method = "", url = "" } = request;
  response.setHeader("content-type", "application/json");
  if (isAway) {
    response.statusCode = 503;
    return response.end("{}");
  }
  if (method === "GET") return response.end(JSON.stringify(rows));
  writes.push(`${method} ${url}`);
  const sent = (await json(request)) as Contact;
  const row = { ...there, ...rows.find(({ id }) => url.endsWith(id)), ...sent };
  rows = [...rows.filter(({ id }) => id !== row.id), row];
  response.end(JSON.stringify(row));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as { readonly port: number };
const apiBaseUrl = `http://127.0.0.1:${String(port)}`;
client.configureSync({ apiBaseUrl });

/** What a client shows, by names. */
async function shown({ contacts: collection }: typeof first.collections): Promise<Record<string, string | null>> {
  const contacts = await collection.toArrayWhenReady();
  return Object.fromEntries(contacts.map(({ first_name, email }) => [first_name, email ?? null]));
}

/** Waits until so many edits are to be sent. */
async function pending(count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (client.getSyncStatus().pending === count) resolve();
    };
    client.onSyncStatus(look);
    look();
  });
}

const close = async (): Promise<void> => {};

// With the older PGlite, rows come from the server, and then edits are made without one.
const first = client.createClient({ apiBaseUrl });
const made = await PGlite.create("data");
await first.initializeDatabase({ driver: { ...(await client.pgliteDriver(made)), close } });
assert.deepEqual(await shown(first.collections), { Grace: null });
isAway = true;
const { contacts } = first.collections;
await contacts.insert({ first_name: "Ada", last_name: "Lovelace" }).isPersisted.promise;
await contacts.update(TOGETHER, (draft) => void (draft.email = "grace@example.org")).isPersisted.promise;
const edited = { Grace: "grace@example.org", Ada: null };
assert.deepEqual(await shown(first.collections), edited);
await first.closeDatabase();
const log =
  "SELECT id::TEXT, write_id, row_key, operation, value::TEXT, created_at::TEXT, attempts FROM _changes ORDER BY id";
const before = (await made.query(log)).rows;
assert.equal(before.length, 2);
// What the application has there beside.
await made.exec(`
  CREATE SEQUENCE numbers; SELECT nextval('numbers');
  CREATE SCHEMA theirs; CREATE SEQUENCE theirs."Numbers"; SELECT nextval('theirs."Numbers"');
`);
await made.close();

for (let attempt = 1; attempt <= 2; attempt += 1) {
  await assert.rejects(client.initializeDatabase({ directory: "data" }), (error: Error) => {
    assert.match(error.message, /was made by a PGlite with PostgreSQL 17; this one has PostgreSQL 18/);
    assert.match(error.message, /edits that aren't sent yet/);
    return true;
  });
}

// Still without a server.
const collections = { contacts: client.contactsCollection };
await carryOver(await PGlite.create("data"), "data-18");
await client.initializeDatabase({ directory: "data-18" });
assert.deepEqual(await shown(collections), edited);
assert.deepEqual((await client.getDatabase().query({ parts: [log], parameters: [] })).length, before.length);
await client.contactsCollection.insert({ first_name: "Edsger", last_name: "Dijkstra" }).isPersisted.promise;
await client.closeDatabase();
assert.deepEqual(writes, []);

// Where the old one is still there, the edit stays.
await carryOver(await PGlite.create("data"), "data-18");
rmSync("data", { recursive: true });
await client.initializeDatabase({ directory: "data-18" });
assert.deepEqual(await shown(collections), { ...edited, Edsger: null });
await pending(3);
isAway = false;
client.configureSync({ apiBaseUrl });
await pending(0);
assert.deepEqual(await shown(collections), { ...edited, Edsger: null });
await client.closeDatabase();
assert.deepEqual(writes.toSorted(), [`PATCH /contacts/${TOGETHER}`, "POST /contacts", "POST /contacts"]);
server.close();
console.log("sent once");
