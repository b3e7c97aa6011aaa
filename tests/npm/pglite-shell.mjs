// PGlite for tests in another language: one JSON request a line on stdin, one JSON answer a line on stdout.
//
//   { "open": true }      a new, empty database; the one before is closed
//   { "heard": true }     how many notifications came since it was asked last -> { "rows": [{ "number" }] }
//   { "exec": script }    any number of statements          -> { "rows": [] }
//   { "query": statement }                                  -> { "rows": [{ column: value }] }
//   { "queries": script }   any number of them              -> { "results": [[{ column: value }]] }
//   { "time": statement }   how long its query takes        -> { "rows": [{ "ms": milliseconds }] }
//
// A failure is answered with { "error": { "message", "code" } }. Numbers come as PostgreSQL prints them: JavaScript
// would round them.

import { createInterface } from 'node:readline'
import { PGlite } from '@electric-sql/pglite'

const BOOLEAN = [16]
const NUMBERS = [20, 21, 23, 26, 700, 701]
const AS_TEXT = [17, 114, 1000, 1005, 1007, 1009, 1015, 1016, 1082, 1083, 1114, 1115, 1182, 1184, 1185, 1186, 1231, 1266, 1700, 2950, 2951, 3802, 3807]

const json = (text) => JSON.stringify(text)
const parsers = Object.fromEntries([
  ...BOOLEAN.map((oid) => [oid, (text) => (text === 't' ? 'true' : 'false')]),
  ...NUMBERS.map((oid) => [oid, (text) => (/^-?\d/.test(text) ? text : json(text))]),
  ...AS_TEXT.map((oid) => [oid, json]),
])

function row(fields, values) {
  const members = fields.map(({ name, dataTypeID }, index) => {
    const value = values[index]
    return `${json(name)}:${value === null ? 'null' : dataTypeID in parsers ? value : json(String(value))}`
  })
  return `{${members.join(',')}}`
}

const rows = ({ fields, rows }) => `[${rows.map((values) => row(fields, values)).join(',')}]`
const OPTIONS = { rowMode: 'array', parsers }

let database
let heard = 0

async function answer(request) {
  if (request.open) {
    await database?.close()
    database = await PGlite.create()
    database.onNotification(() => {
      heard += 1
    })
    return '{"rows":[]}'
  }
  if (request.heard) {
    const number = heard
    heard = 0
    return json({ rows: [{ number }] })
  }
  if (request.exec !== undefined) {
    await database.exec(request.exec)
    return '{"rows":[]}'
  }
  if (request.time !== undefined) {
    const start = performance.now()
    await database.query(request.time)
    return json({ rows: [{ ms: performance.now() - start }] })
  }
  if (request.queries !== undefined) {
    const results = await database.exec(request.queries, OPTIONS)
    return `{"results":[${results.map(rows).join(',')}]}`
  }
  return `{"rows":${rows(await database.query(request.query, [], OPTIONS))}}`
}

for await (const line of createInterface({ input: process.stdin })) {
  let text
  try {
    text = await answer(JSON.parse(line))
  } catch (error) {
    text = json({ error: { message: String(error.message), code: String(error.code ?? '') } })
  }
  process.stdout.write(text + '\n')
}

// A timer of PostgreSQL may still run, and would keep the process.
process.exit()
