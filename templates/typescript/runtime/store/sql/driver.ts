/**
 * What the rest of the client needs of an embedded database. `initializeDatabase({ driver })` takes any object with
 * this interface, so that an application can bring a database that has no driver here (Expo, Tauri, …).
 */
export interface Driver extends Connection {
  /** What the tabs that share the database call it; absent where nobody else has it open. */
  readonly shared?: string;
  /**
   * Runs `work` with the database to itself: what it does is committed as a whole, or, where it throws, not at all.
   * Others wait, in this tab and in every other; so `work` asks nothing of the driver, only of its connection.
   *
   * Where the tab that has the database open closes, another opens it, and `work` runs again from the start: nothing of
   * it has been kept. What it leaves in variables must bear that.
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

/** A statement in parts: between two of them stands a parameter. */
export interface Statement {
  readonly parts: readonly string[];
  readonly parameters: readonly Value[];
}

/** SQL text without parameters. */
export function raw(text: string): Statement {
  return { parts: [text], parameters: [] };
}

/** A name, quoted. */
export function name(text: string): Statement {
  return raw(`"${text.replaceAll('"', '""')}"`);
}

/** Makes a statement: values become parameters, whatever the database calls them, statements become part of it. */
export function sql(text: TemplateStringsArray, ...values: readonly (Value | Statement)[]): Statement {
  return values
    .map((value) => (isStatement(value) ? value : { parts: ["", ""], parameters: [value] }))
    .reduce((start, value, index) => concat(concat(start, value), raw(text[index + 1] ?? "")), raw(text[0] ?? ""));
}

/** The statements one after the other, with `separator` between them. */
export function joined(separator: string, statements: readonly Statement[]): Statement {
  return statements.reduce(
    (start, statement, index) => concat(index === 0 ? start : concat(start, raw(separator)), statement),
    raw(""),
  );
}

export function commas(statements: readonly Statement[]): Statement {
  return joined(", ", statements);
}

/** The values as parameters. */
export function list(values: readonly Value[]): Statement {
  return commas(values.map((value) => sql`${value}`));
}

/** Whether a statement changes nothing. */
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

/** Makes a queue that runs one piece of work after the other, in the order in which they come. */
export function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
