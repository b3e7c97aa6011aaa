import { contactsCollection, getSyncStatus, onSyncStatus, tasksCollection, writeTogether } from "../client/index.js";
import { close, onContacts, open } from "./client.js";
import { openEngine } from "./engine.js";
import { median, milliseconds, ratio, table, timed } from "./report.js";
import { idOf } from "./rows.js";
import type { Server } from "./server.js";
import { until } from "./until.js";

const ROWS = 2_000;
const RUNS = 15;
const SENT = 5;

/** Sends a few changes while nothing else waits, and while many do that refer to a row which the server has refused. */
export async function sentBeside(adapter: string, server: Server, count: number): Promise<void> {
  await server.fill(ROWS);
  const engine = await openEngine();
  await open(engine.driver, server);
  await tasksCollection.preload();
  const alone = await sent("alone");
  await hold(count);
  const beside = await sent("beside");
  await close();
  await engine.close();
  console.error("beside", alone, beside);
  table(
    [adapter, "none wait", `${count} wait`, "÷ none"],
    [[`${SENT} changes sent`, milliseconds(alone), milliseconds(beside), ratio(beside, alone)]],
  );
}

/** Children of a row that is refused. */
async function hold(count: number): Promise<void> {
  const parent = crypto.randomUUID();
  await write(() => {
    contactsCollection.insert({ id: parent, first_name: "Refused", last_name: "Parent" });
  });
  await until(onSyncStatus, () => getSyncStatus().rejected === 1);
  await write(() => {
    for (let number = 0; number < count; number += 1) {
      tasksCollection.insert({ first_name: `Task ${number}`, last_name: "Waiting", contact_id: parent });
    }
  });
  await until(onSyncStatus, () => getSyncStatus().pending === count);
}

/** From the writes until the collection shows them as the server's. */
async function sent(word: string): Promise<number> {
  const times: number[] = [];
  for (let run = -3; run < RUNS; run += 1) {
    const email = `${word} ${run}`;
    const time = await timed(async () => {
      await write(() => {
        for (let number = 0; number < SENT; number += 1) {
          contactsCollection.update(idOf(number), (draft) => {
            draft.email = email;
          });
        }
      });
      await until(onContacts, () => areSynced(email));
    });
    if (run >= 0) times.push(time);
  }
  return median(times);
}

function areSynced(email: string): boolean {
  return Array.from({ length: SENT }, (_, number) => contactsCollection.get(idOf(number))).every(
    (row) => row?.email === email && !row._has_local_changes,
  );
}

async function write(work: () => void): Promise<void> {
  await writeTogether(work).isPersisted.promise;
}
