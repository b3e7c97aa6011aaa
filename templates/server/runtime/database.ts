/** A row as text, in PostgreSQL's notation: every column of our statements is cast to text. */
export type Row = Readonly<Record<string, string | null>>;

/** Runs one statement. Parameters are text. */
export type Query = (statement: string, parameters?: readonly (string | null)[]) => Promise<readonly Row[]>;

/** What the server needs of a database. */
export interface Database {
  /** Runs `work` in one transaction: `write`, or `snapshot`, which reads one state of the database and writes nothing. */
  transaction<T>(kind: "write" | "snapshot", work: (query: Query) => Promise<T>): Promise<T>;
  /** Calls `heard` for each NOTIFY, and `lost` once where the connection has gone. Gives the function that ends it. */
  listen(channel: string, heard: (payload: string) => void, lost: () => void): Promise<() => Promise<void>>;
}

const BEGIN = {
  write: "BEGIN",
  snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
} as const;

/** The code of an error of PostgreSQL, or `""`. */
export function sqlState(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : "";
}

/** A connection of the package `pg`, as much as is used of it. */
interface PgClient {
  query(statement: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
  on(event: "notification", heard: (message: { payload?: string | undefined }) => void): unknown;
  on(event: "error" | "end", lost: () => void): unknown;
  release(broken?: boolean): void;
}

/** A `Pool` of the package `pg`. */
export function pgDatabase(pool: { connect(): Promise<PgClient> }): Database {
  return {
    async transaction(kind, work) {
      const client = await pool.connect();
      const query: Query = async (statement, parameters) =>
        (await client.query(statement, parameters && [...parameters])).rows as Row[];
      return run(query, kind, work, (broken) => client.release(broken));
    },
    async listen(channel, heard, lost) {
      const client = await pool.connect();
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
      await client.query(`LISTEN ${channel}`);
      return async () => {
        if (isOver) return;
        isOver = true;
        client.release(true);
      };
    },
  };
}

/** A reserved connection of the package `postgres`, as much as is used of it. */
interface PostgresJsConnection {
  unsafe(statement: string, parameters?: never[]): PromiseLike<unknown>;
  release(): void;
}

/** What the package `postgres` gives: `postgres(url)`. */
export function postgresJsDatabase(sql: {
  reserve(): Promise<PostgresJsConnection>;
  listen(channel: string, heard: (payload: string) => void): Promise<{ unlisten(): Promise<void> }>;
}): Database {
  return {
    async transaction(kind, work) {
      const connection = await sql.reserve();
      const query: Query = async (statement, parameters = []) => [
        ...((await connection.unsafe(statement, [...parameters] as never[])) as Row[]),
      ];
      return run(query, kind, work, () => connection.release());
    },
    async listen(channel, heard) {
      // The package connects again by itself.
      const { unlisten } = await sql.listen(channel, heard);
      return unlisten;
    },
  };
}

/** A PGlite. */
export function pgliteDatabase(pglite: {
  transaction<T>(
    work: (transaction: {
      query(statement: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
    }) => Promise<T>,
  ): Promise<T>;
  listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>>;
}): Database {
  return {
    async transaction<T>(kind: "write" | "snapshot", work: (query: Query) => Promise<T>) {
      return pglite.transaction(async (transaction) => {
        const query: Query = async (statement, parameters) =>
          (await transaction.query(statement, parameters && [...parameters])).rows as Row[];
        if (kind === "snapshot") await query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        return work(query);
      });
    },
    listen: (channel, heard) => pglite.listen(channel, heard),
  };
}

async function run<T>(
  query: Query,
  kind: keyof typeof BEGIN,
  work: (query: Query) => Promise<T>,
  release: (broken?: boolean) => void,
): Promise<T> {
  let isBroken = false;
  try {
    await query(BEGIN[kind]);
    const result = await work(query);
    await query("COMMIT");
    return result;
  } catch (error) {
    // A connection that can't even roll back is of no more use.
    await query("ROLLBACK").catch(() => (isBroken = true));
    throw error;
  } finally {
    release(isBroken);
  }
}
