import { createTransaction, type Transaction } from "@tanstack/db";

import { models } from "../schema/index.js";
import { confirmation } from "./confirmation.js";
import { joined, name, sql, type Connection, type Row, type Statement, type Value } from "./driver.js";
import { feed } from "./feed.js";
import { whenDatabaseIsOpen } from "./init.js";
import { collectionKey, keyFields, rowKey } from "./keys.js";
import { beforeLeaving } from "./leaving.js";
import type { Model } from "./model.js";
import { readByKey } from "./rows.js";
import { encode } from "./values.js";

/** What TanStack DB says of one row that a transaction writes. */
interface Mutation {
  readonly type: "insert" | "update" | "delete";
  readonly original: object;
  readonly modified: object;
  readonly changes: object;
  readonly collection: { readonly id: string };
}

interface Write {
  readonly model: Model;
  readonly mutation: Mutation;
}

/**
 * Runs `work`: whatever it writes to collections of the local database is saved together, or not at all. Await
 * `isPersisted.promise` of what it returns.
 */
export function writeTogether(work: () => void): Transaction {
  return createTransaction<Record<string, unknown>>({ mutationFn: persistMutations }).mutate(work);
}

/**
 * Saves a transaction of TanStack DB in one of the local database. Returns when the collections show it from there;
 * with models that aren't local-first, when the server has taken it.
 */
export async function persistMutations(parameters: {
  readonly transaction: { readonly mutations: readonly Mutation[] };
}): Promise<void> {
  const writes = parameters.transaction.mutations.map((mutation) => ({ model: modelOf(mutation), mutation }));
  const { position, entries } = await beforeLeaving(saveAll(writes));
  await feed().reached(position);

  const toConfirm = new Set(writes.filter(({ model }) => !model.localFirst).map(({ model }) => model.name));
  const ids = entries.flatMap(({ id, table_name }) => (toConfirm.has(String(table_name)) ? [id ?? null] : []));
  await confirmation(ids, new Set(writes.map(({ model }) => model.name)));
}

/** Returns where the feed shows the writes, and their entries in the log. */
async function saveAll(writes: readonly Write[]): Promise<{ position: number; entries: readonly Row[] }> {
  const driver = await whenDatabaseIsOpen();
  return driver.transaction(async (connection) => {
    const before = await newestEntry(connection);
    for (const write of writes) await save(connection, write);
    const entries = await connection.query(sql`SELECT id, table_name FROM _changes WHERE id > ${before} ORDER BY id`);
    return { position: await feed().position(connection), entries };
  });
}

function modelOf(mutation: Mutation): Model {
  const model = models.find((candidate) => candidate.name === mutation.collection.id);
  if (model === undefined) {
    throw new Error(`${mutation.collection.id} isn't a collection of the local database: write to it on its own.`);
  }
  return model;
}

async function newestEntry(connection: Connection): Promise<Value> {
  const [entry] = await connection.query(sql`SELECT id FROM _changes ORDER BY id DESC LIMIT 1`);
  return entry?.["id"] ?? 0;
}

async function save(connection: Connection, write: Write): Promise<void> {
  const { model, mutation } = write;
  if (mutation.type === "insert") {
    await connection.query(insertion(model, mutation.modified));
    return;
  }
  const row = await currentRow(connection, model, mutation.original);
  if (mutation.type === "delete") {
    await connection.query(sql`DELETE FROM ${name(model.name)} WHERE ${matches(model, row)}`);
    return;
  }
  const changes = columns(model, mutation.changes);
  if (changes.length === 0) return;
  const assignments = joined(
    ", ",
    changes.map(([column, value]) => sql`${name(column)} = ${value}`),
  );
  await connection.query(sql`UPDATE ${name(model.name)} SET ${assignments} WHERE ${matches(model, row)}`);
}

function insertion(model: Model, row: object): Statement {
  const given = columns(model, row).filter(([column, value]) => value !== null && canInsert(model, column));
  const names = joined(
    ", ",
    given.map(([column]) => sql`${name(column)}`),
  );
  const values = joined(
    ", ",
    given.map(([, value]) => sql`${value}`),
  );
  return sql`INSERT INTO ${name(model.name)} (${names}) VALUES (${values})`;
}

function canInsert(model: Model, column: string): boolean {
  return model.key.includes(column) || model.fields.some((field) => field.name === column && field.insert !== "never");
}

/** Those members of `row` that are columns, as the database takes them. */
function columns(model: Model, row: object): [string, Value][] {
  const given = new Map(Object.entries(row));
  return model.fields
    .filter((field) => given.has(field.name))
    .map((field) => [field.name, encode(field, given.get(field.name))]);
}

/**
 * The row as it is now. A row that is gone would take the write with it without a word; one whose temporary key the
 * server has replaced in the meantime is found under its new key.
 */
async function currentRow(connection: Connection, model: Model, original: object): Promise<object> {
  const key = rowKey(model, original);
  for (const candidate of [key, await madeKey(connection, model, key)]) {
    if (candidate === undefined) continue;
    const row = (await readByKey(connection, model, [candidate])).get(collectionKey(model, candidate));
    if (row !== undefined) return row;
  }
  throw new Error(`${model.name}: there is no row ${key} any more.`);
}

async function madeKey(connection: Connection, model: Model, key: string): Promise<string | undefined> {
  const [made] = await connection.query(
    sql`SELECT row_key FROM _made_keys WHERE table_name = ${model.name} AND temporary_key = ${key}`,
  );
  return made === undefined ? undefined : String(made["row_key"]);
}

function matches(model: Model, row: object): Statement {
  const values = new Map(Object.entries(row));
  return joined(
    " AND ",
    keyFields(model).map((field) => sql`${name(field.name)} = ${encode(field, values.get(field.name))}`),
  );
}
