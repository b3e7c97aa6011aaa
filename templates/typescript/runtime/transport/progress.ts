import { parsed } from "../client/json.js";
import type { Model } from "../client/model.js";
import type { StoreOperations } from "../store/store.js";
import type { ModelStatus } from "../tabs/reports.js";

/** Under what each transport stores how far the rows of a model have come, together with those rows. */
export const POSITION: Readonly<Record<Model["transport"], string>> = {
  electric: "shape",
  rest: "list",
  "push-pull": "loaded",
};

/** What each of them stores, among other things. */
interface Progress {
  readonly rows: number;
  readonly isComplete: boolean;
  readonly at: string;
}

/** How far a model's rows have come, as the store has it: a page shows that before it has asked a server. */
export async function readProgress({ meta }: StoreOperations, model: Model): Promise<ModelStatus> {
  // Nothing comes for a model without a list.
  const isUnlisted = model.transport === "rest" && model.list === undefined;
  const text = isUnlisted ? undefined : await meta.get(POSITION[model.transport], model.name);
  // Only the transports write it.
  const { rows = 0, isComplete = isUnlisted, at = null } = (parsed(text ?? "{}") ?? {}) as Partial<Progress>;
  return { rows, of: null, ready: isComplete, lastSync: isComplete ? at : null, error: null };
}
