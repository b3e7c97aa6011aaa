import type { IDBPDatabase } from "idb";

import { models } from "../../../schema/index.js";
import { parsed } from "../../client/json.js";
import { keepsDeleted, type Model } from "../../client/model.js";
import { fateOf, formerOf, type FormerModel } from "../convert-entry.js";
import { append, change, drop, foldRowsOf, isUnsettled, logTable, noteKeys } from "./entries.js";
import { getMeta, setMeta } from "./meta.js";
import { LOG_VERSION, schemaHash } from "./schema-hash.js";
import { localName, remove, SHARED, syncedName, type StoredEntry, type Tables, type Turn } from "./tables.js";

/** Brings the database to this version of the schema, in the transaction of an upgrade. */
export async function migrate(database: IDBPDatabase<Tables>, turn: Turn): Promise<void> {
  const isNew = !database.objectStoreNames.contains("_sync_meta");
  if (isNew) createShared(database);
  const former = isNew ? {} : await takeDown(database, turn);
  if (models.some(keepsDeleted) && !database.objectStoreNames.contains("_deleted_rows")) {
    database.createObjectStore("_deleted_rows");
  }
  for (const model of models) {
    for (const name of [syncedName(model), localName(model)]) {
      if (!database.objectStoreNames.contains(name)) database.createObjectStore(name);
    }
  }
  if (isNew) setMeta(turn, "client_id", crypto.randomUUID());
  else await convertEntries(turn, former);
  setMeta(turn, "log_version", String(LOG_VERSION));
  setMeta(turn, "schema_synced", JSON.stringify(byModel(syncedTable)));
  setMeta(turn, "schema_models", JSON.stringify(byModel(formerOf)));
  setMeta(turn, "schema_hash", schemaHash);
  for (const model of models) noteKeys(turn, model.name, null);
}

function createShared(database: IDBPDatabase<Tables>): void {
  const log = database.createObjectStore("_changes", { keyPath: "id", autoIncrement: true });
  log.createIndex("row", ["model", "rowKey"]);
  log.createIndex("writeId", "writeId", { unique: true });
  for (const name of ["status", "sent", "rejectedWith", "transactionId"] as const) log.createIndex(name, name);
  database.createObjectStore("_made_keys").createIndex("row", ["model", "rowKey"]);
  database.createObjectStore("_changed_keys", { autoIncrement: true });
  database.createObjectStore("_sync_meta");
}

/** Drops the old schema, but for the log and those of the server's rows that fit the new one. Gives the models before. */
async function takeDown(
  database: IDBPDatabase<Tables>,
  turn: Turn,
): Promise<Readonly<Record<string, FormerModel>>> {
  const logVersion = Number((await getMeta(turn, "log_version")) ?? LOG_VERSION);
  if (logVersion > LOG_VERSION) {
    throw new Error(
      `The local database is that of a newer version of this application (its log has version ${String(logVersion)}, ` +
        `and this one knows ${String(LOG_VERSION)}). Load the newer version again.`,
    );
  }
  // Only the code above writes it.
  const before = parsed((await getMeta(turn, "schema_synced")) ?? "{}") as Readonly<Record<string, string>>;
  const same = new Set(models.filter((model) => before[model.name] === syncedTable(model)).map(({ name }) => name));
  const kept = new Set<string>([...SHARED, ...models.filter(({ name }) => same.has(name)).map(syncedName)]);
  for (const name of [...database.objectStoreNames]) if (!kept.has(name)) database.deleteObjectStore(name);
  if (kept.has("_deleted_rows") && database.objectStoreNames.contains("_deleted_rows")) {
    // Those of other models are gone with the rest of their rows.
    const table = turn.tx.objectStore("_deleted_rows");
    for (const key of await table.getAllKeys()) if (!same.has(key[0])) remove(table, key);
  }
  // Transports have stored where they are in the model's rows, which are gone.
  const meta = turn.tx.objectStore("_sync_meta");
  for (const key of await meta.getAllKeys()) {
    const model = key.slice(key.indexOf(":") + 1);
    if (key.includes(":") && model in before && !same.has(model)) remove(meta, key);
  }
  return parsed((await getMeta(turn, "schema_models")) ?? "{}") as Readonly<Record<string, FormerModel>>;
}

/** Converts the entries to the new schema, and folds those that are left. `former`: the models before. */
async function convertEntries(turn: Turn, former: Readonly<Record<string, FormerModel>>): Promise<void> {
  const entries = await logTable(turn).getAll();
  /** Rows whose insert is rejected: what was written to them later goes with it. */
  const lostRows = new Map<string, { readonly error: string; readonly writeId: string }>();
  for (const entry of entries) {
    const model = models.find(({ name }) => name === entry.model);
    const fate = fateOf(entry, model, former[entry.model]);
    const row = JSON.stringify([entry.model, entry.rowKey]);
    const root = lostRows.get(row);
    const isLost = root !== undefined && entry.status === "pending";
    if (fate.kind === "goes") {
      drop(turn, [entry]);
    } else if (fate.kind === "rejected") {
      const rejectedWith = isLost ? root.writeId : null;
      change(turn, entry, { status: "rejected", error: fate.error, rejectedWith });
      if (entry.operation === "insert") lostRows.set(row, { error: fate.error, writeId: entry.writeId });
    } else {
      const converted =
        fate.kind === "changes" ? { members: fate.members, inputs: fate.inputs, rowKey: fate.rowKey } : {};
      const rejection = isLost ? { status: "rejected" as const, error: root.error, rejectedWith: root.writeId } : {};
      if (fate.kind === "changes" || isLost) change(turn, entry, { ...converted, ...rejection });
      if (fate.kind === "changes" && fate.lost !== undefined) rejectPart(turn, entry, fate.lost);
    }
  }
  await foldRowsOf(turn, (await logTable(turn).getAll()).filter(isUnsettled));
}

function rejectPart(
  turn: Turn,
  { model, rowKey, transactionId, at, user }: StoredEntry,
  { members, error }: { readonly members: StoredEntry["members"]; readonly error: string },
): void {
  append(turn, { model, rowKey, operation: "update", members, transactionId, at, user, status: "rejected", error });
}

function byModel<T>(what: (model: Model) => T): Record<string, T> {
  return Object.fromEntries(models.map((model) => [model.name, what(model)]));
}

/** Describes a synced table and the source of its rows. An upgrade keeps the rows if the description stays the same. */
function syncedTable(model: Model): string {
  const nullable = model.fields.filter((field) => field.nullable).map(({ name }) => name);
  return JSON.stringify([formerOf(model), nullable, model.table, model.columns]);
}
