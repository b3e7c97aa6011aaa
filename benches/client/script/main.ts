import { changes } from "./changes.js";
import { drain } from "./drain.js";
import { ADAPTER } from "./engine.js";
import { load } from "./load.js";
import { quick } from "./quick.js";
import { startServer } from "./server.js";
import { sentBeside } from "./waiting.js";

const isQuick = process.argv.includes("--quick");
const parts = ["changes", "quick", "load", "drain"] as const;
const asked = parts.filter((part) => process.argv.includes(part));
const isAsked = (part: (typeof parts)[number]) => asked.length === 0 || asked.includes(part);

const server = await startServer();
if (isAsked("changes")) await changes(ADAPTER, server, isQuick ? [1_000, 10_000] : [1_000, 10_000, 100_000]);
if (isAsked("quick")) await quick(ADAPTER, server);
if (isAsked("load")) await load(ADAPTER, server, isQuick ? 10_000 : 100_000);
if (isAsked("drain")) {
  await drain(ADAPTER, server, isQuick ? 100 : 1_000);
  await sentBeside(ADAPTER, server, isQuick ? 100 : 1_000);
}
process.exit();
