//! The database itself holds users to their scopes: also where the server's own conditions are left out, as in SQL of a hook.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { schemaSql as unsecuredSql } from "../../server/sync/index.js";
import { schemaSql, type Query } from "../../server/strict/index.js";
import { openSecured, type Role, type SecuredStore } from "../support/roles.js";
import { strictWorld } from "../support/strict.js";
import { contact, deal, KINDS, remove, update, uuid, type Edit, type World } from "../support/world.js";

const SECURED: readonly ("pglite" | "pg")[] = KINDS.some((kind) => kind === "pg") ? ["pglite", "pg"] : ["pglite"];

for (const kind of SECURED) {
  for (const role of ["sync_app", "sync_owner"] satisfies Role[]) {
    describe(`${kind}, as ${role}`, () => {
      let store: SecuredStore;
      let world: World;
      /** What the next write runs. */
      let hook: ((query: Query) => Promise<void>) | undefined;

      before(async () => {
        store = await openSecured(kind, role, schemaSql);
        world = strictWorld(store as never, {
          beforeWrite: async ({ value }, query) => {
            const run = hook;
            hook = undefined;
            await run?.(query);
            return value;
          },
        });
      });
      after(async () => {
        await world.server.close();
        await store.close();
      });

      /** The state of the error of a statement, or what it gives. */
      async function attempt(query: Query, statement: string): Promise<unknown> {
        await query("SAVEPOINT attempt");
        try {
          return await query(statement);
        } catch (error) {
          await query("ROLLBACK TO SAVEPOINT attempt");
          return (error as { code?: string }).code;
        }
      }

      test("push and pull work, and triggers and references with them", async () => {
        const [ada, bob] = [world.client("ada"), world.client("bob")];
        const results = await ada.push([
          contact(1, { salary: "1" }),
          contact(2),
          deal(3, { team_id: "1" }),
          { table: "notes", operation: "insert", key: { id: "-1" }, value: { body: "N", contact_id: uuid(1) } },
          {
            table: "tasks",
            operation: "insert",
            key: { id: uuid(4) },
            value: { title: "T", team_id: "2" },
          },
          update("contacts", 1, { email: "a@d.a" }),
          remove("contacts", 2),
        ]);
        assert.ok(
          results.every(({ status }) => status === "applied"),
          JSON.stringify(results),
        );
        await Promise.all([ada.pull(), bob.pull()]);
        assert.equal(ada.row("contacts", uuid(1))?.["email"], "a@d.a");
        assert.equal(ada.has("notes"), 1);
        assert.deepEqual([bob.has("contacts"), bob.has("notes"), bob.has("deals"), bob.has("tasks")], [0, 0, 1, 0]);
        // Between two scopes of the user, and to one that isn't theirs.
        assert.equal((await ada.push([update("tasks", 4, { team_id: "1" })]))[0]?.status, "applied");
        await bob.pull();
        assert.ok(bob.row("tasks", uuid(4)));
        assert.equal((await bob.push([update("tasks", 4, { team_id: "2" })]))[0]?.error?.status, 403);
        assert.equal((await bob.push([contact(1)]))[0]?.error?.code, "exists");
      });

      test("soft delete: a key of another scope is refused alike, whether its row is there or deleted", async () => {
        const [ada, bob] = [world.client("ada"), world.client("bob")];
        const task = (number: number, title: string, team: string): Edit => {
          const value = { title, team_id: team };
          return { table: "tasks", operation: "insert", key: { id: uuid(number) }, value };
        };
        await ada.push([task(21, "There", "2"), task(22, "Gone", "2"), remove("tasks", 22)]);
        const rows = "SELECT id, title, team_id, deleted_at FROM tasks ORDER BY id";
        const before = await store.sql(rows);
        const answers = [];
        for (const number of [21, 22]) {
          const [result] = await bob.push([task(number, "Mine", "1")]);
          const { write_id, ...error } = result?.error ?? { write_id: "" };
          assert.equal(write_id, result?.write_id);
          answers.push({ ...result, write_id: "", error });
        }
        // As without row-level security.
        const error = { status: 409, code: "exists", message: "a row with this key is there already" };
        assert.deepEqual(
          answers,
          [21, 22].map(() => ({ write_id: "", status: "rejected", repeated: false, error })),
        );
        assert.deepEqual(await store.sql(rows), before);
        await bob.pull();
        assert.deepEqual([bob.row("tasks", uuid(21)), bob.row("tasks", uuid(22))], [undefined, undefined]);
        // Whose row it was revives it.
        assert.equal((await ada.push([task(22, "Anew", "2")]))[0]?.status, "applied");
        await ada.pull();
        assert.equal(ada.row("tasks", uuid(22))?.["title"], "Anew");
      });

      test("SQL of a hook sees and writes no row of another scope", async () => {
        const seen: Record<string, unknown> = {};
        hook = async (query) => {
          seen["contacts"] = await query("SELECT id::text AS id FROM contacts");
          seen["deals"] = await query("SELECT id::text AS id FROM deals");
          seen["update"] = await query("UPDATE contacts SET first_name = 'taken' RETURNING 'true' AS done");
          seen["delete"] = await query("DELETE FROM contacts RETURNING 'true' AS done");
          seen["insert"] = await attempt(
            query,
            `INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(9)}', 'x', 'ada')`,
          );
          seen["give"] = await attempt(query, "UPDATE deals SET team_id = 2");
          if (role === "sync_app") {
            seen["log"] = await query("SELECT DISTINCT scope FROM sync_row WHERE scope LIKE 'user:%'");
            seen["answers"] = await query("SELECT write_id FROM sync_write WHERE user_id = 'ada'");
            seen["note"] = await attempt(
              query,
              "SELECT sync_note('contacts', '{user:ada}', '{x}', '{false}', '{null}')",
            );
          }
        };
        const [result] = await world.client("bob").push([contact(5)]);
        assert.equal(result?.status, "applied", String(world.errors.at(-1)));
        const own = role === "sync_app" ? { log: [], answers: [], note: "42501" } : {};
        const expected = {
          contacts: [],
          deals: [{ id: uuid(3) }],
          update: [],
          delete: [],
          insert: "42501",
          give: "42501",
        };
        assert.deepEqual(seen, { ...expected, ...own });
        const rows = await store.sql("SELECT first_name FROM contacts ORDER BY id");
        assert.deepEqual(rows, [{ first_name: "N1" }, { first_name: "N5" }]);
      });

      test("without a user there are no rows, and a superuser's writes reach clients", async () => {
        const nobody = await store.database.transaction((query) => query("SELECT id::text AS id FROM contacts"));
        assert.deepEqual(nobody, []);
        await store.sql(`INSERT INTO contacts (id, first_name, owner_id) VALUES ('${uuid(6)}', 'Other', 'ada')`);
        const ada = world.client("ada", "late");
        await ada.pull();
        assert.equal(ada.row("contacts", uuid(6))?.["first_name"], "Other");
      });

      test("schema.sql runs again as the owner, and no row goes", async () => {
        const ada = world.client("ada", "again");
        await ada.pull();
        const before = ada.rows.size;
        await store.sql("DELETE FROM sync_meta WHERE key LIKE 'rows:%' OR key LIKE 'model:%'");
        await store.own(schemaSql);
        await ada.pull();
        assert.equal(ada.rows.size, before);
        assert.deepEqual(
          await store.sql("SELECT 1 FROM pg_class WHERE relname = 'contacts' AND NOT relforcerowsecurity"),
          [],
        );
      });

      test("without the option, schema.sql removes its policies and no others", async () => {
        await store.own(
          "CREATE POLICY mine ON countries USING (true); ALTER TABLE countries ENABLE ROW LEVEL SECURITY;",
        );
        await store.own(unsecuredSql);
        const tables = "SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY relname";
        const policies = "SELECT polname FROM pg_policy ORDER BY polname";
        assert.deepEqual(await store.sql(policies), [{ polname: "mine" }]);
        // Nobody but the triggers has to do with the notes of other transactions, in any case.
        assert.deepEqual(await store.sql(tables), [{ relname: "countries" }, { relname: "sync_noted" }]);
      });
    });
  }
}
