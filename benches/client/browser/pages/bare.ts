// The page that has nothing but IndexedDB: one durable put after the other, and all rows in one transaction.

const database = await new Promise<IDBDatabase>((resolve, reject) => {
  const request = indexedDB.open("bare", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("contacts");
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function committed(durability: IDBTransactionDurability, work: (contacts: IDBObjectStore) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(["contacts"], "readwrite", { durability });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore("contacts"));
  });
}

interface Contact {
  readonly id: string;
}

const start = performance.now();
const rows = (await (await fetch("/api/contacts")).json()) as Contact[];
await committed("relaxed", (contacts) => {
  for (const row of rows) contacts.put(row, row.id);
});
const load = performance.now() - start;

const writes: number[] = [];
for (let round = 0; round < 60; round += 1) {
  const begun = performance.now();
  await committed("strict", (contacts) => contacts.put({ ...rows[0], id: crypto.randomUUID() }, crypto.randomUUID()));
  writes.push(performance.now() - begun);
}
document.title = JSON.stringify({ load, writes, ready: performance.now() });
