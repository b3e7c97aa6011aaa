// `node --import …/fresh-pglite.mjs` saves processor time in tests. Each new PGlite starts from the data folder in
// PGLITE_DATA, a tar: to make one from nothing takes seconds. Where there is no such file yet, it is made. And databases
// run as the first compiler of WebAssembly leaves them: what the second takes, no test gets back.

import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { PGlite } from '@electric-sql/pglite'

setFlagsFromString('--liftoff-only')

const file = process.env.PGLITE_DATA
const create = PGlite.create.bind(PGlite)

if (!existsSync(file)) {
  const database = await create('memory://')
  const data = await database.dumpDataDir('none')
  await database.close()
  await writeFile(`${file}.new`, Buffer.from(await data.arrayBuffer()))
  await rename(`${file}.new`, file)
}

let loaded
PGlite.create = async (first, second) => {
  const options = typeof first === 'object' ? first : { dataDir: first, ...second }
  if (options.dataDir !== undefined && existsSync(join(options.dataDir, 'PG_VERSION'))) return create(options)
  loaded ??= readFile(file).then((bytes) => new Blob([bytes]))
  return create({ ...options, loadDataDir: await loaded })
}
