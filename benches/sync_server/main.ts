import { openStore, World } from "../tests/support/world.js";
import { pulls } from "./pull.js";
import { pushes } from "./push.js";
import { clients } from "./scopes.js";

const isQuick = process.argv.includes("--quick");
const parts = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const has = (part: string) => parts.length === 0 || parts.includes(part);
const store = await openStore("pg", undefined, 20);
const world = new World(store);
if (has("push")) await pushes(world, isQuick ? 10 : 40);
if (has("scopes")) await clients(world, isQuick ? 10 : 30);
if (has("pull")) await pulls(world, isQuick ? 100_000 : 1_000_000);
await world.server.close();
await store.close();
process.exit();
