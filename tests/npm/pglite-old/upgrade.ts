// An application's database that an older PGlite has made, with an edit that was never sent. Its packages are of now.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import * as client from "./client/index.ts";
import { sendAll } from "./send-all.js";

const { PGlite } = (await import(process.env["PGLITE_OLD"] ?? "")) as {
  readonly PGlite: { create(directory: string): Promise<Parameters<typeof client.pgliteDriver>[0]> };
};

const rows: { readonly first_name: string }[] = [];
const server = createServer(async (request, response) => {
  if (request.method === "POST") rows.push({ ...((await json(request)) as (typeof rows)[number]) });
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(request.method === "POST" ? rows.at(-1) : rows));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as { readonly port: number };
client.configureSync({ apiBaseUrl: `http://127.0.0.1:${String(port)}` });

await client.initializeDatabase({ driver: await client.pgliteDriver(await PGlite.create("data")), sync: false });
await client.contactsCollection.insert({ first_name: "Ada", last_name: "Lovelace" }).isPersisted.promise;
await client.closeDatabase();

for (let attempt = 1; attempt <= 2; attempt += 1) {
  await assert.rejects(client.initializeDatabase({ directory: "data" }), (error: Error) => {
    assert.match(error.message, /was made by a PGlite with PostgreSQL 17; this one has PostgreSQL 18/);
    assert.match(error.message, /edits that aren't sent yet/);
    return true;
  });
}
assert.equal(rows.length, 0);

assert.equal(await sendAll(await PGlite.create("data")), 0);
assert.deepEqual(
  rows.map(({ first_name }) => first_name),
  ["Ada"],
);

rmSync("data", { recursive: true });
await client.initializeDatabase({ directory: "data" });
await client.contactsCollection.toArrayWhenReady();
assert.equal(client.getSyncStatus().pending, 0);
await client.closeDatabase();
assert.equal(rows.length, 1);
server.close();
console.log("sent once");
