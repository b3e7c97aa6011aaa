//! A server on its database, and what happens to them: crashes, other transactions, backups that are put back.

import {
  createSyncServer,
  schemaSql,
  type Database,
  type Positions,
  type Query,
  type SyncServer,
} from "../../server/sync/index.js";
import * as older from "../../server/older/index.js";
import { hurried } from "../support/hurry.js";
import type { Connection, Store } from "../support/world.js";
import type { Oracle, Users } from "./oracle.js";

const TABLES = ["countries", "contacts", "notes", "replies", "deals"];
const BOOKKEEPING = ["audit", "sync_meta", "sync_scope", "sync_row", "sync_write", "sync_client"];

/** Whether the tables in a store are as those of the newer document, or the older one, are made. */
const made = new WeakMap<Store, boolean>();

/** What may happen before each statement of the server, and before it commits. */
export type Disturb = (statement: string) => Promise<void>;

/** The error of a connection that was ended by the database. */
export function crash(): Error {
  return Object.assign(new Error("the server has crashed"), { code: "57P01" });
}

export class Backend {
  server: SyncServer;
  isUpgraded: boolean;
  hasBackup = false;
  /** Whether the backup is of the time before the upgrade. */
  #isBackupOlder = false;
  disturb: Disturb = () => Promise.resolve();
  readonly store: Store;
  readonly users: Users;
  readonly oracle: Oracle;
  readonly #late = new Set<Connection>();

  private constructor(store: Store, users: Users, oracle: Oracle, isUpgraded: boolean) {
    this.store = store;
    this.users = users;
    this.oracle = oracle;
    this.isUpgraded = isUpgraded;
    this.server = this.#start();
  }

  /** A server on an empty database, of the document as it is or as it was. */
  static async start(store: Store, users: Users, oracle: Oracle, isUpgraded: boolean): Promise<Backend> {
    const backend = new Backend(store, users, oracle, isUpgraded);
    await (made.get(store) === isUpgraded ? backend.#empty() : backend.#make());
    return backend;
  }

  async #make(): Promise<void> {
    made.delete(this.store);
    await this.store.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    await this.#prepare();
    await this.store.sql(
      "CREATE TABLE first_meta AS TABLE sync_meta; CREATE TABLE backup (name TEXT PRIMARY KEY, rows JSONB)",
    );
    made.set(this.store, this.isUpgraded);
  }

  /** To make the tables again would take most of a schedule's time. */
  async #empty(): Promise<void> {
    await this.#refill(["INSERT INTO sync_meta TABLE first_meta", "SELECT setval('notes_id_seq', 1, FALSE)"]);
  }

  /** Puts other rows into all tables, without a trigger that hears of it. */
  async #refill(statements: readonly string[]): Promise<void> {
    const tables = [...this.tables, ...BOOKKEEPING];
    await this.store.sql(
      [
        "SET session_replication_role = replica",
        ...tables.map((table) => `DELETE FROM ${table}`),
        ...statements,
        "SET session_replication_role = DEFAULT",
      ].join(";"),
    );
  }

  get tables(): string[] {
    return this.isUpgraded ? [...TABLES, "tasks"] : TABLES;
  }

  async upgrade(): Promise<void> {
    await this.endLate();
    made.delete(this.store);
    this.isUpgraded = true;
    await this.#prepare();
    this.server = this.#start();
  }

  async #prepare(): Promise<void> {
    await this.store.sql(hurried(this.isUpgraded ? schemaSql : older.schemaSql));
    await this.oracle.watch(this.tables.filter((table) => !["countries", "replies"].includes(table)));
  }

  #start(): SyncServer {
    const { database } = this.store;
    const deaf = () => Promise.resolve(() => Promise.resolve());
    const disturbed = (query: Query): Query => {
      return async (statement, parameters) => {
        await this.disturb(statement);
        return query(hurried(statement), parameters);
      };
    };
    const disturbing: Database = {
      // Streams are read up to their first event.
      listen: deaf,
      query: disturbed(database.query),
      transaction: (work) =>
        database.transaction(async (query) => {
          const result = await work(disturbed(query));
          await this.disturb("COMMIT");
          return result;
        }),
    };
    return (this.isUpgraded ? createSyncServer : older.createSyncServer)({
      database: disturbing,
      authenticate: (request) => this.users[request.headers.get("authorization") ?? ""] ?? null,
      onError: (error) => this.errors.push(error),
    });
  }

  /** What a user is told first who begins to listen: the state of all scopes. Nothing, where the server is out of order. */
  async poke(user: string): Promise<Positions | null> {
    const stop = new AbortController();
    const headers = { authorization: user };
    const answer = await this.server.handle(new Request("http://localhost/poke", { headers, signal: stop.signal }));
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\ndata: ")) {
      const part = await reader?.read().catch(() => undefined);
      if (part?.value === undefined) return null;
      text += part.value;
    }
    stop.abort();
    const [, data = ""] = /^data: (.*)$/m.exec(text) ?? [];
    return (JSON.parse(data) as { scopes: Positions }).scopes;
  }

  /** What the server has told nobody of. */
  readonly errors: unknown[] = [];

  /** Runs statements of another writer in one transaction. Gives whether they went well. */
  async foreign(statements: readonly string[]): Promise<boolean> {
    const wait = "SELECT set_config('lock_timeout', '5ms', true)";
    return this.store.sql([wait, ...statements].join(";")).then(
      () => true,
      () => false,
    );
  }

  /** Begins a transaction that stays open. */
  async begin(statements: readonly string[]): Promise<void> {
    const connection = await this.store.connect?.();
    if (connection === undefined) return;
    this.#late.add(connection);
    try {
      await connection.sql("BEGIN; SET LOCAL lock_timeout = '5ms'");
      for (const statement of statements) await connection.sql(statement);
    } catch {
      await this.#end(connection, "ROLLBACK");
    }
  }

  get hasLate(): boolean {
    return this.#late.size > 0;
  }

  /** Ends the transactions that are open. */
  async endLate(how = "COMMIT"): Promise<void> {
    for (const connection of this.#late) await this.#end(connection, how);
  }

  async #end(connection: Connection, how: string): Promise<void> {
    this.#late.delete(connection);
    await connection.sql(how).catch(() => {});
    connection.release();
  }

  async backUp(): Promise<void> {
    const copies = [...this.tables, ...BOOKKEEPING].map(
      (table) => `INSERT INTO backup SELECT '${table}', coalesce(jsonb_agg(t), '[]') FROM ${table} AS t`,
    );
    const keys = "INSERT INTO backup SELECT 'notes_id_seq', jsonb_build_array(last_value, is_called) FROM notes_id_seq";
    await this.store.sql(["DELETE FROM backup", ...copies, keys].join(";"));
    this.hasBackup = true;
    this.#isBackupOlder = !this.isUpgraded;
  }

  /** Puts the backup back. What a new database shows by itself, the server notices. */
  async putBack(isNewDatabase: boolean): Promise<void> {
    await this.endLate("ROLLBACK");
    this.oracle.putBack();
    const tables = [...this.tables, ...BOOKKEEPING];
    await this.#refill([
      ...tables.map((table) => {
        const rows = `jsonb_populate_recordset(NULL::${table}, b.rows)`;
        return `INSERT INTO ${table} SELECT r.* FROM backup AS b, ${rows} AS r WHERE b.name = '${table}'`;
      }),
      `SELECT setval(name, (rows->>0)::BIGINT, (rows->>1)::BOOLEAN) FROM backup WHERE name = 'notes_id_seq'`,
      ...(isNewDatabase ? ["UPDATE sync_meta SET value = 'another/00000001' WHERE key = 'identity'"] : []),
    ]);
    if (this.#isBackupOlder && this.isUpgraded) await this.#prepare();
  }

  async truncate(table: string): Promise<void> {
    await this.foreign([
      `TRUNCATE ${table} CASCADE`,
      audited(table),
      ...(table === "contacts" ? [audited("notes")] : []),
    ]);
  }
}

function audited(table: string): string {
  return `INSERT INTO audit (transaction, tab, key, pushed) VALUES (pg_current_xact_id()::TEXT, '${table}', '', FALSE)`;
}
