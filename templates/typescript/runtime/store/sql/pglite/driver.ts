import type { messages, PGlite, PGliteInterface, protocol, Transaction } from "@electric-sql/pglite";

import { isRead, serialQueue, sql, type Connection, type Driver, type Row, type Statement } from "../driver.js";

/** The part of a PGlite instance that a driver uses: an application may bring an instance of its own. */
export interface PgliteInstance extends Pick<
  PGliteInterface,
  "waitReady" | "exec" | "execProtocol" | "runExclusive" | "transaction" | "listen" | "close"
> {
  /** Writes the data in memory to the storage. */
  syncToFs(): Promise<void>;
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
  const prepared = preparedStatements(protocol);
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
  async function copy({ query }: Transaction, { parts, input = "" }: Statement): Promise<Row[]> {
    await query(parts.join(""), [], { blob: new Blob([input]) });
    return [];
  }

  /** To be called in a transaction: nobody else may use the instance meanwhile. */
  async function run(statement: Statement): Promise<readonly Message[]> {
    const send = (message: Uint8Array) => pg.execProtocol(message, { syncToFs: false });
    return pg.runExclusive(async () => (await prepared.run(statement, send)).messages);
  }

  const query = async (statement: Statement): Promise<Row[]> => rowsIn(await run(statement));

  /** Runs it again where somebody else who uses the instance has dropped its statements, or changed their tables. */
  async function withPlans<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isLostPlan(error)) throw error;
      prepared.forget();
      return work();
    }
  }

  async function runIn<T>(transaction: Transaction, work: (connection: Connection) => Promise<T>) {
    let hasWritten = false;
    const result = await work({
      async query(statement) {
        if (statement.input !== undefined) return copy(transaction, statement);
        const answer = await run(statement);
        hasWritten ||= answer.some(tellsOfWrites);
        return rowsIn(answer);
      },
      async exec(script) {
        // It may change what statements return.
        prepared.forget();
        await transaction.exec(script);
      },
    });
    return { result, hasChanged: hasWritten || (await hasId(query)) };
  }

  const driver: Driver = {
    async query(statement) {
      if (isRead(statement)) return inTurn(() => withPlans(() => pg.transaction(() => query(statement))));
      return driver.transaction((within) => within.query(statement));
    },
    exec: (script) => driver.transaction((within) => within.exec(script)),
    transaction: (work) =>
      inTurn(async () => {
        isWriting = true;
        try {
          const { result, hasChanged } = await withPlans(() =>
            pg.transaction((transaction) => runIn(transaction, work)),
          );
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

/** Whether an answer says that a statement has written rows. A SELECT doesn't say what its functions have written. */
function tellsOfWrites(message: Message): boolean {
  return isComplete(message) && /^(INSERT 0|UPDATE|DELETE) [1-9]/.test(message.text);
}

/** Whether the transaction has written: PostgreSQL gives it an id at its first write. */
async function hasId(query: Connection["query"]): Promise<boolean> {
  const [row] = await query(sql`SELECT pg_current_xact_id_if_assigned()::TEXT AS id`);
  return row?.["id"] !== null;
}

/** How many statements stay prepared: parsing and planning one takes longer than running it. */
const PREPARED = 50;
/** Statements with longer parameters take many rows: for them, planning is little, and the plan depends on their number. */
const LONGEST_PARAMETER = 1_000;

interface Prepared {
  /** Sends all that a statement takes as one message: PGlite's own `query` makes six of it, and asks for types. */
  run<Answer>(statement: Statement, send: (message: Uint8Array) => Promise<Answer>): Promise<Answer>;
  /** Has all statements prepared anew. */
  forget(): void;
}

function preparedStatements({ serialize }: typeof protocol): Prepared {
  /** By text. The first is the least recently used. */
  const names = new Map<string, string>();
  let unused: string[] = [];
  /** Another driver may have statements in the same session. */
  const prefix = `sync_patterns_${Math.random().toString(36).slice(2)}`;
  let made = 0;

  function forget(): void {
    unused.push(...names.values());
    names.clear();
  }

  return {
    forget,
    async run({ parts, parameters }, send) {
      const text = parts.map((part, index) => (index === 0 ? part : `$${index}${part}`)).join("");
      const values = parameters.map((value) => (value === null ? null : String(value)));
      const isPreparable = PREPARABLE.test(text);
      if (!isPreparable) forget();
      const isPrepared = isPreparable && values.every((value) => (value?.length ?? 0) <= LONGEST_PARAMETER);
      const known = isPrepared ? names.get(text) : undefined;
      // PostgreSQL keeps nothing of one without a name.
      const name = known ?? (isPrepared ? `${prefix}_${(made += 1)}` : "");
      const message = joined([
        ...unused.map((old) => serialize.close({ type: "S", name: old })),
        ...(known === undefined ? [serialize.parse({ name, text })] : []),
        serialize.bind({ statement: name, values }),
        serialize.describe({ type: "P" }),
        serialize.execute({}),
        serialize.sync(),
      ]);
      if (isPrepared) names.delete(text);
      try {
        const answer = await send(message);
        unused = [];
        if (isPrepared) names.set(text, name);
        const [[oldest, last] = ["", ""]] = names;
        if (names.size > PREPARED && names.delete(oldest)) unused.push(last);
        return answer;
      } catch (error) {
        if (isPrepared) unused.push(name);
        throw error;
      }
    },
  };
}

function isLostPlan(error: unknown): boolean {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  return code === NO_SUCH_STATEMENT || String(message).includes("cached plan must not change result type");
}

const NO_SUCH_STATEMENT = "26000";

/** What has a plan. Anything else may change what those return that have one. */
const PREPARABLE = /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i;

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

function isComplete(message: Message): message is messages.CommandCompleteMessage {
  return message.name === "commandComplete";
}

function isDataRow(message: Message): message is messages.DataRowMessage {
  return message.name === "dataRow";
}
