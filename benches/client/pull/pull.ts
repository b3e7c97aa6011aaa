import { open } from "./client.js";
import { ADAPTER, openEngine } from "./engine.js";
import { oneChange, watched } from "./one-change.js";
import { startServer } from "./server.js";
import { unchanged } from "./unchanged.js";

const ROWS = 10_000;

const server = await startServer();
await server.tell({ list: "items", rows: ROWS });
await server.tell({ list: "notes", rows: 0 });
const engine = await openEngine();
const { driver, given } = watched(engine.driver);
const counted = await open(driver, server, "items");
await unchanged(ADAPTER, server, ROWS, process.argv.includes("--quick") ? 3 : 10, counted);
await oneChange(server, ROWS, given);
process.exit();
