import type { PGlite, PGliteInterface, QueryOptions } from "@electric-sql/pglite";

import { isRead, serialQueue, sql, type Connection, type Driver, type Statement } from "../driver.js";
import { joinTabs } from "../tabs/driver.js";
import { keepFolder } from "./folder.js";

/** The part of a PGlite instance that a driver uses: an application may bring an instance of its own. */
export interface PgliteInstance extends Pick<
  PGliteInterface,
  "waitReady" | "query" | "exec" | "transaction" | "listen" | "close"
> {
  readonly parsers: Readonly<Record<string, unknown>>;
  readonly serializers: Readonly<Record<string, unknown>>;
  /** Writes the data in memory to the storage. */
  syncToFs(): Promise<void>;
}

/** Storages that aren't folders of Node. */
const SCHEMES = /^(memory|opfs-ahp|memfs2opfs):\/\//;

/**
 * Opens a directory: `idb://…` in the browser, where all tabs share it; `memory://`, or a folder in Node, for this
 * client alone.
 */
export async function openPglite(directory: string): Promise<Driver> {
  if (!directory.startsWith("idb://")) {
    return SCHEMES.test(directory) ? openAlone(directory) : openFolder(directory);
  }
  if (globalThis.navigator?.locks === undefined) {
    throw new Error("The local database needs a browser and a secure context: https, or localhost.");
  }
  const worker = new Worker(new URL("./pglite-worker.js", import.meta.url), { type: "module" });
  return joinTabs(worker, `sync-patterns:${directory}`, directory);
}

async function openAlone(directory: string): Promise<Driver> {
  const { PGlite } = await import("@electric-sql/pglite");
  return ownPglite(await PGlite.create(directory));
}

/** Refuses a folder that is open already. */
async function openFolder(directory: string): Promise<Driver> {
  const release = await keepFolder(directory.replace(/^file:\/\//, ""));
  try {
    const driver = await openAlone(directory);
    return { ...driver, close: () => driver.close().finally(release) };
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * Makes a driver of an instance that nobody else uses. By itself, PGlite writes to the browser's storage after each
 * statement, even BEGIN and SELECT, but not after COMMIT. The driver writes after each commit that changed something.
 */
export function ownPglite(pg: PGlite): Promise<Driver> {
  const syncToFs = pg.syncToFs.bind(pg);
  pg.syncToFs = async () => {};
  return pgliteDriver(pg, syncToFs);
}

/** Makes a driver of an instance. Values come and go as PostgreSQL's text. */
export async function pgliteDriver(pg: PgliteInstance, syncToFs = () => pg.syncToFs()): Promise<Driver> {
  await pg.waitReady;
  await pg.exec("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex'");
  const options = textOnly(pg);
  const inTurn = serialQueue();
  const listeners = new Set<() => void>();
  let isWriting = false;
  let hasNews = false;

  function tell(): void {
    hasNews = false;
    for (const listener of listeners) listener();
  }

  // PostgreSQL notifies at COMMIT. Listeners are told later, when the storage has the change and it can't get lost.
  const unlisten = await pg.listen("_changed_keys", () => {
    hasNews = true;
    if (!isWriting) tell();
  });

  function connection(target: Pick<PGliteInterface, "query" | "exec">): Connection {
    return {
      async query(statement) {
        const { rows } = await target.query<Record<string, string | null>>(
          textOf(statement),
          [...statement.parameters],
          options,
        );
        return rows;
      },
      async exec(script) {
        await target.exec(script);
      },
    };
  }

  const direct = connection(pg);
  const driver: Driver = {
    async query(statement) {
      if (isRead(statement)) return inTurn(() => direct.query(statement));
      return driver.transaction((within) => within.query(statement));
    },
    exec: (script) => driver.transaction((within) => within.exec(script)),
    transaction: (work) =>
      inTurn(async () => {
        isWriting = true;
        try {
          const { result, hasChanged } = await pg.transaction(async (transaction) => {
            const within = connection(transaction);
            return { result: await work(within), hasChanged: await hasWritten(within) };
          });
          if (hasChanged) await syncToFs();
          return result;
        } finally {
          isWriting = false;
          if (hasNews) tell();
        }
      }),
    onCommit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () =>
      inTurn(async () => {
        listeners.clear();
        await unlisten();
        await syncToFs();
        await pg.close();
      }),
  };
  await syncToFs();
  return driver;
}

/** Whether the transaction has written: PostgreSQL gives it an id at its first write. */
async function hasWritten(connection: Connection): Promise<boolean> {
  const [row] = await connection.query(sql`SELECT pg_current_xact_id_if_assigned()::TEXT AS id`);
  return row?.["id"] !== null;
}

/** Options by which all values are text. Only an instance knows the types of arrays, so they are read from there. */
function textOnly(pg: PgliteInstance): QueryOptions {
  const asText = (types: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.keys(types).map((type) => [type, String]));
  return { parsers: asText(pg.parsers), serializers: asText(pg.serializers) };
}

function textOf(statement: Statement): string {
  return statement.parts.map((part, index) => (index === 0 ? part : `$${index}${part}`)).join("");
}
