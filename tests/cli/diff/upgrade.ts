// The user works offline, loads the new version of the application, and opens it again. Checks that this does what
// `diff` had said: of each pending write, and of the rows of each model.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { areAsTold } from "./each.js";
import { type Case, type Change, changesOf, type Entry, outcomes, rowsOf, statements } from "./told.js";

type Client = typeof import("./clients/before-pglite/db/init.js");
type Driver = Awaited<ReturnType<Client["initializeDatabase"]>>;
type Row = Awaited<ReturnType<Driver["query"]>>[number];

const adapter = process.env["ADAPTER"] === "sqlite" ? "sqlite" : "pglite";

const [A, B, C, D, E, F] = [1, 2, 3, 4, 5, 6].map((number) => `00000000-0000-4000-8000-00000000000${String(number)}`);

const MODELS = ["labels", "things"];

/** What the server had sent. */
const SYNCED = `
  INSERT INTO things_synced (id, title, code, nick, made_at) VALUES
    ('${A}', 'a', 'ca', 'na', '2026-01-01T00:00:00Z'),
    ('${B}', 'b', 'cb', NULL, '2026-01-01T00:00:00Z'),
    ('${C}', 'c', 'cc', NULL, '2026-01-01T00:00:00Z');
  INSERT INTO labels_synced (id, name) VALUES ('${A}', 'la'), ('${B}', 'lb');
`;

/** What the user did while offline: each kind of write, to each kind of column, with nulls and without. */
const WRITES = [
  `UPDATE things SET title = 'new', nick = 'n2' WHERE id = '${A}'`,
  `UPDATE things SET nick = NULL WHERE id = '${A}'`,
  `UPDATE things SET score = '7', age = 5 WHERE id = '${B}'`,
  `UPDATE things SET score = 'seven', code = 'changed' WHERE id = '${B}'`,
  `UPDATE things SET due = '2026-01-02', size = '1.10', state = 'done', data = '{"a":1}' WHERE id = '${B}'`,
  `UPDATE things SET data = NULL WHERE id = '${B}'`,
  `DELETE FROM things WHERE id = '${C}'`,
  `INSERT INTO things (id, title, code) VALUES ('${D}', 'd', 'cd')`,
  `INSERT INTO things (id, title, code, nick, score, age, size, due, state, data) VALUES
     ('${E}', 'e', 'ce', 'n6', 'seven', 6, '2.50', '2026-01-03', 'new', '[null]')`,
  `UPDATE things SET title = 'changed' WHERE id = '${E}'`,
  `UPDATE labels SET name = 'edited' WHERE id = '${A}'`,
  `DELETE FROM labels WHERE id = '${B}'`,
  `INSERT INTO labels (id, name, thing_id) VALUES ('${F}', 'f', '${A}')`,
];

function query(driver: Driver, text: string): Promise<Row[]> {
  return driver.query({ parts: [text], parameters: [] });
}

async function client(name: string): Promise<Client> {
  return (await import(`./clients/${name}-${adapter}/db/init.js`)) as Client;
}

async function openDriver(): Promise<Driver> {
  type Open = (directory: string) => Promise<Driver>;
  const module: unknown = await import(`./clients/before-${adapter}/db/store/sql/${adapter}/open.js`);
  const { openPglite, openSqlite } = module as { openPglite: Open; openSqlite: Open };
  return (adapter === "sqlite" ? openSqlite : openPglite)("memory://");
}

/** An empty database that outlives the clients that have it open. Starting PGlite takes seconds: one serves all cases. */
let shared: Driver | undefined;
async function database(): Promise<Driver> {
  if (adapter === "sqlite" || shared === undefined) shared = await openDriver();
  else await shared.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  return { ...shared, close: async () => {} };
}

interface Logged extends Entry {
  readonly status: string;
  readonly error: string | null;
}

async function log(driver: Driver): Promise<Logged[]> {
  const rows = await query(driver, "SELECT * FROM _changes ORDER BY id");
  return rows.map((row) => ({
    writeId: String(row["write_id"]),
    model: String(row["table_name"]),
    rowKey: String(row["row_key"]),
    operation: String(row["operation"]),
    members: JSON.parse(String(row["value"])) as Record<string, unknown>,
    status: String(row["status"]),
    error: row["error"] === null ? null : String(row["error"]),
  }));
}

/** What has been received of a model: its rows, and how far the stream has been read. Null where there is no table. */
async function received(driver: Driver, model: string): Promise<unknown> {
  try {
    const rows = await query(driver, `SELECT * FROM ${model}_synced ORDER BY id`);
    const positions = await query(driver, `SELECT value FROM _sync_meta WHERE key = 'shape:${model}'`);
    return { rows: rows.map((row) => ({ ...row })), position: positions[0]?.["value"] ?? null };
  } catch {
    return null;
  }
}

/** The members without their JSON types: 5 may have become "5". */
function plain(members: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(
    sorted.map(([name, value]) => [name, typeof value === "number" ? String(value) : (value as unknown)]),
  );
}

async function check(one: Case): Promise<void> {
  const driver = await database();
  const before = await client("before");
  await before.initializeDatabase({ driver, sync: false });
  await driver.exec(SYNCED);
  for (const model of MODELS) {
    await driver.exec(`INSERT INTO _sync_meta (key, value) VALUES ('shape:${model}', 'read so far')`);
  }
  for (const write of WRITES) await query(driver, write);
  const entries = await log(driver);
  assert.equal(entries.length, WRITES.length);
  const had = new Map<string, unknown>();
  for (const model of MODELS) had.set(model, await received(driver, model));
  await before.closeDatabase();

  const after = await client(one.name);
  await after.initializeDatabase({ driver, sync: false });
  await checkLog(one, entries, await log(driver));
  for (const model of MODELS) await checkRows(driver, one, model, had.get(model));
  for (const { kind, model } of one.changes) {
    if (kind !== "model_added" || model === null) continue;
    assert.deepEqual(await received(driver, model), { rows: [], position: null }, `${model} begins empty`);
  }
  await after.closeDatabase();
}

async function checkLog(one: Case, entries: readonly Entry[], found: readonly Logged[]): Promise<void> {
  const used = new Set<string>();
  const told = outcomes(one, entries, used);
  const known = new Set(entries.map(({ writeId }) => writeId));
  const lost: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const now = found.find(({ writeId }) => writeId === entry.writeId);
    const outcome = told[index];
    const what = `${entry.operation} of ${entry.model} ${JSON.stringify(entry.members)}, now ${JSON.stringify(now)}`;
    assert.equal(now?.status, outcome?.kept === null ? "rejected" : "pending", what);
    assert.equal(plain(now?.members ?? {}), plain(outcome?.kept ?? entry.members), what);
    const parts = Object.keys(outcome?.lost ?? {}).length;
    if (parts > 0) lost.push(`${entry.model} ${plain({ id: entry.members["id"], ...outcome?.lost })}`);
  }
  const parts = found.filter(({ writeId }) => !known.has(writeId));
  assert.deepEqual(parts.map(({ model, members }) => `${model} ${plain(members)}`).sort(), lost.sort());
  assert.ok(parts.every(({ status }) => status === "rejected"));
  const reasons = found.filter(({ status }) => status === "rejected").map(({ error }) => error);
  assert.ok(reasons.every((reason) => reason !== null && (JSON.parse(reason) as { message: string }).message !== ""));
  // A statement that nothing here could have refuted proves nothing.
  assert.deepEqual(
    [...used].sort(),
    statements(one).sort(),
    "every statement about rejected writes is put to the test",
  );
}

async function checkRows(driver: Driver, one: Case, model: string, had: unknown): Promise<void> {
  const told: Change["rows"] = rowsOf(one, model);
  const renamed = changesOf(one, model).find(({ kind }) => kind === "model_renamed")?.model ?? undefined;
  const now = await received(driver, model);
  const empty = { rows: [], position: null };
  if (renamed !== undefined) {
    assert.equal(now, null);
    assert.deepEqual(await received(driver, renamed), empty);
  } else if (told === "removed") {
    assert.equal(now, null, `${model} is removed`);
  } else if (told === "fetched_again") {
    assert.deepEqual(now, empty, `${model} is fetched again`);
  } else {
    assert.deepEqual(now, had, `${model} stays`);
  }
}

/** What a failure has left behind serves no other case. */
async function checkAlone(one: Case): Promise<void> {
  try {
    await check(one);
  } catch (error) {
    shared = undefined;
    throw error;
  }
}

const cases = JSON.parse(await readFile(`cases-${adapter}.json`, "utf8")) as Case[];
process.exit((await areAsTold(cases, checkAlone, ({ changes }) => changes)) ? 0 : 1);
