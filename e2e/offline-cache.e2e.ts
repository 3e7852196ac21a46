import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import type * as lakefront from 'lakefront'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { contentSecurityPolicy, type Route, serve } from '../.ci/serve.mjs'
import { FaultServer } from '../src/storage/fixtures/fault-server.ts'
import { openBrowser } from './browser.ts'
import type { Site } from './site.ts'

declare global {
  var library: typeof lakefront
  var sessions: lakefront.Session[]
}

const rangeCache = { persistent: '20MB' }

let bytes: Uint8Array
let server: FaultServer
let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
let url: string

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lakefront-offline-'))
  const native = await (await DuckDBInstance.create(':memory:')).connect()
  await native.run(
    `COPY (SELECT i::INT AS i, i % 7 AS seven, md5(i::VARCHAR) AS text, md5((i + 1)::VARCHAR) AS other FROM range(40960) t(i)) TO '${folder}/rows.parquet' (FORMAT parquet, ROW_GROUP_SIZE 4096)`,
  )
  bytes = new Uint8Array(readFileSync(join(folder, 'rows.parquet')))
  native.closeSync()
  rmSync(folder, { recursive: true })
  const answer =
    (type: string, body: string): Route =>
    (_request, response) =>
      void response.writeHead(200, { 'content-type': type, 'content-security-policy': contentSecurityPolicy }).end(body)
  site = await serve({
    root: fileURLToPath(new URL('..', import.meta.url)),
    routes: {
      '/page.html': answer('text/html', '<!doctype html><script type="module" src="page.js"></script>'),
      '/page.js': answer(
        'text/javascript',
        `import * as library from './dist/index.js'
        globalThis.library = library
        globalThis.sessions = []`,
      ),
      // Files of the same origin whose server can be stopped, unlike that of the page.
      ...Object.fromEntries(
        ['one', 'two', 'three'].map((name): [string, Route] => [
          `/${name}.parquet`,
          (request, response) => server.handle(request, response),
        ]),
      ),
    },
  })
  url = new URL('one.parquet?signature=secret', site.url).href
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

beforeEach(async () => {
  server = await FaultServer.start(bytes)
  context = await browser.newContext()
  page = await context.newPage()
  await page.goto(new URL('page.html', site.url).href)
})

afterEach(async () => {
  await context.close()
  await server.close()
})

/** Opens another session in the page, and tells its number. */
const connect = (options: lakefront.ConnectOptions = { rangeCache }): Promise<number> =>
  page.evaluate(async (given) => sessions.push(await library.connect(given)) - 1, options)

interface Answer {
  readonly rows?: readonly object[]
  readonly warnings?: readonly string[]
  readonly fetched?: number
  readonly code?: string
  readonly message?: string
}

const query = (session: number, sql: string): Promise<Answer> =>
  page.evaluate(
    async ([number, text]) => {
      const db = sessions[number]!
      try {
        const rows = await db.sql(text).collect()
        const { scans } = db.metrics.at(-1)!
        return {
          rows: rows.map((row) =>
            Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])),
          ),
          warnings: scans.flatMap((scan) => scan.warnings),
          fetched: scans.reduce((sum, scan) => sum + scan.bytesFetched, 0),
        }
      } catch (error) {
        const { code, message } = error as lakefront.LakefrontError
        return { code, message }
      }
    },
    [session, sql] as const,
  )

const distinct = (column: string, file = url): string =>
  `SELECT count(DISTINCT ${column}) AS n, count(*) AS rows FROM read_parquet('${file}')`

const expected = { rows: [{ n: 40_960, rows: 40_960 }] }

/** Bytes in the files of the cache, by file. */
const files = (): Promise<{ name: string; size: number }[]> =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    const folder = (await root.getDirectoryHandle('lakefront-ranges')) as unknown as {
      values(): AsyncIterable<{ name: string; getFile(): Promise<File> }>
    }
    const found: { name: string; size: number }[] = []
    for await (const entry of folder.values()) found.push({ name: entry.name, size: (await entry.getFile()).size })
    return found
  })

test('without a network, another session answers what was asked before, and says so', async () => {
  const first = await connect()
  const other = await connect()
  // What the engine loads with its first file has to be there, as a service worker would have it.
  await query(other, distinct('seven', url.replace('one', 'two')))
  const online = await query(first, distinct('text'))
  expect(online).toMatchObject({ ...expected, warnings: [] })
  expect(online.fetched).toBeGreaterThan(1_000_000)
  await context.setOffline(true)
  const replayed = await query(other, distinct('text'))
  expect(replayed).toMatchObject({ ...expected, fetched: 0 })
  expect(replayed.warnings).toEqual([expect.stringContaining('/one.parquet" was answered from the offline cache')])
  const missing = await query(other, distinct('other'))
  expect(missing).toMatchObject({ code: 'NETWORK', message: expect.stringContaining('not in the offline cache') })
  expect(missing.message).toContain('Connect and run the query again')
  expect(missing.message).not.toContain('secret')
  expect(await query(other, distinct('text', url.replace('one', 'two')))).toMatchObject({ code: 'NETWORK' })
  await context.setOffline(false)
  expect(await query(other, distinct('other'))).toMatchObject({ ...expected, warnings: [] })
  expect(await query(other, distinct('text'))).toMatchObject({ ...expected, warnings: [] })
})

test('a server that is gone while the browser believes in the network is replayed, too, after a reload', async () => {
  await query(await connect(), distinct('text'))
  await page.reload()
  server.faults = { reset: { times: 1000 } }
  const session = await connect({ rangeCache, storage: { retry: { attempts: 2, baseMilliseconds: 1 } } })
  const replayed = await query(session, distinct('text'))
  expect(replayed).toMatchObject({ ...expected, fetched: 0 })
  expect(replayed.warnings).toHaveLength(1)
})

test('with a network, what outlived the session is not fetched again, and never given for another version', async () => {
  await query(await connect(), distinct('text'))
  await page.reload()
  const second = await connect()
  expect(await query(second, distinct('text'))).toMatchObject({ ...expected, fetched: 0, warnings: [] })
  server.version = 2
  const changed = await query(second, distinct('text'))
  expect(changed).toMatchObject(expected)
  expect(changed.fetched).toBeGreaterThan(1_000_000)
  await expect.poll(files).toHaveLength(1)
})

test('a session without the option leaves nothing behind, and gets nothing', async () => {
  await query(await connect({}), distinct('text'))
  const folder = page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    await root.getDirectoryHandle('lakefront-ranges')
  })
  await expect(folder).rejects.toThrow('NotFoundError')
  await context.setOffline(true)
  expect(await query(0, distinct('text'))).toMatchObject({ code: 'NETWORK' })
})

test('damage to the files costs a fetch, not the answer', async () => {
  await query(await connect(), distinct('text'))
  await page.evaluate(() => sessions[0]!.close())
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle('lakefront-ranges')
    for await (const name of folder.keys()) {
      const handle = await folder.getFileHandle(name)
      const content = new Uint8Array(await (await handle.getFile()).arrayBuffer())
      for (let at = 10_000; at < content.length; at += 5000) content[at]! ^= 1
      const writable = await handle.createWritable()
      await writable.write(content)
      await writable.close()
    }
  })
  const answer = await query(await connect(), distinct('text'))
  expect(answer).toMatchObject(expected)
  expect(answer.fetched).toBeGreaterThan(1_000_000)
})

test('the oldest files make room, and a session takes over writing from one that ends', async () => {
  /** Room for one column of two files. */
  const limit = Math.floor(bytes.length * 1.2)
  const options = { rangeCache: { persistent: limit } }
  const first = await connect(options)
  const second = await connect(options)
  await query(second, distinct('seven', url.replace('one', 'three')))
  for (const name of ['one', 'two', 'three']) await query(first, distinct('text', url.replace('one', name)))
  await expect.poll(files).toHaveLength(2)
  const held = (await files()).reduce((sum, { size }) => sum + size, 0)
  expect(held).toBeLessThanOrEqual(limit)
  expect(held).toBeGreaterThan(limit / 2)
  await context.setOffline(true)
  expect(await query(second, distinct('text'))).toMatchObject({
    code: 'NETWORK',
    message: expect.stringContaining('/one.parquet'),
  })
  expect(await query(second, distinct('text', url.replace('one', 'three')))).toMatchObject(expected)
  await context.setOffline(false)
  await page.evaluate(() => sessions[0]!.close())
  expect(await query(second, distinct('other'))).toMatchObject(expected)
  await context.setOffline(true)
  expect(await query(second, distinct('other'))).toMatchObject(expected)
})
