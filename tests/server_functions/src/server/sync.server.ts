import { createSyncServer, kept, type SyncServer } from "./sync/index.js";

// The test that runs this application in its own process has left there how it makes its server.
const open = kept<(create: typeof createSyncServer) => SyncServer>("test", () => {
  throw new Error("this application is run by tests: tests/client/support/start-application.ts");
});

export const sync = open(createSyncServer);
