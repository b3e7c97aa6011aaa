// The page with the generated client: until all rows are on the device, until the collection has them after a reload, and
// one local write after the other.

import { configureSync, contactsCollection, getSyncStatus, initializeDatabase, onSyncStatus } from "./client/index.js";

const isLoaded = () => getSyncStatus().models["contacts"]?.ready === true;
const loaded = new Promise<void>((resolve) => {
  onSyncStatus(() => {
    if (isLoaded()) resolve();
  });
});

configureSync({ apiBaseUrl: `${location.origin}/api` });
const options = { initialData: "/database.tar.gz" };
await initializeDatabase(options);
const isNew = !isLoaded();
const start = performance.now();
if (isNew) await loaded;
const load = performance.now() - start;
await contactsCollection.preload();
const ready = performance.now();

const writes: number[] = [];
if (!isNew) {
  for (let round = 0; round < 60; round += 1) {
    const begun = performance.now();
    await contactsCollection.insert({ first_name: `Number ${String(round)}`, last_name: "New" }).isPersisted.promise;
    writes.push(performance.now() - begun);
  }
}
document.title = JSON.stringify({ load, ready, writes });
