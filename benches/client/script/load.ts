import { contactsCollection } from "../client/index.js";
import { close, open } from "./client.js";
import { inserts, openEngine, readAsJson } from "./engine.js";
import { median, milliseconds, ratio, table, timed } from "./report.js";
import { rowsUpTo } from "./rows.js";
import type { Server } from "./server.js";

const RUNS = 5;

/**
 * All of the server's rows in a collection that is ready, and the same rows in a bare table; opening the database again,
 * and bare reading and parsing of its rows.
 */
export async function load(adapter: string, server: Server, count: number): Promise<void> {
  const rows = rowsUpTo(count);
  const client: number[] = [];
  const again: number[] = [];
  const read: number[] = [];
  const plain = new Map<string, number[]>();
  // In turn, so that a machine that slows down slows all of them.
  for (let run = 0; run < RUNS; run += 1) {
    await server.fill(count);
    const engine = await openEngine();
    client.push(await open(engine.driver, server));
    if (contactsCollection.size !== count) throw new Error(`${contactsCollection.size} rows of ${count}`);
    await close();
    again.push(await open(engine.driver, server));
    if (contactsCollection.size !== count) throw new Error(`${contactsCollection.size} rows of ${count}`);
    await close();
    read.push(await timed(() => readAsJson(engine.driver)));
    await engine.close();
    for (const insert of inserts) {
      const prepared = await insert.prepare();
      plain.set(insert.name, [...(plain.get(insert.name) ?? []), await timed(() => prepared.run(rows))]);
      await prepared.close();
    }
    console.error("load", client, plain, again, read);
  }
  const time = median(client);
  const [[fastest, best] = ["", Number.NaN]] = [...plain]
    .map(([name, times]): [string, number] => [name, median(times)])
    .sort(([, one], [, other]) => one - other);
  table(
    [adapter, "rows", `plain SQL: ${fastest}`, "the client", "client ÷ plain"],
    [
      [
        "first sync until the collection is ready",
        String(count),
        milliseconds(best),
        milliseconds(time),
        ratio(time, best),
      ],
    ],
  );
  table(
    [adapter, "rows", "`SELECT` as JSON and `JSON.parse`", "the client", "client ÷ plain"],
    [
      [
        "opening until the collection is ready",
        String(count),
        milliseconds(median(read)),
        milliseconds(median(again)),
        ratio(median(again), median(read)),
      ],
    ],
  );
}
