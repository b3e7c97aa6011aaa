// The store of IndexedDB for tests in another language: one JSON request a line on stdin, one JSON answer a line on stdout.
//
//   { "load": files }     a new database for the models of a generated client, which the files are
//   { "exec": script }    any number of statements          -> { "rows": [] }
//   { "query": statement, "parameters": [] }                -> { "rows": [{ column: value }] }
//   { "queries": [statement] }                              -> { "results": [[{ column: value }]] }
//   { "rebuild": keepsRows }   an upgrade to the same models: everything is made anew but the log and, if so, the server's rows
//
// A failure is answered with { "error": { "message", "code" } }.

import 'fake-indexeddb/auto'
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import typescript from 'typescript5'
import { sqlOver } from './indexeddb-sql.mjs'

const NEEDED = /^(schema\/.*|db\/store\/(store|convert-entry|indexeddb\/.*)|db\/client\/(json|model|parts|values))\.ts$/
const root = join(import.meta.dirname, 'node_modules', '.indexeddb', String(process.pid))
const compiled = new Map()
let loads = 0
let front
let store

function javascript(text) {
  const key = createHash('sha256').update(text).digest('hex')
  const options = { compilerOptions: { module: 'esnext', target: 'es2022', verbatimModuleSyntax: true } }
  if (!compiled.has(key)) compiled.set(key, typescript.transpileModule(text, options).outputText)
  return compiled.get(key)
}

async function load(files) {
  loads += 1
  await close()
  const folder = join(root, String(loads))
  for (const [name, text] of Object.entries(files)) {
    if (!NEEDED.test(name)) continue
    const path = join(folder, name.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, javascript(text))
  }
  const from = (name) => import(pathToFileURL(join(folder, name)).href)
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

/** Integers with all their digits: JSON.stringify would refuse a bigint. */
function jsonOf(value) {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`).join(',')}}`
}

process.on('exit', () => rmSync(root, { recursive: true, force: true }))

for await (const line of createInterface({ input: process.stdin })) {
  let text
  try {
    text = jsonOf(await answer(JSON.parse(line)))
  } catch (error) {
    text = JSON.stringify({ error: { message: String(error.message), code: '' } })
  }
  process.stdout.write(text + '\n')
}

process.exit()
