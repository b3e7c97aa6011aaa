// Random writes of two clients while anything may go wrong, one fault after the other: the schedule that the seed in
// SYNC_PATTERNS_SEED gives.

import assert from "node:assert/strict";
import { type Fault, status, type Step } from "./server/faults.js";
import type { Client } from "./support/client.js";
import type { ModelName } from "./support/protocol.js";
import { isSqlite } from "./support/generated.js";
import { random } from "./support/random.js";
import { isLong } from "./support/size.js";
import { World } from "./support/world.js";

const world = new World();
const { test } = world;

const STEPS = isLong || isSqlite ? 40 : 20;
const seed = Number(process.env["SYNC_PATTERNS_SEED"] ?? 1);

class Schedule {
  readonly made: { readonly model: ModelName; readonly name: string }[] = [];
  private readonly next: () => number;
  private writes = 0;

  constructor(start: number) {
    this.next = random(start);
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[Math.floor(this.next() * choices.length)] ?? choices[0];
  }

  async write(client: Client): Promise<void> {
    this.writes += 1;
    const name = `row ${this.writes}`;
    const model = this.pick(["projects", "accounts", "labels"] as const);
    const row = `id = (SELECT id FROM ${model} ORDER BY name LIMIT 1 OFFSET ${Math.floor(this.next() * 4)})`;
    const other = model === "accounts" ? `credit = '${this.writes}.50'` : `color = 'color ${this.writes}'`;
    const insert = `INSERT INTO ${model} (name) VALUES ('${name}')`;
    const child =
      model === "accounts"
        ? `INSERT INTO invoices (account_id, amount) SELECT id, '${this.writes}.10' FROM accounts ORDER BY name LIMIT 1`
        : `INSERT INTO tasks (project_id, title) SELECT id, '${name}' FROM projects ORDER BY name LIMIT 1`;
    const statement = this.pick([
      insert,
      insert,
      insert,
      child,
      `UPDATE ${model} SET ${other} WHERE ${row}`,
      `UPDATE ${model} SET ${other} WHERE ${row}`,
      `UPDATE ${model} SET name = name || '!' WHERE ${row}`,
    ]);
    await client.exec(statement);
    if (statement === insert) this.made.push({ model, name });
  }

  /** Something that goes wrong, and how it is made good: at once, or once it has happened. */
  async trouble(clients: readonly Client[]): Promise<void> {
    const { server } = world;
    const at = this.pick<Step>(["arrived", "writing", "committed", "answering"]);
    const what = this.pick<Fault["what"]>([
      "reset",
      "reset",
      "repeat",
      status(500),
      status(503),
      status(429, { "retry-after": "1" }),
      () => new Promise((resolve) => setTimeout(resolve, 300)),
    ]);
    switch (
      this.pick(["request", "request", "request", "stream", "kill", "refetch", "lag", "replay", "token"] as const)
    ) {
      case "request":
        return void server.faults.add({ on: "* *", at: what === "repeat" ? "committed" : at, what });
      case "stream":
        return void server.faults.add({ on: "rows", at: this.pick(["arrived", "answering"]), what: "reset" });
      case "kill":
        server.kill();
        setTimeout(() => server.revive(), 500);
        return;
      case "refetch":
        return server.rows.refetch(this.pick(["projects", "accounts", "tags", undefined]));
      case "lag":
        await server.rows.hold(this.pick(["projects", "accounts", "tags"]));
        setTimeout(() => server.rows.release(), 1_000);
        return;
      case "replay":
        server.shapes.options.redeliver = Math.floor(this.next() * 5);
        server.shapes.options.coalesce = this.next() < 0.5;
        return;
      case "token": {
        const token = `token ${this.writes}`;
        server.tokens.clear();
        server.tokens.set(token, "member");
        for (const client of clients) await client.configure({ token });
      }
    }
  }
}

test(`schedule ${seed}`, async () => {
  const schedule = new Schedule(seed);
  const directory = await world.folder();
  const stable = await world.readyClient();
  let mortal = await world.readyClient({ directory });
  for (let step = 1; step <= STEPS; step += 1) {
    await schedule.trouble([stable, mortal]);
    await schedule.write(stable);
    await schedule.write(mortal);
    if (step % 15 === 0) {
      await mortal.kill();
      const [token = ""] = world.server.tokens.keys();
      mortal = await world.client({ directory, token });
    }
  }
  world.server.faults.clear();
  world.server.revive();
  world.server.rows.release();
  await world.converged(stable, mortal);
  for (const client of [stable, mortal]) assert.deepEqual(await client.rejected(), []);

  // Whatever was made is there, once.
  for (const model of ["projects", "accounts", "labels"] as const) {
    const names = (await world.rows(model)).map((row) => String(row["name"]).replaceAll("!", ""));
    const made = schedule.made.filter((row) => row.model === model).map(({ name }) => name);
    assert.deepEqual(names.toSorted(), made.toSorted(), model);
  }
});
