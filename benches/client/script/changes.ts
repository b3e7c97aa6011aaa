import { sql } from "../client/db/store/sql/driver.js";
import { contactsCollection } from "../client/index.js";
import { close, open, settled, shown } from "./client.js";
import { openEngine, type Engine, type Observer } from "./engine.js";
import { median, milliseconds, ratio, table, timed } from "./report.js";
import { idOf } from "./rows.js";
import type { Server } from "./server.js";

const RUNS = 30;
const OTHER_RUNS = 5;

const KINDS = ["a local write", "a row that arrives"] as const;
type Kind = (typeof KINDS)[number];
type Times = Record<Kind, number>;

interface Measured {
  readonly rows: number;
  readonly collection: Times;
  readonly others: readonly Times[];
}

/** From a change of one row until it is shown. */
export async function changes(adapter: string, server: Server, sizes: readonly number[]): Promise<void> {
  const measured: Measured[] = [];
  let names: string[] = [];
  for (const rows of sizes) {
    const engine = await openEngine();
    names = engine.observers.map(({ name }) => name);
    await server.fill(rows);
    await open(engine.driver, server);
    const collection = await inCollection(server, rows);
    await close();
    const others: Times[] = [];
    for (const observer of engine.observers) others.push(await observed(engine, observer, rows));
    await engine.close();
    measured.push({ rows, collection, others });
    console.error(rows, collection, others);
  }
  table(
    [adapter, "rows", "the collection", "÷ first", ...names.map((name) => `${name} ÷ collection`)],
    KINDS.flatMap((kind) =>
      measured.map(({ rows, collection, others }) => [
        kind,
        String(rows),
        milliseconds(collection[kind]),
        ratio(collection[kind], measured[0]?.collection[kind] ?? 1),
        ...others.map((times) => ratio(times[kind], collection[kind])),
      ]),
    ),
  );
}

/** The client as it is used: it syncs, and rows arrive over HTTP. */
async function inCollection(server: Server, rows: number): Promise<Times> {
  const times: Record<Kind, number[]> = { "a local write": [], "a row that arrives": [] };
  for (let run = -3; run < RUNS; run += 1) {
    const number = (Math.abs(run) * 7_919 + 13) % rows;
    const id = idOf(number);
    const written = await timed(async () => {
      const transaction = contactsCollection.update(id, (draft) => {
        draft.email = `written ${run}`;
      });
      await transaction.isPersisted.promise;
    });
    await settled();
    const arrived = await timed(async () => {
      server.change(number, `arrived ${run}`);
      await shown(id, `arrived ${run}`);
    });
    await settled();
    if (run < 0) continue;
    times["a local write"].push(written);
    times["a row that arrives"].push(arrived);
  }
  return { "a local write": median(times["a local write"]), "a row that arrives": median(times["a row that arrives"]) };
}

/** Without the client: the same changes as one statement each. */
async function observed(engine: Engine, observer: Observer, rows: number): Promise<Times> {
  const statements = {
    "a local write": (id: string, email: string) => sql`UPDATE contacts SET email = ${email} WHERE id = ${id}`,
    "a row that arrives": (id: string, email: string) =>
      sql`UPDATE contacts_synced SET email = ${email} WHERE id = ${id}`,
  };
  let changed: () => void = () => {};
  const stop = await observer.observe(() => changed());
  const times: Record<Kind, number> = { "a local write": 0, "a row that arrives": 0 };
  for (const kind of KINDS) {
    const runs: number[] = [];
    for (let run = -1; run < OTHER_RUNS; run += 1) {
      const id = idOf((Math.abs(run) * 6_007 + (kind === "a local write" ? 101 : 102)) % rows);
      const time = await timed(async () => {
        const shown = new Promise<void>((resolve) => {
          changed = resolve;
        });
        await engine.driver.query(statements[kind](id, `${observer.name} ${run}`));
        await shown;
      });
      // A second look, where it takes one.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await engine.driver.query(sql`SELECT 1 AS one`);
      if (run >= 0) runs.push(time);
    }
    times[kind] = median(runs);
  }
  await stop();
  return times;
}
