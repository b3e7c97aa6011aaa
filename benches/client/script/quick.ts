import { sql } from "../client/db/store/sql/driver.js";
import { configureSync, contactsCollection, flushed, getDatabase } from "../client/index.js";
import { close, open } from "./client.js";
import { openEngine } from "./engine.js";
import { milliseconds, ratio, table, timed } from "./report.js";
import { idOf } from "./rows.js";
import type { Server } from "./server.js";

const ROWS = 1_000;
const WRITES = 100;

/** So many writes, until all are on the device: each after the last one is, in a row, and a few in each turn. */
export async function quick(adapter: string, server: Server): Promise<void> {
  const measured = {
    "each after the last": await written(server, async (write) => void (await write().isPersisted.promise)),
    "in a row": await written(server, (write) => void write()),
    "one in each turn": await written(server, async (write) => {
      write();
      await new Promise((resolve) => setTimeout(resolve));
    }),
  };
  const first = measured["each after the last"];
  table(
    [`${adapter}: ${WRITES} writes`, "commits", "until they are on the device", "÷ first"],
    Object.entries(measured).map(([way, { commits, time }]) => [
      way,
      String(commits),
      milliseconds(time),
      ratio(time, first.time),
    ]),
  );
}

type Write = () => ReturnType<typeof contactsCollection.update>;

async function written(server: Server, turn: (write: Write) => Promise<void> | void) {
  await server.fill(ROWS);
  const engine = await openEngine();
  // The log keeps them all.
  configureSync({
    fetch: async (input, init) => {
      if (init?.method === "PATCH") throw new Error("out of reach");
      return fetch(input, init);
    },
  });
  await open(engine.driver, server);
  const time = await timed(async () => {
    for (let number = 0; number < WRITES; number += 1) {
      const result = turn(() => contactsCollection.update(idOf(number), (draft) => void (draft.email = `written ${number}`)));
      if (result !== undefined) await result;
    }
    await flushed();
  });
  const [row] = await getDatabase().query(
    sql`SELECT count(*) AS entries, count(DISTINCT transaction_id) AS commits FROM _changes`,
  );
  if (Number(row?.["entries"]) !== WRITES) throw new Error(`${String(row?.["entries"])} of ${WRITES} are in the log`);
  await close();
  await engine.close();
  configureSync({ fetch: (input, init) => fetch(input, init) });
  return { commits: Number(row?.["commits"]), time };
}
