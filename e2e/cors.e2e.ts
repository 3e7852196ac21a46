import { createReadStream, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { OutgoingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type * as lakefront from 'lakefront'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from './browser.ts'

declare global {
  var library: typeof lakefront
}

const flights = fileURLToPath(new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url))

/** What a data server of another origin allows, from nothing to all that is needed. */
const policies = {
  none: {},
  hidden: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' },
  full: {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': '*',
    'access-control-expose-headers': 'ETag, Content-Range, Content-Length, Accept-Ranges, Last-Modified',
  },
} as const satisfies Record<string, OutgoingHttpHeaders>

let site: Server
let data: Server
let browser: Browser
let page: Page

beforeAll(async () => {
  // A site of no policy of its own: the strict one of our server allows no other origin at all.
  site = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://site')
    const type =
      { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm' }[pathname.split('.').at(-1)!] ??
      'text/plain'
    const body =
      pathname === '/page.html'
        ? '<!doctype html><script type="module">import * as l from "./dist/index.js"; globalThis.library = l</script>'
        : await readFile(new URL(`..${pathname}`, import.meta.url)).catch(() => undefined)
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body)
  })
  data = createServer((request, response) => {
    const policy = policies[new URL(request.url!, 'http://data').pathname.split('/')[1] as keyof typeof policies]
    const { size } = statSync(flights)
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
    const headers = { ...policy, etag: '"1"', 'accept-ranges': 'bytes' }
    if (request.method === 'OPTIONS') return void response.writeHead(204, headers).end()
    if (request.method === 'HEAD') return void response.writeHead(200, { ...headers, 'content-length': size }).end()
    const start = Number(from ?? 0)
    const end = Math.min(Number(to ?? size - 1), size - 1)
    response.writeHead(206, {
      ...headers,
      'content-length': end - start + 1,
      'content-range': `bytes ${start}-${end}/${size}`,
    })
    createReadStream(flights, { start, end }).pipe(response)
  })
  for (const server of [site, data]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  browser = await openBrowser()
  page = await browser.newPage()
  await page.goto(`${addressOf(site)}/page.html`)
  await page.waitForFunction(() => 'library' in globalThis)
})

afterAll(async () => {
  await browser?.close()
  site?.close()
  data?.close()
})

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const count = (policy: keyof typeof policies): Promise<{ count?: number; code?: string; message?: string }> =>
  page.evaluate(
    async (url) => {
      const db = await library.connect()
      try {
        return { count: await db.read.parquet(url).filter(library.col('delay').gt(1000)).count() }
      } catch (error) {
        const { code, message } = error as lakefront.LakefrontError
        return { code, message }
      } finally {
        await db.close()
      }
    },
    `${addressOf(data)}/${policy}/flights.parquet?signature=secret`,
  )

test('a server that allows the page is read by ranges', async () => {
  expect(await count('full')).toEqual({ count: expect.any(Number) })
})

test('a server that does not is CORS, with the headers it would have to send and no part of the query string', async () => {
  const refused = await count('none')
  expect(refused.code).toBe('CORS')
  expect(refused.message).toContain('Access-Control-Allow-Origin')
  expect(refused.message).not.toContain('secret')
})

test('a server that hides its headers is either read or told which to expose', async () => {
  const { code, message, count: rows } = await count('hidden')
  if (code === undefined) return expect(rows).toEqual(expect.any(Number))
  expect(code).toBe('CORS')
  expect(message).toMatch(/expose/i)
})
