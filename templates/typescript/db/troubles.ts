import { backoff } from "./backoff.js";

/** How often an entry fails before others go ahead of it. */
const PATIENCE = 5;

/** What has gone wrong on the way to the API since something went well. */
export interface Troubles {
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

export function noTroubles(): Troubles {
  return { failures: 0, refusals: 0, forbidden: new Set(), failing: new Set(), errors: new Map() };
}

/** A write has been answered. */
export function forget(troubles: Troubles, writeId: string): void {
  troubles.failures = 0;
  troubles.refusals = 0;
  troubles.failing.clear();
  troubles.forbidden.delete(writeId);
  troubles.errors.delete(writeId);
}

/**
 * Counts a server error; `asked`: what its `Retry-After` says. Returns whether it is this write that fails, again and
 * again, and not the server: then others needn't wait.
 */
export function noteError(troubles: Troubles, writeId: string, asked: number): boolean {
  const count = (troubles.errors.get(writeId)?.count ?? 0) + 1;
  troubles.errors.set(writeId, { count, until: Date.now() + Math.max(asked, backoff(count)) });
  troubles.failing.add(writeId);
  return count >= PATIENCE && troubles.failing.size === 1;
}

/** Whether others go ahead of a write that keeps failing. */
export function isHeldBack(troubles: Troubles, writeId: string): boolean {
  const { count = 0, until = 0 } = troubles.errors.get(writeId) ?? {};
  return count >= PATIENCE && Date.now() < until;
}

/** In milliseconds: until a write that is held back may be tried again. */
export function untilNextTry({ errors }: Troubles): number {
  const left = [...errors.values()].map(({ until }) => until - Date.now());
  return Math.min(...left.filter((milliseconds) => milliseconds > 0));
}

/** What is held back may be tried at once. */
export function tryAtOnce({ errors }: Troubles): void {
  for (const [writeId, { count }] of errors) errors.set(writeId, { count, until: 0 });
}
