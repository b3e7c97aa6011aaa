import { backoff } from "../schedule.js";

/**
 * Writes that the server has taken, and then hasn't had: a backup may have been put back. They are sent again at once;
 * those that are lost again wait ever longer.
 */
export interface Lost {
  note(writeIds: readonly string[]): void;
  /** The server has these, or has refused them. */
  forget(writeIds: readonly string[]): void;
  /** Whether a write was lost more than once. */
  isAnyAgain(): boolean;
  isWaiting(writeId: string): boolean;
  /** The milliseconds until the first of those that wait may be sent. */
  untilNextTry(): number;
  tryAtOnce(): void;
}

export function createLost(): Lost {
  const losses = new Map<string, { readonly count: number; readonly until: number }>();
  const waits = () => [...losses.values()].map(({ until }) => until - Date.now()).filter((left) => left > 0);
  return {
    note(writeIds) {
      for (const writeId of writeIds) {
        const before = losses.get(writeId)?.count ?? 0;
        losses.set(writeId, { count: before + 1, until: before === 0 ? 0 : Date.now() + backoff(before) });
      }
    },
    forget(writeIds) {
      for (const writeId of writeIds) losses.delete(writeId);
    },
    isAnyAgain: () => [...losses.values()].some(({ count }) => count > 1),
    isWaiting: (writeId) => (losses.get(writeId)?.until ?? 0) > Date.now(),
    untilNextTry: () => Math.min(...waits()),
    tryAtOnce() {
      for (const [writeId, { count }] of losses) losses.set(writeId, { count, until: 0 });
    },
  };
}
