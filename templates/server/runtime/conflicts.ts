import type { Place } from "./protocol.js";
import { compareStamps, stamp, type Stamp } from "./stamps.js";

/** The last write of a column, as `sync_row` has it. */
interface ColumnVersion {
  /** The version that it got. */
  readonly v: number | string;
  /** The client that has written it; null where it didn't come by a push. */
  readonly c: string | null;
  /** The stamp by the server's clock. */
  readonly s: string | null;
  /** The stamp as the device had it. */
  readonly o: string | null;
}

/** What is known of a row before it is written to. */
export interface Known {
  readonly place: Place;
  readonly isDeleted: boolean;
  /** By column; `*` stands for those that aren't named. Null where nobody has kept it. */
  readonly columns: Readonly<Record<string, ColumnVersion>> | null;
}

/** The write that meets them. */
export interface Incoming {
  readonly client: string;
  /** The version that the device had seen, in the row's scope and epoch. */
  readonly base: bigint | null;
  readonly shifted: Stamp;
  readonly own: Stamp | null;
}

/** Whether the device had seen the column as it is, or has written it itself. */
export function hasSeen(known: Known, column: string, incoming: Incoming): boolean {
  return knows(lastWrite(known, column), incoming);
}

/** Whether the device had seen the whole row. */
export function hasSeenAll(known: Known, incoming: Incoming): boolean {
  return allWrites(known).every((last) => knows(last, incoming));
}

/** Whether the write is later than the last one of the column. */
export function isLater(known: Known, column: string, incoming: Incoming): boolean {
  return beats(lastWrite(known, column), incoming);
}

export function isLaterThanAll(known: Known, incoming: Incoming): boolean {
  return allWrites(known).every((last) => beats(last, incoming));
}

function lastWrite({ columns, place }: Known, column: string): ColumnVersion {
  const own = columns && Object.hasOwn(columns, column) ? columns[column] : columns?.["*"];
  return own ?? { v: place.version, c: null, s: null, o: null };
}

function allWrites(known: Known): ColumnVersion[] {
  return known.columns === null ? [lastWrite(known, "*")] : Object.values(known.columns);
}

function knows(last: ColumnVersion, { client, base }: Incoming): boolean {
  return last.c === client || (base !== null && BigInt(last.v) <= base);
}

/** An edit over a value that the device was looking at is later than that value, whatever the clocks say. */
function beats(last: ColumnVersion, incoming: Incoming): boolean {
  if (last.c === incoming.client) {
    return last.o === null || incoming.own === null || compareStamps(incoming.own, stamp(last.o)) >= 0;
  }
  if (last.s === null || knows(last, incoming)) return true;
  const difference = compareStamps(incoming.shifted, stamp(last.s));
  return difference > 0 || (difference === 0 && incoming.client > (last.c ?? ""));
}
