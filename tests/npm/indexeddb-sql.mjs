// SQL over a store of IndexedDB, so that tests which speak SQL drive it as they drive the others. A statement runs in an
// SQLite in memory that holds what the store has, in tables that are called and built as those of `adapter: sqlite`. What it
// writes there is caught, and done by the store's own functions: those are what is under test, and SQLite is only the reader of SQL.

import sqlite3InitModule from '@sqlite.org/sqlite-wasm'

const quoted = (name) => `"${name.replaceAll('"', '""')}"`

const TYPES = { int32: 'INTEGER', int64: 'INTEGER', boolean: 'INTEGER', float: 'REAL' }

const LOG = {
  id: 'id',
  table_name: 'model',
  row_key: 'rowKey',
  operation: 'operation',
  value: 'members',
  write_id: 'writeId',
  transaction_id: 'transactionId',
  created_at: 'at',
  status: 'status',
  attempts: 'attempts',
  error: 'error',
  rejected_with: 'rejectedWith',
  sent_with: 'sentWith',
  txid: 'txid',
  user_id: 'user',
  base: 'base',
  edited_at: 'editedAt',
  place: 'place',
}

let engine

/**
 * `store`: gives the open store. `models`: as the generated client describes them. `code`: of its functions, `keyParts`,
 * `objectOf` and `rejectionOf`.
 */
export async function sqlOver({ store, models, code }) {
  const front = await sqlFront({ models, code })
  /** The transaction that BEGIN has begun. */
  let begun

  /** Begins a transaction that lasts until it is told to end: a request at a time keeps it alive until then. */
  function begin() {
    const queue = []
    let end
    const ask = (work) => new Promise((resolve, reject) => queue.push({ work, resolve, reject }))
    const done = store().transaction(async (within) => {
      const transaction = latest
      while (end === undefined) {
        const next = queue.shift()
        if (next === undefined) await within.meta.get('nothing', 'nothing')
        else await next.work(within, transaction).then(next.resolve, next.reject)
      }
      if (end === 'rollback') throw new Error('rolled back')
    })
    const finish = async (how) => {
      end = how
      begun = undefined
      await done.catch((error) => {
        if (how === 'commit') throw error
      })
    }
    return { ask, finish }
  }

  async function run(statement, parameters = []) {
    if (/^BEGIN\b/i.test(statement)) {
      begun = begin()
      return []
    }
    if (/^(COMMIT|ROLLBACK)$/i.test(statement)) {
      await begun?.finish(statement.toLowerCase())
      return []
    }
    // The transaction has an id of its own.
    if (/_transaction\b/.test(statement)) return []
    const work = (within, transaction = latest) => front.run(within, transaction, statement, parameters)
    return begun === undefined ? store().transaction(work) : begun.ask(work)
  }

  /** Runs queries, which write nothing, on what the store has at one time. */
  function runAll(statements) {
    const work = (within, transaction = latest) => front.runAll(transaction, statements)
    return begun === undefined ? store().transaction(work) : begun.ask(work)
  }

  return {
    run,
    runAll,
    async exec(script) {
      for (const statement of statementsOf(script)) await run(statement)
    },
    close: front.close,
  }
}

/** The transaction that was begun last: at the beginning of its work, the one of that. */
let latest
const begins = IDBDatabase.prototype.transaction
IDBDatabase.prototype.transaction = function (...parameters) {
  latest = begins.apply(this, parameters)
  return latest
}

/** Gives the object stores of a transaction, which the store's own functions don't give. */
const tablesOf = (transaction) => (name) => {
  const ask = (work) => {
    const request = work(transaction.objectStore(name))
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  }
  return {
    getAll: () => ask((table) => table.getAll()),
    getAllKeys: () => ask((table) => table.getAllKeys()),
    get: (key) => ask((table) => table.get(key)),
    put: (value, key) => ask((table) => table.put(value, key)),
    delete: (key) => ask((table) => table.delete(key)),
  }
}

async function sqlFront({ models, code }) {
  engine ??= await sqlite3InitModule({ print() {}, printErr() {} })
  const sqlite = new engine.oo1.DB(':memory:')
  let caught = []
  let isCatching = false
  const relations = new Map()

  sqlite.createFunction({
    name: 'catch_write',
    arity: -1,
    xFunc: (_context, relation, operation, count, ...values) => {
      if (isCatching) {
        const before = values.slice(0, Number(count))
        const after = values.slice(Number(count))
        caught.push({ relation, operation, before, after })
      }
      return null
    },
  })

  /** Makes a table, and triggers that tell what is written to it. */
  function relation(name, kind, model, columns, constraint = '') {
    relations.set(name, { name, kind, model, columns: Object.keys(columns) })
    const types = Object.entries(columns).map(([column, type]) => `${quoted(column)} ${type}`)
    sqlite.exec(`CREATE TABLE ${quoted(name)} (${[...types, ...(constraint === '' ? [] : [constraint])].join(', ')})`)
    if (kind === 'read') return
    const of = (row) => Object.keys(columns).map((column) => `${row}.${quoted(column)}`)
    const count = Object.keys(columns).length
    const literal = `'${name.replaceAll("'", "''")}'`
    for (const [operation, before, after] of [
      ['insert', [], of('NEW')],
      ['update', of('OLD'), of('NEW')],
      ['delete', of('OLD'), []],
    ]) {
      const values = [literal, `'${operation}'`, before.length, ...before, ...after].join(', ')
      sqlite.exec(`
        CREATE TRIGGER ${quoted(`${name} ${operation}`)} AFTER ${operation} ON ${quoted(name)}
        BEGIN SELECT catch_write(${values}); END`)
    }
    return count
  }

  const bookkeeping = (model, name) => {
    const taken = model.fields.map((field) => field.name.toLowerCase())
    let free = name
    while (taken.includes(free.toLowerCase())) free = `_${free}`
    return free
  }

  relation('_changes', 'log', undefined, Object.fromEntries(Object.keys(LOG).map((column) => [column, ''])))
  relation('_made_keys', 'made', undefined, { table_name: '', temporary_key: '', row_key: '', key: '' }, 'PRIMARY KEY (table_name, temporary_key)')
  relation('_changed_keys', 'keys', undefined, { seq: '', table_name: '', row_key: '' })
  relation('_sync_meta', 'meta', undefined, { key: '', value: '' }, 'PRIMARY KEY (key)')
  relation('_transaction', 'read', undefined, { id: '' })
  for (const model of models) {
    const fields = Object.fromEntries(model.fields.map(({ name, type }) => [name, TYPES[type] ?? 'TEXT']))
    const key = `PRIMARY KEY (${model.key.map(quoted).join(', ')})`
    relation(model.name, 'view', model, {
      ...fields,
      [bookkeeping(model, '_has_local_changes')]: 'INTEGER',
      [bookkeeping(model, '_pending_write_id')]: 'TEXT',
    })
    relation(`${model.name}_synced`, 'synced', model, { ...fields, write_id: 'TEXT' }, key)
    relation(`${model.name}_local`, 'local', model, {
      ...fields,
      write_id: 'TEXT',
      [bookkeeping(model, 'changed_columns')]: 'TEXT',
      [bookkeeping(model, 'is_deleted')]: 'INTEGER',
    })
  }

  /** A stored value as SQLite has it. */
  const bound = (field, value) => {
    if (value === null || value === undefined) return null
    if (field.type === 'boolean') return value ? 1 : 0
    if (field.type === 'int32' || field.type === 'int64') return BigInt(value)
    // As text: what is bound as a number may lose its digits.
    return field.type === 'float' ? String(value) : value
  }

  /** What a statement has set as an error is there as a message that nothing came with. */
  const plainError = (error) => {
    if (error === null) return null
    const { status, message, body } = code.rejectionOf(error)
    return status === null && body === '' ? message : error
  }

  /** Reads what a relation has, from the transaction that runs or from one of its own. */
  async function contents({ name, kind, model }, tables) {
    const all = async (table) => {
      const [keys, values] = await Promise.all([tables(table).getAllKeys(), tables(table).getAll()])
      return keys.map((key, index) => [key, values[index]])
    }
    const rowValues = (row) => model.fields.map((field) => bound(field, row[field.name]))
    switch (kind) {
      case 'log': {
        const user = await tables('_sync_meta').get('user')
        return (await all('_changes')).map(([, entry]) =>
          Object.entries(LOG).map(([column, member]) => {
            if (column === 'value') return code.objectOf(entry.members)
            if (column === 'user_id') return entry.user ?? user ?? null
            if (column === 'error') return plainError(entry.error)
            return entry[member] ?? null
          }),
        )
      }
      case 'made':
        return (await all('_made_keys')).map(([, made]) => [made.model, made.temporary, made.rowKey, made.json])
      case 'meta':
        return all('_sync_meta')
      case 'synced':
        return (await all(name)).map(([, row]) => [...rowValues(row), null])
      case 'local':
        return (await all(name)).map(([key, { row, changedColumns, writeId }]) => {
          const parts = code.keyParts(model, key)
          const ofKey = Object.fromEntries(model.key.map((column, index) => [column, parts[index]]))
          return [...rowValues(row ?? ofKey), writeId, JSON.stringify(changedColumns), row === null ? 1 : 0]
        })
      case 'view': {
        const shown = new Map((await all(`${model.name}_synced`)).map(([key, row]) => [key, [...rowValues(row), 0, null]]))
        for (const [key, { row, writeId }] of await all(`${model.name}_local`)) {
          if (row === null) shown.delete(key)
          else shown.set(key, [...rowValues(row), 1, writeId])
        }
        return [...shown.values()]
      }
      case 'keys':
        return (await all(name)).map(([key, { model: table, rowKey }]) => [key, table, rowKey])
      default:
        return undefined
    }
  }

  /** Brings those tables that the statement names up to date. */
  async function refresh(statement, tables) {
    isCatching = false
    for (const one of relations.values()) {
      if (!statement.includes(one.name)) continue
      const rows = await contents(one, tables)
      if (rows === undefined) continue
      sqlite.exec(`DELETE FROM ${quoted(one.name)}`)
      if (rows.length === 0) continue
      const insert = sqlite.prepare(`INSERT INTO ${quoted(one.name)} VALUES (${one.columns.map(() => '?').join(', ')})`)
      for (const row of rows) insert.bind(row).stepReset()
      insert.finalize()
    }
  }

  /** A value of SQLite as the application gives it. */
  const given = (field, value) => {
    if (value === null) return null
    if (field.type === 'boolean') return [0, 1, 0n, 1n].includes(value) ? Number(value) === 1 : value
    if (field.type === 'json') return JSON.parse(value)
    if (field.type === 'int32' || field.type === 'int64') return typeof value === 'string' || !Number.isSafeInteger(Number(value)) ? String(value) : Number(value)
    return typeof value === 'bigint' ? Number(value) : value
  }

  /** A value of SQLite as a server gives it. */
  const served = (field, value) => {
    if (value === null) return null
    if (field?.type === 'boolean') return String(Number(value) === 1)
    return String(value)
  }

  const object = (columns, values) => Object.fromEntries(columns.map((column, index) => [column, values[index]]))

  async function toView(within, { model, columns }, { operation, before, after }) {
    const [old, next] = [object(columns, before), object(columns, after)]
    const appRow = (row, fields) => Object.fromEntries(fields.map((field) => [field.name, given(field, row[field.name])]))
    const keyFields = model.fields.filter(({ name }) => model.key.includes(name))
    if (operation === 'insert') {
      const said = model.fields.filter(({ name }) => next[name] !== null)
      const refused = said.find((field) => field.insert === 'never' && !model.key.includes(field.name))
      if (refused !== undefined) throw new Error(`${model.name}.${refused.name} is set by the server only`)
      return within.rows.insert(model, appRow(next, said))
    }
    if (operation === 'delete') return within.rows.delete(model, appRow(old, keyFields))
    const changed = model.fields.filter(({ name }) => old[name] !== next[name])
    // The store would take it for JSON's null, which no statement means by NULL.
    const emptied = changed.find((field) => field.type === 'json' && !field.nullable && next[field.name] === null)
    if (emptied !== undefined) throw new Error(`${model.name}.${emptied.name} must not be null`)
    return changed.length === 0 ? undefined : within.rows.update(model, appRow(old, keyFields), appRow(next, changed))
  }

  async function toLog(within, writes) {
    const { log } = within
    for (const { operation, before, after } of writes) {
      const columns = Object.keys(LOG)
      const [old, next] = [object(columns, before), object(columns, after)]
      const writeIds = [old.write_id]
      if (operation === 'delete') {
        await (old.status === 'rejected' ? log.discardOnly([old.id]) : log.settle(writeIds))
        continue
      }
      if (operation !== 'update') throw new Error('The log is written through the views.')
      const allowed = ['attempts', 'status', 'error', 'sent_with', 'txid', 'place']
      const other = columns.find((column) => old[column] !== next[column] && !allowed.includes(column))
      if (other !== undefined) throw new Error(`Nothing changes ${other} of an entry.`)
      const tries = Number(next.attempts) - Number(old.attempts)
      for (let count = 0; count < tries; count += 1) await log.markSent([{ writeIds, writeId: next.sent_with ?? old.write_id }])
      for (let count = 0; count > tries; count -= 1) await log.unmarkSent(writeIds)
      if (old.status === next.status) {
        if (old.error !== next.error && next.error !== null) {
          await log.noteFailures([{ writeIds, failure: code.rejectionOf(next.error) }])
        }
      } else if (next.status === 'acknowledged') {
        await log.acknowledge([{ writeIds, txid: next.txid, place: next.place }])
      } else if (next.status === 'rejected') {
        await log.reject(writeIds, code.rejectionOf(next.error))
      } else if (old.status === 'rejected') {
        await log.retry(old.write_id)
      } else {
        await log.reopen(writeIds)
      }
    }
  }

  async function toSynced(within, { model, columns }, operation, writes) {
    const row = (values) => {
      const found = object(columns, values)
      const fields = model.fields.map((field) => [field.name, served(field, found[field.name])])
      return new Map([...fields, ['write_id', found.write_id]])
    }
    if (operation === 'delete') return within.synced.delete(model, writes.map(({ before }) => row(before)))
    return within.synced.upsert(model, writes.map(({ after }) => row(after)))
  }

  async function toMade(within, writes, tables) {
    for (const { operation, before, after } of writes) {
      if (operation === 'insert') {
        const [model, temporary, rowKey, json] = after
        await within.log.noteMadeKey(model, temporary, { rowKey, json })
      } else {
        await tables('_made_keys').delete([before[0], before[1]])
      }
    }
  }

  async function forget(writes, tables) {
    for (const { operation, before } of writes) {
      if (operation !== 'delete') throw new Error('Changed keys are noted by the store.')
      await tables('_changed_keys').delete(Number(before[0]))
    }
  }

  async function toMeta(writes, tables) {
    for (const { operation, before, after } of writes) {
      if (operation === 'delete') await tables('_sync_meta').delete(before[0])
      else await tables('_sync_meta').put(after[1], after[0])
    }
  }

  /** Does what a statement has written by the store's functions; what is alike and comes together, at once. */
  async function perform(within, writes, tables) {
    for (let rest = writes; rest.length > 0; ) {
      const [first] = rest
      const one = relations.get(first.relation)
      const isAlike = (write) => write.relation === first.relation && (write.operation === 'delete') === (first.operation === 'delete')
      const end = rest.findIndex((write) => !isAlike(write))
      const some = end < 0 ? rest : rest.slice(0, end)
      rest = rest.slice(some.length)
      if (one.kind === 'view') for (const write of some) await toView(within, one, write)
      else if (one.kind === 'log') await toLog(within, some)
      else if (one.kind === 'synced') await toSynced(within, one, first.operation, some)
      else if (one.kind === 'made') await toMade(within, some, tables)
      else if (one.kind === 'meta') await toMeta(some, tables)
      else if (one.kind === 'keys') await forget(some, tables)
      else throw new Error(`Nobody writes to ${one.name}.`)
    }
  }

  function rowsOf(statement, parameters) {
    return sqlite.exec({ sql: statement, ...(parameters.length > 0 && { bind: parameters }), rowMode: 'object', returnValue: 'resultRows' })
  }

  return {
    /** Runs one statement in the transaction of `within`. No other may be run meanwhile. */
    async run(within, transaction, statement, parameters) {
      const tables = tablesOf(transaction)
      await refresh(statement, tables)
      caught = []
      isCatching = true
      let rows
      try {
        rows = rowsOf(statement, parameters)
      } finally {
        isCatching = false
      }
      const writes = caught
      if (writes.length > 0) await perform(within, writes, tables)
      return rows
    },
    async runAll(transaction, statements) {
      await refresh(statements.join(), tablesOf(transaction))
      return statements.map((statement) => rowsOf(statement, []))
    },
    close: () => sqlite.close(),
  }
}

/** The statements of a script. */
function statementsOf(script) {
  const found = script.match(/(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|[^;'"])+/g) ?? []
  return found.map((text) => text.trim()).filter((text) => text !== '')
}
