import type { Members } from "../client/json.js";
import type { Model, Operation } from "../client/model.js";
import type { HeadersRecord, Rejection, Settings } from "../config.js";
import type { MadeKey, ServerRow, Store } from "../store/store.js";
import type { Reports } from "../tabs/reports.js";
import type { Passes, Presence, Pulls, Source } from "./schedule.js";

/**
 * The interface of a transport: how rows come in and writes go out. A transport is the only part of the client that
 * talks to a server, and knows nothing of the store but its interface. What all of them share stands above: which tab
 * leads, the queue of writes and its retries, the status; `schedule.ts` says when to try again.
 */
export interface Transport {
  /** By what models call it. Only what models use is registered. */
  readonly reads: Readonly<Partial<Record<Model["transport"], Reads>>>;
  /** What sends writes to the API; absent where no model's go there. */
  readonly writes?: (settings: Settings) => Writes;
}

/** What a transport works with. */
export interface Context {
  readonly store: Store;
  readonly models: readonly Model[];
  readonly settings: Settings;
  readonly presence: Presence;
  readonly reports: Reports;
  /** After each commit that may have changed the log. */
  readonly onLog: Source;
  /** What this device has written since it leads. */
  readonly acknowledged: Acknowledged;
  /** Where a pull is asked for, and done. */
  readonly pulls: Pulls;
  /** What the server has taken and told. */
  readonly passes: Passes;
  /** Aborts when this tab doesn't lead any more. */
  readonly signal: AbortSignal;
}

/** The most edits that a sync server takes together. */
export const LARGEST_GROUP = 500;

/** Brings the server's rows into the synced tables. */
export interface Reads {
  /** Whether it sends the writes of its models, too. */
  readonly sends?: boolean;
  /** Goes on until the signal aborts. Returns once nothing is on its way into the store any more. */
  run(context: Context, models: readonly Model[]): Promise<void>;
}

/** Sends writes to the server. */
export interface Writes {
  /** Why a write can't be sent at all; undefined where it can. */
  refusal(write: Outgoing): string | undefined;
  /** Where a write is sent to, for people. */
  urlOf(write: Outgoing): string;
  /** Whether the server is known to take a write that comes again for the one that it has had. */
  knowsRepeats(): boolean;
  /** Sends a write, and says what has become of it. */
  send(write: Outgoing, headers: HeadersRecord, signal: AbortSignal): Promise<Outcome>;
}

/** What goes out as one write: an entry of the log, or updates of one row that follow one another. */
export interface Outgoing {
  readonly model: Model;
  readonly action: Operation;
  readonly operation: "insert" | "update" | "delete";
  readonly rowKey: string;
  readonly writeIds: readonly string[];
  /** The id under which it goes out: the newest of them. */
  readonly writeId: string;
  /** This one included. */
  readonly attempts: number;
  /** The key, and what is set. */
  readonly members: Members;
  /** What an insert gives beside the row's columns. */
  readonly inputs: Members;
  /** The row as the server should have it before. */
  readonly before: Members;
}

/** What an answer, or its absence, means for a write. */
export type Outcome =
  | {
      readonly kind: "acknowledged";
      readonly key: MadeKey | null;
      readonly txid: string | null;
      /** The row after the write, where the server has told it. */
      readonly row: ServerRow | null;
      /** Whether rows have shown it, and nothing was sent now. */
      readonly isFromRows?: true;
    }
  | { readonly kind: "rejected"; readonly rejection: Rejection }
  | {
      readonly kind: "again";
      readonly message: string;
      /** Whether a proxy has answered, which can't reach the server. */
      readonly isAway?: boolean;
      readonly retryAfter: number;
    }
  | { readonly kind: "unreachable"; readonly message: string }
  /** The API takes this (403), or perhaps anything (401), only with other headers, if at all. */
  | { readonly kind: "refused"; readonly status: 401 | 403; readonly rejection: Rejection };

/**
 * The rows that this device has written since it leads, as soon as the server has taken the write: updated rows, deleted
 * ones, and new ones under both keys, where the server has made another. An answer to a request that left before may
 * show what was there before the write.
 */
export interface Acknowledged {
  /** Gives a mark: what is noted later comes after it. */
  mark(): number;
  /** Call it in the transaction of the acknowledgement, so that nobody sees the one without the other. */
  note(model: string, rowKey: string): void;
  /** Keys of the model's rows that were noted after a mark. */
  since(model: string, mark: number): ReadonlySet<string>;
}

export function createAcknowledged(): Acknowledged {
  let newest = 0;
  const noted = new Map<string, Map<string, number>>();
  return {
    mark: () => newest,
    note(model, rowKey) {
      newest += 1;
      const ofModel = noted.get(model) ?? new Map<string, number>();
      noted.set(model, ofModel.set(rowKey, newest));
    },
    since(model, mark) {
      const later = [...(noted.get(model) ?? [])].filter(([, number]) => number > mark);
      return new Set(later.map(([rowKey]) => rowKey));
    },
  };
}
