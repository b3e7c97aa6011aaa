/**
 * The interface of an embedded database. `initializeDatabase({ driver })` takes any object with
 * this interface, so that an application can bring a database that has no driver here (Expo, Tauri, …).
 */
export interface Driver extends Connection {
  /** The name of the database that all its tabs use for locks and channels; absent if no other tab can open it. */
  readonly shared?: string;
  /**
   * Runs `work` in a transaction: commits when it returns, rolls back when it throws. All other calls of the driver
   * wait for it, in every tab; so `work` uses only its connection, because a call of the driver would wait for ever.
   *
   * If the tab that has the database open closes, another tab opens it and `work` runs again from the start, after a
   * rollback. So `work` must not rely on variables that an earlier run has changed.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Calls `listener` after each commit, of this tab or another, that may have changed what the views show. */
  onCommit(listener: () => void): () => void;
  close(): Promise<void>;
}

export interface Connection {
  /**
   * Runs one statement. In PGlite every value comes as PostgreSQL's text; SQLite gives text, numbers (bigint beyond
   * 2^53) and null.
   */
  query(statement: Statement): Promise<Row[]>;
  /** Runs any number of statements. */
  exec(script: string): Promise<void>;
}

export type Value = string | number | bigint | null;

export type Row = Readonly<Record<string, Value>>;

/** A statement: its text, split where the parameters are. */
export interface Statement {
  readonly parts: readonly string[];
  readonly parameters: readonly Value[];
  /** What a COPY of PGlite reads from `/dev/blob`. */
  readonly input?: string;
}

/** SQL text without parameters. */
export function raw(text: string): Statement {
  return { parts: [text], parameters: [] };
}

/** Quotes a name. */
export function name(text: string): Statement {
  return raw(`"${text.replaceAll('"', '""')}"`);
}

/** Makes a statement of a template literal: values become parameters, statements become part of the text. */
export function sql(text: TemplateStringsArray, ...values: readonly (Value | Statement)[]): Statement {
  return values
    .map((value) => (isStatement(value) ? value : { parts: ["", ""], parameters: [value] }))
    .reduce((start, value, index) => concat(concat(start, value), raw(text[index + 1] ?? "")), raw(text[0] ?? ""));
}

/** Joins statements, with `separator` between them. */
export function joined(separator: string, statements: readonly Statement[]): Statement {
  return statements.reduce(
    (start, statement, index) => concat(index === 0 ? start : concat(start, raw(separator)), statement),
    raw(""),
  );
}

export function commas(statements: readonly Statement[]): Statement {
  return joined(", ", statements);
}

/** Lists up to this length are filled up. */
const FILLED_UP = 1_024;

/**
 * Makes a list of parameters for IN. Where it is short, its length is a power of two, and the last one is repeated: so
 * few statements differ only in that, and those that are prepared can be used again.
 */
export function list(values: readonly Value[]): Statement {
  const isShort = values.length > 0 && values.length <= FILLED_UP;
  const length = isShort ? 2 ** Math.ceil(Math.log2(values.length)) : values.length;
  return commas(Array.from({ length }, (_, index) => sql`${values[index] ?? values.at(-1) ?? null}`));
}

/** Whether a statement only reads. */
export function isRead(statement: Statement): boolean {
  return /^\s*SELECT\b/i.test(statement.parts[0] ?? "");
}

function isStatement(value: Value | Statement): value is Statement {
  return typeof value === "object" && value !== null;
}

function concat(one: Statement, other: Statement): Statement {
  const [first = "", ...following] = other.parts;
  const last = `${one.parts.at(-1) ?? ""}${first}`;
  return {
    parts: [...one.parts.slice(0, -1), last, ...following],
    parameters: [...one.parameters, ...other.parameters],
  };
}

/** Makes a queue that runs one function at a time, in the order of the calls. */
export function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
