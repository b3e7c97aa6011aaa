import { contact, type World } from "../tests/support/world.js";
import { table } from "./report.js";

const CHANGES = 10;
let number = 10_000_000;

/** Clients that push at one time, all to one scope or each to its own. */
export async function clients(world: World, pushes: number): Promise<void> {
  const rows: string[][] = [];
  for (const count of [1, 4, 16]) {
    const one = await throughput(world, count, pushes, () => "one");
    const many = await throughput(world, count, pushes, (index) => `own-${index}`);
    rows.push([String(count), `${Math.round(one)}`, `${Math.round(many)}`, (many / one).toFixed(2)]);
  }
  table(["clients", "changes a second, one scope", "a scope for each", "ratio (at least 2 at 16)"], rows);
}

async function throughput(world: World, count: number, pushes: number, owner: (index: number) => string) {
  const all = Array.from({ length: count }, (_, index) => {
    const name = owner(index);
    world.users[name] = { id: name, scopes: { user: [name], team: [] } };
    return world.client(name, `client-${index}`);
  });
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
  return done / ((performance.now() - start) / 1_000);
}
