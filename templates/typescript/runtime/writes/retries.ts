import { backoff } from "../transport/schedule.js";

/** How often an entry fails before others go ahead of it. */
const PATIENCE = 5;

/** Failures of writes since the last one that went well. */
export interface Retries {
  /** Failures in a row, whichever writes they were of. */
  failures: number;
  /** Refusals of the headers in a row. */
  refusals: number;
  /** Writes that were forbidden once. */
  readonly forbidden: Set<string>;
  /** Writes that have met server errors since another one was answered. */
  readonly failing: Set<string>;
  /** How many server errors a write has met, and when to try it again. */
  readonly errors: Map<string, { readonly count: number; readonly until: number }>;
}

export function noRetries(): Retries {
  return { failures: 0, refusals: 0, forbidden: new Set(), failing: new Set(), errors: new Map() };
}

/** A write has been answered. */
export function forget(retries: Retries, writeId: string): void {
  retries.failures = 0;
  retries.refusals = 0;
  retries.failing.clear();
  retries.forbidden.delete(writeId);
  retries.errors.delete(writeId);
}

/**
 * Counts a server error; `asked`: what its `Retry-After` says. Returns whether it is this write that fails, again and
 * again, and not the server: then others needn't wait.
 */
export function noteError(retries: Retries, writeId: string, asked: number): boolean {
  const count = (retries.errors.get(writeId)?.count ?? 0) + 1;
  retries.errors.set(writeId, { count, until: Date.now() + Math.max(asked, backoff(count)) });
  retries.failing.add(writeId);
  return count >= PATIENCE && retries.failing.size === 1;
}

/** Whether others go ahead of a write that keeps failing. */
export function isHeldBack(retries: Retries, writeId: string): boolean {
  const { count = 0, until = 0 } = retries.errors.get(writeId) ?? {};
  return count >= PATIENCE && Date.now() < until;
}

/** In milliseconds: until a write that is held back may be tried again. */
export function untilNextTry({ errors }: Retries): number {
  const left = [...errors.values()].map(({ until }) => until - Date.now());
  return Math.min(...left.filter((milliseconds) => milliseconds > 0));
}

/** What is held back may be tried at once. */
export function tryAtOnce({ errors }: Retries): void {
  for (const [writeId, { count }] of errors) errors.set(writeId, { count, until: 0 });
}
