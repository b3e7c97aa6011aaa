import type { Row, Statement } from "../driver.js";

/** What tabs say to all: on the channel that has the name of the database. */
export type Announcement =
  /** A tab wants to be connected. */
  | { readonly type: "hello"; readonly client: string }
  /** This worker has the database open now. */
  | { readonly type: "owner" }
  | { readonly type: "commit" };

/** What a tab asks of the worker that has the database open, on the tab's own channel. */
export type Request = Task & { readonly owner: string; readonly id: number };

export type Task =
  | { readonly type: "query"; readonly statement: Statement; readonly in?: number }
  | { readonly type: "exec"; readonly script: string; readonly in?: number }
  /** Begins a transaction; others name it by the id of this request. */
  | { readonly type: "begin" }
  /** Leaves the token, so that the tab can tell whether it was committed, should the answer get lost. */
  | { readonly type: "commit"; readonly in: number; readonly token: string }
  | { readonly type: "rollback"; readonly in: number };

/** What the worker says on a tab's channel. */
export type Reply =
  | { readonly type: "welcome"; readonly owner: string }
  | { readonly type: "result"; readonly owner: string; readonly id: number; readonly rows: Row[] }
  | { readonly type: "error"; readonly owner: string; readonly id: number; readonly error: RemoteError };

/** An error as it gets through a channel: PostgreSQL's code and the like are members. */
export interface RemoteError {
  readonly message: string;
  readonly members: Readonly<Record<string, string>>;
}

/** What a tab and its own worker say to each other. */
export type WorkerMessage =
  | { readonly type: "open"; readonly shared: string; readonly place: string }
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

/** The channel of one tab. It also holds a lock of this name, for as long as it is there. */
export function tabChannel(shared: string, client: string): string {
  return `${shared}:${client}`;
}

/** Where transactions leave a mark, so that a tab that got no answer knows whether its own was committed. */
export const MARKS = "_tab_commits";
