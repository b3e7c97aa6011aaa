import { parsed } from "../../client/json.js";
import type { Model } from "../../client/model.js";
import { ARRIVAL_MS, GATHERED_MS } from "../../client/timing.js";
import type { Columns } from "../../client/values.js";
import type { Entry, Store, StoreOperations } from "../../store/store.js";
import type { Reports } from "../../tabs/reports.js";
import { nothingSeen, readSeen, settleArrived, settleOvertaken, writeSeen, type Seen } from "../../writes/settle.js";
import { showsEarly } from "../loading.js";
import { POSITION } from "../progress.js";
import { wait } from "../schedule.js";
import { applyChanges, areNewRows, arrivalsOf, changeReader, type Change, type ShapeMessage } from "./messages.js";

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

async function readPosition({ meta }: StoreOperations, model: string): Promise<Position | undefined> {
  const text = await meta.get(POSITION.electric, model);
  // Written below, and by nobody else.
  return text === undefined ? undefined : (parsed(text) as Position | undefined);
}

async function writePosition({ meta }: StoreOperations, model: string, position: Position): Promise<void> {
  await meta.set(POSITION.electric, model, JSON.stringify(position));
}

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

export async function openShape(
  store: Store,
  reports: Reports,
  model: Model,
  definition: string,
  signal: AbortSignal,
): Promise<Shape> {
  const stored = await readPosition(store, model.name);
  // The first time, or after a logout.
  if (stored === undefined) reports.model(model.name, { rows: 0, ready: false, lastSync: null });
  let position = stored?.definition === definition ? stored : undefined;
  let seen = await readSeen(store, model.name);
  let refetch: Refetch | undefined;
  /** Whether the table has no rows but those that have come in here. */
  let isOurs = false;
  const isToShow = showsEarly();
  let isWatching = false;
  /** Whether rows that this device has written are still to come. */
  let isExpecting = false;
  let inHand: Promise<unknown> = Promise.resolve();
  const read = changeReader(model, store.synced);

  function keep<T>(work: Promise<T>): Promise<T> {
    inHand = Promise.allSettled([inHand, work]);
    return work;
  }

  async function snapshotRequested(): Promise<void> {
    const acknowledged = acknowledgedIn(await store.log.sent(model.name));
    isOurs = await store.synced.isEmpty(model);
    if (isOurs) {
      refetch = undefined;
      position = { handle: "", offset: "-1", definition, isComplete: false, rows: 0, acknowledged, at: now() };
    } else {
      refetch = { rows: new Map(), acknowledged };
    }
  }

  async function take(batch: Batch): Promise<void> {
    const changes = batch.messages.map((message) => read(message, batch.columns));
    if (refetch !== undefined) {
      collect(refetch.rows, changes);
      if (batch.isUpToDate) await replace(refetch, batch);
    } else if (position === undefined || !position.isComplete) {
      await load(changes, batch);
    } else {
      await follow(position, changes, batch);
    }
    if (batch.isUpToDate && !isWatching) void keep(watchOvertaken());
    // So that they come together, not one by one.
    if (isExpecting) await wait(GATHERED_MS, signal);
  }

  /** A first snapshot. It goes on where it was, should it be interrupted. */
  async function load(changes: readonly Change[], batch: Batch): Promise<void> {
    const before = position ?? { rows: 0, acknowledged: [], offset: "-1" };
    const inserted = changes.filter((change) => change.operation === "insert").length;
    const after = positionAt(batch, before.rows + inserted, batch.isUpToDate ? [] : before.acknowledged);
    const parts = partsOf(changes);
    for (const [index, part] of parts.entries()) {
      signal.throwIfAborted();
      const isShown = isToShow();
      const write = () =>
        store.transaction(async (within) => {
          await within.synced.beginLoading(model);
          await apply(within, part, before.offset, true, isOurs && areNewRows(part));
          const isLast = index === parts.length - 1;
          if (isShown || (isLast && batch.isUpToDate)) await within.synced.endLoading(model);
          if (!isLast) return;
          if (batch.isUpToDate) await within.log.settle(before.acknowledged);
          await writePosition(within, model.name, after);
        });
      await write().catch((error: unknown) => {
        if (!isOurs) throw error;
        // Perhaps a row is there already: from the answer to a write, or because it has come twice.
        isOurs = false;
        return write();
      });
    }
    position = after;
    report(after, batch);
  }

  async function follow(before: Position, changes: readonly Change[], batch: Batch): Promise<void> {
    const after = positionAt(batch, before.rows, []);
    if (changes.length > 0 || after.handle !== before.handle || after.offset !== before.offset) {
      await store.transaction(async (within) => {
        await apply(within, changes, before.offset, false);
        await writePosition(within, model.name, after);
      });
      position = after;
    }
    report(after, batch);
  }

  async function replace(snapshot: Refetch, batch: Batch): Promise<void> {
    const rows = [...snapshot.rows.values()];
    const after = positionAt(batch, rows.length, []);
    await store.transaction(async (within) => {
      await apply(within, rows, "-1", true);
      await within.synced.deleteOthers(
        model,
        rows.map(({ values }) => values),
      );
      await within.log.settle(snapshot.acknowledged);
      await within.synced.endLoading(model);
      await writePosition(within, model.name, after);
    });
    [position, refetch] = [after, undefined];
    report(after, batch);
  }

  async function apply(
    within: StoreOperations,
    changes: readonly Change[],
    offset: string,
    isSnapshot: boolean,
    areNew = false,
  ): Promise<void> {
    if (changes.length === 0) return;
    const sent = await within.log.sent(model.name);
    await applyChanges(within, model, changes, areNew);
    isExpecting = sent.length > changes.length;
    if (sent.length === 0) return remember(within, nothingSeen);
    const arrivals = arrivalsOf(changes, new Set(sent.map((entry) => entry.writeId)), offset, isSnapshot);
    await remember(within, await settleArrived(within, model, arrivals, seen));
  }

  async function remember(within: StoreOperations, next: Seen): Promise<void> {
    // As the database has it: a transaction that was interrupted runs again.
    const stored = await readSeen(within, model.name);
    if (JSON.stringify(next) !== JSON.stringify(stored)) await writeSeen(within, model.name, next);
    seen = next;
  }

  /** Settles overtaken writes a while after their acknowledgement. */
  async function watchOvertaken(): Promise<void> {
    isWatching = true;
    try {
      while (seen.overtaken.length > 0) {
        const acknowledged = acknowledgedIn(await store.log.sent(model.name));
        await wait(ARRIVAL_MS, signal);
        if (signal.aborted) break;
        await store.transaction(async (within) =>
          remember(within, await settleOvertaken(within, model, seen, acknowledged)),
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
    reports.model(model.name, {
      rows: at.rows,
      ready: at.isComplete,
      ...(batch.isUpToDate && { lastSync: now() }),
    });
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

/** A snapshot is followed by what has happened since it was taken. */
function collect(rows: Map<string, Change>, changes: readonly Change[]): void {
  for (const change of changes) {
    const { key } = change;
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

function acknowledgedIn(entries: readonly Entry[]): string[] {
  return entries.filter(({ status }) => status === "acknowledged").map(({ writeId }) => writeId);
}

/** At least one part, be it empty. */
function partsOf<T>(items: readonly T[]): T[][] {
  const count = Math.max(1, Math.ceil(items.length / LOADED_AT_ONCE));
  return Array.from({ length: count }, (_, index) => items.slice(index * LOADED_AT_ONCE, (index + 1) * LOADED_AT_ONCE));
}

function now(): string {
  return new Date().toISOString();
}
