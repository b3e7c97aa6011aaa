import type { Reports, SyncError } from "../tabs/reports.js";

/** Why a write fails, and what its error is about. */
export interface Reason {
  readonly message: string;
  readonly about: Pick<SyncError, "model" | "url">;
}

/** The source of what it reports: no model is called so. */
const ALONE = "what others go ahead of";

/** Has the status say why writes keep failing while others go ahead of them, though all is well with those. */
export interface Alone {
  tell(writeId: string, reason: Reason): void;
  /** These don't fail any more. */
  forget(...writeIds: readonly string[]): void;
  /** Forgets all but these: a row that has come may have settled them. */
  keep(writeIds: readonly string[]): void;
}

export function createAlone(reports: Reports): Alone {
  const reasons = new Map<string, Reason>();

  function show(): void {
    const last = [...reasons.values()].at(-1);
    reports.error(ALONE, last?.message ?? null, last?.about);
  }

  function forget(...writeIds: readonly string[]): void {
    if (writeIds.filter((writeId) => reasons.delete(writeId)).length > 0) show();
  }

  return {
    tell(writeId, reason) {
      reasons.delete(writeId);
      reasons.set(writeId, reason);
      show();
    },
    forget,
    keep(writeIds) {
      const kept = new Set(writeIds);
      forget(...[...reasons.keys()].filter((writeId) => !kept.has(writeId)));
    },
  };
}
