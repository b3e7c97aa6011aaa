//! Bugs that the simulation must find.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BUGS, plant } from "./simulation/planted.js";
import { hurry } from "./support/hurry.js";
import { KINDS, openStore, type Store } from "./support/world.js";

/** In how many schedules at most a bug has to show, from the first one that is known to show it. */
const SCHEDULES = 60;

const canBeConcurrent = KINDS.some((kind) => kind === "pg");

hurry();

describe("planted bugs", () => {
  let store: Store;
  before(async () => {
    store = await openStore(canBeConcurrent ? "pg" : "pglite");
  });
  after(() => store.close());

  for (const bug of BUGS) {
    if (bug.needsConcurrency && !canBeConcurrent) {
      console.error(`NOT TESTED WITHOUT POSTGRESQL: ${bug.name}`);
      continue;
    }
    test(bug.name, async (context) => {
      const run = await plant(bug);
      for (let seed = bug.first; seed < bug.first + SCHEDULES; seed += 1) {
        const { fault } = await run(store, seed);
        if (fault === null) continue;
        // Another error than a fault would say nothing of the bug.
        assert.equal((fault as Error).constructor.name, "Fault", String(fault));
        return context.diagnostic(`schedule ${seed}: ${String(fault)}`);
      }
      assert.fail(`${SCHEDULES} schedules don't find it`);
    });
  }
});
