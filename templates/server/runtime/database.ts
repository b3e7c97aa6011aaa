/** A row as text, in PostgreSQL's notation: every column of our statements is cast to text. */
export type Row = Readonly<Record<string, string | null>>;

/** Runs one statement. Parameters are text. */
export type Query = (statement: string, parameters?: readonly (string | null)[]) => Promise<readonly Row[]>;

/** What the server needs of a database. */
export interface Database {
  /** Runs a statement by itself. */
  readonly query: Query;
  /** Runs `work` in one transaction, at the level READ COMMITTED. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** Calls `heard` for each NOTIFY, and `lost` once where the connection has gone. Gives the function that ends it. */
  listen(channel: string, heard: (payload: string) => void, lost: () => void): Promise<() => Promise<void>>;
}

/** An array of texts from a parameter that has it as JSON. */
export function textArray(parameter: string): string {
  return `ARRAY(SELECT jsonb_array_elements_text(${parameter}::text::jsonb))`;
}

/**
 * Rows of a parameter that is a JSON array. PostgreSQL takes `unnest` for 10 rows and `jsonb_array_elements` for 100, and reads
 * a table of some thousand rows whole to find 100 of them.
 */
export function elements(parameter: string): string {
  return `unnest(ARRAY(SELECT jsonb_array_elements(${parameter}::text::jsonb)))`;
}

/** PostgreSQL's code for a connection that has broken. */
const CONNECTION_FAILURE = "08006";

/** The code of an error of PostgreSQL, or `""`. An error of Drizzle has it in its cause. */
export function sqlState(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) return code;
  return cause instanceof Error ? sqlState(cause) : "";
}

/** What of the package `pg` tells of connections that break. */
interface PgEmitter {
  on(event: "error", lost: () => void): unknown;
  listenerCount(event: "error"): number;
}

/** A connection of the package `pg`, as much as is used of it. */
interface PgClient extends PgEmitter {
  query(statement: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
  on(event: "notification", heard: (message: { payload?: string | undefined }) => void): unknown;
  on(event: "error" | "end", lost: () => void): unknown;
  release(broken?: boolean): void;
}

/** A `Pool` of the package `pg`. */
export function pgDatabase(pool: Pick<PgClient, "query"> & PgEmitter & { connect(): Promise<PgClient> }): Database {
  outlive(pool);
  const connect = async () => {
    const client = await pool.connect();
    outlive(client);
    return client;
  };
  return {
    query: queryOf(pool),
    async transaction(work) {
      const client = await connect();
      return run(queryOf(client), work, (broken) => client.release(broken));
    },
    async listen(channel, heard, lost) {
      const client = await connect();
      let isOver = false;
      const end = () => {
        if (isOver) return;
        isOver = true;
        client.release(true);
        lost();
      };
      client.on("notification", ({ payload }) => heard(payload ?? ""));
      client.on("error", end);
      client.on("end", end);
      try {
        await client.query(`LISTEN ${channel}`);
      } catch (error) {
        // A standby refuses it: the pool must get the connection's place back.
        isOver = true;
        client.release(true);
        throw error;
      }
      return async () => {
        if (isOver) return;
        isOver = true;
        client.release(true);
      };
    },
  };
}

/**
 * Lets the process go on where a connection breaks: whoever uses it hears of that by a statement that fails, and the pool
 * opens another. Node ends a process in which nobody listens.
 */
function outlive(emitter: PgEmitter): void {
  if (emitter.listenerCount("error") === 0) emitter.on("error", () => {});
}

/** The package `postgres`, as much as is used of it. */
interface PostgresJs {
  unsafe(statement: string, parameters?: never[]): PromiseLike<unknown>;
}

/** What the package `postgres` gives: `postgres(url)`. */
export function postgresJsDatabase(
  sql: PostgresJs & {
    reserve(): Promise<PostgresJs & { release(): void }>;
    listen(channel: string, heard: (payload: string) => void): Promise<{ unlisten(): Promise<void> }>;
  },
): Database {
  const queryOf = (connection: PostgresJs): Query => {
    return async (statement, parameters = []) => [
      ...((await connection.unsafe(statement, [...parameters] as never[])) as Row[]),
    ];
  };
  return {
    query: queryOf(sql),
    async transaction(work) {
      const connection = await sql.reserve();
      return run(queryOf(connection), work, () => connection.release());
    },
    async listen(channel, heard) {
      // The package connects again by itself.
      const { unlisten } = await sql.listen(channel, heard);
      return unlisten;
    },
  };
}

/** A PGlite. */
export function pgliteDatabase(
  pglite: Pick<PgClient, "query"> & {
    transaction<T>(work: (transaction: Pick<PgClient, "query">) => Promise<T>): Promise<T>;
    listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>>;
  },
): Database {
  return {
    query: queryOf(pglite),
    transaction: (work) => pglite.transaction((transaction) => work(queryOf(transaction))),
    listen: (channel, heard) => pglite.listen(channel, heard),
  };
}

/** How `pg` and PGlite run a statement. */
function queryOf(connection: Pick<PgClient, "query">): Query {
  return async (statement, parameters) =>
    (await connection.query(statement, parameters && [...parameters])).rows as Row[];
}

async function run<T>(
  query: Query,
  work: (query: Query) => Promise<T>,
  release: (broken?: boolean) => void,
): Promise<T> {
  let isBroken = false;
  try {
    await query("BEGIN ISOLATION LEVEL READ COMMITTED");
    const result = await work(query);
    await query("COMMIT");
    return result;
  } catch (error) {
    await query("ROLLBACK").catch(() => (isBroken = true));
    // A connection that can't even roll back has broken, whatever the driver says.
    if (isBroken && sqlState(error) === "") throw Object.assign(new Error(String(error)), { code: CONNECTION_FAILURE });
    throw error;
  } finally {
    release(isBroken);
  }
}
