// Numbers that another number could take the place of: they come as they are, or they are refused.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test as nodeTest } from "node:test";
import { givenKey } from "../values/number/pglite/rest/db/client/model.js";
import { pgliteDialect } from "../values/number/pglite/rest/db/store/sql/pglite/dialect.js";
import { sqliteDialect } from "../values/number/sqlite/rest/db/store/sql/sqlite/dialect.js";
import { ListServer, type StoredRow } from "./support/list-server.js";
import { adapter, inMemory, isIndexedDb, isSqlite } from "./support/generated.js";
import { until } from "./support/until.js";

type Numbers = Omit<typeof import("../values/number/pglite/rest/index.js"), "pgliteDriver">;
type Client = ReturnType<Numbers["createClient"]>;
type Row = Readonly<Record<string, unknown>>;

/** What the tests need of a collection. */
interface AnyCollection {
  readonly size: number;
  get(key: string | number): Row | undefined;
  insert(row: object): Written;
  update(key: string | number, change: (draft: Record<string, unknown>) => void): Written;
  delete(key: string | number): Written;
}

interface Written {
  readonly isPersisted: { readonly promise: Promise<unknown> };
}

const numbers = (await import(`../values/number/${adapter}/rest/index.js`)) as Numbers;
const bigints = (await import(`../values/bigint/${adapter}/rest/index.js`)) as unknown as Numbers;
const strings = (await import(`../values/string/${adapter}/rest/index.js`)) as unknown as Numbers;
const { models } = (await import(`../values/number/${adapter}/rest/schema/index.js`)) as Pick<
  typeof import("../values/number/pglite/rest/schema/index.js"),
  "models"
>;

type SqlStore = Pick<typeof import("../values/number/pglite/rest/db/store/sql/store.js"), "sqlStore">;
type IndexedDbStore = Pick<
  typeof import("../values/number/indexeddb/rest/db/store/indexeddb/store.js"),
  "openIndexedDb"
>;

/** The store of a client's rows. */
async function rowsOf(client: Client) {
  const from = `../values/number/${adapter}/rest/db/store`;
  const database = client.getDatabase() as ReturnType<Client["getDatabase"]> & { readonly name: string };
  if (isIndexedDb) {
    const { openIndexedDb } = (await import(`${from}/indexeddb/store.js`)) as IndexedDbStore;
    return (await openIndexedDb(database.name)).rows;
  }
  const { sqlStore } = (await import(`${from}/sql/store.js`)) as SqlStore;
  return sqlStore(database, isSqlite ? sqliteDialect : pgliteDialect).rows;
}

/** Three keys that are one number. */
const [ONE, OTHER, THIRD] = ["1234567890123456789", "1234567890123456800", "1234567890123456700"] as const;
const READING = "00000000-0000-4000-8000-000000000001";
const SECOND_READING = "00000000-0000-4000-8000-000000000002";

let server: ListServer;
let clients: Client[] = [];

before(async () => {
  server = await ListServer.start();
});
beforeEach(() => {
  server.tables.clear();
  server.requests.length = 0;
  for (const path of ["/stations", "/readings", "/seats", "/gauges", "/shifts", "/marks"]) server.table(path);
});
afterEach(async () => {
  for (const { closeDatabase } of clients) await closeDatabase();
  clients = [];
});
after(() => server.close());

function test(name: string, work: () => Promise<void>): void {
  void nodeTest(name, { timeout: 300_000 }, work);
}

/** A client that has read the lists once, and polls so seldom that it doesn't again. */
async function opened(generated = numbers): Promise<Client> {
  const client = generated.createClient({ apiBaseUrl: server.url, poll: 3_600 });
  clients.push(client);
  await client.initializeDatabase(inMemory());
  await Promise.all(Object.values(client.collections).map((collection) => collection.preload()));
  await until(() => Object.values(client.getSyncStatus().models).every(({ ready }) => ready));
  return client;
}

function collection(client: Client, model: keyof Client["collections"]): AnyCollection {
  return client.collections[model] as unknown as AnyCollection;
}

async function log(client: Client): Promise<Row[]> {
  const database: unknown = client.getDatabase();
  if (isIndexedDb) return (database as { getAll(name: string): Promise<Row[]> }).getAll("_changes");
  return [...(await client.getDatabase().query({ parts: ["SELECT * FROM _changes"], parameters: [] }))];
}

async function settled(client: Client, ...writes: Written[]): Promise<void> {
  await Promise.all(writes.map(({ isPersisted }) => isPersisted.promise));
  await until(async () => (await log(client)).length === 0);
}

/** Refuses the write, and leaves nothing of it. */
async function refused(client: Client, written: () => Written, message: RegExp): Promise<void> {
  await assert.rejects(async () => written().isPersisted.promise, message);
  assert.deepEqual(await log(client), []);
}

function writes(): string[] {
  return server.requests
    .filter(({ method }) => method !== "GET")
    .map(({ method, url, body }) => `${method} ${decodeURIComponent(url.pathname)} ${body}`.trim());
}

function stored(path: string, key: string): StoredRow | undefined {
  return server.table(path).get(key);
}

function reading(row: StoredRow): void {
  const nothing = { station_id: "null", level: "null", size: "null", serial: "null", price: "null", details: "null" };
  server.put("/readings", { id: JSON.stringify(READING), ...nothing, ...row });
}

for (const [int64, generated] of Object.entries({ number: numbers, bigint: bigints })) {
  test(`rows whose keys are the same number stay apart (${int64})`, async () => {
    for (const id of [ONE, OTHER, "7"]) server.put("/stations", { id, name: '"as it was"' });
    const client = await opened(generated);
    const stations = collection(client, "stations");
    assert.equal(stations.size, 3);
    const isBigint = int64 === "bigint";
    for (const id of [ONE, OTHER]) assert.equal(stations.get(id)?.["id"], isBigint ? BigInt(id) : id);
    assert.equal(stations.get(isBigint ? "7" : 7)?.["id"], isBigint ? 7n : 7);

    await settled(
      client,
      stations.update(ONE, (draft) => void (draft["name"] = "one")),
    );
    await settled(
      client,
      stations.update(OTHER, (draft) => void (draft["name"] = "other")),
    );
    assert.deepEqual(writes(), [`PATCH /stations/${ONE} {"name":"one"}`, `PATCH /stations/${OTHER} {"name":"other"}`]);
    assert.deepEqual([stations.get(ONE)?.["name"], stations.get(OTHER)?.["name"]], ["one", "other"]);
    await settled(client, stations.delete(ONE));
    assert.deepEqual([...server.table("/stations").keys()], [OTHER, "7"]);
    assert.equal(stations.get(OTHER)?.["name"], "other");
  });

  test(`a reference keeps its digits (${int64})`, async () => {
    for (const id of [ONE, OTHER]) server.put("/stations", { id, name: '"s"' });
    reading({ station_id: OTHER });
    const client = await opened(generated);
    const [stations, readings] = [collection(client, "stations"), collection(client, "readings")];
    assert.equal(readings.get(READING)?.["station_id"], stations.get(OTHER)?.["id"]);
    const station_id = stations.get(ONE)?.["id"];
    await settled(client, readings.insert({ id: SECOND_READING, station_id }));
    await settled(
      client,
      readings.update(READING, (draft) => void (draft["station_id"] = station_id)),
    );
    assert.equal(stored("/readings", SECOND_READING)?.["station_id"], ONE);
    assert.equal(stored("/readings", READING)?.["station_id"], ONE);
    for (const key of [READING, SECOND_READING]) assert.equal(readings.get(key)?.["station_id"], station_id);
  });

  test(`a part of a key keeps its digits (${int64})`, async () => {
    const seat = (number: string) => ({ hall: '"A"', number, label: "null" });
    for (const number of [ONE, OTHER]) server.put("/seats", seat(number), `A/${number}`);
    const client = await opened(generated);
    const seats = collection(client, "seats");
    assert.equal(seats.size, 2);
    await settled(
      client,
      seats.update(`["A",${ONE}]`, (draft) => void (draft["label"] = "mine")),
    );
    assert.deepEqual(writes(), [`PATCH /seats/A/${ONE} {"hall":"A","number":${ONE},"label":"mine"}`]);
    assert.equal(seats.get(`["A",${ONE}]`)?.["label"], "mine");
    assert.equal(seats.get(`["A",${OTHER}]`)?.["label"], null);
    await seats.insert({ hall: "A", number: int64 === "bigint" ? BigInt(THIRD) : THIRD }).isPersisted.promise;
    await until(() => writes().includes(`POST /seats {"hall":"A","number":${THIRD}}`));
  });
}

for (const [int64, generated] of Object.entries({ number: numbers, bigint: bigints, string: strings })) {
  test(`a default keeps its digits (${int64})`, async () => {
    const client = await opened(generated);
    const gauges = collection(client, "gauges");
    const written = [
      gauges.insert({ id: READING }),
      gauges.insert({ id: SECOND_READING, most: given("9007199254740995") }),
    ];
    const shown = (id: string) => ["most", "least", "step"].map((name) => gauges.get(id)?.[name]);
    const defaults = ["9007199254740993", "-9223372036854775808", "10"];
    assert.deepEqual(shown(READING), defaults.map(given), "before it is saved");
    await settled(client, ...written);
    assert.deepEqual(shown(READING), defaults.map(given));
    const body = (most: string) => `"most":${most},"least":-9223372036854775808,"step":10}`;
    const sent = writes().filter((write) => write.startsWith("POST /gauges"));
    assert.deepEqual(sent, [
      `POST /gauges {"id":"${READING}",${body("9007199254740993")}`,
      `POST /gauges {"id":"${SECOND_READING}",${body(String(given("9007199254740995")))}`,
    ]);
    if (isIndexedDb) return;
    // By SQL as well.
    const insert = "INSERT INTO gauges (id) VALUES ('00000000-0000-4000-8000-000000000003')";
    await client.getDatabase().query({ parts: [insert], parameters: [] });
    await until(() => writes().some((write) => write.includes(`8000-000000000003",${body("9007199254740993")}`)));
  });

  /** What the application has of an integer. */
  function given(text: string): unknown {
    if (int64 === "bigint") return BigInt(text);
    return int64 === "string" ? text : Number(text);
  }
}

test("a number that may have lost digits is no key", async () => {
  server.put("/stations", { id: OTHER, name: '"s"' });
  reading({});
  const client = await opened();
  const [stations, readings] = [collection(client, "stations"), collection(client, "readings")];
  // What a literal of ONE is.
  const rounded = Number(ONE);
  assert.equal(String(rounded), OTHER);
  assert.throws(() => stations.update(rounded, (draft) => void (draft["name"] = "wrong")), /1234567890123456800/);
  const isLost = /readings\.station_id .*1234567890123456800.* text/;
  await refused(client, () => readings.update(READING, (draft) => void (draft["station_id"] = rounded)), isLost);
  await refused(client, () => readings.insert({ id: SECOND_READING, station_id: rounded }), isLost);
  await refused(client, () => collection(client, "seats").insert({ hall: "A", number: rounded }), /seats\.number/);
  assert.deepEqual(writes(), []);

  const [seats, station] = ["seats", "stations"].map((name) => models.find((model) => model.name === name));
  assert.ok(seats !== undefined && station !== undefined);
  assert.equal(stations.get(givenKey(station, OTHER))?.["name"], "s");
  assert.equal(stations.get(givenKey(station, rounded)), undefined);
  assert.equal(givenKey(seats, { hall: "A", number: ONE }), `["A",${ONE}]`);
  assert.notEqual(givenKey(seats, { hall: "A", number: rounded }), `["A",${OTHER}]`);
});

test("of rows that are no more than their key, one that can't be one is left out alone", async () => {
  for (const id of [READING, "none", SECOND_READING]) server.put("/marks", { id: JSON.stringify(id) });
  const client = await opened();
  const marks = collection(client, "marks");
  for (const id of [READING, SECOND_READING]) assert.equal(marks.get(id)?.["id"], id);
  // The other databases keep it as a text.
  if (isSqlite || isIndexedDb) return;
  assert.equal(marks.size, 2);
  const problem = (): string | null | undefined => client.getSyncStatus().models["marks"]?.error;
  assert.match(problem() ?? "", /the row none has "none" as id/);
  server.table("/marks").delete("none");
  await client.syncNow("marks");
  await until(() => problem() === null);
  assert.equal(marks.size, 2);
});

test("a write by key that meets no row is an error", async () => {
  server.put("/stations", { id: ONE, name: '"s"' });
  const client = await opened();
  const rows = await rowsOf(client);
  const model = models.find(({ name }) => name === "stations");
  assert.ok(model !== undefined);
  await assert.rejects(rows.update(model, { id: OTHER }, { name: "wrong" }), new RegExp(`stations: .*${OTHER}`));
  await assert.rejects(rows.delete(model, { id: OTHER }), new RegExp(`stations: .*${OTHER}`));
  await rows.update(model, { id: ONE }, { name: "s" });
  await rows.update(model, { id: ONE }, { name: "right" });
  await rows.delete(model, { id: ONE });
  assert.equal((await rows.readByKey(model, [ONE])).size, 0);
  // In Node, nobody tells a client of what another connection to its IndexedDB writes.
  if (!isIndexedDb) await until(() => stored("/stations", ONE) === undefined);
});

/** Each as its shortest decimal text, which is what JSON has of it. */
const FLOATS = [
  ...[1e20, 2 ** 63, -(2 ** 63), 2 ** 64, 9.3e18, 2 ** 53, -1e300],
  ...[1.7976931348623157e308, 5e-324, 0.1, 3, -0.5],
];

test("floating-point numbers go out and come in as they are", async () => {
  const key = (number: number): string => `00000000-0000-4000-8000-0000000001${String(number).padStart(2, "0")}`;
  const empty = { station_id: "null", size: "null", serial: "null", price: "null", details: "null" };
  FLOATS.forEach((level, index) => {
    server.put("/readings", { id: JSON.stringify(key(index)), level: JSON.stringify(level), ...empty });
  });
  const client = await opened();
  const readings = collection(client, "readings");
  assert.deepEqual(
    FLOATS.map((_, index) => readings.get(key(index))?.["level"]),
    FLOATS,
  );
  // Each row gets the value of the one before it, and each value a row of its own.
  for (const [index, level] of FLOATS.entries()) {
    const target = key((index + 1) % FLOATS.length);
    await readings.update(target, (draft) => void (draft["level"] = level)).isPersisted.promise;
    await readings.insert({ id: key(index + 50), level }).isPersisted.promise;
    for (const one of [target, key(index + 50)]) assert.equal(readings.get(one)?.["level"], level);
  }
  await settled(client);
  for (const [index, level] of FLOATS.entries()) {
    for (const one of [key((index + 1) % FLOATS.length), key(index + 50)]) {
      assert.equal(Number(stored("/readings", one)?.["level"]), level);
      assert.equal(readings.get(one)?.["level"], level);
    }
  }
});

test("what no JSON number is, is refused at the write", async () => {
  reading({ level: "1.5", details: '{"a":1}' });
  const client = await opened();
  const readings = collection(client, "readings");
  for (const number of [Number.NaN, Infinity, -Infinity]) {
    for (const [column, value] of [
      ["level", number],
      ["details", { deep: [{ number }] }],
      ["price", String(number)],
    ] as const) {
      const problem = new RegExp(`readings\\.${column} .*finite`);
      await refused(client, () => readings.update(READING, (draft) => void (draft[column] = value)), problem);
      await refused(client, () => readings.insert({ id: SECOND_READING, [column]: value }), problem);
    }
  }
  assert.equal(readings.get(READING)?.["level"], 1.5);
  assert.deepEqual(writes(), []);
});

test("an integer out of range is refused at the write, with its column and the range", async () => {
  reading({});
  const client = await opened();
  const readings = collection(client, "readings");
  const sizes = /readings\.size .*-2147483648 .* 2147483647\b/;
  const serials = /readings\.serial .*-9223372036854775808 .* 9223372036854775807\b/;
  for (const [column, value, problem] of [
    ["size", 3_000_000_000, sizes],
    ["size", -2_147_483_649, sizes],
    ["size", 1.5, sizes],
    ["size", Number.NaN, sizes],
    ["serial", 2 ** 63, serials],
    ["serial", 1e20, serials],
    ["serial", 1e21, serials],
    ["serial", 0.5, serials],
  ] as const) {
    await refused(client, () => readings.update(READING, (draft) => void (draft[column] = value)), problem);
    await refused(client, () => readings.insert({ id: SECOND_READING, [column]: value }), problem);
  }
  assert.deepEqual(writes(), []);
  const set = { size: -2_147_483_648, serial: 2 ** 60 };
  await settled(
    client,
    readings.update(READING, (draft) => void Object.assign(draft, set)),
  );
  const { size, serial } = stored("/readings", READING) ?? {};
  assert.deepEqual([size, serial], ["-2147483648", String(2 ** 60)]);
});

test("a time goes back as it came where a row is replaced", async () => {
  const [bare, zoned] = ["2026-07-01T10:00:00", "2026-07-01T12:30:00.5Z"];
  server.put("/shifts", { id: `"${READING}"`, title: '"early"', starts_at: `"${bare}"`, ends_at: `"${zoned}"` });
  const client = await opened();
  const shifts = collection(client, "shifts");
  assert.deepEqual([shifts.get(READING)?.["starts_at"], shifts.get(READING)?.["ends_at"]], [bare, zoned]);
  await settled(
    client,
    shifts.update(READING, (draft) => void (draft["title"] = "late")),
  );
  assert.deepEqual(
    [stored("/shifts", READING)?.["starts_at"], stored("/shifts", READING)?.["ends_at"]],
    [`"${bare}"`, `"${zoned}"`],
  );
  assert.deepEqual([shifts.get(READING)?.["starts_at"], shifts.get(READING)?.["ends_at"]], [bare, zoned]);
});
