/** Version 1 of the protocol between this client and a sync server. Values are PostgreSQL's text, versions text of digits. */
export const PROTOCOL = 1;
/** The most bytes of a request. */
export const LARGEST_REQUEST = 1_000_000;

export type WireRow = Readonly<Record<string, string | null>>;

/** The versions that a client has seen, by scope. */
export type Scopes = Readonly<Record<string, { readonly epoch: string; readonly version: string }>>;

/** Where the server has a write. */
export interface Place {
  readonly scope: string;
  readonly epoch: string;
  readonly version: string;
}

/** Take a request and give its answer. Where there is none they throw: a `Response`, or an error with its `status`. */
export interface PushPullFunctions {
  push(request: PushRequest, signal: AbortSignal): Promise<PushAnswer>;
  pull(request: PullRequest, signal: AbortSignal): Promise<PullAnswer>;
  /** Gives the answer to `poke`, a stream of events, also where that refuses. Without it, the client asks every few seconds. */
  poke?(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>;
}

export interface PushRequest {
  readonly protocol: typeof PROTOCOL;
  readonly schema: string;
  readonly client_id: string;
  /** The device's clock, in milliseconds. */
  readonly now: number;
  /** How far the server's clock is ahead of it, where that is known. */
  readonly skew?: number | undefined;
  /** Write ids that this client never sends again. */
  readonly answered: readonly string[];
  readonly bases: readonly Scopes[];
  readonly changes: readonly PushChange[];
}

export interface PushChange {
  readonly id: string;
  readonly write_id: string;
  readonly transaction_id: string;
  readonly table: string;
  readonly operation: "insert" | "update" | "delete";
  readonly key: Readonly<Record<string, string>>;
  readonly value: WireRow;
  /** The place in `bases` of what the device had seen. */
  readonly base: number | null;
  readonly edited_at: string | null;
}

export interface PushAnswer {
  readonly protocol: number;
  readonly stamp: string;
  readonly results: readonly PushResult[];
}

export interface PushResult {
  readonly write_id: string;
  readonly status: "applied" | "rejected" | "superseded" | "pending";
  readonly place?: Place;
  /** The key that the server has made. */
  readonly key?: WireRow;
  readonly error?: ResultError;
  /** The server's row, in a conflict; null where the user doesn't see it. */
  readonly row?: WireRow | null;
}

export interface ResultError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** The write that was refused. */
  readonly write_id?: string;
}

export interface PullRequest {
  readonly protocol: typeof PROTOCOL;
  readonly schema: string;
  readonly client_id: string;
  /** Columns by model. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly cursor: Cursor | null;
  readonly limit: number;
}

export interface PullAnswer {
  readonly protocol: number;
  readonly stamp: string;
  readonly cursor: Cursor | null;
  readonly changes: readonly PullChange[];
  readonly more: boolean;
  readonly reset?: "epoch" | "ahead" | "floor" | "scope";
  /** With the last page: up to which versions the server has forgotten what was deleted, by scope. */
  readonly floors?: Readonly<Record<string, string>>;
}

/** Sent back as it came. */
export interface Cursor {
  readonly scopes: Scopes;
  readonly tables?: Readonly<Record<string, string>>;
  /** What is still being filled: not all rows of these scopes have come. */
  readonly loads?: readonly {
    readonly scope: string;
    readonly tables: readonly string[];
    readonly version: string;
    readonly head: string;
  }[];
}

export interface PullChange {
  readonly table: string;
  readonly key: WireRow;
  readonly version: string;
  /** The last write of the row that came by a push; null where somebody else has written since. */
  readonly write_id: string | null;
  /** Null: the row has gone. */
  readonly row: WireRow | null;
  readonly scope?: string;
  /** When a row was deleted, and by which device. Absent: it may have left the user's scopes, or the server doesn't say. */
  readonly deleted?: { readonly at: string; readonly device_id: string | null };
}
