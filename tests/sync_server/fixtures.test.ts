//! The servers of the fixtures: what a push writes to their tables, and what a pull gives of them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as plain from "../server/fixtures/server/index.js";
import * as options from "../server/fixtures/server-options/index.js";
import { openStore, remove, update, uuid, World, type Store } from "./support/world.js";

const outcome = ({ status, error }: { status: string; error?: { status: number; column?: string | undefined } }) =>
  error === undefined ? status : [status, error.status, error.column];

describe("teams and their tasks", () => {
  let store: Store;
  let world: World;
  before(async () => {
    store = await openStore("pglite", plain.schemaSql);
    world = new World(store, {}, ({ database, onError }) =>
      plain.createSyncServer({
        database,
        authenticate: () => ({ id: "ada", scopes: { team: ["1"] } }),
        ...(onError && { onError }),
      }),
    );
    await store.sql("INSERT INTO crm.teams (id, name) VALUES (1, 'Ada''s'), (2, 'of others')");
  });
  after(() => store.close());

  test("a push writes what the document allows, and a pull gives what the user sees", async () => {
    const ada = world.client("ada");
    ada.tables = { teams: ["id", "name"], tasks: ["id", "title", "state", "price", "team_id", "deleted_at"] };
    const task = (number: number, value: Record<string, string | null>) => ({
      table: "tasks",
      operation: "insert" as const,
      key: { id: uuid(number) },
      value: { title: "T", state: "it's over", team_id: "1", ...value },
    });
    const results = await ada.push([
      task(1, { price: "1.10" }),
      task(2, {}),
      task(3, { team_id: "2" }),
      task(4, { state: "unknown" }),
      task(5, { title: "x".repeat(201) }),
      task(6, { deleted_at: "2026-01-01T00:00:00Z" }),
      { table: "teams", operation: "insert", key: { id: "3" }, value: { name: "new" } },
      update("tasks", 1, { state: "paid & done" }),
      remove("tasks", 2),
    ]);
    assert.deepEqual(results.map(outcome), [
      "applied",
      "applied",
      ["rejected", 403, "team_id"],
      ["rejected", 422, "state"],
      ["rejected", 422, "title"],
      ["rejected", 422, "deleted_at"],
      ["rejected", 405, undefined],
      "applied",
      "applied",
    ]);
    assert.deepEqual(await store.sql("SELECT id::TEXT AS id, deleted_at IS NULL AS lives FROM tasks ORDER BY id"), [
      { id: uuid(1), lives: true },
      { id: uuid(2), lives: false },
    ]);
    await store.sql(`INSERT INTO tasks (id, title, state, team_id) VALUES ('${uuid(7)}', 'of others', 'open', 2)`);
    await ada.pull();
    assert.deepEqual([ada.has("teams"), ada.has("tasks")], [2, 1]);
    const row = { id: uuid(1), title: "T", state: "paid & done", price: "1.10", team_id: "1", deleted_at: null };
    assert.deepEqual(ada.row("tasks", uuid(1)), row);
    await store.sql(`UPDATE tasks SET team_id = 1, state = 'open' WHERE id = '${uuid(7)}'`);
    await ada.pull();
    assert.equal(ada.row("tasks", uuid(7))?.["state"], "open");
    assert.deepEqual(world.errors, []);
  });
});

describe("memberships, with all options of a server", () => {
  let store: Store;
  let world: World;
  before(async () => {
    store = await openStore("pglite", options.schemaSql);
    world = new World(store, {}, ({ database, onError }) =>
      options.createSyncServer({
        database,
        // The token is the role.
        authenticate: (request) => {
          const role = request.headers.get("authorization") ?? "";
          return { id: "ada", roles: [role], scopes: { owner_id: ["ada"] } };
        },
        ...(onError && { onError }),
      }),
    );
  });
  after(() => store.close());

  test("a push keeps to roles and conflicts, a pull gives what the role may see, and the history has both", async () => {
    const [treasurer, clerk] = [world.client("treasurer"), world.client("clerk")];
    const columns = ["id", "name", "fee", "secret", `it's "quoted"`, "owner_id"];
    for (const client of [treasurer, clerk]) client.tables = { members: columns };
    const value = { name: "Bob", fee: "12.5", secret: "s", [`it's "quoted"`]: "true", owner_id: "ada" };
    const insert = { table: "members", operation: "insert" as const, key: { id: uuid(1) }, value };
    assert.deepEqual((await clerk.push([insert])).map(outcome), [["rejected", 403, "fee"]]);
    assert.deepEqual((await treasurer.push([insert])).map(outcome), ["applied"]);
    await treasurer.pull();
    await clerk.pull();
    const row = { id: uuid(1), ...value, [`it's "quoted"`]: "t" };
    for (const client of [treasurer, clerk]) {
      const shown = client.row("members", uuid(1));
      assert.deepEqual({ ...shown, [`it's "quoted"`]: shown?.[`it's "quoted"`]?.slice(0, 1) }, row);
    }
    // Somebody else is quicker.
    await store.sql(`UPDATE members SET name = 'Bert' WHERE id = '${uuid(1)}'`);
    const base = clerk.cursor?.scopes ?? null;
    const [refused, applied] = await clerk.push([
      update("members", 1, { name: "Ben" }, { base }),
      update("members", 1, { secret: null }, { base }),
    ]);
    assert.deepEqual([refused?.error?.code, refused?.row?.["name"], applied?.status], ["conflict", "Bert", "applied"]);
    const [other] = await clerk.push([{ ...insert, key: { id: uuid(2) }, value: { name: "B", owner_id: "bob" } }]);
    assert.deepEqual(other && outcome(other), ["rejected", 403, "owner_id"]);
    const unseen = await treasurer.push([remove("members", 1, { base })]);
    await treasurer.pull();
    const seen = await treasurer.push([remove("members", 1, { base: treasurer.cursor?.scopes ?? null })]);
    assert.deepEqual([...unseen, ...seen].map(outcome), [["rejected", 409, undefined], "applied"]);
    await clerk.pull();
    assert.equal(clerk.has("members"), 0);
    const told = await store.sql("SELECT operation, user_id FROM sync_history ORDER BY id");
    assert.deepEqual(
      told.map(({ operation, user_id }) => [operation, user_id]),
      [
        ["insert", "ada"],
        ["update", null],
        ["update", "ada"],
        ["delete", "ada"],
      ],
    );
    assert.deepEqual(world.errors, []);
  });
});
