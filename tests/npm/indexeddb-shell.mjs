// The store of IndexedDB for tests in another language: one JSON request a line on stdin, one JSON answer a line on stdout, as
// `indexeddb-answers.mjs` says. It runs in Node, on an IndexedDB in memory.

import 'fake-indexeddb/auto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { answers } from './indexeddb-answers.mjs'
import { javascriptOf } from './indexeddb-code.mjs'

const root = join(import.meta.dirname, 'node_modules', '.indexeddb', String(process.pid))

const answer = answers((files, number) => {
  const folder = join(root, String(number))
  for (const [name, text] of javascriptOf(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return (name) => import(pathToFileURL(join(folder, name)).href)
})

process.on('exit', () => rmSync(root, { recursive: true, force: true }))

for await (const line of createInterface({ input: process.stdin })) process.stdout.write((await answer(line)) + '\n')

process.exit()
