// Unpacks the program, and libraries that it may need, and prints where they are:  TMPDIR=folder node unpack.mjs

import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Else the package leaves the libraries out.
process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs20.x'
const { default: chromium } = await import('@sparticuz/chromium')

console.log(JSON.stringify({ program: await chromium.executablePath(), libraries: join(tmpdir(), 'al2023/lib') }))
