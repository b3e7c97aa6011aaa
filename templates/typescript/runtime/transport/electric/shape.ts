import { parsed } from "../../client/json.js";
import type { Model } from "../../client/model.js";
import { ARRIVAL_MS, GATHERED_MS, LAG_MS } from "../../client/timing.js";
import type { Columns } from "../../client/values.js";
import type { Store, StoreOperations } from "../../store/store.js";
import type { Reports } from "../../tabs/reports.js";
import {
  isSameSeen,
  lastWrites,
  nothingSeen,
  readSeen,
  settleArrived,
  settleDue,
  settleLoaded,
  writeSeen,
  type Seen,
  type Snapshot,
} from "../../writes/settle.js";
import { showsEarly } from "../loading.js";
import { POSITION } from "../progress.js";
import { wait } from "../schedule.js";
import { openLeftOut, type Fitting } from "./left-out.js";
import {
  applyChanges,
  areNewRows,
  arrivalsOf,
  changeReader,
  loadedBy,
  type Change,
  type ShapeMessage,
} from "./messages.js";

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
  /** Which transactions the first snapshot has, until all of it has been read. */
  readonly snapshot?: Snapshot | null;
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
  /** Where a snapshot ends in it: which transactions that has. */
  readonly snapshot: Snapshot | null;
  readonly columns: Columns;
}

/** Brings what the stream delivers into the synced table of one model. */
export interface Shape {
  /** Where to go on reading; undefined: from the start. */
  readonly start: { readonly handle: string; readonly offset: string } | undefined;
  /** To be called before a request for a new snapshot leaves. */
  snapshotRequested(): Promise<void>;
  /**
   * Commits a batch, together with the position after it. Where this fails, the stream has to begin again from `start`.
   * `isKept`: false where the batch is of a snapshot that is kept once all of it is there.
   */
  take(batch: Batch): Promise<{ readonly isKept: boolean }>;
  /** Which rows are left out, because they can't be what the document says; null where none are. */
  problem(): string | null;
  /** Returns once nothing is on its way into the database any more. To be called after the signal has aborted. */
  close(): Promise<void>;
}

/** A snapshot that takes the place of what the synced table has, once it is there as a whole. */
interface Refetch {
  readonly rows: Map<string, Change>;
  snapshot: Snapshot | null;
}

/** Rows of one transaction of a first snapshot: meanwhile the user's own writes wait. */
const LOADED_AT_ONCE = 2_000;

/** `isAnew`: to be read from the start, however far it had been read. */
export async function openShape(
  store: Store,
  reports: Reports,
  model: Model,
  definition: string,
  isAnew: boolean,
  signal: AbortSignal,
): Promise<Shape> {
  const stored = await readPosition(store, model.name);
  // The first time, or after a logout.
  if (stored === undefined) reports.model(model.name, { rows: 0, ready: false, lastSync: null });
  let position = stored?.definition === definition && !isAnew ? stored : undefined;
  let seen = await readSeen(store, model.name);
  let refetch: Refetch | undefined;
  /** Whether the table has no rows but those that have come in here. */
  let isOurs = false;
  const isToShow = showsEarly();
  const isWatching = { overtaken: false, awaited: false };
  /** Whether rows that this device has written are still to come. */
  let isExpecting = false;
  let inHand: Promise<unknown> = Promise.resolve();
  const read = changeReader(model, store.synced);
  const leftOut = await openLeftOut(store, model);

  function keep<T>(work: Promise<T>): Promise<T> {
    inHand = Promise.allSettled([inHand, work]);
    return work;
  }

  async function snapshotRequested(): Promise<void> {
    leftOut.forget();
    isOurs = await store.synced.isEmpty(model);
    if (isOurs) {
      refetch = undefined;
      position = { handle: "", offset: "-1", definition, isComplete: false, rows: 0, at: now() };
    } else {
      refetch = { rows: new Map(), snapshot: null };
    }
  }

  async function take(batch: Batch): Promise<{ readonly isKept: boolean }> {
    const changes = batch.messages.map((message) => read(message, batch.columns));
    if (refetch !== undefined) {
      collect(refetch.rows, changes);
      refetch.snapshot ??= batch.snapshot;
      if (batch.isUpToDate) await replace(refetch, batch);
    } else if (position === undefined || !position.isComplete) {
      await load(changes, batch);
    } else {
      await follow(position, changes, batch);
    }
    if (batch.isUpToDate) {
      void keep(settleLate("overtaken", ARRIVAL_MS));
      void keep(settleLate("awaited", LAG_MS));
    }
    // So that they come together, not one by one.
    if (isExpecting) await wait(GATHERED_MS, signal);
    return { isKept: refetch === undefined };
  }

  /** A first snapshot. It goes on where it was, should it be interrupted. */
  async function load(changes: readonly Change[], batch: Batch): Promise<void> {
    const before = position ?? { rows: 0 };
    const inserted = changes.filter((change) => change.operation === "insert").length;
    const snapshot = position?.snapshot ?? batch.snapshot;
    const after = { ...positionAt(batch, before.rows + inserted), ...(!batch.isUpToDate && { snapshot }) };
    const parts = partsOf(changes);
    for (const [index, part] of parts.entries()) {
      signal.throwIfAborted();
      const isShown = isToShow();
      const write = ({ changes: fit, note }: Fitting) =>
        store.receive(async (within) => {
          await within.synced.beginLoading(model);
          await apply(within, fit, undefined, isOurs && areNewRows(fit));
          await note(within);
          const isLast = index === parts.length - 1;
          if (isShown || (isLast && batch.isUpToDate)) await within.synced.endLoading(model);
          if (!isLast) return;
          if (batch.isUpToDate) await remember(within, await settleLoaded(within, model, snapshot, new Map(), seen));
          await writePosition(within, model.name, after);
        });
      await leftOut.bring(part, (fitting) =>
        write(fitting).catch((error: unknown) => {
          if (!isOurs) throw error;
          // Perhaps a row is there already: from the answer to a write, or because it has come twice.
          isOurs = false;
          return write(fitting);
        }),
      );
    }
    position = after;
    report(after, batch);
  }

  async function follow(before: Position, changes: readonly Change[], batch: Batch): Promise<void> {
    const after = positionAt(batch, before.rows);
    if (changes.length > 0 || after.handle !== before.handle || after.offset !== before.offset) {
      await leftOut.bring(changes, ({ changes: fit, note }) =>
        store.receive(async (within) => {
          await apply(within, fit, before.offset);
          await note(within);
          await writePosition(within, model.name, after);
        }),
      );
      position = after;
    }
    report(after, batch);
  }

  async function replace(snapshot: Refetch, batch: Batch): Promise<void> {
    const rows = [...snapshot.rows.values()];
    const after = positionAt(batch, rows.length);
    await leftOut.bring(rows, async ({ changes: fit, misfits, note }) => {
      const kept = [...fit, ...(await thereAmong([...misfits.keys()]))];
      await store.receive(async (within) => {
        const before = await lastWrites(within, model);
        await apply(within, fit, undefined);
        await note(within);
        await within.synced.deleteOthers(
          model,
          kept.map(({ values }) => values),
        );
        await remember(within, await settleLoaded(within, model, snapshot.snapshot, before, seen));
        await within.synced.endLoading(model);
        await writePosition(within, model.name, after);
      });
    });
    [position, refetch] = [after, undefined];
    report(after, batch);
  }

  /** Those whose rows are there, as they were before. */
  async function thereAmong(misfits: readonly Change[]): Promise<Change[]> {
    const there: Change[] = [];
    for (const change of misfits) {
      const row = await store.synced.read(model, change.key).catch(() => undefined);
      if (row !== undefined) there.push(change);
    }
    return there;
  }

  /** `offset`: how far the log had been read; undefined where the changes are of a snapshot, or come with it. */
  async function apply(
    within: StoreOperations,
    changes: readonly Change[],
    offset: string | undefined,
    areNew = false,
  ): Promise<void> {
    if (changes.length === 0) return;
    const sent = await within.log.sent(model.name);
    await applyChanges(within, model, changes, areNew);
    isExpecting = sent.length > changes.length;
    if (sent.length === 0) return remember(within, nothingSeen);
    const own = new Set(sent.map((entry) => entry.writeId));
    const arrivals = offset === undefined ? loadedBy(changes) : arrivalsOf(changes, own, offset);
    await remember(within, await settleArrived(within, model, arrivals, seen));
  }

  async function remember(within: StoreOperations, next: Seen): Promise<void> {
    // As the database has it: a transaction that was interrupted runs again.
    const stored = await readSeen(within, model.name);
    if (!isSameSeen(next, stored)) await writeSeen(within, model.name, next);
    seen = next;
  }

  /** Settles writes that never arrive, a while after they were acknowledged. */
  async function settleLate(which: "overtaken" | "awaited", patience: number): Promise<void> {
    if (isWatching[which]) return;
    isWatching[which] = true;
    try {
      while (seen[which].length > 0) {
        const sent = await store.log.sent(model.name);
        const due = sent.filter(({ status }) => status === "acknowledged").map(({ writeId }) => writeId);
        await wait(patience, signal);
        if (signal.aborted) break;
        await store.transaction(async (within) => remember(within, await settleDue(within, model, seen, which, due)));
      }
    } catch {
      // The next batch that is up to date tries again.
    }
    isWatching[which] = false;
  }

  function positionAt(batch: Batch, rows: number): Position {
    const { handle, offset } = batch;
    const isComplete = batch.isUpToDate || position?.isComplete === true;
    return { handle, offset, definition, isComplete, rows, at: now() };
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
    problem: leftOut.problem,
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

/** At least one part, be it empty. */
function partsOf<T>(items: readonly T[]): T[][] {
  const count = Math.max(1, Math.ceil(items.length / LOADED_AT_ONCE));
  return Array.from({ length: count }, (_, index) => items.slice(index * LOADED_AT_ONCE, (index + 1) * LOADED_AT_ONCE));
}

function now(): string {
  return new Date().toISOString();
}
