import { openStore, World } from "../tests/support/world.js";
import { pulls } from "./pull.js";
import { pushes } from "./push.js";
import { clients } from "./scopes.js";

const isQuick = process.argv.includes("--quick");
const store = await openStore("pg", undefined, 20);
const world = new World(store);
await pushes(world, isQuick ? 5 : 15);
await clients(world, isQuick ? 10 : 30);
await pulls(world, isQuick ? 100_000 : 1_000_000);
await world.server.close();
await store.close();
process.exit();
