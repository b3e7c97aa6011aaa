import type { Model } from "../../client/model.js";
import type { ServerRow } from "../../store/store.js";
import { findMisfits } from "../misfits.js";
import type { Context } from "../transport.js";
import type { Memory, Place } from "./places.js";

/** The most rows that one transaction writes: meanwhile the user's own writes wait. */
export const ROWS_AT_ONCE = 2_000;

/** One pull of a model, with what has become of its rows so far. */
export interface Run {
  /** Rows that this device writes after this mark are left alone. */
  readonly mark: number;
  /** Whether rows are compared with the synced table, and not with what is remembered. */
  readonly isThorough: boolean;
  /** Whether whole lists are read, and not only what has changed. */
  readonly isFull: boolean;
  /** Whether the model has never been read to the end. */
  readonly isFirst: boolean;
  /**
   * Whether there was no row before: what comes in this pull for the first time needs no comparison. Meanwhile only this
   * device's writes add others, which are left alone.
   */
  readonly wasEmpty: boolean;
  /** Rows that the lists have, by the list that has shown it first. */
  readonly seen: Map<string, Memory>;
  /** Rows that say that they are deleted. */
  readonly removed: Set<string>;
  /** Rows that the lists have, and that are left alone. */
  readonly kept: Set<string>;
  /** Rows that aren't written yet. */
  readonly changed: Map<string, Change>;
  /** What can't be read, and where it was asked for. */
  readonly problems: Problem[];
  rows: number;
  total: number | null;
  isAgain: boolean;
}

/** Why a row, or a whole list, is left out. */
export interface Problem {
  readonly message: string;
  /** The list's URL. */
  readonly url: string;
}

/** A row that is new, or other than the one that is there. */
export interface Change {
  readonly key: string;
  readonly row: ServerRow;
  readonly print: number;
  readonly memory: Memory;
  readonly place: Place;
}

/**
 * Leaves rows out that the table can't hold, which it has refused with `error`. Gives the others; throws the error where the
 * database has failed.
 */
export async function fitting(
  { store, signal: leading }: Context,
  model: Model,
  run: Run,
  changes: readonly Change[],
  error: unknown,
  signal: AbortSignal,
): Promise<Change[]> {
  if (leading.aborted || signal.aborted) throw error;
  const misfits = await findMisfits(store, model, changes, ({ row }) => ({ row, isWhole: true }));
  // The database had failed, and has got over it.
  if (misfits.size === 0) throw error;
  for (const [{ key, place }, { message }] of misfits) {
    run.kept.add(key);
    run.problems.push({ message, url: place.url });
  }
  return changes.filter((change) => !misfits.has(change));
}
