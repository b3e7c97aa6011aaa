//! The server that is generated with all options: row-level security, history, and roles for the links of notes.

import { createSyncServer, schemaSql, type SyncServerOptions } from "../../server/strict/index.js";
import { openStore, World, type Kind, type Store } from "./world.js";

export type StrictHooks = Partial<SyncServerOptions>;

export function openStrict(kind: Kind): Promise<Store> {
  return openStore(kind, schemaSql);
}

/** Its users are editors, where nothing else is said. */
export function strictWorld(store: Store, hooks: StrictHooks = {}): World {
  return new World(store, {}, ({ authenticate, database, onError }) => {
    const strict: SyncServerOptions = {
      ...hooks,
      database,
      authenticate: async (request) => {
        const user = await authenticate(request);
        return user && { roles: ["editor"], ...user };
      },
      ...(onError && { onError }),
    };
    return createSyncServer(strict);
  });
}
