//! What only some roles may set.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { openStrict, strictWorld } from "../support/strict.js";
import { contact, uuid, type Edit, type Store, type World } from "../support/world.js";

describe("roles", () => {
  let store: Store;
  let world: World;
  let number = 0;

  before(async () => {
    store = await openStrict("pglite");
    world = strictWorld(store);
  });
  after(async () => {
    await world.server.close();
    await store.close();
  });

  /** What becomes of an edit of somebody with these roles. */
  async function as(roles: string[], edit: Edit): Promise<unknown> {
    world.users["somebody"] = { id: "ada", scopes: { user: ["ada"], team: [] }, roles };
    const [result] = await world.client("somebody").push([edit]);
    return result?.error ? [result.error.status, result.error.code, result.error.column] : result?.status;
  }

  function note(value: Record<string, string | null>): Edit {
    return { table: "notes", operation: "insert", key: { id: `-${(number += 1)}` }, value: { body: "N", ...value } };
  }

  const refused = [403, "forbidden", "contact_id"];

  test("an insert with the column needs a role that may set it, one without it needs none", async () => {
    assert.equal(await as([], contact(1)), "applied", "a model without roles");
    assert.deepEqual(await as([], note({ contact_id: uuid(1) })), refused);
    assert.deepEqual(await as(["reader", "nobody"], note({ contact_id: uuid(1) })), refused);
    assert.equal(await as(["reader", "editor"], note({ contact_id: uuid(1) })), "applied");
    assert.equal(await as([], note({ contact_id: null })), "applied");
  });

  test("so does an update, and null is a value there", async () => {
    const [row] = await store.sql(`SELECT id::TEXT AS id FROM notes WHERE contact_id = '${uuid(1)}'`);
    const key = { id: String(row?.["id"]) };
    const edit = (value: Record<string, string | null>): Edit => ({ table: "notes", operation: "update", key, value });
    assert.deepEqual(await as(["reader"], edit({ contact_id: null })), refused);
    assert.equal(await as(["reader"], edit({ body: "edited" })), "applied");
    assert.equal(await as(["editor"], edit({ contact_id: null })), "applied");
    assert.equal(await as([], { ...edit({}), operation: "delete" }), "applied", "columns have groups, rows have none");
  });
});
