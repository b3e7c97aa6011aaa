// IndexedDB in Node, kept in a folder: after each commit, before anybody hears of it, the database is written to a file. So a
// process that is killed leaves what it has said to be saved.

import 'fake-indexeddb/auto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'

const folders = new Map()

const dispatch = IDBTransaction.prototype.dispatchEvent
IDBTransaction.prototype.dispatchEvent = function (event) {
  if (event.type === 'complete' && this.mode !== 'readonly') save(this.db._rawDatabase)
  return dispatch.call(this, event)
}

function save({ name, version, rawObjectStores }) {
  const folder = folders.get(name)
  if (folder === undefined) return
  const stores = [...rawObjectStores.values()].map((store) => ({
    name: store.name,
    keyPath: store.keyPath,
    autoIncrement: store.autoIncrement,
    next: store.keyGenerator?.num,
    indexes: [...store.rawIndexes.values()].map(({ name, keyPath, unique }) => ({ name, keyPath, unique })),
    records: [...store.records.values()].map(({ key, value }) => [key, value]),
  }))
  writeFileSync(join(folder, 'next'), serialize({ version, stores }))
  renameSync(join(folder, 'next'), join(folder, 'indexeddb'))
}

/** Has the database of this name kept in the folder, and begins with what the folder has. */
export async function keepIn(folder, name) {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'indexeddb')
  if (existsSync(file) && !(await indexedDB.databases()).some((database) => database.name === name)) {
    await restore(name, deserialize(readFileSync(file)))
  }
  folders.set(name, folder)
}

async function restore(name, { version, stores }) {
  const request = indexedDB.open(name, version)
  request.onupgradeneeded = () => {
    for (const { name: table, keyPath, autoIncrement, next, indexes, records } of stores) {
      const store = request.result.createObjectStore(table, { keyPath, autoIncrement })
      for (const index of indexes) store.createIndex(index.name, index.keyPath, { unique: index.unique })
      for (const [key, value] of records) keyPath === null ? store.put(value, key) : store.put(value)
      const { keyGenerator } = request.result._rawDatabase.rawObjectStores.get(table)
      if (keyGenerator) keyGenerator.num = next
    }
  }
  await new Promise((resolve, reject) => {
    request.onsuccess = resolve
    request.onerror = () => reject(request.error)
  })
  request.result.close()
}
