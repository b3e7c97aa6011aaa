import type { Row, Statement } from "../driver.js";

/** Messages to all tabs, on the channel with the name of the database. */
export type Announcement =
  /** A tab wants to be connected. */
  | { readonly type: "hello"; readonly client: string }
  /** This worker has the database open now. */
  | { readonly type: "owner" }
  | { readonly type: "commit" };

/** A request of a tab to the worker that has the database open, on the tab's own channel. */
export type Request = Task & { readonly owner: string; readonly id: number };

export type Task =
  | { readonly type: "query"; readonly statement: Statement; readonly in?: number }
  | { readonly type: "exec"; readonly script: string; readonly in?: number }
  /** Begins a transaction; later requests name it in `in` by the id of this one. */
  | { readonly type: "begin" }
  /** Commits, and stores the token: if the answer gets lost, the tab sees by it that the transaction was committed. */
  | { readonly type: "commit"; readonly in: number; readonly token: string }
  | { readonly type: "rollback"; readonly in: number };

/** A message of the worker, on a tab's channel. */
export type Reply =
  | { readonly type: "welcome"; readonly owner: string }
  | { readonly type: "result"; readonly owner: string; readonly id: number; readonly rows: Row[] }
  | { readonly type: "error"; readonly owner: string; readonly id: number; readonly error: RemoteError };

/** An error in a form that a channel can carry: `members` has PostgreSQL's code, for example. */
export interface RemoteError {
  readonly message: string;
  readonly members: Readonly<Record<string, string>>;
}

/** What a worker opens. */
export interface Place {
  readonly directory: string;
  /** The address of a file with which a new database begins. */
  readonly initialData?: string;
}

/** Messages between a tab and its own worker. */
export type WorkerMessage =
  | { readonly type: "open"; readonly shared: string; readonly place: Place }
  /** The database is this worker's now: it is about to open it. */
  | { readonly type: "opening" }
  | { readonly type: "close" }
  | { readonly type: "closed" }
  | { readonly type: "failed"; readonly error: RemoteError };

export function toRemote(error: unknown): RemoteError {
  if (!(error instanceof Error)) return { message: String(error), members: {} };
  const members = Object.entries(error).filter((member): member is [string, string] => typeof member[1] === "string");
  return { message: error.message, members: Object.fromEntries(members) };
}

export function fromRemote({ message, members }: RemoteError): Error {
  return Object.assign(new Error(message), members);
}

/** The name of a tab's channel, and of the lock that the tab holds while it is open. */
export function tabChannel(shared: string, client: string): string {
  return `${shared}:${client}`;
}

/** The table with the token of each tab's last commit, for tabs that got no answer. */
export const MARKS = "_tab_commits";
