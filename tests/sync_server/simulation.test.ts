//! Random schedules of all that can happen, against an oracle that knows nothing of the protocol.

import { after, before, describe, test } from "node:test";

import { run } from "./simulation/schedule.js";
import { KINDS, openStore, type Store } from "./support/world.js";

const only = process.env["SYNC_PATTERNS_SEED"];
const first = Number(only ?? process.env["SYNC_PATTERNS_FIRST_SEED"] ?? 0);
const given = Number(only === undefined ? (process.env["SYNC_PATTERNS_SERVER_SCHEDULES"] ?? 20) : 1);
const databases = KINDS.filter((kind) => kind !== "postgres.js");

for (const kind of databases) {
  // Beside PostgreSQL, PGlite has a quarter of them: it takes its time.
  const count = kind === "pg" || databases.length === 1 ? given : Math.ceil(given / 4);
  describe(kind, () => {
    let store: Store;
    before(async () => {
      store = await openStore(kind);
    });
    after(() => store.close());

    test(`${count} schedules`, async () => {
      for (let seed = first; seed < first + count; seed += 1) {
        const { fault, steps } = await run(store, seed);
        if (fault === null) continue;
        const again = `SYNC_PATTERNS_SEED=${seed} cargo test --test sync_server simulation`;
        throw new Error(`schedule ${seed} on ${kind}: ${String(fault)}\n\n${steps.join("\n")}\n\nOnce more: ${again}`, {
          cause: fault,
        });
      }
    });
  });
}
