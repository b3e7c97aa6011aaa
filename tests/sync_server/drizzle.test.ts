//! The tables for Drizzle: drizzle-kit makes the same database of them as `schema.sql`, and the server runs on what `drizzle()`
//! gives.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";

import { PGlite } from "@electric-sql/pglite";
import { eq, sql } from "drizzle-orm";
import { drizzle as drizzleOfPg } from "drizzle-orm/node-postgres";
import { drizzle as drizzleOfPglite } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { drizzle as drizzleOfPostgresJs } from "drizzle-orm/postgres-js";
import type { Pool } from "pg";
import type { Sql } from "postgres";

import { drizzleDatabase } from "../server/drizzle/drizzle.js";
import { createSyncServer } from "../server/drizzle/index.js";
import { contacts, syncRow } from "../server/drizzle/schema.js";
import { contact, file, KINDS, openStore, update, uuid, World, type Store } from "./support/world.js";

const LONG = process.env["SYNC_DRIVERS"] === "all";
const home = new URL("../../", import.meta.url).pathname;

/** An application's folder, in which drizzle-kit runs. */
class Application {
  readonly folder = mkdtempSync(join(home, "drizzle-"));
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
    symlinkSync(join(home, "node_modules"), join(this.folder, "node_modules"));
    this.take(server);
  }

  /** Puts the generated files of a server where those of this one are. */
  take(server: string): void {
    const to = join(this.folder, "src/server", this.#server);
    mkdirSync(to, { recursive: true });
    for (const name of ["schema.ts", "migration.sql"]) {
      cpSync(join(home, "src/server", server, name), join(to, name));
    }
  }

  /** Makes the migrations, as the documentation says. */
  migrations(): string {
    const kit = (...more: string[]) => {
      const config = relative(this.folder, join(home, "src/server", this.#server, "drizzle.config.ts"));
      const program = join(home, "node_modules/drizzle-kit/bin.cjs");
      const said = execFileSync(process.execPath, [program, "generate", `--config=${config}`, ...more], {
        cwd: this.folder,
        encoding: "utf8",
        stdio: "pipe",
      });
      assert.match(said, /migration file|No schema changes/);
    };
    kit();
    kit("--custom", "--name=sync");
    const folder = join(this.folder, "drizzle");
    const last = readdirSync(folder)
      .filter((name) => name.endsWith("_sync.sql"))
      .sort()
      .at(-1);
    cpSync(join(this.folder, "src/server", this.#server, "migration.sql"), join(folder, last ?? ""));
    return folder;
  }
}

/** All that PostgreSQL knows of a database's schemas, but the order of columns. */
const CATALOG = `
  SELECT 'table' AS kind, c.oid::regclass::text AS name,
    concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity) AS is
  FROM pg_class AS c JOIN spaces AS s ON s.oid = c.relnamespace WHERE c.relkind IN ('r', 'S', 'v')
  UNION ALL
  SELECT 'column', a.attrelid::regclass::text || '.' || a.attname, concat_ws(
    ' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attcollation::regcollation::text,
    pg_get_expr(d.adbin, d.adrelid)
  )
  FROM pg_attribute AS a
  JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r'
  JOIN spaces AS s ON s.oid = c.relnamespace
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT 'constraint', o.conrelid::regclass::text || '.' || o.conname, pg_get_constraintdef(o.oid)
  FROM pg_constraint AS o JOIN spaces AS s ON s.oid = o.connamespace
  UNION ALL
  SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN spaces AS s ON s.oid = c.relnamespace
  UNION ALL
  SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
  FROM pg_proc AS p JOIN spaces AS s ON s.oid = p.pronamespace
  UNION ALL
  SELECT 'trigger', t.tgrelid::regclass::text || '.' || t.tgname, t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
  FROM pg_trigger AS t WHERE NOT t.tgisinternal
  UNION ALL
  SELECT 'sequence', q.seqrelid::regclass::text, row(q.seqtypid, q.seqstart, q.seqincrement, q.seqmax, q.seqmin)::text
  FROM pg_sequence AS q JOIN pg_class AS c ON c.oid = q.seqrelid JOIN spaces AS s ON s.oid = c.relnamespace
  UNION ALL
  SELECT 'fact', m.key, m.value FROM sync_meta AS m WHERE m.key LIKE 'model:%'`;
const SPACES = "SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'crm')";

async function catalog(pglite: PGlite): Promise<string[]> {
  const found = await pglite.query<{ kind: string; name: string; is: string }>(`WITH spaces AS (${SPACES}) ${CATALOG}`);
  return found.rows.map(({ kind, name, is }) => `${kind} ${name}: ${is}`).sort();
}

/** The database that `schema.sql` makes. */
async function expected(server: string): Promise<string[]> {
  const pglite = await PGlite.create();
  await pglite.exec(file(`server/${server}/schema.sql`));
  return catalog(pglite);
}

const bySchema: readonly (readonly [string, string])[] = LONG
  ? [
      ["the tests' server", "drizzle"],
      ["one with a schema of its own", "fixtures/server"],
    ]
  : [["the tests' server", "drizzle"]];

describe("migrations", () => {
  for (const [what, server] of bySchema) {
    test(`make the database that schema.sql makes, without one to ask: ${what}`, async () => {
      const pglite = await PGlite.create();
      await migrate(drizzleOfPglite({ client: pglite }), { migrationsFolder: new Application(server).migrations() });
      const [found, wanted] = [await catalog(pglite), await expected(server)];
      assert.ok(wanted.length > 100);
      assert.deepEqual(found, wanted);
      // And `schema.sql` finds nothing to do.
      await pglite.exec(file(`server/${server}/schema.sql`));
      assert.deepEqual(await catalog(pglite), wanted);
    });
  }

  test("of a document that has more, bring a database with rows there", { skip: !LONG }, async () => {
    const application = new Application("drizzle");
    const pglite = await PGlite.create();
    const db = drizzleOfPglite({ client: pglite });
    application.take("drizzle-before");
    await migrate(db, { migrationsFolder: application.migrations() });
    await pglite.exec("INSERT INTO deals (id, title, team_id) VALUES (gen_random_uuid(), 'Old', 1)");
    application.take("drizzle");
    await migrate(db, { migrationsFolder: application.migrations() });
    assert.deepEqual(await catalog(pglite), await expected("drizzle"));
    const [row] = await db.select().from(syncRow).where(eq(syncRow.table_name, "deals"));
    assert.deepEqual([row?.scope, row?.version], ["team:1", 1n]);
  });
});

/** What `drizzle()` gives for the client of a store. */
function drizzled(store: Store, kind: string) {
  if (kind === "pglite") return drizzleOfPglite({ client: store.client as PGlite });
  if (kind === "pg") return drizzleOfPg({ client: store.client as Pool });
  return drizzleOfPostgresJs({ client: store.client as Sql });
}

for (const kind of KINDS) {
  describe(`through Drizzle: ${kind}`, () => {
    let store: Store;
    let db: ReturnType<typeof drizzled>;

    before(async () => {
      store = await openStore(kind, file("server/drizzle/schema.sql"));
      db = drizzled(store, kind);
    });
    after(() => store.close());

    function world(hooks: object = {}): World {
      return new World({ ...store, database: drizzleDatabase(db) }, hooks, createSyncServer);
    }

    test("what is pushed is there for queries, and what they write is pulled", async () => {
      const server = world();
      const ada = server.client("ada");
      const results = await ada.push([contact(1, { email: "ada@example.org" })]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["applied"],
      );
      const rows = await db
        .select()
        .from(contacts)
        .where(eq(contacts.id, uuid(1)));
      assert.equal(rows[0]?.email, "ada@example.org");
      await db
        .update(contacts)
        .set({ first_name: "Augusta" })
        .where(eq(contacts.id, uuid(1)));
      await ada.pull();
      assert.equal(ada.row("contacts", uuid(1))?.["first_name"], "Augusta");
      await server.server.close();
    });

    test("a group that is refused leaves nothing", async () => {
      const server = world();
      const ada = server.client("ada");
      const results = await ada.push([
        { ...contact(2), group: "one" },
        { ...update("contacts", 99, { first_name: "Nobody" }), group: "one" },
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "rejected"],
      );
      assert.deepEqual(
        await db
          .select()
          .from(contacts)
          .where(eq(contacts.id, uuid(2))),
        [],
      );
      await server.server.close();
    });

    test("an error of Drizzle in a hook that may pass is tried again, as one of PostgreSQL is", async () => {
      const raised = sql`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$`;
      const error: unknown = await db.execute(raised).catch((reason: unknown) => reason);
      let times = 0;
      const server = world({
        beforeWrite: ({ value }: { value: object }) => {
          times += 1;
          if (times === 1) throw error;
          return value;
        },
      });
      const results = await server.client("ada").push([contact(3)]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["applied"],
      );
      assert.equal(times, 2);
      await server.server.close();
    });

    test("a stream hears of a push", async () => {
      const server = world();
      const signal = AbortSignal.timeout(240_000);
      const request = new Request("http://localhost/poke", { headers: { authorization: "ada" }, signal });
      const reader = (await server.server.poke(request)).body?.pipeThrough(new TextDecoderStream()).getReader();
      const next = async () => {
        for (let text = ""; !text.includes("event: poke");) text += (await reader?.read())?.value ?? assert.fail();
      };
      await next();
      await server.client("ada").push([contact(4)]);
      await next();
      await reader?.cancel();
      await server.server.close();
    });
  });
}
