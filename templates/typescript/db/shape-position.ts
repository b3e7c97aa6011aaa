import { sql, type Connection } from "./driver.js";
import { parsed } from "./raw-json.js";

/** How far a shape has been read. It is committed together with the rows that were read. */
export interface Position {
  readonly handle: string;
  readonly offset: string;
  /** What was asked for: the rows of another definition would be other rows. */
  readonly definition: string;
  /** Whether the first snapshot has been read to its end. */
  readonly isComplete: boolean;
  /** Rows of the first snapshot so far. */
  readonly rows: number;
  /** Writes that were acknowledged before the first snapshot was asked for: it holds them. */
  readonly acknowledged: readonly string[];
  readonly at: string;
}

export async function readPosition(connection: Connection, model: string): Promise<Position | undefined> {
  const text = await readMeta(connection, positionKey(model));
  // Written below, and by nobody else.
  return text === undefined ? undefined : (parsed(text) as Position | undefined);
}

export async function writePosition(connection: Connection, model: string, position: Position): Promise<void> {
  await writeMeta(connection, positionKey(model), JSON.stringify(position));
}

/** What the stream remembers of a model while writes to it are under way. */
export interface Memory {
  /** Transactions of the server that have been seen, as long as one of them may be that of a write without answer. */
  readonly txids: readonly string[];
  /** Sent writes whose rows have arrived without them. */
  readonly overtaken: readonly string[];
}

export async function readMemory(connection: Connection, model: string): Promise<Memory> {
  const text = await readMeta(connection, memoryKey(model));
  const memory = text === undefined ? undefined : (parsed(text) as Memory | undefined);
  return memory ?? { txids: [], overtaken: [] };
}

export async function writeMemory(connection: Connection, model: string, memory: Memory): Promise<void> {
  if (memory.txids.length + memory.overtaken.length > 0) {
    await writeMeta(connection, memoryKey(model), JSON.stringify(memory));
  } else {
    await connection.query(sql`DELETE FROM _sync_meta WHERE key = ${memoryKey(model)}`);
  }
}

function positionKey(model: string): string {
  return `shape:${model}`;
}

function memoryKey(model: string): string {
  return `seen:${model}`;
}

async function readMeta(connection: Connection, key: string): Promise<string | undefined> {
  const [row] = await connection.query(sql`SELECT value FROM _sync_meta WHERE key = ${key}`);
  const value = row?.["value"] ?? null;
  return value === null ? undefined : String(value);
}

async function writeMeta(connection: Connection, key: string, value: string): Promise<void> {
  await connection.query(sql`
    INSERT INTO _sync_meta (key, value)
    VALUES (${key}, ${value})
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
  `);
}
