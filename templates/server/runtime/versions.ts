import { sqlState, type Query, type Row } from "./database.js";
import { RequestError } from "./errors.js";
import type { Positions } from "./protocol.js";
import type { Server, User } from "./server.js";

/** What a request knows when it begins. */
export interface Start {
  /** The database's clock, in milliseconds. */
  readonly now: number;
  /** What the expression has said. */
  readonly answer: unknown;
}

/** The database isn't the one that the epochs were made in: a restored backup, or a promoted standby. */
class Moved extends Error {}

/**
 * A statement that begins a request, and then gives what an expression says, where the database is ready. The parameters of the
 * expression begin with `$4`; `$1` is the user.
 */
function begin(expression: string): string {
  return `
    SELECT s.state, s.now, CASE WHEN s.state = 'ok' THEN (${expression})::text END AS answer
    FROM sync_start($1, $2, $3) AS s`;
}

function parametersOf({ tables }: Server, { id, scopes }: User, parameters: readonly string[]): string[] {
  return [id, tables, JSON.stringify(scopes), ...parameters];
}

/** Gives what an expression says to a user, as JSON. It sees one state of the database. */
export async function ask(
  server: Server,
  user: User,
  expression: string,
  parameters: readonly string[],
): Promise<Start> {
  return inThisHistory(server, async () => {
    return startOf(server, await server.database.query(begin(expression), parametersOf(server, user, parameters)));
  });
}

/** Runs a transaction of a user, which begins with an expression as in `ask`. */
export async function transaction<T>(
  server: Server,
  user: User,
  [expression, parameters]: readonly [string, readonly string[]],
  work: (query: Query, start: Start) => Promise<T>,
): Promise<T> {
  return inThisHistory(server, () =>
    server.database.transaction(async (query) => {
      return work(query, startOf(server, await query(begin(expression), parametersOf(server, user, parameters))));
    }),
  );
}

function startOf(server: Server, [row]: readonly Row[]): Start {
  if (row?.["state"] === "old") throw withoutTables(server);
  if (row?.["state"] === "standby") throw unavailable("the database is a standby");
  if (row?.["state"] === "moved") throw new Moved();
  return { now: Number(row?.["now"]), answer: JSON.parse(row?.["answer"] ?? "null") as unknown };
}

/** Where the database has moved, all scopes get a new epoch first. */
async function inThisHistory<T>(server: Server, work: () => Promise<T>): Promise<T> {
  const run = () =>
    work().catch((error: unknown) => {
      throw hasNoTables(error) ? withoutTables(server) : error;
    });
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Moved)) throw error;
    await server.database.transaction(async (query) => {
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

/** Heads as `sync_heads` and `sync_lock` give them: of those scopes that have had rows. */
export type Heads = Readonly<Record<string, { epoch: string; version: string; floor: string }>>;

export function headsOf(heads: Heads): Map<string, Head> {
  const entries = Object.entries(heads).map(([scope, { epoch, version, floor }]): [string, Head] => {
    return [scope, { epoch, version: BigInt(version), floor: BigInt(floor) }];
  });
  return new Map(entries);
}

/** Heads as clients get them. */
export function positions(found: ReadonlyMap<string, Head>): Positions {
  const entries = [...found].map(
    ([scope, { epoch, version }]) => [scope, { epoch, version: String(version) }] as const,
  );
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
