import { fileURLToPath } from 'node:url'
import type * as lakefront from 'lakefront'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contentSecurityPolicy, type Route, serve } from '../.ci/serve.mjs'
import { openBrowser } from './browser.ts'
import { agreeing } from './engine-queries.ts'
import { openOracle } from './oracle.ts'
import type { Oracle } from './oracle.ts'
import type { Site } from './site.ts'

declare global {
  var library: typeof lakefront
  var db: lakefront.Session
}

const flights = 'node_modules/vega-datasets/data/flights-3m.parquet'

/** What a decoding worker and its engine tell of each message they send: whether its buffers went along. */
interface Sent {
  readonly from: 'engine' | 'decoder'
  readonly buffers: number
  readonly left: number
}

/** Begins a worker script with ears: every buffer of what is posted is looked at after it was. */
const listen = (from: Sent['from']): string => `
  const heard = new BroadcastChannel('sent')
  const buffersOf = (value, found = new Set()) => {
    if (value instanceof WebAssembly.Module) return found
    if (ArrayBuffer.isView(value)) found.add(value.buffer)
    else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) buffersOf(part, found)
    return found
  }
  globalThis.watch = (post, message, transfer) => {
    const buffers = [...buffersOf(message)].filter((buffer) => buffer.byteLength > 0)
    post(message, transfer)
    const left = buffers.filter((buffer) => buffer.byteLength > 0).length
    if (buffers.length > 0) heard.postMessage({ from: '${from}', buffers: buffers.length, left })
  }`

let site: Site
let browser: Browser
let oracle: Oracle

beforeAll(async () => {
  const answer =
    (type: string, body: string): Route =>
    (_request, response) =>
      void response.writeHead(200, { 'content-type': type, 'content-security-policy': contentSecurityPolicy }).end(body)
  const script = (body: string): Route => answer('text/javascript', body)
  site = await serve({
    root: fileURLToPath(new URL('..', import.meta.url)),
    routes: {
      '/page.html': answer('text/html', '<!doctype html><script type="module" src="page.js"></script>'),
      '/page.js': script(`import * as library from './dist/index.js'\nglobalThis.library = library`),
      '/dist/worker/plain.js': script(`import './forget-suspension.js'\nimport './engine.js'`),
      '/dist/worker/forget-suspension.js': script('delete WebAssembly.Suspending\ndelete WebAssembly.promising'),
      '/dist/worker/heard.js': script(`import './heard-engine.js'\nimport './engine.js'`),
      '/dist/worker/heard-engine.js': script(`${listen('engine')}
        const Plain = Worker
        globalThis.Worker = class extends Plain {
          constructor(url, options) { super(new URL('./heard-decode.js', url), options) }
          postMessage(message, transfer) { watch((...values) => super.postMessage(...values), message, transfer) }
        }`),
      '/dist/worker/heard-decode.js': script(`import './heard-decoder.js'\nimport './decode.js'`),
      '/dist/worker/heard-decoder.js': script(`${listen('decoder')}
        const plain = globalThis.postMessage.bind(globalThis)
        globalThis.postMessage = (message, transfer) => watch(plain, message, transfer)`),
    },
  })
  browser = await openBrowser()
  oracle = await openOracle()
})

afterAll(async () => {
  oracle?.close()
  await browser?.close()
  await site?.close()
})

async function openPage(options: lakefront.ConnectOptions): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(new URL('page.html', site.url).href)
  await page.waitForFunction(() => globalThis.library !== undefined)
  await page.evaluate(
    async ([given, file]) => {
      globalThis.db = await library.connect(given)
      await db.registerFile('flights-3m.parquet', file)
    },
    [options, flights] as const,
  )
  return page
}

test('columns are decoded in workers, and buffers go to them and back without a copy', async () => {
  const page = await openPage({ workerUrl: 'dist/worker/heard.js' })
  const sent = await page.evaluate(async () => {
    const messages: Sent[] = []
    new BroadcastChannel('sent').onmessage = ({ data }) => messages.push(data as Sent)
    const files = Array.from({ length: 6 }, (_, index) => `flights-${index}.parquet`)
    const address = new URL('node_modules/vega-datasets/data/flights-3m.parquet', location.href).href
    const file = await (await fetch(address)).blob()
    for (const name of files) await db.registerFile(name, file)
    for (const name of files) await db.sql(`SELECT max(COLUMNS(*)) FROM '${name}'`).collect()
    await new Promise((resolve) => setTimeout(resolve, 200))
    return messages
  })
  for (const from of ['engine', 'decoder']) {
    const own = sent.filter((message) => message.from === from)
    expect(own.length).toBeGreaterThan(10)
    expect(own.reduce((left, message) => left + message.left, 0)).toBe(0)
  }
  await page.close()
})

describe.each([
  ['where wasm can wait', {}],
  ['where wasm cannot wait', { workerUrl: 'dist/worker/plain.js' }],
])('little memory, %s', (_, options) => {
  let page: Page

  beforeAll(async () => {
    page = await openPage({ ...options, memoryLimit: '200MB' })
  })
  afterAll(() => page.close())

  test(`${agreeing.length} queries are answered as native DuckDB answers them`, async () => {
    const answers = await page.evaluate(async (queries) => {
      const all: (string[][] | string)[] = []
      for (const sql of queries) {
        const rows = db.sql(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (\n${sql}\n)`).collect()
        all.push(
          await rows.then(
            (found) => found.map((row) => Object.values(row).map((value) => String(value ?? 'NULL'))),
            (error: Error) => error.message,
          ),
        )
      }
      return all
    }, agreeing)
    for (const [index, sql] of agreeing.entries())
      expect({ sql, rows: answers[index] }).toEqual({ sql, rows: await oracle.rows(sql) })
  })

  test('a sort that does not fit says so, and the next query works', async () => {
    const { code, message, rows, memory } = await page.evaluate(async () => {
      const error = await db
        .sql(
          `SELECT * FROM read_parquet([${Array.from({ length: 6 }, () => "'flights-3m.parquet'").join(', ')}]) ORDER BY origin, date, delay`,
        )
        .collect()
        .then(
          () => ({ code: undefined, message: 'it did not fail' }),
          (thrown: lakefront.LakefrontError) => ({ code: thrown.code, message: thrown.message }),
        )
      const found = await db.sql(`SELECT max(delay)::VARCHAR AS d FROM 'flights-3m.parquet'`).collect()
      return { ...error, rows: found, memory: db.metrics.at(-1)!.memory! }
    })
    expect({ code, message }).toMatchObject({ code: 'OUT_OF_MEMORY', message: expect.stringContaining('200 MB') })
    expect([[rows[0]!['d']]]).toEqual(await oracle.rows(`SELECT max(delay)::VARCHAR FROM 'flights-3m.parquet'`))
    const { columns, decoders, inFlight, ranges } = memory
    expect(columns + decoders + inFlight + ranges).toBeLessThan(memory.limit / 2)
    expect(inFlight).toBe(0)
  })
})
