import { sqlState, type Query } from "./database.js";
import { RequestError } from "./errors.js";
import type { Positions } from "./protocol.js";
import type { Server, User } from "./server.js";

/** What a transaction knows when it begins. */
export interface Start {
  /** The database's clock, in milliseconds. */
  readonly now: number;
}

/** The database isn't the one that the epochs were made in: a restored backup, or a promoted standby. */
class Moved extends Error {}

/** How values are written and read, and who the user is: for this transaction alone. */
const SETTINGS = `
  SELECT
    set_config('TimeZone', 'UTC', true),
    set_config('DateStyle', 'ISO, YMD', true),
    set_config('bytea_output', 'hex', true),
    set_config('extra_float_digits', '1', true),
    set_config('lock_timeout', '100ms', true),
    set_config('app.user_id', $1, true),
    set_config('app.scopes', $3, true),
    sync_state() AS state,
    EXISTS (SELECT FROM sync_meta WHERE key = $2)::text AS has_tables,
    floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS now`;

/** Runs a transaction of a user. Where the database has moved, all scopes get a new epoch first. */
export async function transaction<T>(
  server: Server,
  kind: "write" | "snapshot",
  user: User,
  work: (query: Query, start: Start) => Promise<T>,
): Promise<T> {
  const run = () =>
    server.database.transaction(kind, async (query) => {
      const [row] = await query(SETTINGS, [user.id, server.tables, JSON.stringify(user.scopes)]).catch(
        (error: unknown) => {
          throw hasNoTables(error) ? withoutTables(server) : error;
        },
      );
      if (row?.["has_tables"] === "false") throw withoutTables(server);
      if (row?.["state"] === "standby") throw unavailable("the database is a standby");
      if (row?.["state"] === "moved") throw new Moved();
      return work(query, { now: Number(row?.["now"]) });
    });
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Moved)) throw error;
    await server.database.transaction("write", async (query) => {
      // A long transaction of somebody else must not hold up all requests.
      await query("SELECT set_config('lock_timeout', '100ms', true)");
      await query("SELECT sync_moved()::text");
    });
    return run();
  }
}

/** The database hasn't got this server's tables, or still those of an earlier document: no write is refused for that. */
function withoutTables({ onError }: Server): RequestError {
  onError(new Error("the database lacks tables or columns of this sync server: run its schema.sql"));
  return unavailable("the database isn't ready for this server");
}

/** Whether an error says that there is no such function or table. */
export function hasNoTables(error: unknown): boolean {
  return ["42883", "42P01"].includes(sqlState(error));
}

export function unavailable(message: string): RequestError {
  return new RequestError(503, "unavailable", message, {}, { "retry-after": "1" });
}

/** A scope as the database has it now. */
export interface Head {
  readonly epoch: string;
  readonly version: bigint;
  /** Tombstones up to this version may be gone. */
  readonly floor: bigint;
}

const HEADS = `
  SELECT scope, epoch::text, version::text, floor::text AS floor
  FROM sync_scope
  WHERE scope IN (SELECT jsonb_array_elements_text($1::text::jsonb))`;

/** The heads of those scopes that have had rows. */
export async function heads(query: Query, scopes: readonly string[]): Promise<Map<string, Head>> {
  return headsOf(await query(HEADS, [JSON.stringify(scopes)]));
}

/** Locks scopes, in one order for everybody, and makes those that aren't there. */
export async function lockedHeads(query: Query, scopes: readonly string[]): Promise<Map<string, Head>> {
  const parameters = [JSON.stringify(scopes)];
  await query(
    `INSERT INTO sync_scope (scope)
    SELECT s FROM jsonb_array_elements_text($1::text::jsonb) AS s
    WHERE NOT EXISTS (SELECT FROM sync_scope AS t WHERE t.scope = s)
    ORDER BY s COLLATE "C" ON CONFLICT DO NOTHING`,
    parameters,
  );
  return headsOf(await query(`${HEADS} ORDER BY scope FOR NO KEY UPDATE`, parameters));
}

function headsOf(rows: Awaited<ReturnType<Query>>): Map<string, Head> {
  return new Map(
    rows.map(({ scope, epoch, version, floor }) => [
      scope ?? "",
      { epoch: epoch ?? "", version: BigInt(version ?? 0), floor: BigInt(floor ?? 0) },
    ]),
  );
}

/** Heads as clients get them. */
export function positions(found: ReadonlyMap<string, Head>): Positions {
  const entries = [...found].map(
    ([scope, { epoch, version }]) => [scope, { epoch, version: String(version) }] as const,
  );
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
