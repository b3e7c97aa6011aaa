//! What `tables: existing` does to the tables of another application, and what it leaves alone.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as existing from "../server/existing/index.js";
import { APPLICATION, contact, file, KINDS, openStore, uuid, World, type Store } from "./support/world.js";

const SCHEMA = file("server/existing/schema.sql");
const REMOVE = file("server/existing/remove.sql");

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** All that `pg_dump --schema-only` would tell of, as text. */
const CATALOG = `
  SELECT string_agg(what, E'\\n' ORDER BY what) AS all FROM (
    SELECT format('class %s %s %s %s %s %s', oid::REGCLASS, relkind, relpersistence, relrowsecurity, relforcerowsecurity, relacl) AS what
    FROM pg_class WHERE relnamespace IN ('public'::REGNAMESPACE, 'crm'::REGNAMESPACE)
    UNION ALL
    SELECT format('column %s %s %s %s %s %s', attrelid::REGCLASS, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute LEFT JOIN pg_attrdef AS d ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace IN ('public'::REGNAMESPACE, 'crm'::REGNAMESPACE))
    UNION ALL
    SELECT 'constraint ' || conrelid::REGCLASS || ' ' || conname || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace IN ('public'::REGNAMESPACE, 'crm'::REGNAMESPACE)
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace IN ('public'::REGNAMESPACE, 'crm'::REGNAMESPACE))
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function ' || oid::REGPROCEDURE FROM pg_proc WHERE pronamespace IN ('public'::REGNAMESPACE, 'crm'::REGNAMESPACE)
    UNION ALL
    SELECT 'policy ' || polname FROM pg_policy
    UNION ALL
    SELECT 'event trigger ' || evtname FROM pg_event_trigger
  ) AS a`;

const person = (id: number, account: string | null, name = "There") =>
  `INSERT INTO crm.person (person_uuid, first_name, account)
  VALUES ('${uuid(id)}', '${name}', ${account === null ? "NULL" : `'${account}'`})`;

for (const kind of KINDS.filter((kind) => kind !== "postgres.js")) {
  describe(kind, () => {
    let store: Store;
    let world: World;
    let untouched: unknown;
    let rows: unknown;
    const all = async () =>
      store.sql(
        "SELECT (SELECT json_agg(p ORDER BY nr) FROM crm.person AS p)::TEXT AS person, (SELECT json_agg(n) FROM crm.note AS n)::TEXT AS note",
      );

    before(async () => {
      store = await openStore(kind, APPLICATION);
      world = new World(store, {}, existing.createSyncServer);
      // They would hold on to the types of columns.
      await store.sql("DROP VIEW contacts, notes, replies, deals, tasks, countries");
      await store.sql([person(1, "ada"), person(2, "bob"), person(3, null)].join(";"));
      await store.sql("INSERT INTO crm.note (body, account) VALUES ('There', 'ada')");
      [untouched, rows] = [await store.sql(CATALOG), await all()];
      await store.sql(SCHEMA);
    });
    after(async () => {
      await world.server.close();
      await store.close();
    });

    test("rows that were there before reach their users, and no row has changed", async () => {
      const ada = world.client("ada");
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(1))?.["first_name"], "There");
      assert.equal(ada.has("contacts"), 1);
      assert.equal(ada.has("notes"), 1);
      assert.deepEqual(await all(), rows);
    });

    test("a second time is without harm, and takes no lock on the tables", async () => {
      const before = await store.sql("SELECT * FROM sync_row ORDER BY scope, version");
      const ada = world.client("ada");
      await ada.pull();
      const connection = await store.connect?.();
      await connection?.sql("BEGIN; LOCK TABLE crm.person IN ROW EXCLUSIVE MODE");
      try {
        await store.sql(`SET lock_timeout = '10s'; ${SCHEMA}; RESET lock_timeout`);
      } finally {
        await connection?.sql("ROLLBACK");
        connection?.release();
      }
      assert.deepEqual(await store.sql("SELECT * FROM sync_row ORDER BY scope, version"), before);
      assert.deepEqual(await ada.pull(), []);
    });

    test("every writer shows up at once, and edits reach the tables", async () => {
      const ada = world.client("ada");
      await ada.pull();
      await store.sql(`${person(11, "ada", "psql")}; UPDATE crm.note SET body = 'psql' WHERE account = 'ada'`);
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(11))?.["first_name"], "psql");
      assert.ok([...ada.rows.values()].some((row) => row["body"] === "psql"));
      const results = await ada.push([
        contact(12, { stage: "lead", score: "7" }),
        { table: "notes", operation: "insert", key: { id: "-1" }, value: { body: "pushed", contact_id: uuid(12) } },
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["applied", "applied"],
      );
      const [row] = await store.sql(`SELECT phase::TEXT, score, account, only_here FROM crm.person
        WHERE person_uuid = '${uuid(12)}'`);
      assert.deepEqual(row, { phase: "lead", score: 7, account: "ada", only_here: "" });
      const [note] = await store.sql("SELECT note_no::TEXT AS id FROM crm.note WHERE body = 'pushed'");
      assert.equal(results[1]?.key?.["id"], note?.["id"]);
    });

    test("a time without a zone is taken for UTC, whatever the zone of a session", async () => {
      const ada = world.client("ada", "times");
      ada.tables = { contacts: ["id", "first_name", "updated_at"] };
      const at = `person_uuid = '${uuid(15)}'`;
      await store.sql(`${person(15, "ada")}; UPDATE crm.person SET updated_at = '2026-07-01 10:00:00' WHERE ${at}`);
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(15))?.["updated_at"], "2026-07-01 10:00:00+00");
      await ada.push([
        { table: "contacts", operation: "update", key: { id: uuid(15) }, value: { first_name: "Touched" } },
      ]);
      const [row] =
        await store.sql(`SELECT abs(extract(EPOCH FROM now() AT TIME ZONE 'UTC' - updated_at)) < 600 AS is_now,
        first_name FROM crm.person WHERE ${at}`);
      assert.deepEqual(row, { is_now: true, first_name: "Touched" });
    });

    test("a row without a scope is nobody's, until it gets one", async () => {
      const bob = world.client("bob", "scopeless");
      await bob.pull();
      const noted = `SELECT 1 FROM sync_row WHERE row_key LIKE '%${uuid(21)}%'`;
      await store.sql(person(21, null));
      await store.sql(`UPDATE crm.person SET first_name = 'Still' WHERE person_uuid = '${uuid(21)}'`);
      assert.equal((await store.sql(noted)).length, 0);
      await store.sql(`UPDATE crm.person SET account = 'bob' WHERE person_uuid = '${uuid(21)}'`);
      await bob.pull();
      assert.equal(bob.row("contacts", uuid(21))?.["first_name"], "Still");
      await store.sql(`UPDATE crm.person SET account = NULL WHERE person_uuid = '${uuid(21)}'`);
      await bob.pull();
      assert.equal(bob.row("contacts", uuid(21)), undefined);
    });

    test("of what one transaction does, the last counts, and what is rolled back doesn't", async () => {
      const ada = world.client("ada", "transaction");
      const pulled = async () => {
        await ada.pull();
        return [31, 32, 33].map((id) => ada.row("contacts", uuid(id))?.["first_name"]);
      };
      await store.sql(`BEGIN; ${person(31, "ada")}; ${person(32, "ada")}; SAVEPOINT s; ${person(33, "ada")};
        DELETE FROM crm.person WHERE person_uuid = '${uuid(32)}'; ROLLBACK TO s;
        UPDATE crm.person SET first_name = 'Last' WHERE person_uuid = '${uuid(31)}'; COMMIT`);
      assert.deepEqual(await pulled(), ["Last", "There", undefined]);
      await store.sql(`BEGIN; DELETE FROM crm.person WHERE person_uuid = '${uuid(31)}'; SET CONSTRAINTS ALL IMMEDIATE;
        ${person(31, "ada", "Again")}; SET CONSTRAINTS ALL IMMEDIATE; COMMIT`);
      assert.deepEqual(await pulled(), ["Again", "There", undefined]);
      await store.sql(`INSERT INTO crm.opportunity VALUES ('${uuid(35)}', 'Old', NULL, 1)`);
      await ada.pull();
      await store.sql(
        `BEGIN; TRUNCATE crm.opportunity; INSERT INTO crm.opportunity VALUES ('${uuid(34)}', 'New', NULL, 1); COMMIT`,
      );
      assert.deepEqual(await ada.pull(), ["epoch"]);
      assert.ok(ada.row("deals", uuid(34)) && !ada.row("deals", uuid(35)));
      assert.equal((await store.sql("SELECT 1 FROM sync_noted")).length, 0);
    });

    test("a statement that writes many rows", async () => {
      const ada = world.client("ada", "many");
      await ada.pull();
      const before = ada.has("contacts");
      await store.sql(`INSERT INTO crm.person (person_uuid, first_name, account)
        SELECT gen_random_uuid(), 'Many', 'ada' FROM generate_series(1, 4500)`);
      await ada.pull();
      assert.equal(ada.has("contacts"), before + 4500);
      await store.sql("DELETE FROM crm.person WHERE first_name = 'Many'");
      await ada.pull();
      assert.equal(ada.has("contacts"), before);
    });

    test("what can't work is refused, with the reason and what to do", async () => {
      const refused = async (change: string, back: string, schema = SCHEMA) => {
        await store.sql(change);
        const error = await store.sql(schema).then(
          () => assert.fail(`it was taken: ${change}`),
          (error: Error & { hint?: string }) => `${error.message} | ${error.hint}`,
        );
        await store.sql("ROLLBACK").catch(() => {});
        await store.sql(back);
        return error;
      };
      const rename = "ALTER TABLE crm.country RENAME TO real";
      const other = (made: string, dropped: string) =>
        refused(`${rename}; ${made}`, `${dropped}; ALTER TABLE crm.real RENAME TO country`);
      const columns = "(code VARCHAR(2) PRIMARY KEY, name TEXT)";
      assert.match(await other("SELECT 1", "SELECT 1"), /there is no table "crm"."country".*`table: schema.name`/);
      assert.match(
        await other(`CREATE TABLE crm.country ${columns} PARTITION BY LIST (code)`, "DROP TABLE crm.country"),
        /is partitioned.*`countries: false`/,
      );
      assert.match(
        await other(
          `CREATE TABLE crm.whole (code VARCHAR(2) NOT NULL, name TEXT) PARTITION BY LIST (code);
          CREATE TABLE crm.country PARTITION OF crm.whole FOR VALUES IN ('at')`,
          "DROP TABLE crm.whole",
        ),
        /is a partition/,
      );
      assert.match(
        await other(
          `CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER away FOREIGN DATA WRAPPER nowhere;
          CREATE FOREIGN TABLE crm.country (code TEXT, name TEXT) SERVER away`,
          "DROP FOREIGN DATA WRAPPER nowhere CASCADE",
        ),
        /is a foreign table/,
      );
      assert.match(await other("CREATE VIEW crm.country AS TABLE crm.real", "DROP VIEW crm.country"), /is a view/);
      assert.match(
        await other(`CREATE UNLOGGED TABLE crm.country ${columns}`, "DROP TABLE crm.country"),
        /is unlogged/,
      );
      assert.match(
        await refused("CREATE TABLE crm.child () INHERITS (crm.country)", "DROP TABLE crm.child"),
        /inherit/,
      );
      const column = (change: string, back: string) => refused(`ALTER TABLE crm.${change}`, `ALTER TABLE crm.${back}`);
      assert.match(
        await column("country RENAME name TO called", "country RENAME called TO name"),
        /has no column name .*`columns:/,
      );
      assert.match(
        await column("opportunity ALTER team TYPE TEXT", "opportunity ALTER team TYPE INTEGER USING team::INTEGER"),
        /team is text, and bigint in the document/,
      );
      assert.match(
        await column(`"to do" ALTER "deletedAt" TYPE DATE`, `"to do" ALTER "deletedAt" TYPE TIMESTAMPTZ`),
        /deletedAt" is date, and timestamp with time zone in the document/,
      );
      assert.match(
        await refused("DROP CAST (TEXT AS crm.phase)", "CREATE CAST (TEXT AS crm.phase) WITH INOUT AS ASSIGNMENT"),
        /phase is .*phase, and text in the document .*CREATE CAST \(TEXT AS crm.phase\)/,
      );
      assert.match(
        await column(
          "country DROP CONSTRAINT country_pkey, ADD CONSTRAINT country_pkey UNIQUE (code, name)",
          "country DROP CONSTRAINT country_pkey, ADD PRIMARY KEY (code)",
        ),
        /the key of crm.country isn't unique.*`key` of countries/,
      );
      await store.sql(SCHEMA);
    });

    test("removal leaves the tables as they were, and may come twice", async () => {
      const before = await all();
      await store.sql(REMOVE);
      assert.deepEqual(await store.sql(CATALOG), untouched);
      await store.sql(REMOVE);
      assert.deepEqual(await all(), before);
      await store.sql(SCHEMA);
      const ada = world.client("ada", "anew");
      await ada.pull();
      assert.ok(ada.row("contacts", uuid(1)));
    });
  });
}

if (KINDS.length > 1) {
  describe("writers of another application", () => {
    let store: Store;
    let world: World;
    before(async () => {
      store = await openStore("pg", APPLICATION, 24);
      world = new World(store, {}, existing.createSyncServer);
    });
    after(async () => {
      await world.server.close();
      await store.close();
    });

    const accounts = ["ada", "bob", "eve"];
    const SECONDS = Number(process.env["SYNC_LOAD_SECONDS"] || 4);

    test("go on while the triggers come and go, and while devices push: none of theirs fails", async () => {
      for (let id = 1; id <= 30; id += 1) await store.sql(person(id, accounts[id % 3] ?? null));
      let isOver = false;
      const counts = { foreign: 0, pushed: 0, busy: 0 };
      const failed: string[] = [];
      // Each writes to rows of all scopes, in the order of the rows as careful applications do; of the scopes, that is any order.
      const writer = async (number: number) => {
        const connection = await store.connect?.();
        assert.ok(connection);
        for (let round = 0; !isOver; round += 1) {
          try {
            await connection.sql("BEGIN");
            const ids = Array.from({ length: 30 }, (_, id) => id + 1).filter(
              (id) => (id * 7 + round * 3 + number) % 5 === 0,
            );
            for (const id of ids) {
              await connection.sql(
                `UPDATE crm.person SET only_here = '${number}', score = ${round % 90} WHERE person_uuid = '${uuid(id)}'`,
              );
            }
            // Rows of its own, in scopes of one order or the other.
            const own = [1, 2].map(
              (team) => `INSERT INTO crm.opportunity VALUES (gen_random_uuid(), 'F', NULL, ${team})`,
            );
            for (const statement of number % 2 ? own : own.reverse()) await connection.sql(statement);
            if (round % 4 === 0) await connection.sql("SELECT pg_sleep(0.02)");
            await connection.sql("COMMIT");
            counts.foreign += 1;
            await pause(20);
          } catch (error) {
            failed.push(String(error));
            await connection.sql("ROLLBACK").catch(() => {});
          }
        }
        connection.release();
      };
      const device = async (user: string, number: number) => {
        const client = world.client(user, `load-${number}`);
        for (let round = 0; !isOver; round += 1) {
          const own = Array.from({ length: 30 }, (_, id) => id + 1).filter((id) => accounts[id % 3] === user);
          const order = round % 2 ? own : own.reverse();
          const edits = order.map((id) => ({
            table: "contacts",
            operation: "update" as const,
            key: { id: uuid(id) },
            value: { first_name: `${number}-${round}` },
          }));
          const answer = await client.request("push", client.body(edits));
          if (answer.status === 200) counts.pushed += 1;
          else counts.busy += 1;
          await client.pull().catch(() => {});
        }
      };
      const install = async () => {
        await pause(300);
        await store.sql(SCHEMA);
        await pause((SECONDS * 1000) / 2);
      };
      const writers = [1, 2, 3, 4].map(writer);
      await install();
      const devices = [device("ada", 1), device("ada", 2), device("bob", 3)];
      await pause(SECONDS * 1000);
      isOver = true;
      await Promise.all([...writers, ...devices]);
      const [database] = await store.sql(
        "SELECT deadlocks::INTEGER FROM pg_stat_database WHERE datname = current_database()",
      );
      console.log(`foreign transactions ${counts.foreign}, pushes ${counts.pushed}, told to come again ${counts.busy}`);
      assert.deepEqual(failed, []);
      assert.equal(database?.["deadlocks"], 0);
      assert.ok(counts.foreign > 20 && counts.pushed > 0, JSON.stringify(counts));
      // Nothing is missed.
      for (const user of ["ada", "bob"]) {
        const fresh = world.client(user, "fresh");
        await fresh.pull();
        const rows = await store.sql(
          `SELECT person_uuid::TEXT AS id, first_name, score FROM crm.person WHERE account = '${user}'`,
        );
        for (const row of rows)
          assert.equal(fresh.row("contacts", String(row["id"]))?.["first_name"], row["first_name"]);
        const deals = await store.sql("SELECT 1 FROM crm.opportunity WHERE team = 1");
        assert.equal(fresh.has("deals") - (user === "ada" ? deals.length : 0), deals.length);
        const versions = await store.sql("SELECT 1 FROM sync_row GROUP BY scope, version HAVING count(*) > 1");
        assert.equal(versions.length, 0);
      }
    });
  });
}
