import { changes } from "./changes.js";
import { drain } from "./drain.js";
import { ADAPTER } from "./engine.js";
import { load } from "./load.js";
import { quick } from "./quick.js";
import { startServer } from "./server.js";

const isQuick = process.argv.includes("--quick");
const server = await startServer();
await changes(ADAPTER, server, isQuick ? [1_000, 10_000] : [1_000, 10_000, 100_000]);
await quick(ADAPTER, server);
await load(ADAPTER, server, isQuick ? 10_000 : 100_000);
await drain(ADAPTER, server, isQuick ? 100 : 1_000);
process.exit();
