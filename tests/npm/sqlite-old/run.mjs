// Runs the script on stdin in an empty database. The version of SQLite goes to stdout, and then rows as SQLite's own shell
// lists them: a line each, columns with a bar between them, NULL as nothing.

import { readFileSync } from 'node:fs'
import initialize from 'sql.js'

const { Database } = await initialize()
const database = new Database()

/** As text, by SQLite itself: JavaScript has no 5.0. */
function list(query, columns) {
  const names = columns.map((_, index) => `c${index}`)
  const line = names.map((name) => `ifnull(${name}, '')`).join(` || '|' || `)
  const [found] = database.exec(`WITH r(${names}) AS (${query.trim().replace(/;$/, '')}) SELECT ${line} || '' FROM r`)
  for (const [text] of found?.values ?? []) console.log(text)
}

console.log(database.exec('SELECT sqlite_version()')[0].values[0][0])
try {
  for (const statement of database.iterateStatements(readFileSync(0, 'utf8'))) {
    const columns = statement.getColumnNames()
    if (columns.length > 0) list(statement.getSQL(), columns)
    else statement.step()
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
