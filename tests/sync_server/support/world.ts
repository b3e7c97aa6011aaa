//! A sync server on a fresh database, and clients that speak its protocol.

import { readFileSync } from "node:fs";

import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import postgres from "postgres";

import * as existing from "../../server/existing/index.js";
import {
  createSyncServer,
  pgDatabase,
  pgliteDatabase,
  postgresJsDatabase,
  type Cursor,
  type Database,
  type Hooks,
  type PullAnswer,
  type PushAnswer,
  type SyncServer,
  type WriteResult,
} from "../../server/sync/index.js";

/** A database of one kind, with the generated tables. */
export interface Store {
  readonly database: Database;
  /** What the driver is given. */
  readonly client: PGlite | pg.Pool | postgres.Sql;
  /** As an application that knows nothing of syncing writes. */
  sql(statement: string): Promise<Record<string, unknown>[]>;
  /** A connection of its own, for a transaction that stays open; PGlite has none. */
  connect?(): Promise<Connection>;
  close(): Promise<void>;
}

export interface Connection {
  sql(statement: string): Promise<unknown>;
  release(): void;
}

export type Kind = "pglite" | "pg" | "postgres.js";

const root = new URL("../../../src/", import.meta.url);
export const file = (path: string) => readFileSync(new URL(path, root), "utf8");

/** Whether the tables are those of another application, with other names. */
const IS_EXISTING = process.env["SYNC_TABLES"] === "existing";
/** What another application has in its database. */
export const APPLICATION = file("application.sql");
export const SCHEMA_SQL = file(`server/${IS_EXISTING ? "existing" : "sync"}/schema.sql`);
const SCHEMA = IS_EXISTING ? APPLICATION + SCHEMA_SQL : SCHEMA_SQL;
const TABLE_NAMES: Record<string, string> = IS_EXISTING ? { contacts: "crm.person", deals: "crm.opportunity" } : {};

/** What is no statement for views names the tables themselves. */
function onTables(statement: string): string {
  const qualified = IS_EXISTING ? statement.replaceAll("DROP INDEX ", "DROP INDEX crm.") : statement;
  return qualified.replaceAll(/\b(TRUNCATE|ON) (\w+)/g, (all, word: string, name: string) =>
    Object.hasOwn(TABLE_NAMES, name) ? `${word} ${TABLE_NAMES[name]}` : all,
  );
}

/** The kinds of databases that can be tested here. */
const ALL_KINDS: readonly Kind[] = process.env["SYNC_POSTGRES"] ? ["pglite", "pg", "postgres.js"] : ["pglite"];
/** Those that a file of tests runs with: `../mod.rs` says so. */
const DRIVERS: Record<string, readonly Kind[]> = {
  all: ALL_KINDS,
  two: ALL_KINDS.filter((kind) => kind !== "postgres.js"),
  one: [ALL_KINDS[1] ?? "pglite"],
};
export const KINDS: readonly Kind[] = DRIVERS[process.env["SYNC_DRIVERS"] ?? ""] ?? ALL_KINDS;
let databases = 0;

export async function openStore(kind: Kind, schema = SCHEMA, connections = 8): Promise<Store> {
  if (kind === "pglite") {
    const pglite = await PGlite.create();
    await pglite.exec(schema);
    return {
      database: pgliteDatabase(pglite),
      client: pglite,
      sql: async (statement) => (await pglite.exec(onTables(statement))).at(-1)?.rows ?? [],
      close: () => pglite.close(),
    };
  }
  const url = new URL(process.env["SYNC_POSTGRES"] ?? "");
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  const name = `sync_${process.pid}_${(databases += 1)}`;
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  url.pathname = name;
  const pool = new pg.Pool({ connectionString: url.href, max: connections });
  await pool.query(schema);
  const sql = async (statement: string) => {
    const result: unknown = await pool.query(onTables(statement));
    const last = (Array.isArray(result) ? result.at(-1) : result) as { rows: Record<string, unknown>[] };
    return last.rows;
  };
  const connect = async () => {
    const client = await pool.connect();
    return { sql: (statement: string) => client.query(statement), release: () => client.release() };
  };
  if (kind === "pg") return { database: pgDatabase(pool), client: pool, sql, connect, close: () => pool.end() };
  const other = postgres(url.href, { max: connections, onnotice: () => {} });
  return {
    database: postgresJsDatabase(other),
    client: other,
    sql,
    connect,
    close: async () => {
      await other.end({ timeout: 1 });
      await pool.end();
    },
  };
}

interface TestUser {
  id: string;
  scopes: { user: string[]; team: string[] };
  /** For the server that asks for them. */
  roles?: string[];
}

/** The users of the tests, by the token that they send. */
export const USERS: Record<string, TestUser> = {
  ada: { id: "ada", scopes: { user: ["ada"], team: ["1", "2"] } },
  bob: { id: "bob", scopes: { user: ["bob"], team: ["1"] } },
  eve: { id: "eve", scopes: { user: ["eve"], team: [] } },
};

export class World {
  readonly errors: unknown[] = [];
  readonly server: SyncServer;
  readonly store: Store;
  readonly users = structuredClone(USERS);

  constructor(store: Store, hooks: Hooks = {}, create = IS_EXISTING ? existing.createSyncServer : createSyncServer) {
    this.store = store;
    this.server = create({
      ...hooks,
      database: store.database,
      authenticate: (request) => this.users[request.headers.get("authorization") ?? ""] ?? null,
      onError: (error) => this.errors.push(error),
    });
  }

  client(user: string, id = `client-${user}`): Client {
    return new Client(this, user, id);
  }
}

export type Edit = {
  table: string;
  operation: "insert" | "update" | "delete";
  key: Record<string, string>;
  value?: Record<string, string | null>;
  write_id?: string;
  group?: string;
  base?: Cursor["scopes"] | null;
  edited_at?: string | null;
};

let writes = 0;

/** Tables and columns that clients ask for. */
export const TABLES: Record<string, string[]> = {
  contacts: ["id", "first_name", "email", "stage", "score", "is_active", "tags", "salary", "owner_id"],
  notes: ["id", "body", "contact_id", "owner_id"],
  replies: ["id", "body", "note_id"],
  deals: ["id", "title", "stage", "team_id"],
  tasks: ["id", "title", "done", "team_id"],
  countries: ["code", "name"],
};

/** Keeps rows as a device would, by the protocol alone. */
export class Client {
  cursor: Cursor | null = null;
  rows = new Map<string, Record<string, string | null>>();
  tables = TABLES;
  now: number | undefined;
  schema = "a";
  readonly #world: World;
  readonly user: string;
  readonly id: string;

  constructor(world: World, user: string, id: string) {
    this.#world = world;
    this.user = user;
    this.id = id;
  }

  async request(endpoint: "push" | "pull", body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.#world.server.handle(
      new Request(`http://localhost/api/sync/${endpoint}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: this.user, ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    );
  }

  body(edits: Edit[], more: object = {}): object {
    const bases = edits.map(({ base }) => base ?? {});
    return {
      protocol: 1,
      schema: this.schema,
      client_id: this.id,
      now: this.now ?? Date.now(),
      bases,
      changes: edits.map(({ group, value = {}, write_id = `w${(writes += 1)}`, base, ...edit }, index) => ({
        id: String(index),
        transaction_id: group ?? `t${write_id}`,
        ...edit,
        value,
        write_id,
        ...(base ? { base: index } : {}),
      })),
      ...more,
    };
  }

  async push(edits: Edit[], more: object = {}): Promise<WriteResult[]> {
    const answer = await this.request("push", this.body(edits, more));
    const body = (await answer.json()) as PushAnswer;
    if (answer.status !== 200)
      throw new Error(`${answer.status} ${JSON.stringify(body)} ${String(this.#world.errors.at(-1))}`);
    return [...body.results];
  }

  /** Pulls to the last page. Gives the resets that came. */
  async pull(limit = 1_000): Promise<string[]> {
    const resets: string[] = [];
    for (;;) {
      const page = await this.page(limit);
      if (page.reset) {
        resets.push(page.reset);
        this.rows.clear();
      }
      for (const { table, key, row } of page.changes) {
        const place = `${table} ${Object.values(key).join(" ")}`;
        if (row === null) this.rows.delete(place);
        else this.rows.set(place, { ...row });
      }
      this.cursor = page.cursor;
      if (!page.more) return resets;
    }
  }

  async page(limit: number): Promise<PullAnswer> {
    const { tables, cursor, schema, id } = this;
    const answer = await this.request("pull", { protocol: 1, schema, client_id: id, tables, cursor, limit });
    const page = (await answer.json()) as PullAnswer;
    if (answer.status !== 200)
      throw new Error(`${answer.status} ${JSON.stringify(page)} ${String(this.#world.errors.at(-1))}`);
    return page;
  }

  row(table: string, key: string): Record<string, string | null> | undefined {
    return this.rows.get(`${table} ${key}`);
  }

  has(table: string): number {
    return [...this.rows.keys()].filter((place) => place.startsWith(`${table} `)).length;
  }
}

export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

export function contact(number: number, value: Record<string, string | null> = {}): Edit {
  return {
    table: "contacts",
    operation: "insert",
    key: { id: uuid(number) },
    value: { first_name: `N${number}`, ...value },
  };
}

export function deal(number: number, value: Record<string, string | null> = {}): Edit {
  return {
    table: "deals",
    operation: "insert",
    key: { id: uuid(number) },
    value: { title: "Deal", team_id: "1", ...value },
  };
}

export function update(
  table: string,
  number: number,
  value: Record<string, string | null>,
  more: Partial<Edit> = {},
): Edit {
  return { table, operation: "update", key: { id: uuid(number) }, value, ...more };
}

export function remove(table: string, number: number, more: Partial<Edit> = {}): Edit {
  return { table, operation: "delete", key: { id: uuid(number) }, ...more };
}
