import { sql } from "../client/db/store/sql/driver.js";
import {
  configureSync,
  contactsCollection,
  getDatabase,
  getSyncStatus,
  onSyncStatus,
  writeTogether,
} from "../client/index.js";
import { close, open, settled } from "./client.js";
import { openEngine } from "./engine.js";
import { milliseconds, ratio, table, timed } from "./report.js";
import { idOf } from "./rows.js";
import type { Server } from "./server.js";
import { until } from "./until.js";

const ROWS = 2_000;

/** Sends what was written while the API was out of reach, and beside it as many requests in a loop. */
export async function drain(adapter: string, server: Server, count: number): Promise<void> {
  const lines: string[][] = [];
  for (const latency of [0, 20]) {
    await server.setLatency(latency);
    await server.fill(ROWS);
    const loop = await timed(() => sendInLoop(server, count));
    await server.fill(ROWS);
    const engine = await openEngine();
    await open(engine.driver, server);
    const client = await drained(count);
    await close();
    await engine.close();
    console.error("drain", latency, loop, client);
    const answers = latency === 0 ? "the server answers at once" : `it takes ${latency} ms for each`;
    lines.push([`${count} changes, ${answers}`, milliseconds(loop), milliseconds(client), ratio(client, loop)]);
  }
  await server.setLatency(0);
  table([adapter, "a loop without a log", "the client", "client ÷ loop"], lines);
}

async function sendInLoop(server: Server, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const response = await fetch(`${server.url}/contacts/${idOf(number)}`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
      body: JSON.stringify({ email: `sent ${number}`, write_id: crypto.randomUUID() }),
    });
    await response.text();
  }
}

async function drained(count: number): Promise<number> {
  const { fetch } = globalThis;
  configureSync({
    fetch: async (input, init) => {
      if (init?.method === "PATCH") throw new Error("out of reach");
      return fetch(input, init);
    },
  });
  await writeTogether(() => {
    for (let number = 0; number < count; number += 1) {
      contactsCollection.update(idOf(number), (draft) => {
        draft.email = `sent ${number}`;
      });
    }
  }).isPersisted.promise;
  await until(onSyncStatus, () => getSyncStatus().pending === count);
  const time = await timed(async () => {
    configureSync({ fetch: (input, init) => fetch(input, init) });
    await until(onSyncStatus, () => getSyncStatus().pending === 0);
  });
  await settled();
  const rows = await getDatabase().query(sql`SELECT count(*) AS number FROM contacts WHERE email LIKE 'sent %'`);
  if (Number(rows[0]?.["number"]) !== count) throw new Error(`not all ${count} changes have come back`);
  return time;
}
