import { fileURLToPath } from 'node:url'
import type * as lakefront from 'lakefront'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { contentSecurityPolicy, type Route, serve } from '../.ci/serve.mjs'
import { openBrowser } from './browser.ts'
import type { Site } from './site.ts'
import { timed } from './tries.ts'

declare global {
  var library: typeof lakefront
  var db: lakefront.Session
  /** What a promise became, as plain data. */
  var outcome: (promise: Promise<unknown>) => Promise<{ value?: unknown; code?: string; message?: string }>
}

/** Relative to the page, which is not where the worker's script is. */
const flights = 'node_modules/vega-datasets/data/flights-3m.parquet'

let site: Site
let browser: Browser
let page: Page

beforeAll(async () => {
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
        globalThis.outcome = (promise) => promise.then(
          (value) => ({ value }),
          (error) => ({ code: error.code, message: String(error.message ?? error) }))`,
      ),
    },
  })
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

beforeEach(async () => {
  await page?.close()
  page = await browser.newPage()
  await page.goto(new URL('page.html', site.url).href)
})

const connect = (options: lakefront.ConnectOptions = {}): Promise<lakefront.EngineInfo> =>
  page.evaluate(async (given) => {
    globalThis.db = await library.connect(given)
    return db.engine
  }, options)

test('a file beside the page is queried by ranges, in a worker', async () => {
  const info = await connect()
  expect(info).toMatchObject({ name: 'duckdb-wasm', version: 'v1.5.6', binary: 'slim', suspends: true })
  const { rows, metrics } = await page.evaluate(async (file) => {
    const found = await db
      .sql(`SELECT origin, count(*)::INT AS n FROM '${file}' WHERE delay > 60 GROUP BY ALL ORDER BY n DESC LIMIT 1`)
      .collect()
    return { rows: found, metrics: db.metrics[0]! }
  }, flights)
  expect(rows).toEqual([{ origin: expect.stringMatching(/^[A-Z]{3}$/), n: expect.any(Number) }])
  expect(metrics.scans[0]).toMatchObject({ rows: 3_000_000 })
  expect(metrics.scans[0]!.bytesFetched).toBeGreaterThan(0)
  const byMethods = await page.evaluate((file) => db.read.parquet(file).count(), flights)
  expect(byMethods).toBe(3_000_000)
})

test('a file of the user’s answers under the name it was given', async () => {
  await connect()
  const count = await page.evaluate(async (file) => {
    const bytes = await (await fetch(file)).blob()
    await db.registerFile('mine.parquet', new File([bytes], 'anything'))
    return Number((await db.sql(`SELECT count(*) AS n FROM 'mine.parquet' WHERE delay > 60`).collect())[0]!['n'])
  }, flights)
  expect(count).toBeGreaterThan(100_000)
})

test('a file in the browser’s own file system is read by its path', async () => {
  await connect()
  const outcomes = await page.evaluate(async (file) => {
    const bytes = await (await fetch(file)).arrayBuffer()
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('data', { create: true })
    const writable = await (await folder.getFileHandle('flights.parquet', { create: true })).createWritable()
    await writable.write(bytes)
    await writable.close()
    const paths = ['opfs:/data/flights.parquet', 'opfs:/data/other.parquet', 'opfs:/none/flights.parquet', 'opfs:/data']
    return Promise.all(paths.map((path) => outcome(db.read.parquet(path).count())))
  }, flights)
  expect(outcomes[0]).toEqual({ value: 3_000_000 })
  expect(outcomes.slice(1).map(({ code }) => code)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
})

test('an abort while scanning is answered within 100 ms and leaves the engine as it was', timed, async () => {
  await connect()
  const { milliseconds, outcomeOfAbort, kept, progress } = await page.evaluate(async (file) => {
    await db.sql('CREATE TABLE kept AS SELECT 1 AS x').collect()
    const controller = new AbortController()
    let heard = 0
    let begin = (): void => {}
    const began = new Promise<void>((resolve) => (begin = resolve))
    const onProgress = (): void => {
      heard++
      begin()
    }
    const slow = `SELECT count(*) AS n FROM (SELECT DISTINCT * FROM read_parquet(['${file}', '${file}']))`
    const running = outcome(db.sql(slow).collect({ signal: controller.signal, onProgress }))
    await began
    const start = performance.now()
    controller.abort(new Error('enough'))
    const aborted = await running
    return {
      milliseconds: performance.now() - start,
      outcomeOfAbort: aborted,
      progress: heard,
      kept: await db.table('kept').count(),
    }
  }, flights)
  expect(outcomeOfAbort).toMatchObject({ message: 'enough' })
  expect(milliseconds).toBeLessThan(100)
  expect(progress).toBeGreaterThan(0)
  expect(kept).toBe(1)
})

test('a worker that dies in the middle of a query rejects it, and the next one works with the same files', async () => {
  await connect()
  await page.evaluate(async (file) => db.registerFile('mine.parquet', file), flights)
  const running = page.evaluate(
    (file) =>
      outcome(
        db.sql(`SELECT count(*) AS n FROM (SELECT DISTINCT * FROM read_parquet(['${file}', '${file}']))`).collect(),
      ),
    flights,
  )
  await new Promise((resolve) => setTimeout(resolve, 300))
  await page.workers()[0]!.evaluate(() => globalThis.close())
  expect(await running).toMatchObject({ code: 'WORKER_LOST', message: expect.stringContaining('Run the query again') })
  expect(await page.evaluate(() => db.read.parquet('mine.parquet').count())).toBe(3_000_000)
})

test('twenty queries at once all answer', async () => {
  await connect()
  const counts = await page.evaluate(
    (file) =>
      Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          db.read
            .parquet(file)
            .filter(`delay > ${index * 10}`)
            .count(),
        ),
      ),
    flights,
  )
  expect(counts.length).toBe(20)
  expect(counts).toEqual(counts.toSorted((a, b) => b - a))
  expect(counts[0]).toBeGreaterThan(counts[19]!)
})

test('a worker script that is not there', async () => {
  const failed = await page.evaluate(() => outcome(library.connect({ workerUrl: 'dist/worker/no-such.js' })))
  expect(failed).toMatchObject({ code: 'WORKER_LOST', message: expect.stringContaining('connect({ workerUrl })') })
})

test('errors keep their code', async () => {
  await connect()
  const codes = await page.evaluate(async (file) => {
    const statements = [
      `SELECT dealy FROM '${file}'`,
      'SELEC 1',
      `FROM 'missing.parquet'`,
      `FROM read_parquet('page.js')`,
    ]
    const outcomes = await Promise.all(statements.map((sql) => outcome(db.sql(sql).collect())))
    return outcomes.map(({ code }) => code)
  }, flights)
  expect(codes).toEqual(['COLUMN_NOT_FOUND', 'SYNTAX_ERROR', 'NOT_FOUND', 'NOT_A_PARQUET_FILE'])
})

test('close() ends the worker; twice is fine', async () => {
  await connect()
  expect(page.workers().length).toBe(1)
  const after = await page.evaluate(async () => {
    await Promise.all([db.close(), db.close()])
    return outcome(db.sql('SELECT 1').collect())
  })
  expect(after).toMatchObject({ code: 'CLOSED' })
  await expect.poll(() => page.workers().length).toBe(0)
})
