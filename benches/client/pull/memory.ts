// What the rows of a list cost in memory, in the database and in a collection.

import { notesCollection } from "../client/index.js";
import { open } from "./client.js";
import { ADAPTER, openEngine } from "./engine.js";
import { table } from "./report.js";
import { startServer } from "./server.js";

const rows = process.argv.includes("--quick") ? 10_000 : 100_000;

const server = await startServer();
await server.tell({ list: "notes", rows });
await server.tell({ list: "items", rows: 0 });
const engine = await openEngine();
const before = await used();
await open(engine.driver, server, "notes");
const synced = await used();
await notesCollection.preload();
if (notesCollection.size !== rows) throw new Error(`${notesCollection.size} rows of ${rows}`);
const shown = await used();
table(
  [ADAPTER, "rows", "heap", "the process"],
  [
    ["synced, without a collection", String(rows), ...more(synced, before)],
    ["in a collection as well", String(rows), ...more(shown, before)],
  ],
);
process.exit();

async function used(): Promise<NodeJS.MemoryUsage> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    globalThis.gc?.();
  }
  return process.memoryUsage();
}

function more(now: NodeJS.MemoryUsage, then: NodeJS.MemoryUsage): string[] {
  return (["heapUsed", "rss"] as const).map((kind) => `${Math.round((now[kind] - then[kind]) / 1e6)} MB`);
}
