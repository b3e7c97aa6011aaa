/** Whether a run is as long as in CI: see "Sizes" in the README of the tests. */
export const isLong = process.env["SYNC_PATTERNS_PAIRS"] === "all";

/** All of them in a long run with SQLite, otherwise so many, spread evenly: PGlite takes ten times as long. */
export function some<T>(all: readonly T[], many: number): readonly T[] {
  if ((isLong && process.env["ADAPTER"] === "sqlite") || all.length <= many) return all;
  return Array.from({ length: many }, (_, index) => all[Math.floor((index * all.length) / many)] as T);
}
