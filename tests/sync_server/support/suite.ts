//! Tests of the protocol on each database that is there.

import { after, before, describe } from "node:test";

import { KINDS, openStore, World, type Client, type Kind, type Store } from "./world.js";

export interface Suite {
  readonly kind: Kind;
  readonly store: Store;
  readonly world: World;
  readonly ada: Client;
  readonly bob: Client;
  /** A number that no other row has. */
  next(): number;
}

/** Runs tests on each database; what they run in is there once they have begun. */
export function onEach(tests: (suite: Suite) => void): void {
  for (const kind of KINDS) {
    describe(kind, () => {
      let number = 0;
      const suite = { kind, next: () => (number += 1) } as { -readonly [name in keyof Suite]: Suite[name] };
      before(async () => {
        suite.store = await openStore(kind);
        suite.world = new World(suite.store);
        suite.ada = suite.world.client("ada");
        suite.bob = suite.world.client("bob");
      });
      after(async () => {
        await suite.world.server.close();
        await suite.store.close();
      });
      tests(suite);
    });
  }
}
