// `node --import …/fresh-pglite.mjs` lets each new PGlite start from the data folder in PGLITE_DATA, a tar: to make one from
// nothing takes seconds of a processor. Where there is no such file yet, it is made.

import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

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
