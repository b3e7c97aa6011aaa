//! Connections that PostgreSQL ends: its restart, a firewall, an administrator.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { contact, KINDS, openStore, uuid, World, type Store } from "./support/world.js";

/** Returns when they have ended, by PostgreSQL's side. */
const END = `SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

for (const kind of KINDS.filter((kind) => kind !== "pglite")) {
  describe(kind, () => {
    let store: Store;
    let world: World;
    /** What happens in the next push, before its write. */
    let meanwhile = async () => {};

    before(async () => {
      store = await openStore(kind);
      const authorize = async () => {
        await meanwhile();
        return true;
      };
      world = new World(store, { authorize });
    });
    after(async () => {
      await world.server.close();
      await store.close();
    });

    test("while nobody uses them, others are opened", async () => {
      const ada = world.client("ada");
      await ada.push([contact(1)]);
      await Promise.all([ada.pull(), ada.pull(), world.client("bob").pull()]);
      await store.sql(END);
      // The process hears of it.
      await pause(1_000);
      await ada.push([contact(2)]);
      await ada.pull();
      assert.ok(ada.row("contacts", uuid(1)) && ada.row("contacts", uuid(2)));
    });

    test(
      "where listening is refused, as by a standby, none is lost",
      { skip: kind === "postgres.js", timeout: 240_000 },
      async () => {
        // PostgreSQL refuses a channel of two words in the same way; the pool has fewer connections than this.
        for (let stream = 0; stream < 10; stream += 1) {
          await assert.rejects(
            store.database.listen(
              "two words",
              () => {},
              () => {},
            ),
          );
        }
        await world.client("ada").page(1);
      },
    );

    // The package `postgres` 3.4.9 then writes to a socket that it doesn't have any more, which ends the process.
    test("in the middle of a push, nothing is done, and it is said", { skip: kind === "postgres.js" }, async () => {
      const ada = world.client("ada");
      const body = ada.body([contact(3)]);
      meanwhile = async () => {
        meanwhile = async () => {};
        await store.sql(END);
        await pause(200);
      };
      assert.equal((await ada.request("push", body)).status, 503);
      const again = await ada.request("push", body);
      assert.deepEqual([again.status, (await again.json()).results[0].repeated], [200, false]);
      await ada.pull();
      assert.ok(ada.row("contacts", uuid(3)));
    });
  });
}
