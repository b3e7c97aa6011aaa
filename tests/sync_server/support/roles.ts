//! Databases whose server signs in as a role that is neither a superuser nor has BYPASSRLS.

import { PGlite } from "@electric-sql/pglite";
import pg from "pg";

import { pgDatabase, pgliteDatabase, type Database } from "../../server/sync/index.js";

/** Who the server signs in as: the owner of the tables, or one who may only read and write them. */
export type Role = "sync_owner" | "sync_app";

export interface SecuredStore {
  /** As the role. */
  readonly database: Database;
  /** As a superuser, whom no policy holds. */
  sql(statement: string): Promise<Record<string, unknown>[]>;
  /** As the owner, who runs `schema.sql`. */
  own(statement: string): Promise<void>;
  close(): Promise<void>;
}

const ROLES = `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sync_owner') THEN
    CREATE ROLE sync_owner LOGIN;
    CREATE ROLE sync_app LOGIN;
  END IF;
END $$`;

const GRANTS = `
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO sync_app;
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO sync_app;`;

let databases = 0;

export async function openSecured(kind: "pglite" | "pg", role: Role, schema: string): Promise<SecuredStore> {
  if (kind === "pglite") return openPglite(role, schema);
  const url = new URL(process.env["SYNC_POSTGRES"] ?? "");
  const name = `secured_${process.pid}_${(databases += 1)}`;
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(ROLES);
  await admin.query(`CREATE DATABASE ${name} OWNER sync_owner`);
  await admin.end();
  url.pathname = name;
  const as = (user: string) => {
    const own = new URL(url);
    own.username = user;
    return new pg.Pool({ connectionString: own.href, max: 4 });
  };
  const [superuser, owner, server] = [as(url.username), as("sync_owner"), as(role)];
  await owner.query(schema + GRANTS);
  const last = (result: unknown) => (Array.isArray(result) ? result.at(-1) : result) as pg.QueryResult;
  return {
    database: pgDatabase(server),
    sql: async (statement) => last(await superuser.query(statement)).rows as Record<string, unknown>[],
    own: async (statement) => void (await owner.query(statement + GRANTS)),
    close: async () => void (await Promise.all([superuser.end(), owner.end(), server.end()])),
  };
}

/** One session, which changes its role. */
async function openPglite(role: Role, schema: string): Promise<SecuredStore> {
  const pglite = await PGlite.create();
  await pglite.exec(`${ROLES}; GRANT ALL ON SCHEMA public TO sync_owner`);
  const as = async (who: string, statement: string) => {
    const results = await pglite.exec(`SET ROLE ${who}; ${statement}; SET ROLE ${role}`);
    return results.at(-2)?.rows ?? [];
  };
  await as("sync_owner", schema + GRANTS);
  return {
    database: pgliteDatabase(pglite),
    sql: (statement) => as("NONE", statement),
    own: async (statement) => void (await as("sync_owner", statement + GRANTS)),
    close: () => pglite.close(),
  };
}
