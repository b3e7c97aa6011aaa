// The part of a generated client that a store of IndexedDB needs, as JavaScript.

import { createHash } from 'node:crypto'
import typescript from 'typescript5'

const NEEDED = /^(schema\/.*|db\/store\/(store|convert-entry|indexeddb\/.*)|db\/client\/(json|model|parts|values))\.ts$/
const compiled = new Map()

/** Gives pairs of a name and a text. */
export function javascriptOf(files) {
  return Object.entries(files)
    .filter(([name]) => NEEDED.test(name))
    .map(([name, text]) => [name.replace(/\.ts$/, '.js'), javascript(text)])
}

function javascript(text) {
  const key = createHash('sha256').update(text).digest('hex')
  const options = { compilerOptions: { module: 'esnext', target: 'es2022', verbatimModuleSyntax: true } }
  if (!compiled.has(key)) compiled.set(key, typescript.transpileModule(text, options).outputText)
  return compiled.get(key)
}
