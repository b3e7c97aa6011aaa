import { models } from "../../../schema/index.js";
import { messageOf, textOf, type Members } from "../../client/json.js";
import { collectionKeyOf, fieldOf, keepsDeleted, keyFields, rowKey, type Field, type Model } from "../../client/model.js";
import { loadPart } from "../../client/parts.js";
import { isDefault, isSame, refuseUnfit, withoutZone } from "../../client/values.js";
import {
  keyParts,
  NoRowError,
  type Differing,
  type Meta,
  type RowOperations,
  type Rows,
  type ServerRow,
  type Store,
  type StoreOperations,
  type SyncedOperations,
} from "../store.js";
import { changedKeys } from "./changed-keys.js";
import { deletedRows } from "./deleted.js";
import { syncedTable, type Dialect, type OwnRow, type RowValues } from "./dialect.js";
import {
  commas,
  joined,
  name,
  raw,
  sql,
  type Connection,
  type Driver,
  type Row,
  type Statement,
  type Value,
} from "./driver.js";
import { logOperations } from "./log.js";
import { isCurrent, schemaHash, setMeta } from "./meta.js";
import { noteZones, zonelessJson, zonelessOf } from "./zones.js";

/** Where the database is kept. */
export interface StoreOptions {
  /** Where it is kept. By default, the browser's storage under the name that the config has. */
  readonly directory?: string;
  /** A database that is open already. */
  readonly driver?: Driver;
}

/** A store that also gives the application its database. */
export interface SqlStore extends Store {
  readonly database: Driver;
}

export function sqlStore(driver: Driver, dialect: Dialect): SqlStore {
  const transaction = <T>(work: (within: StoreOperations) => Promise<T>) =>
    driver.transaction((connection) => work(operations(connection, dialect)));
  return {
    ...operations(driver, dialect),
    ...(driver.shared !== undefined && { shared: driver.shared }),
    database: driver,
    version: schemaHash,
    isCurrent: () => isCurrent(driver, dialect),
    async migrate() {
      const { migrate } = await loadMigration();
      await migrate(driver, dialect);
    },
    transaction,
    receive: transaction,
    onCommit: driver.onCommit,
    clear: (discardsUnsent) => driver.transaction((connection) => clear(connection, dialect, discardsUnsent)),
    close: driver.close,
  };
}

/** The schema's SQL is a large part of the client, and only a new database or an older one needs it. */
async function loadMigration(): Promise<typeof import("./migrate.js")> {
  try {
    return await loadPart(() => import("./migrate.js"), "migrate");
  } catch (error) {
    const message = `The code that makes the local database can't be loaded: ${messageOf(error)}. Nothing was changed.`;
    throw new Error(message, { cause: error });
  }
}

function operations(connection: Connection, dialect: Dialect): StoreOperations {
  return {
    rows: rowOperations(connection, dialect),
    log: logOperations(connection, dialect),
    synced: syncedOperations(connection, dialect),
    deleted: deletedRows(connection, dialect),
    changedKeys: changedKeys(connection),
    meta: meta(connection),
  };
}

/** Sets a member of any name, be it `__proto__`. */
function put(row: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") row[name] = value;
  else Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Through the view: its triggers write the log. */
function rowOperations(connection: Connection, dialect: Dialect): RowOperations {
  const { encode } = dialect;

  /** Makes these objects the rows that the application sees. */
  async function shown(model: Model, rows: Iterable<OwnRow>): Promise<Rows> {
    const zoneless = await zonelessOf(connection, dialect, model);
    const encoded = model.fields.filter(({ type }) => !dialect.shownAsRead.includes(type));
    const keyOf = collectionKeyOf(model);
    const all: Rows = new Map();
    for (const read of rows) {
      const row: Record<string, unknown> = read;
      for (const field of encoded) put(row, field.name, dialect.decode(field, read[field.name] ?? null));
      for (const column of zoneless) if (row[column] != null) row[column] = withoutZone(String(row[column]));
      row["_has_local_changes"] = dialect.decodeBoolean(read["_has_local_changes"] ?? null);
      all.set(keyOf(row), row);
    }
    return all;
  }

  /** Encodes those members of `row` that are columns. The database itself gives a new row its defaults, with all digits. */
  function columns(model: Model, row: object, isNew = false): [string, Value][] {
    const given = new Map(Object.entries(row));
    return model.fields
      .filter((field) => given.has(field.name) && !(isNew && isDefault(field, given.get(field.name))))
      .map((field) => {
        const value = given.get(field.name);
        refuseUnfit(model, field, value);
        return [field.name, encode(field, value)];
      });
  }

  /** Runs a write of one row of the view, which returns it. */
  async function writeOne(model: Model, row: object, statement: Statement): Promise<void> {
    const written = await connection.query(statement);
    if (written.length === 0) throw new NoRowError(`${model.name}: there is no row ${rowKey(model, row)}.`);
  }

  function matches(model: Model, row: object): Statement {
    const values = new Map(Object.entries(row));
    return joined(
      " AND ",
      keyFields(model).map((field) => sql`${name(field.name)} = ${encode(field, values.get(field.name))}`),
    );
  }

  return {
    async readAll(model) {
      return shown(model, await dialect.allRows(connection, model));
    },

    async readByKey(model, rowKeys) {
      const found = await connection.query(dialect.rowsByKey(model, name(model.name), rowKeys));
      return shown(
        model,
        found.map((row) => ({ ...row })),
      );
    },

    async insert(model, row, inputs = {}) {
      const given = columns(model, row, true).filter(([column, value]) => value !== null && canInsert(model, column));
      const names = commas(given.map(([column]) => name(column)));
      const values = commas(given.map(([, value]) => sql`${value}`));
      await connection.query(sql`INSERT INTO ${name(model.name)} (${names}) VALUES (${values})`);
      if (Object.keys(inputs).length === 0) return;
      // The trigger has written the newest entry.
      const log = name(dialect.logTable);
      await connection.query(sql`
        UPDATE ${log} SET value = ${dialect.withInputs(JSON.stringify(inputs))} WHERE id = (SELECT max(id) FROM ${log})
      `);
    },

    async update(model, row, changes) {
      const changed = columns(model, changes);
      if (changed.length === 0) return;
      const assignments = commas(changed.map(([column, value]) => sql`${name(column)} = ${value}`));
      await writeOne(
        model,
        row,
        sql`UPDATE ${name(model.name)} SET ${assignments} WHERE ${matches(model, row)} RETURNING 1`,
      );
    },

    async delete(model, row) {
      await writeOne(model, row, sql`DELETE FROM ${name(model.name)} WHERE ${matches(model, row)} RETURNING 1`);
    },
  };
}

/** The text form of the key of a row, whose members are JSON. */
function keyIn(model: Model, row: Members): string {
  return rowKey(model, Object.fromEntries(model.key.map((column) => [column, textOf(row[column] ?? "null")])));
}

function canInsert(model: Model, column: string): boolean {
  return model.key.includes(column) || fieldOf(model, column)?.insert !== "never";
}

/** Types whose values have only one form in the database, so that texts can be compared. */
const EXACT: readonly Field["type"][] = ["text", "uuid", "date", "int32", "int64", "boolean"];

function syncedOperations(connection: Connection, dialect: Dialect): SyncedOperations {
  function values(model: Model, columns: readonly string[], rows: readonly ServerRow[]): RowValues {
    const fields = columns.map((column) => fieldOf(model, column));
    return rows.map((row) =>
      columns.map((column, index) => {
        const [text = null, field] = [row.get(column), fields[index]];
        return text === null || field === undefined ? text : dialect.fromServer(field, text);
      }),
    );
  }

  async function run(statements: readonly Statement[]): Promise<void> {
    for (const statement of statements) await connection.query(statement);
  }

  /** Runs the statements for rows with the same columns, for as many at once as they take. */
  async function runFor(
    model: Model,
    rows: readonly ServerRow[],
    statements: (columns: readonly string[], others: readonly string[], values: RowValues) => readonly Statement[],
  ): Promise<void> {
    const alike = new Map<string, ServerRow[]>();
    for (const row of rows) {
      const columns = [...row.keys()].join("\n");
      const group = alike.get(columns);
      if (group === undefined) alike.set(columns, [row]);
      else group.push(row);
    }
    for (const group of alike.values()) {
      const columns = [...(group[0]?.keys() ?? [])];
      const others = columns.filter((column) => !model.key.includes(column));
      const size = dialect.rowsAtOnce(columns.length);
      for (let start = 0; start < group.length; start += size) {
        await run(statements(columns, others, values(model, columns, group.slice(start, start + size))));
      }
    }
  }

  /** Makes a function that converts a value to the JSON text that the server has. */
  async function serverJson(model: Model): Promise<(field: Field, value: Value) => string> {
    const zoneless = await zonelessOf(connection, dialect, model);
    return (field, value) => {
      const json = dialect.jsonOf(field, value);
      return zoneless.includes(field.name) ? zonelessJson(json) : json;
    };
  }

  async function membersOfRows(model: Model, rows: readonly Row[]): Promise<Members[]> {
    const jsonOf = await serverJson(model);
    return rows.map((row) => {
      const members = model.fields.map((field): [string, string] => {
        const value = row[field.name] ?? null;
        return [field.name, value === null ? "null" : jsonOf(field, value)];
      });
      return Object.fromEntries(members);
    });
  }

  async function textRows(model: Model, columns: readonly string[], rows: readonly Row[]): Promise<ServerRow[]> {
    const jsonOf = await serverJson(model);
    return rows.map(
      (row) =>
        new Map(
          columns.map((column) => {
            const [value = null, field] = [row[column], fieldOf(model, column)];
            if (value === null) return [column, null];
            return [column, field === undefined ? String(value) : textOf(jsonOf(field, value))];
          }),
        ),
    );
  }

  function keysOnly(model: Model, rows: readonly ServerRow[]): ServerRow[] {
    return rows.map((row) => new Map(model.key.map((column) => [column, row.get(column) ?? null])));
  }

  return {
    keyOf(model, row) {
      const [key = []] = values(model, model.key, [row]);
      return rowKey(model, Object.fromEntries(model.key.map((column, index) => [column, key[index]])));
    },

    async isEmpty(model) {
      return (await connection.query(sql`SELECT 1 FROM ${syncedTable(model)} LIMIT 1`)).length === 0;
    },

    async read(model, key) {
      const parts = keyParts(model, key);
      const conditions = model.key.map(
        (column, index) => sql`${name(column)} = ${dialect.keyParameter(model, column, parts[index] ?? null)}`,
      );
      const rows = await connection.query(
        sql`SELECT * FROM ${syncedTable(model)} WHERE ${joined(" AND ", conditions)}`,
      );
      return (await membersOfRows(model, rows))[0];
    },

    async readByKey(model, rowKeys) {
      const rows = await connection.query(dialect.rowsByKey(model, syncedTable(model), rowKeys));
      const found = await membersOfRows(model, rows);
      return new Map(found.map((members) => [keyIn(model, members), members]));
    },

    async find(model, members) {
      const conditions = Object.entries(members).flatMap(([column, json]) => {
        const field = fieldOf(model, column);
        if (field === undefined || !EXACT.includes(field.type)) return [];
        const value = json === "null" ? null : dialect.fromServer(field, textOf(json));
        return [value === null ? sql`${name(column)} IS NULL` : sql`${name(column)} = ${value}`];
      });
      const where = conditions.length === 0 ? sql`` : sql` WHERE ${joined(" AND ", conditions)}`;
      const rows = await connection.query(sql`SELECT * FROM ${syncedTable(model)}${where}`);
      const found = await membersOfRows(model, rows);
      return found
        .filter((row) => Object.keys(members).every((column) => isSame(model, column, members, row)))
        .map((row) => keyIn(model, row));
    },

    async select(model, columns, where = new Map()) {
      const conditions = [...where].map(([column, text]) => {
        const [[value = null] = []] = values(model, [column], [new Map([[column, text]])]);
        return sql` AND ${name(column)} = ${value}`;
      });
      const found = await connection.query(
        sql`SELECT ${commas(columns.map(name))} FROM ${syncedTable(model)} WHERE true${joined("", conditions)}`,
      );
      return textRows(model, columns, found);
    },

    async orphans(model, parent, columns) {
      const isParent = [...columns].map(([column, field]) => sql`p.${name(field)} = s.${name(column)}`);
      const found = await connection.query(sql`
        SELECT ${commas(model.key.map((part) => sql`s.${name(part)}`))}
        FROM ${syncedTable(model)} AS s
        WHERE NOT EXISTS (
          SELECT 1 FROM ${syncedTable(parent)} AS p WHERE ${joined(" AND ", isParent)}
        )
      `);
      return textRows(model, model.key, found);
    },

    async differing(model, rows, column = model.key[0] ?? "") {
      const columns = [...(rows[0]?.keys() ?? [])];
      const size = dialect.rowsAtOnce(columns.length + 1);
      const all: Differing[] = [];
      for (let start = 0; start < rows.length; start += size) {
        const some = rows.slice(start, start + size);
        const found = await connection.query(dialect.differing(model, columns, values(model, columns, some), column));
        const before = await textRows(
          model,
          [column],
          found.map((one) => ({ [column]: one["before"] ?? null })),
        );
        found.forEach(({ n = 0 }, index) => {
          const row = some[Number(n)];
          if (row !== undefined) all.push({ row, before: before[index]?.get(column) ?? null });
        });
      }
      return all;
    },

    async insert(model, rows) {
      await noteZones(connection, dialect, model, rows);
      await runFor(model, rows, (columns, _, some) => [dialect.insert(model, columns, some)]);
    },

    async upsert(model, rows) {
      await noteZones(connection, dialect, model, rows);
      await runFor(model, rows, (columns, others, some) => {
        const assignments = commas(others.map((column) => sql`${name(column)} = excluded.${name(column)}`));
        const action = others.length === 0 ? raw("NOTHING") : sql`UPDATE SET ${assignments}`;
        return [
          sql`
            INSERT INTO ${syncedTable(model)} (${commas(columns.map(name))}) ${dialect.source(model, columns, some)}
            ON CONFLICT (${commas(model.key.map(name))}) DO ${action}
          `,
        ];
      });
    },

    async update(model, rows) {
      await noteZones(connection, dialect, model, rows);
      await runFor(model, rows, (columns, others, some) =>
        others.length === 0 ? [] : dialect.update(model, columns, others, some),
      );
    },

    delete: (model, rows) =>
      runFor(model, keysOnly(model, rows), (columns, _, some) => [dialect.delete(model, columns, some)]),

    deleteOthers: (model, rows) => run([dialect.deleteOthers(model, values(model, model.key, rows))]),
    beginLoading: (model) =>
      run([sql`INSERT INTO _loading (table_name) VALUES (${model.name}) ON CONFLICT DO NOTHING`]),

    async isLoading(model) {
      return (await connection.query(sql`SELECT 1 FROM _loading WHERE table_name = ${model.name}`)).length > 0;
    },

    async endLoading(model) {
      await run([sql`DELETE FROM _loading WHERE table_name = ${model.name}`, dialect.noteAll(model)]);
    },
  };
}

/** Keys with a colon belong to transports. */
function meta(connection: Connection): Meta {
  const metaKey = (kind: string, model: string) => `${kind}:${model}`;
  return {
    async clientId() {
      const [row] = await connection.query(sql`SELECT value FROM _sync_meta WHERE key = 'client_id'`);
      return String(row?.["value"] ?? "");
    },

    async get(kind, model) {
      const [row] = await connection.query(sql`SELECT value FROM _sync_meta WHERE key = ${metaKey(kind, model)}`);
      const value = row?.["value"] ?? null;
      return value === null ? undefined : String(value);
    },
    set: (kind, model, value) => setMeta(connection, metaKey(kind, model), value),
    async delete(kind, model) {
      await connection.query(sql`DELETE FROM _sync_meta WHERE key = ${metaKey(kind, model)}`);
    },
  };
}

async function clear(connection: Connection, dialect: Dialect, discardsUnsent: boolean): Promise<void> {
  const [row] = await connection.query(sql`
    SELECT count(*) AS unsent FROM _changes WHERE status IN ('pending', 'rejected')
  `);
  const unsent = Number(row?.["unsent"] ?? 0);
  if (unsent > 0 && !discardsUnsent) {
    throw new Error(`${unsent} edits of this device are not on the server: send them, or discard them.`);
  }
  await connection.query(sql`DELETE FROM _changes`);
  for (const model of models) {
    for (const statement of dialect.empty(model)) await connection.query(statement);
    await connection.query(sql`DELETE FROM ${name(`${model.name}_local`)}`);
  }
  if (models.some(keepsDeleted)) await connection.query(sql`DELETE FROM _deleted_rows`);
  await connection.query(sql`DELETE FROM _made_keys`);
  await connection.query(sql`DELETE FROM _changed_keys`);
  await connection.query(sql`DELETE FROM _sync_meta WHERE key LIKE '%:%'`);
  await setMeta(connection, "client_id", crypto.randomUUID());
  for (const model of models) await connection.query(dialect.noteAll(model));
}
