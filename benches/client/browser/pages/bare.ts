// The page that has nothing but IndexedDB: one durable put after the other, the same requests as those of the client's insert,
// and all rows in one transaction.

const database = await new Promise<IDBDatabase>((resolve, reject) => {
  const request = indexedDB.open("bare", 1);
  request.onupgradeneeded = () => {
    for (const name of ["contacts", "synced", "local"]) request.result.createObjectStore(name);
    request.result.createObjectStore("changed_keys", { autoIncrement: true });
    const log = request.result.createObjectStore("changes", { keyPath: "id", autoIncrement: true });
    log.createIndex("row", ["model", "rowKey"]);
    log.createIndex("writeId", "writeId", { unique: true });
    for (const name of ["status", "sent", "rejectedWith", "transactionId"]) log.createIndex(name, name);
  };
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function committed(
  durability: IDBTransactionDurability,
  stores: readonly string[],
  work: (transaction: IDBTransaction) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, "readwrite", { durability });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    work(transaction);
  });
}

/** Whether the key is new, the entry of the log, the local row, and the key that other tabs look for. */
function insert(transaction: IDBTransaction, row: Contact): void {
  const [synced, local] = [transaction.objectStore("synced"), transaction.objectStore("local")];
  local.get(row.id);
  synced.get(row.id).onsuccess = () => transaction.commit();
  const [writeId, transactionId] = [crypto.randomUUID(), crypto.randomUUID()];
  const { first_name, last_name, email } = row;
  const members = Object.entries({ id: row.id, first_name, last_name, email }).map(([name, value]) => [
    name,
    JSON.stringify(value),
  ]);
  transaction.objectStore("changes").add({
    model: "contacts",
    rowKey: row.id,
    operation: "insert",
    members: Object.fromEntries(members),
    inputs: {},
    writeId,
    transactionId,
    at: new Date().toISOString(),
    user: null,
    status: "pending",
    attempts: 0,
    error: null,
    rejectedWith: null,
    sentWith: null,
    txid: null,
    base: null,
    editedAt: null,
    place: null,
  });
  local.put({ row, changedColumns: Object.keys(row), writeId }, row.id);
  transaction.objectStore("changed_keys").add({ model: "contacts", rowKey: row.id });
}

interface Contact {
  readonly id: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly email: string | null;
}

const start = performance.now();
const rows = (await (await fetch("/api/contacts")).json()) as Contact[];
await committed("relaxed", ["contacts"], (transaction) => {
  const contacts = transaction.objectStore("contacts");
  for (const row of rows) contacts.put(row, row.id);
});
const load = performance.now() - start;

const [first] = rows;
if (first === undefined) throw new Error("no rows");

async function written(stores: readonly string[], work: (transaction: IDBTransaction, row: Contact) => void) {
  const times: number[] = [];
  for (let round = 0; round < 60; round += 1) {
    const begun = performance.now();
    const row = { ...first, id: crypto.randomUUID() } as Contact;
    await committed("strict", stores, (transaction) => work(transaction, row));
    times.push(performance.now() - begun);
  }
  return times;
}

const writes = await written(["contacts"], (transaction, row) => transaction.objectStore("contacts").put(row, row.id));
const inserts = await written([...database.objectStoreNames], insert);
document.title = JSON.stringify({ load, writes, inserts, ready: performance.now() });
