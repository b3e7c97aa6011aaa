import type { messages, PGlite, PGliteInterface, protocol, Transaction } from "@electric-sql/pglite";

import { isRead, serialQueue, sql, type Connection, type Driver, type Row, type Statement } from "../driver.js";
import type { StoreOptions } from "../store.js";
import { joinTabs } from "../tabs/driver.js";

/** The part of a PGlite instance that a driver uses: an application may bring an instance of its own. */
export interface PgliteInstance extends Pick<
  PGliteInterface,
  "waitReady" | "exec" | "execProtocol" | "runExclusive" | "transaction" | "listen" | "close"
> {
  /** Writes the data in memory to the storage. */
  syncToFs(): Promise<void>;
}

export interface PgliteOptions extends StoreOptions {
  /**
   * The address of a file that `initial-data.mjs` has made, from the page's own or absolute. A new database in the
   * browser begins with what it has, instead of being made there, which takes seconds.
   */
  readonly initialData?: string | URL;
}

/** Storages that aren't folders of Node. */
const SCHEMES = /^(memory|opfs-ahp|memfs2opfs):\/\//;

/**
 * Opens a directory: `idb://…` in the browser, where all tabs share it; `memory://`, or a folder in Node, for this
 * client alone.
 */
export async function openPglite(directory: string, { initialData }: PgliteOptions = {}): Promise<Driver> {
  if (!directory.startsWith("idb://")) {
    return SCHEMES.test(directory) ? openAlone(directory) : openFolder(directory);
  }
  if (globalThis.navigator?.locks === undefined) {
    throw new Error("The local database needs a browser and a secure context: https, or localhost.");
  }
  const worker = new Worker(new URL("./pglite-worker.js", import.meta.url), { type: "module" });
  return joinTabs(worker, `sync-patterns:${directory}`, {
    directory,
    ...(initialData !== undefined && { initialData: new URL(initialData, location.href).href }),
  });
}

async function openAlone(directory: string): Promise<Driver> {
  const { PGlite } = await import("@electric-sql/pglite");
  return ownPglite(await PGlite.create(directory));
}

/** Refuses a folder that is open already. No page needs what this loads. */
async function openFolder(directory: string): Promise<Driver> {
  const { keepFolder } = await import("./folder.js");
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
  const { protocol } = await import("@electric-sql/pglite");
  await pg.waitReady;
  await pg.exec("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex'");
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

  /** PGlite gives a statement its input only together with its own way to send one. */
  async function copy({ query }: Pick<Transaction, "query">, { parts, input = "" }: Statement): Promise<Row[]> {
    await query(parts.join(""), [], { blob: new Blob([input]) });
    return [];
  }

  /** To be called in a transaction: nobody else may use the instance meanwhile. */
  async function query(statement: Statement): Promise<Row[]> {
    const message = messageOf(protocol, statement);
    const { messages } = await pg.runExclusive(() => pg.execProtocol(message, { syncToFs: false }));
    return rowsIn(messages);
  }

  const driver: Driver = {
    async query(statement) {
      if (isRead(statement)) return inTurn(() => pg.transaction(() => query(statement)));
      return driver.transaction((within) => within.query(statement));
    },
    exec: (script) => driver.transaction((within) => within.exec(script)),
    transaction: (work) =>
      inTurn(async () => {
        isWriting = true;
        try {
          const { result, hasChanged } = await pg.transaction(async (transaction) => {
            const exec = async (script: string): Promise<void> => void (await transaction.exec(script));
            const result = await work({
              query: (statement) => (statement.input === undefined ? query(statement) : copy(transaction, statement)),
              exec,
            });
            return { result, hasChanged: await hasWritten(query) };
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
async function hasWritten(query: Connection["query"]): Promise<boolean> {
  const [row] = await query(sql`SELECT pg_current_xact_id_if_assigned()::TEXT AS id`);
  return row?.["id"] !== null;
}

/** All that a statement takes, as one message: PGlite's own `query` makes six of it, and asks for the parameters' types. */
function messageOf({ serialize }: typeof protocol, { parts, parameters }: Statement): Uint8Array {
  const text = parts.map((part, index) => (index === 0 ? part : `$${index}${part}`)).join("");
  const values = parameters.map((value) => (value === null ? null : String(value)));
  return joined([
    serialize.parse({ text }),
    serialize.bind({ values }),
    serialize.describe({ type: "P" }),
    serialize.execute({}),
    serialize.sync(),
  ]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** The rows of an answer, which has a description of their columns first. */
function rowsIn(answer: readonly Message[]): Row[] {
  const names = answer.flatMap((message) => (isDescription(message) ? message.fields.map(({ name }) => name) : []));
  return answer
    .filter(isDataRow)
    .map(({ fields }) => Object.fromEntries(names.map((name, index) => [name, fields[index] ?? null])));
}

type Message = { readonly name: string };

function isDescription(message: Message): message is messages.RowDescriptionMessage {
  return message.name === "rowDescription";
}

function isDataRow(message: Message): message is messages.DataRowMessage {
  return message.name === "dataRow";
}
