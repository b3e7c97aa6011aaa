import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { createClient } from "../client/index.js";
import { median, milliseconds, ratio, table, timed } from "./report.js";
import { idOf } from "./rows.js";
import { until } from "./until.js";

type Client = ReturnType<typeof createClient>;

const ADAPTER = process.env["BENCH_ADAPTER"] ?? "";
const ROWS = 2_000;
const isQuick = process.argv.includes("--quick");

const worker = new Worker(new URL("./thread/server.js", import.meta.url), {
  workerData: { url: process.env["SYNC_POSTGRES"], rows: ROWS },
});
worker.unref();
const [port] = (await once(worker, "message")) as [number];
const server = `http://127.0.0.1:${String(port)}`;

let opened = 0;

async function open(): Promise<Client> {
  opened += 1;
  const client = createClient({ database: `bench ${String(opened)}`, syncUrl: `${server}/sync` });
  await client.initializeDatabase({ directory: "memory://" });
  await client.collections.contacts.preload();
  // A first try may fail, and the collection is ready with what is there.
  while (client.collections.contacts.size !== ROWS) await new Promise((resolve) => setTimeout(resolve, 5));
  return client;
}

/** As many requests in a loop. `api`: `contacts` writes each with one statement, `nothing` only answers. */
async function sendInLoop(api: string, count: number, word: string): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const response = await fetch(`${server}/${api}/${idOf(number)}`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: `${word} ${String(number)}` }),
    });
    await response.text();
  }
}

/** Sends edits that were made while the server was out of reach, each on its own. */
async function drained(client: Client, count: number, word: string): Promise<number> {
  const isOut = { push: true };
  client.configureSync({
    fetch: async (input, init) => {
      if (isOut.push && String(input instanceof Request ? input.url : input).endsWith("/push"))
        throw new Error("out of reach");
      return fetch(input, init);
    },
  });
  for (let number = 0; number < count; number += 1) {
    client.collections.contacts.update(idOf(number), (draft) => {
      draft.email = `${word} ${String(number)}`;
    });
  }
  await client.flushed();
  await until(client.onSyncStatus, () => client.getSyncStatus().pending === count);
  const time = await timed(async () => {
    isOut.push = false;
    client.configureSync({});
    await until(client.onSyncStatus, () => client.getSyncStatus().pending === 0);
  });
  while (client.collections.contacts.toArray.some((row) => row._has_local_changes)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (client.getRejectedChanges().length > 0) throw new Error("something was refused");
  return time;
}

async function drain(count: number, rounds: number): Promise<void> {
  const client = await open();
  const times = { answering: [] as number[], writing: [] as number[], client: [] as number[] };
  for (let round = -1; round < rounds; round += 1) {
    const answering = await timed(() => sendInLoop("nothing", count, "loop"));
    const writing = await timed(() => sendInLoop("contacts", count, `loop ${String(round)}`));
    const own = await drained(client, count, `client ${String(round)}`);
    // The first one warms up.
    if (round < 0) continue;
    times.answering.push(answering);
    times.writing.push(writing);
    times.client.push(own);
  }
  await client.closeDatabase();
  const [answering, writing, own] = [times.answering, times.writing, times.client].map(median) as [
    number,
    number,
    number,
  ];
  const line = (beside: string, loop: number) => [beside, milliseconds(loop), milliseconds(own), ratio(own, loop)];
  table(
    [ADAPTER, "a loop without a log", "the client", "client ÷ loop"],
    [
      line(`${String(count)} changes, the API only answers`, answering),
      line(`${String(count)} changes, the API writes each`, writing),
    ],
  );
}

/** From an edit in one client until another's collection shows it. */
async function poked(runs: number): Promise<void> {
  const [one, two] = [await open(), await open()];
  const onRows = (look: () => void) => {
    const subscription = two.collections.contacts.subscribeChanges(look);
    return () => subscription.unsubscribe();
  };
  const times: number[] = [];
  for (let run = -10; run < runs; run += 1) {
    const [id, email] = [idOf(Math.abs(run)), `poke ${String(run)}`];
    const time = await timed(async () => {
      one.collections.contacts.update(id, (draft) => void (draft.email = email));
      await until(onRows, () => two.collections.contacts.get(id)?.email === email);
    });
    if (run >= 0) times.push(time);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await one.closeDatabase();
  await two.closeDatabase();
  const sorted = times.toSorted((a, b) => a - b);
  const slow = sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
  table(
    [ADAPTER, "median", "of 95 in 100 at most"],
    [["from an edit in one client to another's collection", milliseconds(median(times)), milliseconds(slow)]],
  );
}

await drain(isQuick ? 100 : 1_000, isQuick ? 3 : 7);
await poked(isQuick ? 20 : 100);
process.exit();
