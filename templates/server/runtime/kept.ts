const KEPT = Symbol.for("sync-patterns");

/**
 * Gives what `make` has made the first time in this process. A development server loads modules anew once they change, and
 * two PGlites on one folder would destroy it: `kept("pglite", () => new PGlite("./data"))`.
 */
export function kept<T>(name: string, make: () => T): T {
  const all = ((globalThis as { [KEPT]?: Map<string, unknown> })[KEPT] ??= new Map<string, unknown>());
  if (!all.has(name)) all.set(name, make());
  // Each name is given for one thing.
  return all.get(name) as T;
}
