import type { Model } from "../../client/model.js";
import type { Store, StoreOperations } from "../../store/store.js";
import {
  findMisfits,
  leftOutKey,
  problemOf,
  readLeftOut,
  writeLeftOut,
  type LeftOut,
  type Misfit,
} from "../misfits.js";
import type { Change } from "./messages.js";

/** Changes that the synced table can take, and those that it can't. */
export interface Fitting {
  readonly changes: readonly Change[];
  readonly misfits: ReadonlyMap<Change, Misfit>;
  /** Notes what is left out, in the transaction that brings the changes. */
  note(within: StoreOperations): Promise<void>;
}

/** Rows of a shape that the synced table can't hold. A shape tells only what changes of a row, so the rest is kept. */
export interface LeftOutRows {
  /**
   * Brings changes by `work`. Where that fails for rows that can't be what the document says, it is done without those;
   * what they have had joins what comes of them later.
   */
  bring(changes: readonly Change[], work: (fitting: Fitting) => Promise<void>): Promise<void>;
  /** All rows are about to come anew. */
  forget(): void;
  /** What the status says of them; null where there are none. */
  problem(): string | null;
}

export async function openLeftOut(store: Store, model: Model): Promise<LeftOutRows> {
  let leftOut = await readLeftOut(store, model);
  /** Whether the database still has what is forgotten. */
  let isStale = false;
  const keyOf = ({ values }: Change) => leftOutKey(model, values);

  /** Joins what was left out of a row to the next change of it, and passes over that it has gone. */
  function completed(changes: readonly Change[], misfits: ReadonlyMap<Change, Misfit>): Change[] {
    const open = new Map<string, Pick<Misfit, "row" | "isWhole">>(Object.entries(leftOut));
    return changes.flatMap((change): Change[] => {
      const key = keyOf(change);
      const before = open.get(key);
      open.delete(key);
      const misfit = misfits.get(change);
      if (misfit !== undefined) {
        open.set(key, misfit);
        return [change];
      }
      if (before === undefined || change.operation === "insert") return [change];
      // Of a row that never was there, nothing goes.
      if (change.operation === "delete") return before.isWhole ? [] : [change];
      const values = new Map([...before.row, ...change.values]);
      const next: Change = { ...change, values, operation: before.isWhole ? "insert" : "update" };
      open.set(key, { row: values, isWhole: before.isWhole });
      return [next];
    });
  }

  function after(changes: readonly Change[], all: readonly Change[], misfits: ReadonlyMap<Change, Misfit>): LeftOut {
    const left = { ...leftOut };
    for (const change of all) delete left[keyOf(change)];
    for (const change of changes) {
      const misfit = misfits.get(change);
      if (misfit === undefined) delete left[keyOf(change)];
      else left[keyOf(change)] = misfit;
    }
    return left;
  }

  return {
    async bring(all, work) {
      const misfits = new Map<Change, Misfit>();
      let changes = completed(all, misfits);
      for (;;) {
        const left = after(changes, all, misfits);
        const isNews = isStale || Object.keys(left).length + Object.keys(leftOut).length > 0;
        try {
          await work({
            changes: changes.filter((change) => !misfits.has(change)),
            misfits,
            note: async (within) => (isNews ? writeLeftOut(within, model, left) : undefined),
          });
          [leftOut, isStale] = [left, false];
          return;
        } catch (error) {
          const fit = changes.filter((change) => !misfits.has(change));
          const found = await findMisfits(store, model, fit, ({ operation, values }) =>
            operation === "delete" ? undefined : { row: values, isWhole: operation === "insert" },
          );
          if (found.size === 0) throw error;
          for (const [change, misfit] of found) misfits.set(change, misfit);
          changes = completed(changes, misfits);
        }
      }
    },
    forget() {
      [leftOut, isStale] = [{}, true];
    },
    problem: () => problemOf(leftOut),
  };
}
