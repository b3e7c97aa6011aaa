import { wait } from "./backoff.js";
import { name, sql, type Connection, type Driver, type Statement, type Value } from "./driver.js";
import { sentEntries, settle, type Entry } from "./log.js";
import type { Model } from "./model.js";
import { reportModel } from "./reports.js";
import { settleArrived, settleOvertaken } from "./settle.js";
import { arrivalsOf, changeReader, keyOf, statementsFor, type Change, type ShapeMessage } from "./shape-messages.js";
import { readMemory, readPosition, writeMemory, writePosition, type Memory, type Position } from "./shape-position.js";
import type { Columns } from "./shape-values.js";
import { beginLoading, endLoading, removeOthers } from "./stream.js";

/** What the stream has delivered at once. */
export interface Batch {
  readonly messages: readonly ShapeMessage[];
  /** Where the stream stands after it. */
  readonly handle: string;
  readonly offset: string;
  readonly isUpToDate: boolean;
  readonly columns: Columns;
}

/** Brings what the stream delivers into the synced table of one model. */
export interface Shape {
  /** Where to go on reading; undefined: from the start. */
  readonly start: { readonly handle: string; readonly offset: string } | undefined;
  /** To be called before a request for a new snapshot leaves. */
  snapshotRequested(): Promise<void>;
  /** Commits a batch, together with the position after it. Where this fails, the stream has to begin again from `start`. */
  take(batch: Batch): Promise<void>;
  /** Returns once nothing is on its way into the database any more. To be called after the signal has aborted. */
  close(): Promise<void>;
}

/** A snapshot that takes the place of what the synced table has, once it is there as a whole. */
interface Refetch {
  readonly rows: Map<string, Change>;
  readonly acknowledged: readonly string[];
}

/** Rows of one transaction of a first snapshot: meanwhile the user's own writes wait. */
const LOADED_AT_ONCE = 2_000;
/** How long a write that seems to have been overtaken may still come. */
const PATIENCE_MS = 3_000;

export async function openShape(driver: Driver, model: Model, definition: string, signal: AbortSignal): Promise<Shape> {
  const stored = await readPosition(driver, model.name);
  let position = stored?.definition === definition ? stored : undefined;
  let memory = await readMemory(driver, model.name);
  let refetch: Refetch | undefined;
  let isWatching = false;
  let inHand: Promise<unknown> = Promise.resolve();
  const read = changeReader(model);

  function keep<T>(work: Promise<T>): Promise<T> {
    inHand = Promise.allSettled([inHand, work]);
    return work;
  }

  async function snapshotRequested(): Promise<void> {
    const acknowledged = writeIds(await sentEntries(driver, model.name), "acknowledged");
    const [row] = await driver.query(sql`SELECT 1 FROM ${name(`${model.name}_synced`)} LIMIT 1`);
    if (row === undefined) {
      refetch = undefined;
      position = { handle: "", offset: "-1", definition, isComplete: false, rows: 0, acknowledged, at: now() };
    } else {
      refetch = { rows: new Map(), acknowledged };
    }
  }

  async function take(batch: Batch): Promise<void> {
    const changes = batch.messages.map((message) => read(message, batch.columns));
    if (refetch !== undefined) {
      collect(refetch.rows, model, changes);
      if (batch.isUpToDate) await replace(refetch, batch);
    } else if (position === undefined || !position.isComplete) {
      await load(changes, batch);
    } else {
      await follow(position, changes, batch);
    }
    if (batch.isUpToDate && !isWatching) void keep(watchOvertaken());
  }

  /** A first snapshot: rows are shown as they come. It goes on where it was, should it be interrupted. */
  async function load(changes: readonly Change[], batch: Batch): Promise<void> {
    const before = position ?? { rows: 0, acknowledged: [], offset: "-1" };
    const inserted = changes.filter((change) => change.operation === "insert").length;
    const after = positionAt(batch, before.rows + inserted, batch.isUpToDate ? [] : before.acknowledged);
    const parts = partsOf(changes);
    for (const [index, part] of parts.entries()) {
      signal.throwIfAborted();
      await driver.transaction(async (connection) => {
        await run(connection, beginLoading(model));
        await apply(connection, part, before.offset, true);
        if (index < parts.length - 1) return;
        if (batch.isUpToDate) {
          await settle(connection, before.acknowledged);
          await run(connection, endLoading(model));
        }
        await writePosition(connection, model.name, after);
      });
    }
    position = after;
    report(after, batch);
  }

  async function follow(before: Position, changes: readonly Change[], batch: Batch): Promise<void> {
    const after = positionAt(batch, before.rows, []);
    if (changes.length > 0 || after.handle !== before.handle || after.offset !== before.offset) {
      await driver.transaction(async (connection) => {
        await apply(connection, changes, before.offset, false);
        await writePosition(connection, model.name, after);
      });
      position = after;
    }
    report(after, batch);
  }

  async function replace(snapshot: Refetch, batch: Batch): Promise<void> {
    const rows = [...snapshot.rows.values()];
    const after = positionAt(batch, rows.length, []);
    await driver.transaction(async (connection) => {
      await apply(connection, rows, "-1", true);
      await run(connection, removeOthers(model, rows.map(keyValues)));
      await settle(connection, snapshot.acknowledged);
      await run(connection, endLoading(model));
      await writePosition(connection, model.name, after);
    });
    [position, refetch] = [after, undefined];
    report(after, batch);
  }

  async function apply(
    connection: Connection,
    changes: readonly Change[],
    offset: string,
    isSnapshot: boolean,
  ): Promise<void> {
    if (changes.length === 0) return;
    const sent = await sentEntries(connection, model.name);
    await run(connection, statementsFor(model, changes));
    if (sent.length === 0) return remember(connection, forgotten);
    const arrivals = arrivalsOf(model, changes, new Set(sent.map((entry) => entry.writeId)), offset, isSnapshot);
    await remember(connection, await settleArrived(connection, model, arrivals, memory));
  }

  async function remember(connection: Connection, next: Memory): Promise<void> {
    // As the database has it: a transaction that was interrupted runs again.
    const stored = await readMemory(connection, model.name);
    if (JSON.stringify(next) !== JSON.stringify(stored)) await writeMemory(connection, model.name, next);
    memory = next;
  }

  /** Settles overtaken writes a while after their acknowledgement. */
  async function watchOvertaken(): Promise<void> {
    isWatching = true;
    try {
      while (memory.overtaken.length > 0) {
        const acknowledged = writeIds(await sentEntries(driver, model.name), "acknowledged");
        await wait(PATIENCE_MS, signal);
        if (signal.aborted) break;
        await driver.transaction(async (connection) =>
          remember(connection, await settleOvertaken(connection, model, memory, acknowledged)),
        );
      }
    } catch {
      // The next batch that is up to date tries again.
    }
    isWatching = false;
  }

  function positionAt(batch: Batch, rows: number, acknowledged: readonly string[]): Position {
    const { handle, offset } = batch;
    const isComplete = batch.isUpToDate || position?.isComplete === true;
    return { handle, offset, definition, isComplete, rows, acknowledged, at: now() };
  }

  function report(at: Position, batch: Batch): void {
    reportModel(model.name, {
      rows: at.rows,
      ready: at.isComplete,
      ...(batch.isUpToDate && { lastSync: now() }),
    });
  }

  function keyValues(change: Change): Value[] {
    return model.key.map((column) => change.values.get(column) ?? null);
  }

  const start = position?.handle ? { handle: position.handle, offset: position.offset } : undefined;
  return {
    start,
    snapshotRequested,
    take: (batch) => keep(take(batch)),
    close: async () => {
      await inHand;
    },
  };
}

const forgotten: Memory = { txids: [], overtaken: [] };

/** A snapshot is followed by what has happened since it was taken. */
function collect(rows: Map<string, Change>, model: Model, changes: readonly Change[]): void {
  for (const change of changes) {
    const key = keyOf(model, change);
    const known = rows.get(key);
    if (change.operation === "delete") rows.delete(key);
    else if (change.operation === "insert") rows.set(key, change);
    else if (known !== undefined) rows.set(key, joined(known, change));
  }
}

/** A row of a snapshot and an update that follows it: what the update says of its transaction stays. */
function joined(row: Change, update: Change): Change {
  const { headers } = update.message;
  const txids = [...(row.message.headers.txids ?? []), ...(headers.txids ?? [])];
  const message = { ...update.message, headers: { ...headers, txids } };
  return { ...row, values: new Map([...row.values, ...update.values]), message };
}

async function run(connection: Connection, statements: readonly Statement[]): Promise<void> {
  for (const statement of statements) await connection.query(statement);
}

function writeIds(entries: readonly Entry[], status: Entry["status"]): string[] {
  return entries.filter((entry) => entry.status === status).map((entry) => entry.writeId);
}

/** At least one part, be it empty. */
function partsOf<T>(items: readonly T[]): T[][] {
  const count = Math.max(1, Math.ceil(items.length / LOADED_AT_ONCE));
  return Array.from({ length: count }, (_, index) => items.slice(index * LOADED_AT_ONCE, (index + 1) * LOADED_AT_ONCE));
}

function now(): string {
  return new Date().toISOString();
}
