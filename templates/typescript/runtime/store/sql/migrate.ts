import { modelSql, sharedSql } from "../../../schema/_schema.js";
import { models } from "../../../schema/index.js";
import { parsed } from "../../client/json.js";
import { keepsDeleted, type LocalModel } from "../../client/model.js";
import { formerOf, type FormerModel } from "../convert-entry.js";
import type { DatabaseObject, Dialect } from "./dialect.js";
import { list, name, sql, type Connection, type Driver } from "./driver.js";
import { schemaHash, setMeta } from "./meta.js";
import { convertEntries, hideEntries, restoreEntries } from "./migrate-log.js";

/** The database's description of its schema, from `_sync_meta`. */
interface Stored {
  readonly hash: string | undefined;
  readonly logVersion: number;
  /** The objects that the schema has made: nothing else is ever dropped. */
  readonly objects: readonly DatabaseObject[];
  /** The structure of the synced tables, by model. */
  readonly synced: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, FormerModel>>;
  /** Keys under which transports have stored something: `kind:model`. */
  readonly metaKeys: readonly string[];
}

/** Brings the database to this version of the schema. Nobody may sync meanwhile. */
export async function migrate(driver: Driver, dialect: Dialect): Promise<void> {
  const { catalog } = dialect;
  await driver.transaction(async (connection) => {
    const before = await stored(connection, dialect);
    // Another tab may have done it meanwhile.
    if (before?.hash === schemaHash) return;
    if (before !== undefined) await takeDown(connection, dialect, before);
    const others = new Set((await catalog(connection)).map(({ identity }) => identity));
    await connection.exec(schemaSql());
    if (before !== undefined) await dropDeleted(connection, before);
    if (before !== undefined) await restoreEntries(connection, dialect);

    const kept = new Set(before?.objects.map(({ identity }) => identity));
    const objects = (await catalog(connection)).filter(({ identity }) => !others.has(identity) || kept.has(identity));
    await setMeta(connection, "schema_objects", JSON.stringify(objects));
    await setMeta(connection, "schema_synced", JSON.stringify(byModel(syncedTable)));
    await setMeta(connection, "schema_models", JSON.stringify(byModel(formerOf)));
    await setMeta(connection, "schema_hash", schemaHash);
    for (const model of models) await connection.query(dialect.noteAll(model));
  });
}

async function stored(connection: Connection, dialect: Dialect): Promise<Stored | undefined> {
  if (!(await dialect.tableExists(connection, "_sync_meta"))) return undefined;
  const rows = await connection.query(sql`SELECT key, value FROM _sync_meta`);
  const meta = new Map(rows.map((row) => [String(row["key"]), String(row["value"])]));
  const newest = newestLogVersion(dialect);
  const logVersion = Number(meta.get("log_version") ?? newest);
  if (logVersion > newest) {
    throw new Error(
      `The local database is that of a newer version of this application (its log has version ${logVersion}, ` +
        `and this one knows ${newest}). Load the newer version again.`,
    );
  }
  // Only the code above writes it.
  const member = <T>(key: string, otherwise: T) => (parsed(meta.get(key) ?? "") as T | undefined) ?? otherwise;
  return {
    hash: meta.get("schema_hash"),
    logVersion,
    objects: meta.has("schema_objects") ? member("schema_objects", []) : await namesakes(connection, dialect),
    synced: member<Readonly<Record<string, string>>>("schema_synced", {}),
    models: member<Readonly<Record<string, FormerModel>>>("schema_models", {}),
    metaKeys: [...meta.keys()].filter((key) => key.includes(":")),
  };
}

/** Finds the schema's objects by their names, for a schema that was made from the SQL files by hand. */
async function namesakes(connection: Connection, { catalog }: Dialect): Promise<DatabaseObject[]> {
  const creation =
    /CREATE (?:OR REPLACE )?(?:UNIQUE )?(?:VIEW|TRIGGER|TABLE|FUNCTION|INDEX) (?:IF NOT EXISTS )?(?:"((?:[^"]|"")+)"|(\w+))/g;
  const names = new Set(
    [...schemaSql().matchAll(creation)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain),
  );
  return (await catalog(connection)).filter((object) => names.has(object.name));
}

/** Drops the old schema, but for the log and those of the server's rows that fit the new one. */
async function takeDown(connection: Connection, dialect: Dialect, before: Stored): Promise<void> {
  const same = sameAs(before);
  // No schema drops these. The numbers of changed keys must go on, or a tab would miss changes.
  const kept = ["_sync_meta", dialect.logTable, "_made_keys", "_changed_keys"];
  const stay = new Set([...kept, ...(models.some(keepsDeleted) ? ["_deleted_rows"] : []), ...same.map(syncedName)]);
  const objects = before.objects.filter(({ kind, name }) => kind !== "table" || !stay.has(name));
  // Views first, because they depend on tables.
  const ordered = ["trigger", "view", "function", "index", "table"].flatMap((kind) =>
    objects.filter((object) => object.kind === kind),
  );
  if (ordered.length > 0) await connection.exec(ordered.map(dialect.dropScript).join("\n"));
  for (const model of Object.keys(before.synced)) {
    if (same.some(({ name }) => name === model)) continue;
    // Transports have stored where they are in the model's rows, which are gone.
    const keys = before.metaKeys.filter((key) => key.slice(key.indexOf(":") + 1) === model);
    for (const key of keys) await connection.query(sql`DELETE FROM _sync_meta WHERE key = ${key}`);
  }

  for (const { version, script } of dialect.logSteps) {
    if (version > before.logVersion) await connection.exec(script);
  }
  await setMeta(connection, "log_version", String(newestLogVersion(dialect)));
  await convertEntries(connection, dialect, before.models);
  await hideEntries(connection, dialect);
}

/** The models whose synced tables stay as they are. */
function sameAs({ synced }: Stored): LocalModel[] {
  return models.filter((model) => synced[model.name] === syncedTable(model));
}

/** Deleted rows of other models are gone with the rest of their rows. */
async function dropDeleted(connection: Connection, before: Stored): Promise<void> {
  if (!models.some(keepsDeleted)) return;
  const same = sameAs(before).map((model) => model.name);
  await connection.query(sql`DELETE FROM _deleted_rows WHERE table_name NOT IN (${list(["", ...same])})`);
}

function newestLogVersion({ logSteps }: Dialect): number {
  return Math.max(...logSteps.map(({ version }) => version));
}

function schemaSql(): string {
  return [sharedSql, ...models.map(sqlOf)].join("\n");
}

function sqlOf(model: LocalModel): string {
  return modelSql.get(model.name) ?? "";
}

function byModel<T>(what: (model: LocalModel) => T): Record<string, T> {
  return Object.fromEntries(models.map((model) => [model.name, what(model)]));
}

function syncedName(model: LocalModel): string {
  return `${model.name}_synced`;
}

/** Describes a synced table and the source of its rows. An upgrade keeps the rows if the description stays the same. */
function syncedTable(model: LocalModel): string {
  const text = sqlOf(model);
  const start = text.indexOf(`CREATE TABLE IF NOT EXISTS ${name(syncedName(model)).parts.join("")} (`);
  const end = text.indexOf(";", start);
  return JSON.stringify([text.slice(start, end), formerOf(model).types, model.table, model.columns]);
}
