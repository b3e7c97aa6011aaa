// What a store of IndexedDB answers to tests in another language, wherever it runs: in Node, or in a page.
//
//   { "load": files }     a new database for the models of a generated client, which the files are
//   { "exec": script }    any number of statements          -> { "rows": [] }
//   { "query": statement, "parameters": [] }                -> { "rows": [{ column: value }] }
//   { "queries": [statement] }                              -> { "results": [[{ column: value }]] }
//   { "rebuild": keepsRows }   an upgrade to the same models: everything is made anew but the log and, if so, the server's rows
//
// A failure is answered with { "error": { "message", "code" } }.

import { sqlOver } from './indexeddb-sql.mjs'

/** `put`: takes the files of a generated client, and gives what imports a module of them. */
export function answers(put) {
  let loads = 0
  let front
  let store

  async function load(files) {
    loads += 1
    await close()
    const from = await put(files, loads)
    const [{ openIndexedDb }, { models }, json, shared] = await Promise.all([
      from('db/store/indexeddb/store.js'),
      from('schema/index.js'),
      from('db/client/json.js'),
      from('db/store/store.js'),
    ])
    const name = `database ${loads}`
    const open = async () => {
      store = await openIndexedDb(name)
      if (!(await store.isCurrent())) await store.migrate(() => {})
    }
    await open()
    const code = { keyParts: shared.keyParts, objectOf: json.objectOf, rejectionOf: shared.rejectionOf }
    // That all rows may have changed is noted where the tables are new.
    await store.database.clear('_changed_keys')
    front = { ...(await sqlOver({ store: () => store, models, code })), open }
  }

  async function close() {
    front?.close()
    await store?.close()
    front = store = undefined
  }

  async function rebuild(keepsRows) {
    const { database } = store
    await database.put('_sync_meta', 'another', 'schema_hash')
    if (!keepsRows) await database.put('_sync_meta', '{}', 'schema_synced')
    await store.close()
    await front.open()
  }

  async function answer(request) {
    if (request.load !== undefined) await load(request.load)
    else if (request.rebuild !== undefined) await rebuild(request.rebuild)
    else if (request.query !== undefined) return { rows: await front.run(request.query, request.parameters) }
    else if (request.queries !== undefined) return { results: await front.runAll(request.queries) }
    else if (request.exec !== undefined) await front.exec(request.exec)
    return { rows: [] }
  }

  /** A line of JSON for a line of JSON. */
  return async (line) => {
    try {
      return jsonOf(await answer(JSON.parse(line)))
    } catch (error) {
      return JSON.stringify({ error: { message: String(error.message), code: '' } })
    }
  }
}

/** Integers with all their digits: JSON.stringify would refuse a bigint. */
function jsonOf(value) {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`).join(',')}}`
}
