// Rows of each model of generated clients go into the synced table as the client's own transport takes them, come out of
// its collection, and are edited, deleted and inserted through that. What was seen is written down for a compiler.
//
//     node --preserve-symlinks --preserve-symlinks-main run.mjs
//
// Each line of the input names a client, `{adapter}/{client}`, and is answered with a line: a JSON array of what failed.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";

// Node has no IndexedDB.
import "fake-indexeddb/auto";

async function run(client) {
  const failures = [];
  const made = JSON.parse(await readFile(`${client}/rows.json`, "utf8"));
  const load = (path) => import(`./dist/${client}/${path}`);
  const [{ models }, index, { defaultClient }, keys, { transport }] = await Promise.all(
    ["schema/index.js", "index.js", "db/init.js", "db/client/model.js", "db/client/transports.js"].map(load),
  );
  const { openShape } = transport.reads.electric === undefined ? {} : await load("db/transport/electric/shape.js");
  const { rowMembers, serverRow } = await load("db/transport/rest/rows.js");
  // Absent where a sync server takes all writes.
  const { requestFor } = await load("db/transport/rest/request.js").catch(() => ({}));
  const collections = new Map(Object.values(index).flatMap((one) => (one?.preload ? [[one.id, one]] : [])));
  // Where it is no folder, it is a name, and each client has its own.
  const directory = client.startsWith("indexeddb/") ? client : "memory://";
  await index.initializeDatabase({ directory, sync: false });
  const { store, reports } = await defaultClient.whenOpen();
  const seen = [];
  const requests = [];
  for (const rows of made) {
    const model = models.find(({ name }) => name === rows.name);
    const trip = new Trip({ store, reports }, model, collections.get(model.name), rows, { openShape, rowMembers, serverRow, requestFor, ...keys });
    try {
      await trip.run();
    } catch (error) {
      failures.push(`${client}, ${model.name}: ${error.stack}`);
    }
    seen.push([rows.type, trip.seen]);
    requests.push(...trip.requests);
  }
  await index.closeDatabase();
  await writeFile(`${client}/seen.ts`, asTypeScript(seen));
  await writeFile(`${client}/requests.json`, JSON.stringify(requests));
  return failures;
}

class Trip {
  seen = [];
  requests = [];

  constructor(database, model, collection, made, { openShape, rowMembers, serverRow, requestFor, collectionKey, rowKey, actionFor }) {
    Object.assign(this, { database, model, collection, made, openShape, rowMembers, serverRow, requestFor, actionFor });
    this.keyOf = (values) => collectionKey(model, rowKey(model, values));
  }

  async run() {
    const { model, collection, made } = this;
    // A confirmed write would wait for a server.
    model.localFirst = true;
    // Where all that a key can be is one value, there is one row.
    const [full, sparse] = made.rows.map(({ values }) => this.given(values));
    const rows = this.keyOf(full) === this.keyOf(sparse) ? made.rows.slice(0, 1) : made.rows;
    if (model.transport === "rest") await this.answer(rows);
    else await (this.openShape === undefined ? this.pulled(rows) : this.arrive(rows));
    await collection.preload();
    for (const { values } of rows) this.expect(this.keyOf(this.given(values)), this.given(values), false);
    assert.equal(collection.size, rows.length);

    const key = this.keyOf(full);
    const edit = this.given(made.edit);
    if (model.operations.update !== undefined) {
      await collection.update(key, (draft) => void Object.assign(draft, edit)).isPersisted.promise;
      this.expect(key, this.withoutEditor({ ...full, ...edit }));
    }
    if (model.operations.delete !== undefined) {
      await collection.delete(key).isPersisted.promise;
      assert.equal(collection.get(key), undefined, "deleted");
    }
    const inserted = this.given(made.insert);
    if (model.operations.create !== undefined && !collection.has(this.keyOf(inserted))) {
      const transaction = collection.insert({ ...inserted, ...made.inputs });
      await transaction.isPersisted.promise;
      this.expect(transaction.mutations[0].key, inserted, true);
    }
    this.requests = await this.requestsFor(full);
    await collection.cleanup();
  }

  /** The requests that the sender would make of what was written, after the row that they begin with. */
  async requestsFor(full) {
    const { model, database, requestFor, actionFor } = this;
    if (requestFor === undefined || model.transport === "push-pull") return [];
    const entries = (await database.store.log.queue(10_000)).filter((entry) => entry.model === model.name);
    const before = this.membersOf(full);
    return entries.map((entry) => {
      const { operation, members, inputs, writeId, rowKey } = entry;
      const action = actionFor(model, operation);
      const write = { model, action, operation, rowKey, writeId, writeIds: [writeId], attempts: 1, members, inputs };
      const item = { members: before, etag: null };
      const { method, path, query, template, headers, body } = requestFor(
        { ...write, before: operation === "insert" ? {} : before },
        operation === "update" ? item : undefined,
        true,
        {},
      );
      const type = headers["Content-Type"] ?? null;
      return { model: model.name, operation, method, path, query, template, headers: Object.keys(headers), type, body };
    });
  }

  /** A row's values as JSON text. */
  membersOf(values) {
    const type = new Map(this.model.fields.map((field) => [field.name, field.type]));
    const json = ([name, value]) => [name, type.get(name) === "int64" ? String(value) : JSON.stringify(value)];
    return Object.fromEntries(Object.entries(values).map(json));
  }

  /** As the API's list has them. */
  async answer(rows) {
    const { model, serverRow, rowMembers } = this;
    const texts = rows.map(({ values }) => this.textOf(this.membersOf(values)));
    await this.database.store.synced.upsert(
      model,
      texts.map((text) => serverRow(model, rowMembers(model, text))),
    );
  }

  /** A row as the API spells it, with each field in its place. */
  textOf(members) {
    const nested = {};
    for (const [name, json] of Object.entries(members)) {
      const way = this.model.fields.find((field) => field.name === name)?.place ?? [name];
      const holder = way.slice(0, -1).reduce((at, inner) => (at[inner] ??= {}), nested);
      holder[way.at(-1)] = json;
    }
    const text = (value) =>
      typeof value === "string"
        ? value
        : `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${text(inner)}`)}}`;
    return text(nested);
  }

  /** As a sync server's pull has them. */
  async pulled(rows) {
    const wire = rows.map(({ texts }) => new Map(Object.entries(texts)));
    await this.database.store.synced.upsert(this.model, wire);
  }

  /** As the stream delivers them. */
  async arrive(rows) {
    const { model, made } = this;
    const stop = new AbortController();
    const column = (field) => (Object.hasOwn(model.columns, field) ? model.columns[field] : field);
    const renamed = (fields) => Object.fromEntries(Object.entries(fields).map(([name, it]) => [column(name), it]));
    const { store, reports } = this.database;
    const shape = await this.openShape(store, reports, model, "", false, stop.signal);
    await shape.take({
      messages: rows.map(({ texts }, index) => ({
        key: String(index),
        value: renamed(texts),
        headers: { operation: "insert" },
      })),
      handle: "handle",
      offset: "0_0",
      isUpToDate: true,
      columns: renamed(made.columns),
    });
    stop.abort();
    await shape.close();
  }

  /** The row of a key has these values, and, where that is known, shows local changes or doesn't. */
  expect(key, values, isLocal) {
    const found = this.collection.get(key);
    assert.ok(found !== undefined, `there is no row ${key}`);
    // What TanStack DB adds to a row begins with a dollar.
    const isOwn = (name) => !name.startsWith("$") || this.model.fields.some((field) => field.name === name);
    const row = Object.fromEntries(Object.entries(found).filter(([name]) => isOwn(name)));
    this.seen.push(this.withLost(row));
    assert.deepEqual(Object.fromEntries(Object.keys(values).map((name) => [name, row[name]])), values);
    if (isLocal !== undefined) assert.equal(row._has_local_changes, isLocal);
  }

  /** With what SQLite's own JavaScript loses of a row: no type can say that it isn't there. */
  withLost(row) {
    const isLost = this.model.fields.some(({ name }) => name === "__proto__") && !Object.hasOwn(row, "__proto__");
    const lost = Object.entries(this.made.rows[0].values).filter(([name]) => name === "__proto__");
    return isLost ? Object.fromEntries([...Object.entries(row), ...lost]) : row;
  }

  /** Without what an edit says of itself. */
  withoutEditor(values) {
    const isOfEdit = (name) => this.model.fields.some((field) => field.name === name && field.metadata !== undefined);
    return Object.fromEntries(Object.entries(values).filter(([name]) => !isOfEdit(name)));
  }

  /** Values with 64-bit integers as the config wants them, without what SQLite's own JavaScript loses of a row. */
  given(values) {
    const as = new Map(this.model.fields.map((field) => [field.name, field.type === "int64" ? field.as : undefined]));
    const convert = { bigint: BigInt, string: String };
    const known = Object.entries(values).filter(([name]) => name !== "__proto__");
    return Object.fromEntries(
      known.map(([name, value]) => [name, value === null ? null : (convert[as.get(name)]?.(value) ?? value)]),
    );
  }
}

/** What was seen, as values of the generated types. */
function asTypeScript(seen) {
  const literal = (value) => {
    if (typeof value === "bigint") return `${value}n`;
    if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
    const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${literal(member)}`);
    return `{ ${members.join(", ")} }`;
  };
  const lines = seen.map(([type, rows], index) => `export const rows${index}: ${type}[] = ${literal(rows)};`);
  return `import type { ${seen.map(([type]) => type).join(", ")} } from "./index.js";\n\n${lines.join("\n")}\n`;
}

for await (const client of createInterface({ input: process.stdin })) {
  const failures = await run(client).catch((error) => [`${client}: ${error.stack}`]);
  console.log(JSON.stringify(failures));
}
process.exit(0);
