import type { Outcome } from "./apply.js";
import type { Step } from "./changes.js";
import type { Refusal } from "./errors.js";
import type { ServerModel } from "./model.js";
import type { Change, WriteResult } from "./protocol.js";

/** A change on its way: what the request says of it, and what has become of it so far. */
export interface Item {
  readonly change: Change;
  readonly index: number;
  readonly model: ServerModel | undefined;
  /** The stored answer, where the write has come before. */
  known?: WriteResult;
  step?: Step;
  refusal?: Refusal;
  /** The write of its group that was refused. */
  refused?: string;
  outcome?: Outcome | "pending";
  /** Of the content, to know another one under the same write id. */
  hash: string;
}
