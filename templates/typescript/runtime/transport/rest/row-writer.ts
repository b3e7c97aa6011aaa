import type { StoreOperations } from "../../store/store.js";
import { showsEarly } from "../loading.js";
import type { Context } from "../transport.js";
import type { Listed, Place } from "./places.js";
import { fitting, ROWS_AT_ONCE, type Change, type Run } from "./run.js";

/** Rows that one transaction writes. */
export interface Part {
  write(within: StoreOperations): Promise<void>;
  /** To be called when the transaction has ended well. */
  noteWritten(): void;
}

/** Writes what one pull brings into the synced table. */
export interface RowWriter {
  /**
   * Begins to write what has changed: once there is much of it, and in a first pull after each page. It only waits for what
   * was begun before, so that the next page is on its way meanwhile.
   */
  flush(): Promise<void>;
  /** Waits for all that was begun. Throws where that couldn't be written. */
  written(): Promise<void>;
  /** Takes what has changed and isn't begun yet. */
  takeRest(): Part;
}

/** `isToShow`: says whether rows of a first load are to be shown now. */
export function rowWriter(
  context: Context,
  { model, parent }: Listed,
  run: Run,
  isToShow: ReturnType<typeof showsEarly>,
  signal: AbortSignal,
): RowWriter {
  const { store, acknowledged } = context;
  let last = Promise.resolve();

  function takeChanges(): Change[] {
    const changes = [...run.changed.values()];
    run.changed.clear();
    return changes;
  }

  /** Neither rows that this device has written meanwhile nor those without their parent are written. */
  function partOf(changes: readonly Change[]): Part {
    const free = new Set<Change>();
    return {
      async write({ synced }) {
        const own = acknowledged.since(model.name, run.mark);
        const parents = new Map<Place, boolean>();
        free.clear();
        for (const change of changes) {
          const { place } = change;
          if (!parents.has(place)) parents.set(place, await hasParent(synced, place));
          if (!own.has(change.key) && parents.get(place) === true) free.add(change);
        }
        if (free.size === 0) return;
        await synced.upsert(
          model,
          [...free].map(({ row }) => row),
        );
      },
      noteWritten() {
        for (const change of changes) {
          if (free.has(change)) change.memory.prints.set(change.key, change.print);
          else run.kept.add(change.key);
        }
      },
    };
  }

  async function hasParent(synced: StoreOperations["synced"], { given }: Place): Promise<boolean> {
    if (parent === undefined) return true;
    const values = [...parent.columns].map(([column, field]): [string, string | null] => [
      field,
      given.get(column) ?? null,
    ]);
    return (await synced.select(parent.model, parent.model.key, new Map(values))).length > 0;
  }

  async function writeTogether(changes: readonly Change[], isShown: boolean): Promise<void> {
    const part = partOf(changes);
    await store.receive(async (within) => {
      if (run.isFirst) await within.synced.beginLoading(model);
      await part.write(within);
      if (isShown) await within.synced.endLoading(model);
    });
    part.noteWritten();
  }

  async function writeAll(changes: readonly Change[]): Promise<void> {
    for (let start = 0; start < changes.length; start += ROWS_AT_ONCE) {
      signal.throwIfAborted();
      const some = changes.slice(start, start + ROWS_AT_ONCE);
      const isShown = run.isFirst && isToShow();
      try {
        await writeTogether(some, isShown);
      } catch (error) {
        // Where there was no row before, nobody has tried these.
        const others = await fitting(context, model, run, some, error, signal);
        signal.throwIfAborted();
        await writeTogether(others, isShown);
      }
    }
  }

  return {
    async flush() {
      if (run.changed.size === 0 || (!run.isFirst && run.changed.size < ROWS_AT_ONCE)) return;
      const [before, changes] = [last, takeChanges()];
      last = before.then(() => writeAll(changes));
      // Whoever waits for it is told.
      last.catch(() => {});
      await before;
    },
    written: () => last,
    takeRest: () => partOf(takeChanges()),
  };
}
