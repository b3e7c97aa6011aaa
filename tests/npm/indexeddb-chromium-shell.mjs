// The store of IndexedDB for tests in another language, as `indexeddb-shell.mjs`, but in a page of Chromium, on IndexedDB as
// browsers have it. `CHROMIUM` names the browser.

import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { javascriptOf } from './indexeddb-code.mjs'

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }

const IMPORTS = { idb: '/node_modules/idb/build/index.js', '@sqlite.org/sqlite-wasm': '/node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs' }

const PAGE = `<!doctype html>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
  import { answers } from '/indexeddb-answers.mjs'
  globalThis.answer = answers(async (files, number) => {
    await serveClient(files, number)
    return (name) => import(\`/client/\${number}/\${name}\`)
  })
</script>`

/** Of the clients, by path. */
const modules = new Map()

async function contentOf(path) {
  if (path === '/index.html') return PAGE
  return modules.get(path) ?? readFile(join(import.meta.dirname, path))
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://page')
  const path = pathname === '/' ? '/index.html' : pathname
  contentOf(path).then(
    (content) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(content),
    () => response.writeHead(404).end(),
  )
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

const profile = mkdtempSync(join(tmpdir(), 'sync-patterns-shell-'))
process.on('exit', () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? 'chromium',
  args: ['--disable-background-networking', '--disable-component-update', '--disable-gpu', '--no-first-run'],
  chromiumSandbox: false,
  headless: true,
})
const page = await browser.newPage()
await page.exposeFunction('serveClient', (files, number) => {
  for (const [name, text] of javascriptOf(files)) modules.set(`/client/${number}/${name}`, text)
})
await page.goto(`http://127.0.0.1:${server.address().port}/`)
await page.waitForFunction('globalThis.answer !== undefined')

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write((await page.evaluate((request) => globalThis.answer(request), line)) + '\n')
}

await browser.close()
process.exit()
