import { cpus } from "node:os";

import type { Database, Query } from "../server/sync/index.js";
import { contact, World } from "../tests/support/world.js";
import { table } from "./report.js";

const CHANGES = 10;
const CLIENTS = [1, 4, 16];
/** How long a statement is on its way to a database that isn't on this machine, in milliseconds. */
const DISTANCE = 2;

let number = 10_000_000;

/** Clients that push at one time, all to one scope or each to its own. */
export async function clients(world: World, pushes: number): Promise<void> {
  await compare("the database beside the server", world, pushes);
  const { store } = world;
  await compare(`the database ${DISTANCE} ms away`, new World({ ...store, database: away(store.database) }), pushes);
}

async function compare(where: string, world: World, pushes: number): Promise<void> {
  const rows: string[][] = [];
  for (const count of CLIENTS) {
    const one = await throughput(world, count, pushes, () => "one");
    const many = await throughput(world, count, pushes, (index) => `own-${index}`);
    const cells = [one, many].map(({ changes, cores }) => `${Math.round(changes)} (${cores.toFixed(1)})`);
    rows.push([String(count), ...cells, (many.changes / one.changes).toFixed(2)]);
  }
  const what = "changes a second (cores of the machine in use)";
  table([`clients, ${where}`, `${what}, one scope`, "a scope for each", "ratio (at least 2 at 16)"], rows);
}

/** Each statement takes its time to get there, and nobody's processor. */
function away(database: Database): Database {
  const slow = (query: Query): Query => {
    return async (statement, parameters) => {
      await new Promise((resolve) => setTimeout(resolve, DISTANCE));
      return query(statement, parameters);
    };
  };
  return {
    ...database,
    query: slow(database.query),
    transaction: (work) =>
      database.transaction(async (query) => {
        const result = await work(slow(query));
        // That of COMMIT.
        await new Promise((resolve) => setTimeout(resolve, DISTANCE));
        return result;
      }),
  };
}

async function throughput(world: World, count: number, pushes: number, owner: (index: number) => string) {
  const all = Array.from({ length: count }, (_, index) => {
    const name = owner(index);
    world.users[name] = { id: name, scopes: { user: [name], team: [] } };
    return world.client(name, `client-${index}`);
  });
  const busy = processorTime();
  const start = performance.now();
  let done = 0;
  await Promise.all(
    all.map(async (client) => {
      for (let push = 0; push < pushes; push += 1) {
        const edits = Array.from({ length: CHANGES }, () => contact((number += 1)));
        const results = await client.push(edits).catch(() => []);
        done += results.length;
      }
    }),
  );
  const time = performance.now() - start;
  return { changes: done / (time / 1_000), cores: (processorTime() - busy) / time };
}

/** How long the machine's cores have worked, in milliseconds: for this process, the database and everybody else. */
function processorTime(): number {
  return cpus()
    .map(({ times }) => times.user + times.nice + times.sys + times.irq)
    .reduce((sum, time) => sum + time, 0);
}
