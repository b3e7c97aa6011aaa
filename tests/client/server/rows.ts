import type { Answer, Fault, Incoming } from "./faults.js";

/** How rows come to a client: through Electric's shapes, from the API's lists, or from a sync server. */
export type Transport = "electric" | "rest" | "push-pull";

/** What a test does to rows on their way to clients, whatever brings them. */
export interface Rows {
  readonly options: {
    /** Rows that one answer has at most. */
    chunk: number;
  };
  /** Changes of this table don't arrive until `release`. */
  hold(table: string): Promise<void>;
  release(): void;
  /** Every client of this table, or of all, gets all its rows anew. */
  refetch(table?: string): void;
  /** Answers requests that wait for a change. */
  wake(): void;
  /** Whether a request asks for rows in this way, which is none of the API's other business. */
  isFor(request: Incoming): boolean;
  /** The requests for rows of a table: of all of it, or only those with which reading begins. */
  requests(table: string, which?: "all" | "first"): Pick<Fault, "on" | "where">;
  answer(request: Incoming, gone: AbortSignal): Promise<Answer>;
  /** The table that a request is for. */
  tableOf(request: Incoming): string;
}

/** A sync server, which takes the writes as well. */
export interface SyncRows extends Rows {
  readonly options: {
    chunk: number;
    /** By how many milliseconds its clock is ahead. */
    ahead: number;
    /** Whether it gives the results in another order, with one of a write that nobody has sent. */
    shuffles: boolean;
  };
  /** Write ids that came again with another content. */
  readonly misused: string[];
  /** The database has been emptied. */
  forget(): Promise<void>;
  /** What a request asks for, whatever way it came. */
  asked(request: Incoming): Incoming;
}
