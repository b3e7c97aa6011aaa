// JSON:API: what a client writes of attributes and relationships.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { NodeServer } from "./node/server.js";
import { World } from "./support/world.js";

const world: World<NodeServer> = new World(
  "jsonapi",
  () => NodeServer.start("jsonapi"),
  () => world.backend.empty(),
);
const { test } = world;

test("a row refers to another, and then to none", async () => {
  const client = await world.readyClient();
  const articles = client.of("articles");
  const [id, author] = [randomUUID(), randomUUID()];
  await articles.insert({ id, name: "by somebody", author }).isPersisted.promise;
  await client.allSettled();
  assert.deepEqual(world.backend.all(), [{ id, name: "by somebody", author, price: null, done: false }]);
  await articles.update(id, (draft) => void Object.assign(draft, { author: null, price: "1.50" })).isPersisted.promise;
  await client.allSettled();
  assert.deepEqual(world.backend.all(), [{ id, name: "by somebody", author: null, price: "1.50", done: false }]);
  await client.shows("articles", () => Promise.resolve(world.backend.all()));
});
