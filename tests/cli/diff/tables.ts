// The tables of a sync server have rows, and the `schema.sql` of a changed document runs on them. Checks that this does what
// `diff` had said, and that what is to be done by hand is enough.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { PGlite } from "@electric-sql/pglite";
import { areAsTold } from "./each.js";

interface Change {
  readonly model: string;
  readonly column: string | null;
  readonly kind: string;
  readonly severity: "info" | "notice" | "breaking";
  readonly change: string;
  readonly effect: string;
  readonly loss: string | null;
}

interface Case {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly tables: readonly Change[];
  readonly migration: string;
}

type Row = Record<string, unknown>;

const [A, B, C] = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${String(number)}`);

/** Each column has a value in the first row, and none in the others where that is allowed. */
const ROWS = `
  INSERT INTO things (id, title, code, nick, score, age, size, due, state, data, made_at) VALUES
    ('${A}', 'a', '1', 'long', 'seven', 5, '1.10', '2026-01-02', 'done', '{"a": 1}', '2026-01-01T10:00:00Z'),
    ('${B}', 'b', '2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-01T00:00:00Z'),
    ('${C}', 'c', '2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-01T00:00:00Z');
  INSERT INTO labels (id, name, thing_id) VALUES ('${A}', 'la', '${C}'), ('${B}', 'lb', NULL);
`;

const database = await PGlite.create();

async function sql(text: string): Promise<Row[]> {
  return ((await database.exec(text)).at(-1)?.rows ?? []) as Row[];
}

async function isRefused(text: string): Promise<string | null> {
  try {
    await sql(text);
    return null;
  } catch (error) {
    await sql("ROLLBACK");
    return String(error);
  }
}

async function begin(one: Case): Promise<void> {
  // Where a statement of the last case has failed.
  await sql("ROLLBACK");
  await sql("DROP SCHEMA IF EXISTS crm CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  await sql(one.before);
  await sql(ROWS);
}

/** The statement that is to be made by hand, and what then is left to do. */
function firstOf(change: Change): string | null {
  return /first `(ALTER TABLE[^`]*)`/.exec(change.effect)?.[1] ?? null;
}

const things = (column: string) => sql(`SELECT "${column}"::TEXT AS value FROM things ORDER BY id`);

/** Does by hand what is told, with a value that no row had where one is needed. */
async function prepare(change: Change): Promise<void> {
  const { model, column, kind } = change;
  const first = firstOf(change);
  if (first !== null) {
    const reason = await isRefused(first);
    if (reason !== null) {
      assert.match(change.loss ?? "", /stops it, and is lost/, reason);
      await sql(`UPDATE "${model}" SET "${String(column)}" = NULL`);
      await sql(first);
    }
  }
  if (kind === "column_added" || kind === "nullability_changed") {
    const [found] = await sql(`SELECT format_type(atttypid, NULL) AS type FROM pg_attribute
      WHERE attrelid = '"${model}"'::REGCLASS AND attname = '${String(column)}'`);
    const value = found?.["type"] === "boolean" ? "true" : "7";
    await sql(`UPDATE "${model}" SET "${String(column)}" = '${value}' WHERE "${String(column)}" IS NULL`);
  }
  if (kind === "reference_added") await sql(`UPDATE "${model}" SET "${String(column)}" = NULL`);
}

/** How many rows a role sees that neither owns the tables nor goes around policies. */
async function seenByAnother(user: string): Promise<number> {
  await sql(`DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'other') THEN CREATE ROLE other; END IF; END $$;
    GRANT USAGE ON SCHEMA public TO other; GRANT SELECT ON things TO other`);
  const rows = await sql(`SET ROLE other; SET app.user_id = '${user}'; SELECT 1 FROM things`);
  await sql("RESET ROLE; RESET app.user_id");
  return rows.length;
}

async function checkDone(change: Change, one: Case): Promise<void> {
  const { column, kind, model } = change;
  switch (kind) {
    case "table_added":
      return assert.deepEqual(await sql(`SELECT * FROM "${model}"`), []);
    case "table_removed":
      assert.equal((await sql(`SELECT 1 FROM "${model}"`)).length, 2, "its rows stay");
      await sql(/`(DROP TABLE[^`]*)`/.exec(change.loss ?? "")?.[1] ?? assert.fail());
      return;
    case "column_added": {
      const isFilled = change.effect.includes("all rows get") || change.severity === "breaking";
      assert.ok((await things(String(column))).every(({ value }) => (value !== null) === isFilled));
      return;
    }
    case "column_removed": {
      const before = (await things(String(column))).map(({ value }) => value);
      assert.ok(before[0] !== null, "its values stay");
      await sql(`INSERT INTO things (id, title, code) VALUES (gen_random_uuid(), 'x', 'x')`);
      await sql(/`(ALTER TABLE[^`]*DROP COLUMN[^`]*)`/.exec(change.loss ?? "")?.[1] ?? assert.fail());
      await assert.rejects(things(String(column)), /does not exist/);
      return;
    }
    case "rules_changed": {
      const edit = isRefused(`UPDATE things SET title = 'edited' WHERE id = '${A}'`);
      return assert.equal((await edit) !== null, change.severity === "notice", "an edit of a row that breaks the rule");
    }
    case "default_changed": {
      // What the document calls the default is what a new row gets.
      const [found] = await sql(`SELECT pg_get_expr(adbin, adrelid) AS value FROM pg_attrdef JOIN pg_attribute
        ON attrelid = adrelid AND attnum = adnum WHERE adrelid = '"${model}"'::REGCLASS AND attname = '${String(column)}'`);
      return assert.equal(found !== undefined, change.change.includes("the default of"));
    }
    case "reference_removed": {
      if (one.tables.some(({ kind }) => kind === "reference_added")) return;
      const key = one.name === "reference-retyped" ? "7" : "00000000-0000-4000-8000-000000000009";
      return assert.equal(await isRefused(`UPDATE labels SET thing_id = '${key}'`), null);
    }
    case "scope_changed": {
      const scopes = await sql(
        `SELECT DISTINCT scope FROM sync_row WHERE table_name = 'things' AND NOT is_deleted ORDER BY scope`,
      );
      return assert.deepEqual(scopes, [{ scope: "team:1" }, { scope: "team:2" }]);
    }
    case "row_level_security_changed": {
      const isOn = change.change.endsWith("on");
      assert.equal(await seenByAnother(""), isOn ? 0 : 3, "another writer that says nothing");
      return assert.equal(await seenByAnother("ada"), 3);
    }
    case "history_changed": {
      const entries = async () => (await sql("SELECT 1 FROM sync_history")).length;
      const before = await entries();
      await sql(`UPDATE things SET title = 'edited' WHERE id = '${A}'`);
      const isOn = change.loss === null;
      assert.deepEqual([before, await entries()], isOn ? [0, 1] : [5, 5]);
      if (!isOn) await sql(/`(DROP TABLE[^`]*)`/.exec(change.loss ?? "")?.[1] ?? assert.fail());
      return;
    }
    case "conflict_changed": {
      const kept = async () =>
        (await sql("SELECT 1 FROM sync_row WHERE table_name = 'things' AND column_versions IS NOT NULL")).length;
      const before = await kept();
      await sql("UPDATE things SET title = 'edited'");
      // Nothing is known of what was written before, where that is told.
      assert.equal(before, /the columns aren't known|no time is known/.test(change.effect) ? 0 : 3);
      return assert.equal(await kept(), change.change.startsWith("`conflict` is `merge`") ? 0 : 3);
    }
    case "soft_delete_changed":
      return assert.deepEqual(await sql(`SELECT 1 FROM sync_row WHERE table_name = 'things' AND NOT is_deleted`), []);
  }
}

/** Runs what `migrate` has printed, as it is; and then with what it has left to people. */
async function checkMigration(one: Case): Promise<void> {
  await begin(one);
  const waits = one.migration.match(/^-- (ALTER|UPDATE|DELETE|DROP) .*;$/gm) ?? [];
  const before = await sql("SELECT count(*) FROM things");
  const reason = await isRefused(`BEGIN; ${one.migration}; ${one.after}; COMMIT`);
  if (reason !== null) {
    const isStopped = one.tables.some(({ loss }) => /stops it/.test(loss ?? "")) || /the same key stop it/.test(one.migration);
    assert.ok(waits.length > 0 || isStopped, reason);
    assert.deepEqual(await sql("SELECT count(*) FROM things"), before, "nothing is half done");
  }
  await begin(one);
  // What stops a change of the type, or of the key, is somebody's to change.
  await sql("UPDATE things SET code = id::TEXT");
  for (const { column, kind, loss, model } of one.tables) {
    if (kind !== "column_retyped" || !/stops it/.test(loss ?? "")) continue;
    if (column === "id") return;
    await sql(`UPDATE "${model}" SET "${String(column)}" = NULL`);
  }
  const decided = one.migration
    .replace(/^-- (?=(ALTER|UPDATE|DELETE|DROP) .*;$)/gm, "")
    .replace(/= … /g, one.name === "retyped-and-required" ? "= true " : "= '7' ");
  await sql(`BEGIN; ${decided}; ${one.after}; COMMIT`);
  for (const { column, kind } of one.tables) {
    if (kind === "column_renamed") assert.ok((await things(String(column)))[0]?.["value"], "the values have moved");
  }
  // A second run finds nothing to do.
  await sql(one.after);
}

async function check(one: Case): Promise<void> {
  await begin(one);
  const refusing = one.tables.filter(({ effect }) => effect.startsWith("`schema.sql` refuses"));
  assert.ok(one.tables.every(({ loss, severity }) => loss === null || severity !== "info"));
  const reason = await isRefused(one.after);
  assert.equal(reason !== null, refusing.length > 0, `${String(reason)} ${JSON.stringify(one.tables)}`);
  if (reason !== null) {
    assert.equal((await sql("SELECT 1 FROM things")).length, 3, "nothing has gone");
    // Another key takes several statements: those of the migration.
    if (refusing.some(({ effect }) => effect.includes("sync-patterns migrate"))) return;
    for (const change of refusing) await prepare(change);
    assert.equal(await isRefused(one.after), null, "what is to be done by hand is enough");
  }
  for (const change of one.tables) {
    if (change.kind === "table_renamed") {
      const [, name] = /the table (?:is )?`([^`]*)`/.exec(change.change) ?? [];
      assert.deepEqual(await sql(`SELECT * FROM ${String(name)}`), [], "the new table is empty");
      assert.equal((await sql(`SELECT * FROM things`)).length, 3);
    } else if (change.kind === "column_renamed") {
      if (refusing.includes(change)) continue;

      assert.ok(
        (await things(String(change.column))).every(({ value }) => value === null),
        "the new column is empty",
      );
    } else await checkDone(change, one);
  }
  // What moves values and rows, when it is done in time.
  const moving = one.tables.filter(({ kind }) => kind === "column_renamed");
  if (moving.length > 0) {
    await begin(one);
    for (const change of moving) await sql(firstOf(change) ?? assert.fail(change.effect));
    await sql(one.after);
    for (const { column } of moving) assert.ok((await things(String(column)))[0]?.["value"], "the values have moved");
  }
}

const cases = JSON.parse(await readFile(process.argv[2] ?? "", "utf8")) as Case[];
async function checkBoth(one: Case): Promise<void> {
  await check(one);
  await checkMigration(one);
}

process.exit((await areAsTold(cases, checkBoth, ({ tables }) => tables)) ? 0 : 1);
