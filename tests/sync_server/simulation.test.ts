//! Random schedules of all that can happen, against an oracle that knows nothing of the protocol.

import { after, before, describe, test } from "node:test";

import { run, startsUpgraded } from "./simulation/schedule.js";
import { hurry } from "./support/hurry.js";
import { KINDS, openStore, type Store } from "./support/world.js";

const only = process.env["SYNC_PATTERNS_SEED"];
const first = Number(only ?? process.env["SYNC_PATTERNS_FIRST_SEED"] ?? 0);
const given = Number(only === undefined ? (process.env["SYNC_PATTERNS_SERVER_SCHEDULES"] ?? 100) : 1);
/** What has failed once. */
const REGRESSIONS = only === undefined ? [564] : [];
const databases = KINDS.filter((kind) => kind !== "postgres.js");

hurry();

for (const kind of databases) {
  // PGlite takes its time.
  const count = kind === "pg" ? given : Math.ceil(given / (databases.length === 1 ? 2 : 4));
  describe(kind, () => {
    let stores: Store[];
    before(async () => {
      stores = await Promise.all(Array.from({ length: kind === "pg" ? 2 : 1 }, () => openStore(kind)));
    });
    after(() => Promise.all(stores.map((store) => store.close())));

    test(`${count} schedules`, async () => {
      // Those that begin with one document stand together, so that the tables need not be made again for each.
      const range = Array.from({ length: count }, (_, place) => first + place);
      const seeds = [...new Set([...range, ...REGRESSIONS])];
      seeds.sort((one, other) => Number(startsUpgraded(other)) - Number(startsUpgraded(one)));
      await Promise.all(stores.map((store) => runAll(kind, store, seeds)));
    });
  });
}

/** Takes one seed after the other. */
async function runAll(kind: string, store: Store, seeds: number[]): Promise<void> {
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
    const { fault, steps } = await run(store, seed);
    if (fault === null) continue;
    const again = `SYNC_PATTERNS_SEED=${seed} cargo test --test program sync_server::simulation`;
    throw new Error(`schedule ${seed} on ${kind}: ${String(fault)}\n\n${steps.join("\n")}\n\nOnce more: ${again}`, {
      cause: fault,
    });
  }
}
