import { backoff } from "../transport/schedule.js";
import { createRefusals, type Refusals } from "./refusals.js";

/** How many failures an entry may have before others are sent ahead of it. */
export const PATIENCE = 5;

/** Counts failures of writes since the last one that the server has answered. */
export interface Retries {
  /** Failures in a row, whichever writes they were of. */
  failures: number;
  /** How often in a row the server has refused the headers (401). */
  refusals: number;
  /** Writes that it has refused so. */
  readonly refused: Refusals;
  /** Writes that have been answered with 403 once. */
  readonly forbidden: Set<string>;
  /** Writes that have failed since another one was answered. */
  readonly failing: Set<string>;
  /** How often a write has failed, and when to try it again. */
  readonly errors: Map<string, { readonly count: number; readonly until: number }>;
}

export function noRetries(): Retries {
  return {
    failures: 0,
    refusals: 0,
    refused: createRefusals(),
    forbidden: new Set(),
    failing: new Set(),
    errors: new Map(),
  };
}

/** Forgets the failures of a write that has been answered. `isNews`: whether it left after the last failure of another. */
export function forget(retries: Retries, writeId: string, isNews: boolean): void {
  retries.forbidden.delete(writeId);
  retries.errors.delete(writeId);
  retries.failing.delete(writeId);
  retries.refused.forget(writeId);
  if (!isNews) return;
  retries.failures = 0;
  retries.refusals = 0;
  retries.failing.clear();
}

/** Forgets all writes but these: a row that has come may have settled them. */
export function keep({ forbidden, failing, errors, refused }: Retries, writeIds: ReadonlySet<string>): void {
  for (const each of [forbidden, failing, errors]) {
    for (const writeId of [...each.keys()].filter((one) => !writeIds.has(one))) each.delete(writeId);
  }
  refused.keep(writeIds);
}

/** Whether the server has failed, and has answered nothing since then. While this is so, one write at a time is sent. */
export function isProbing({ failures, refusals }: Retries): boolean {
  return failures > 0 || refusals > 0;
}

/**
 * Counts a failure, whatever it was; `asked`: its `Retry-After`, in milliseconds. Returns whether only this write fails,
 * again and again, while the server answers others: then those are sent ahead of it.
 */
export function noteError(retries: Retries, writeId: string, asked: number): boolean {
  const count = (retries.errors.get(writeId)?.count ?? 0) + 1;
  retries.errors.set(writeId, { count, until: Date.now() + Math.max(asked, backoff(count)) });
  retries.failing.add(writeId);
  return count >= PATIENCE && retries.failing.size === 1;
}

/** Has others go ahead of a write at once: that it fails alone is known. */
export function holdBack(retries: Retries, writeId: string, asked: number): void {
  const count = Math.max(PATIENCE, (retries.errors.get(writeId)?.count ?? 0) + 1);
  retries.errors.set(writeId, { count, until: Date.now() + Math.max(asked, backoff(count)) });
}

/** Whether a write that keeps failing, or was refused, has to wait for its next try, so that others are sent ahead of it. */
export function isHeldBack(retries: Retries, writeId: string): boolean {
  if (retries.refused.isHeld(writeId)) return true;
  const { count = 0, until = 0 } = retries.errors.get(writeId) ?? {};
  return count >= PATIENCE && Date.now() < until;
}

/** The milliseconds until the first of the waiting writes may be tried again. */
export function untilNextTry({ errors }: Retries): number {
  const left = [...errors.values()].map(({ until }) => until - Date.now());
  return Math.min(...left.filter((milliseconds) => milliseconds > 0));
}

/** Lets waiting writes be tried at once. */
export function tryAtOnce({ errors }: Retries): void {
  for (const [writeId, { count }] of errors) errors.set(writeId, { count, until: 0 });
}
