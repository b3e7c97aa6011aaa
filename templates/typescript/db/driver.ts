/**
 * What the rest of the client needs of an embedded database. `initializeDatabase({ driver })` takes any object with
 * this interface, so that an application can bring a database that has no driver here (Expo, Tauri, …).
 */
export interface Driver extends Connection {
  /**
   * Runs `work` with the database to itself: what it does is committed as a whole, or, where it throws, not at all.
   * Others wait, in this tab and in every other.
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

/** SQL text that is put into a statement as it is. */
class Raw {
  constructor(readonly text: string) {}
}

export function raw(text: string): Raw {
  return new Raw(text);
}

/** A name, quoted. */
export function name(text: string): Raw {
  return new Raw(`"${text.replaceAll('"', '""')}"`);
}

/** Makes a statement: values become parameters, whatever the database calls them, `raw` and `name` become text. */
export function sql(text: TemplateStringsArray, ...values: readonly (Value | Raw)[]): Statement {
  const parts = [text[0] ?? ""];
  const parameters: Value[] = [];
  values.forEach((value, index) => {
    const following = text[index + 1] ?? "";
    if (value instanceof Raw) {
      parts.push(`${parts.pop() ?? ""}${value.text}${following}`);
    } else {
      parameters.push(value);
      parts.push(following);
    }
  });
  return { parts, parameters };
}
