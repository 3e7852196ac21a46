import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type * as lakefront from 'lakefront'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { contentSecurityPolicy, type Route, serve } from '../.ci/serve.mjs'
import { openBrowser } from './browser.ts'
import { type Oracle, openOracle } from './oracle.ts'
import type { Site } from './site.ts'

interface Attempt {
  value?: unknown
  code?: string
  message?: string
  row?: unknown
}

declare global {
  var library: typeof lakefront
  var db: lakefront.Session
  /** What a promise became, as plain data. */
  var attempt: (promise: Promise<unknown>) => Promise<Attempt>
}

const worker = 'dist/worker/engine.js'
/** The same script; its policy, which is the one that counts, allows scripts of that scheme. */
const allowing = (scheme: string): string => `dist/worker/allowing-${scheme}.js`

let site: Site
let browser: Browser
let page: Page
let oracle: Oracle
let pageErrors: string[]

beforeAll(async () => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const answer =
    (type: string, body: string, scriptSource = "'self'"): Route =>
    (_request, response) =>
      void response
        .writeHead(200, {
          'content-type': type,
          'content-security-policy': contentSecurityPolicy.replace("script-src 'self'", `script-src ${scriptSource}`),
        })
        .end(body)
  const script = await readFile(`${root}/${worker}`, 'utf8')
  const html = '<!doctype html><script type="module" src="page.js"></script>'
  const routes: Record<string, Route> = {
    '/page.html': answer('text/html', html),
    '/allowing.html': answer('text/html', html, "'self' data: blob:"),
    '/page.js': answer(
      'text/javascript',
      `import * as library from './dist/index.js'
      globalThis.library = library
      globalThis.attempt = (promise) => promise.then(
        (value) => ({ value }),
        (error) => ({ code: error.code, message: String(error.message ?? error), row: error.details?.row }))`,
    ),
    '/base.js': answer('text/javascript', 'export const base = 40'),
    '/functions.js': answer(
      'text/javascript',
      `import { base } from './base.js'
      export const answer = (x) => base + x
      export const squared = (xs) => xs.map((x) => x * x)
      export const product = { init: () => 1, step: (state, x) => state * x, merge: (a, b) => a * b, finish: (state) => state }
      export const positive = (x) => { if (x < 0) throw new RangeError('too small'); return x }`,
    ),
  }
  for (const scheme of ['data', 'blob'])
    routes[`/${allowing(scheme)}`] = answer('text/javascript', script, `'self' ${scheme}:`)
  ;[site, browser, oracle] = await Promise.all([serve({ root, routes }), openBrowser(), openOracle()])
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
  oracle?.close()
})

beforeEach(async () => {
  await page?.close()
  page = await browser.newPage()
  pageErrors = []
  page.on('pageerror', (error) => pageErrors.push(error.message))
})

const connect = async (workerUrl: string, html = 'page.html'): Promise<void> => {
  await page.goto(new URL(html, site.url).href)
  await page.evaluate(async (url) => {
    globalThis.db = await library.connect({ workerUrl: new URL(url, location.href) })
  }, workerUrl)
}

const collect = (sql: string): Promise<Attempt> =>
  page.evaluate((statement) => attempt(db.sql(statement).collect()), sql)

/** Loses the engine's worker between two statements. */
const loseWorker = async (): Promise<void> => {
  await page.workers()[0]!.evaluate(() => globalThis.close())
  await expect.poll(() => page.workers().length).toBe(0)
}

const document = `'{"a": [1, {"b": "ü🦆"}], "c": null, "d e": 1.50, "f": 18446744073709551615}'`

const jsonStatements = [
  `SELECT json_extract(d, '$.a[1].b') AS a, d ->> '$.a[1].b' AS b, d -> 'a' -> 0 AS c, d ->> '/d e' AS e FROM (SELECT ${document}::JSON AS d)`,
  `SELECT json_type(d) AS a, json_type(d, '$.c') AS b, json_keys(d) AS c, json_array_length(d, '$.a') AS e FROM (SELECT ${document}::JSON AS d)`,
  `SELECT json_valid('[1,2,]') AS a, json_valid('{}') AS b, TRY_CAST('{' AS JSON) AS c, json(' [1 , 2] ') AS d`,
  `SELECT json_structure(${document}) AS a, json_contains('{"a": {"b": 1}}', '{"b": 1}') AS b`,
  `SELECT json_object('k', 1, 'l', [1, NULL]) AS a, json_array(1, 'x', NULL) AS b, to_json({'a': DATE '2024-02-29'}) AS c`,
  `SELECT json_merge_patch('{"a": 1, "b": 2}', '{"b": null, "c": 3}') AS a, json_quote('x"y') AS b`,
  `SELECT from_json('{"a": 1, "b": ["x", null]}', '{"a": "INTEGER", "b": ["VARCHAR"]}') AS a, '[1, 2]'::JSON::INTEGER[] AS b`,
  `SELECT json_group_array(i) AS a, json_group_object(i, i * i) AS b FROM range(4) t(i)`,
  `SELECT json_transform('{"a": "7", "t": "2026-03-29 03:00:00+02"}', '{"a": "BIGINT", "t": "TIMESTAMPTZ"}') AS a`,
]

const zoneStatements = [
  `SELECT TIMESTAMPTZ '2026-03-29 00:59:59.5+00' AS a, TIMESTAMPTZ '2026-03-29 01:00:00+00' AS b, TIMESTAMPTZ '1893-03-31 23:00:00+00' AS c`,
  `SELECT TIMESTAMP '2026-07-01 12:00:00' AT TIME ZONE 'America/New_York' AS a, TIMESTAMPTZ '2026-11-21 12:00:00+00' AT TIME ZONE 'Asia/Kolkata' AS b`,
  `SELECT date_trunc('day', TIMESTAMPTZ '2026-10-25 22:30:00+00') AS a, TIMESTAMPTZ '2026-10-24 12:00:00+00' + INTERVAL 1 DAY AS b`,
  `SELECT extract(hour FROM TIMESTAMPTZ '2026-11-21 12:00:00+00') AS a, extract(timezone FROM TIMESTAMPTZ '2026-07-21 12:00:00+00') AS b, dayofweek(TIMESTAMPTZ '2026-11-21 23:30:00+00') AS c`,
  `SELECT '2026-03-29 02:30:00'::TIMESTAMPTZ AS a, '2026-10-25 02:30:00'::TIMESTAMPTZ AS b, TIMESTAMPTZ '2026-01-01 00:00:00+00'::DATE AS c`,
  `SELECT strftime(TIMESTAMPTZ '2026-06-01 00:00:00+00', '%Y-%m-%d %H:%M:%S %z %Z') AS a, strptime('2026-06-01 10:00:00 +0530', '%Y-%m-%d %H:%M:%S %z') AS b`,
  `SELECT date_diff('hour', TIMESTAMPTZ '2026-03-28 12:00:00+01', TIMESTAMPTZ '2026-03-29 12:00:00+02') AS a, age(TIMESTAMPTZ '2026-11-21 00:00:00+00', TIMESTAMPTZ '2024-02-29 00:00:00+00') AS b`,
  `SELECT time_bucket(INTERVAL 1 MONTH, TIMESTAMPTZ '2026-11-21 12:00:00+00') AS a, make_timestamptz(2026, 7, 1, 12, 30, 1.5) AS b, current_setting('TimeZone') AS c`,
  `SELECT unnest(generate_series(TIMESTAMPTZ '2026-03-28 00:00:00+01', TIMESTAMPTZ '2026-03-31 00:00:00+02', INTERVAL 1 DAY)) AS a, last_day(TIMESTAMPTZ '2026-01-31 23:30:00+00') AS b`,
]

describe('functions of JSON and of time zones, in the worker', () => {
  test('answer as native DuckDB does', async () => {
    await connect(worker)
    const setting = `SET TimeZone = 'Europe/Berlin'`
    await oracle.run(setting)
    expect(await collect(setting)).toHaveProperty('value')
    for (const sql of [...jsonStatements, ...zoneStatements]) {
      const { value, message } = await collect(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${sql})`)
      const rows = (value as object[] | undefined)?.map((row) => Object.values(row).map((each) => each ?? 'NULL'))
      expect.soft(rows ?? message, sql).toEqual(await oracle.rows(sql))
    }
  })
})

/** Registers `slug` from its source. */
const registerSlug = (): Promise<Attempt> =>
  page.evaluate(() => {
    const slug = db.registerFunction('slug', (title) => title.toLowerCase().replace(/\W+/g, '-'), {
      args: ['varchar'],
      returns: 'varchar',
    })
    return attempt(slug.ready)
  })

const callSlug = `SELECT slug('Hello, World') AS s`

describe('functions of the application', () => {
  test.each(['data', 'blob'])('come from source where scripts from %s: are allowed', async (scheme) => {
    await connect(allowing(scheme))
    expect(await registerSlug()).toEqual({ value: undefined })
    expect(await collect(callSlug)).toEqual({ value: [{ s: 'hello-world' }] })
    const others = await page.evaluate(() => {
      db.registerFunction('squared', (xs: Float64Array) => xs.map((x) => x * x), {
        args: ['double'],
        returns: 'double',
        form: 'columns',
      })
      db.registerFunction(
        'product_of',
        { init: () => 1, step: (state, x) => state * x, merge: (a, b) => a * b, finish: (state) => state },
        { args: ['double'], returns: 'double' },
      )
      return attempt(db.sql('SELECT sum(squared(i)) AS s, product_of(i % 2 + 1) AS p FROM range(10) t(i)').collect())
    })
    expect(others).toEqual({ value: [{ s: 285, p: 32 }] })
    expect(pageErrors).toEqual([])
  })

  test.each(['page.html', 'allowing.html'])(
    'are refused from source under the strict policy of the worker, on %s',
    async (html) => {
      await connect(worker, html)
      const refused = await registerSlug()
      expect(refused.code).toBe('UNSUPPORTED')
      expect(refused.message).toMatch(/Content-Security-Policy.*registerFunction\("slug", \{ module: new URL\(/)
      expect(await collect(callSlug)).toEqual(refused)
      expect(await collect('SELECT 1::INTEGER AS x')).toEqual({ value: [{ x: 1 }] })
      expect(pageErrors).toEqual([])
    },
  )

  const registerModule = (): Promise<Attempt> =>
    page.evaluate(() => {
      const module = new URL('functions.js', location.href)
      const types = { args: ['double'], returns: 'double' } as const
      return attempt(
        Promise.all([
          db.registerFunction('answer', { module }, { args: ['integer'], returns: 'integer' }).ready,
          db.registerFunction('squared', { module }, { ...types, form: 'columns' }).ready,
          db.registerFunction('product_of', { module, export: 'product' }, { ...types, form: 'aggregate' }).ready,
          db.registerFunction('positive', { module }, { args: ['integer'], returns: 'integer' }).ready,
        ]),
      )
    })

  const callModule = 'SELECT answer(2) AS a, sum(squared(i)) AS s, product_of(i % 2 + 1) AS p FROM range(10) t(i)'
  const answers = { value: [{ a: 42, s: 285, p: 32 }] }

  test('come from modules under the strict policy', async () => {
    await connect(worker)
    expect(await registerModule()).toHaveProperty('value')
    expect(await collect(callModule)).toEqual(answers)
    const wrong = await page.evaluate(() => {
      const types = { args: [], returns: 'integer' } as const
      const module = new URL('functions.js', location.href)
      const missing = new URL('missing.js?token=secret', location.href)
      return Promise.all([
        attempt(db.registerFunction('absent', { module, export: 'nothing' }, types).ready),
        attempt(db.registerFunction('missing', { module: missing }, types).ready),
      ])
    })
    expect(wrong.map(({ code }) => code)).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT'])
    expect(wrong[0]!.message).toContain('Exports: answer')
    expect(wrong[1]!.message).toContain('missing.js')
    expect(wrong[1]!.message).not.toContain('secret')
    expect(pageErrors).toEqual([])
  })

  test('say which row they failed at', async () => {
    await connect(worker)
    await registerModule()
    expect(
      await collect('SELECT positive(CASE WHEN i = 3000 THEN -1 ELSE i END::INTEGER) FROM range(5000) t(i)'),
    ).toEqual({
      code: 'UDF_FAILED',
      row: 3001,
      message: 'The function "positive" failed at row 3001 of those it was given: RangeError: too small',
    })
    expect(await collect('SELECT positive(1) AS x')).toEqual({ value: [{ x: 1 }] })
  })

  test('are there again after the worker was lost', async () => {
    await connect(allowing('data'))
    await registerModule()
    await registerSlug()
    await collect(`SET TimeZone = 'Asia/Tokyo'`)
    await loseWorker()
    const outcomes = [await collect(callModule), await collect(callSlug)]
    if (outcomes[0]!.code === 'WORKER_LOST') outcomes[0] = await collect(callModule)
    expect(outcomes).toEqual([answers, { value: [{ s: 'hello-world' }] }])
    expect(await collect(`SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00'::VARCHAR AS t`)).toEqual({
      value: [{ t: '2026-01-01 09:00:00+09' }],
    })
  })

  test('that could not be had do not stand in the way after the worker was lost', async () => {
    await connect(worker)
    await registerModule()
    expect((await registerSlug()).code).toBe('UNSUPPORTED')
    await loseWorker()
    const outcome = await collect(callModule)
    expect(outcome.code === 'WORKER_LOST' ? await collect(callModule) : outcome).toEqual(answers)
  })
})
