import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
import { timed } from './tries.ts'

declare global {
  var library: typeof lakefront
  var db: lakefront.Session
}

/** The same work for every way an engine may run in a page. Without suspension is how browsers are that lack it. */
const ways: readonly { name: string; options: lakefront.ConnectOptions; suspends: boolean }[] = [
  { name: 'the slim file', options: {}, suspends: true },
  {
    name: 'the official file, by its address',
    options: { engineBinary: 'node_modules/@duckdb/duckdb-wasm/dist/duckdb-eh.wasm' },
    suspends: true,
  },
  { name: 'the slim file, where wasm cannot wait', options: { workerUrl: 'dist/worker/plain.js' }, suspends: false },
]

const flights = 'node_modules/vega-datasets/data/flights-3m.parquet'

let site: Site
let browser: Browser
let oracle: Oracle
let folder: string

beforeAll(async () => {
  oracle = await openOracle()
  folder = await mkdtemp(join(tmpdir(), 'lakefront-e2e-'))
  await oracle.run(
    `COPY (FROM 'flights-3m.parquet' LIMIT 50000) TO '${folder}/zstd.parquet' (FORMAT parquet, COMPRESSION zstd)`,
  )
  const zstd = await readFile(join(folder, 'zstd.parquet'))
  const answer =
    (type: string, body: string): Route =>
    (_request, response) =>
      void response.writeHead(200, { 'content-type': type, 'content-security-policy': contentSecurityPolicy }).end(body)
  site = await serve({
    root: fileURLToPath(new URL('..', import.meta.url)),
    routes: {
      '/page.html': answer('text/html', '<!doctype html><script type="module" src="page.js"></script>'),
      '/zstd.parquet': (_request, response) => void response.writeHead(200).end(zstd),
      '/page.js': answer(
        'text/javascript',
        `import * as library from './dist/index.js'
        globalThis.library = library`,
      ),
      '/dist/worker/plain.js': answer('text/javascript', `import './forget-suspension.js'\nimport './engine.js'`),
      '/dist/worker/forget-suspension.js': answer(
        'text/javascript',
        'delete WebAssembly.Suspending\ndelete WebAssembly.promising',
      ),
    },
  })
  browser = await openBrowser()
})

afterAll(async () => {
  oracle?.close()
  await browser?.close()
  await site?.close()
  await rm(folder, { recursive: true, force: true })
})

describe.each(ways)('$name', ({ options, suspends }) => {
  let page: Page

  beforeAll(async () => {
    page = await browser.newPage()
    await page.goto(new URL('page.html', site.url).href)
    await page.waitForFunction(() => globalThis.library !== undefined)
    await page.evaluate(
      async ([given, file]) => {
        globalThis.db = await library.connect(given)
        await db.registerFile('flights-3m.parquet', file)
      },
      [options, flights] as const,
    )
  })
  afterAll(() => page.close())

  test('tells how it runs', async () => {
    const info = await page.evaluate(() => db.engine)
    expect(info).toMatchObject({ name: 'duckdb-wasm', version: 'v1.5.6', suspends })
  })

  test('count(*) fetches no data', async () => {
    const metrics = await page.evaluate(async () => {
      await db.sql(`SELECT count(*) FROM 'flights-3m.parquet'`).collect()
      return db.metrics.at(-1)!
    })
    expect(metrics.scans[0]).toMatchObject({ rows: 3_000_000, rowGroupsRead: 0, bytesNeeded: 0 })
  })

  test('a limit reads few row groups', async () => {
    const { rows, metrics } = await page.evaluate(async () => {
      const found = await db.sql(`SELECT * FROM 'flights-3m.parquet' LIMIT 10`).collect()
      return { rows: found.length, metrics: db.metrics.at(-1)! }
    })
    expect(rows).toBe(10)
    expect(metrics.scans[0]!.rowGroups).toBeGreaterThan(5)
    expect(metrics.scans[0]!.rowGroupsRead).toBeLessThanOrEqual(2)
  })

  test('a join reads the row groups that hold its keys', async () => {
    const { rows, metrics } = await page.evaluate(async () => {
      const days = db.createDataFrame([
        { date: new Date('2001-02-02T08:00:00Z'), name: 'one' },
        { date: new Date('2001-05-05T09:30:00Z'), name: 'other' },
      ])
      const { col } = library
      const found = await db.read
        .parquet('flights-3m.parquet')
        .join(days.filter(col('name').eq('one')).withColumn('date', col('date').cast('timestamp')), 'date')
        .count()
      return { rows: [[String(found)]], metrics: db.metrics.at(-1)! }
    })
    const wanted = `SELECT count(*) FROM 'flights-3m.parquet' WHERE date = TIMESTAMP '2001-02-02 08:00:00'`
    expect(rows).toEqual(await oracle.rows(wanted))
    const scan = metrics.scans.find(({ source }) => source.includes('flights'))!
    expect(scan.rowGroupsSkippedBy.join).toBe(scan.rowGroups - 1)
  })

  test('zstd is read under the page’s content security policy', async () => {
    const found = await page.evaluate(async () => {
      await db.registerFile('zstd.parquet', 'zstd.parquet')
      const [row] = await db
        .sql(`SELECT sum(delay)::VARCHAR AS delay, count(DISTINCT origin)::VARCHAR AS origins FROM 'zstd.parquet'`)
        .collect()
      return [row!['delay'], row!['origins']]
    })
    expect([found]).toEqual(
      await oracle.rows(`SELECT sum(delay), count(DISTINCT origin) FROM read_parquet('${folder}/zstd.parquet')`),
    )
  })

  test(
    'an abort is answered within 100 ms, and the engine is free soon, with columns to fetch and with columns at hand',
    timed,
    async () => {
      const times = await page.evaluate(async () => {
        const slow = `SELECT count(*) FROM (SELECT DISTINCT * FROM read_parquet(['flights-3m.parquet', 'flights-3m.parquet', 'flights-3m.parquet']))`
        const abortAfter = async (begin: (start: () => void) => void): Promise<{ answered: number; free: number }> => {
          const controller = new AbortController()
          let aborted = 0
          const start = (): void => {
            if (controller.signal.aborted) return
            aborted = performance.now()
            controller.abort(new Error('enough'))
          }
          begin(start)
          const running = db.sql(slow).collect({ signal: controller.signal, onProgress: start })
          const message = await running.then(
            () => 'not aborted',
            (error: Error) => error.message,
          )
          if (message !== 'enough') throw new Error(message)
          const answered = performance.now() - aborted
          await db.sql('SELECT 1').collect()
          return { answered, free: performance.now() - aborted }
        }
        const fetching = await abortAfter((start) => setTimeout(start, 50))
        await db.sql(`SELECT max(COLUMNS(*)) FROM 'flights-3m.parquet'`).collect()
        const cached = await abortAfter(() => {})
        return { fetching, cached }
      })
      expect(times.fetching.answered).toBeLessThan(100)
      expect(times.cached.answered).toBeLessThan(100)
      expect(times.fetching.free).toBeLessThan(250)
      expect(times.cached.free).toBeLessThan(250)
    },
  )

  test('a million rows come in order, in batches, with progress', async () => {
    const seen = await page.evaluate(async () => {
      let rows = 0
      let batches = 0
      let wrong = 0
      let heard = 0
      const stream = await db
        .sql(`SELECT range AS i, 'row ' || range AS s FROM range(1000000)`)
        .batches({ onProgress: () => heard++ })
      for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
        const numbers = new BigInt64Array(batch.columns[0]!.values!.buffer)
        for (let row = 0; row < batch.length; row++) if (numbers[row] !== BigInt(rows + row)) wrong++
        rows += batch.length
        batches++
      }
      await db.sql(`SELECT max(hash(*COLUMNS(*))) FROM 'flights-3m.parquet'`).collect({ onProgress: () => heard++ })
      return { rows, batches, wrong, heard }
    })
    expect(seen).toMatchObject({ rows: 1_000_000, wrong: 0 })
    expect(seen.batches).toBeGreaterThan(5)
    expect(seen.heard).toBeGreaterThan(0)
  })

  test('every type goes out exactly and comes back in', async () => {
    const select = `SELECT COLUMNS(c -> c NOT IN ('bignum', 'geometry', 'variant')) FROM test_all_types()`
    const texts = 'CAST(COLUMNS(*) AS VARCHAR)'
    const { inside, back } = await page.evaluate(
      async ([query, cast]) => {
        const values = (rows: object[]): unknown[][] => rows.map((row) => Object.values(row))
        const stream = await db.sql(query!).batches()
        const batch = (await stream.next())!
        await stream.close()
        const frame = db.createDataFrame(batch)
        return {
          inside: values(await db.sql(`SELECT ${cast} FROM (${query})`).collect()),
          back: values(await db.sql([`SELECT ${cast} FROM `, ''] as unknown as TemplateStringsArray, frame).collect()),
        }
      },
      [select, texts],
    )
    expect(inside.length).toBe(3)
    expect(inside[0]!.length).toBeGreaterThan(50)
    expect(back).toEqual(inside)
    const native = await oracle.rows(select)
    // Native DuckDB prints timestamps with a zone by ICU and in the zone of the machine.
    const isZoned = (text: unknown): boolean => typeof text === 'string' && /[+-]\d\d(:\d\d)?$/.test(text)
    const shown = inside.map((row) => row.map((value) => value ?? 'NULL'))
    shown.forEach((row, at) =>
      row.forEach((value, column) => isZoned(value) || expect(value).toBe(native[at]![column])),
    )
  })

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

  test('thirty queries at once, some aborted, some closed early, answer as one by one', async () => {
    const wrong = await page.evaluate(async () => {
      const queries = Array.from(
        { length: 30 },
        (_, i) =>
          [
            `SELECT origin, count(*)::INT AS n FROM 'flights-3m.parquet' WHERE delay > ${i * 10} GROUP BY ALL ORDER BY ALL`,
            `SELECT range::INT AS i FROM range(100000) WHERE range % ${i + 1} = 0`,
            `SELECT count(*)::INT AS n, sum(a.distance)::INT AS s FROM 'flights-3m.parquet' a JOIN (SELECT DISTINCT delay FROM 'flights-3m.parquet' WHERE delay > ${500 + i}) b ON a.distance = b.delay`,
          ][i % 3]!,
      )
      const expected: string[] = []
      for (const sql of queries) expected.push(JSON.stringify(await db.sql(sql).collect()))
      let state = 7
      const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647
      const outcomes = await Promise.all(
        queries.map(async (sql, index) => {
          const choice = random()
          if (choice < 0.2) {
            const stream = await db.sql(sql).batches()
            await stream.next()
            await stream.close()
            return true
          }
          const signal = choice < 0.5 ? AbortSignal.timeout(Math.ceil(random() * 300)) : undefined
          return db
            .sql(sql)
            .collect(signal === undefined ? {} : { signal })
            .then(
              (rows) => JSON.stringify(rows) === expected[index],
              (error: Error) => error.name === 'TimeoutError',
            )
        }),
      )
      return queries.filter((_, index) => outcomes[index] !== true)
    })
    expect(wrong).toEqual([])
  })
})
