import type { Reports, SyncError } from "../tabs/reports.js";

/** Why a write fails, and what its error is about. */
export interface Reason {
  readonly message: string;
  readonly about: Pick<SyncError, "model" | "url">;
}

/** Has the status say why writes keep failing while others go ahead of them, though all is well with those. */
export interface Alone {
  tell(writeId: string, reason: Reason): void;
  /** These don't fail any more. */
  forget(...writeIds: readonly string[]): void;
  /** Those that have been told and not forgotten. */
  told(): string[];
  /** Forgets all but these: a row that has come may have settled them. */
  keep(writeIds: readonly string[]): void;
}

/** `server`: what takes the writes. */
export function createAlone(reports: Reports, server: string): Alone {
  /** The source of what it reports: no model is called so. */
  const source = `what others go ahead of to ${server}`;
  const reasons = new Map<string, Reason>();

  function show(): void {
    const last = [...reasons.values()].at(-1);
    reports.error(source, last?.message ?? null, last?.about);
  }

  function forget(...writeIds: readonly string[]): void {
    if (writeIds.filter((writeId) => reasons.delete(writeId)).length > 0) show();
  }

  // Of what another tab, or another user's turn, has told, nothing is known here.
  show();
  return {
    tell(writeId, reason) {
      reasons.delete(writeId);
      reasons.set(writeId, reason);
      show();
    },
    forget,
    told: () => [...reasons.keys()],
    keep(writeIds) {
      const kept = new Set(writeIds);
      forget(...[...reasons.keys()].filter((writeId) => !kept.has(writeId)));
    },
  };
}
