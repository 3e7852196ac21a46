import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type * as lakefront from 'lakefront'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contentSecurityPolicy, type Route, serve } from '../.ci/serve.mjs'
import { openBrowser } from './browser.ts'
import type { Site } from './site.ts'

declare global {
  var library: typeof lakefront
  var db: lakefront.Session
}

const rows = 150_000
const lines = Array.from(
  { length: rows },
  (_, row) => `${row},"line ""${row}""\nand more, ${'x'.repeat(row % 30)}",${row / 4},2024-0${1 + (row % 9)}-01\n`,
)
const csv = Buffer.from(`id,text,value,day\n${lines.join('')}`)
const ndjson = Buffer.from(Array.from({ length: rows }, (_, row) => `{"id":${row},"tags":["t${row % 7}"]}\n`).join(''))

/** Makes a thread that decodes tell the site of splits of Avro that it is given. */
const telling = `const own = crypto.randomUUID()
addEventListener('message', ({ data }) => {
  if (data?.call === 'decodeSplit') void fetch('/given?to=' + own)
})
`
const cores = (count: number): string => `Object.defineProperty(navigator, 'hardwareConcurrency', { value: ${count} })`

let site: Site
let browser: Browser
/** Threads that were given splits of Avro. */
const given = new Set<string>()

beforeAll(async () => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const answer =
    (type: string, body: string | Buffer): Route =>
    (_request, response) =>
      void response.writeHead(200, { 'content-type': type, 'content-security-policy': contentSecurityPolicy }).end(body)
  const decoder = await readFile(`${root}dist/worker/decode.js`, 'utf8')
  const arrow = await readFile(`${root}src/format/arrow/fixtures/table-file-lz4.arrow`)
  site = await serve({
    root,
    routes: {
      '/page.html': answer('text/html', '<!doctype html><script type="module" src="page.js"></script>'),
      '/page.js': answer('text/javascript', `import * as library from './dist/index.js'\nglobalThis.library = library`),
      '/dist/worker/plain.js': answer('text/javascript', `import './forget-suspension.js'\nimport './engine.js'`),
      '/dist/worker/forget-suspension.js': answer(
        'text/javascript',
        'delete WebAssembly.Suspending\ndelete WebAssembly.promising',
      ),
      '/dist/worker/four-cores.js': answer('text/javascript', `import './cores-4.js'\nimport './engine.js'`),
      '/dist/worker/cores-4.js': answer('text/javascript', cores(4)),
      '/dist/worker/one-core.js': answer('text/javascript', `import './cores-1.js'\nimport './engine.js'`),
      '/dist/worker/cores-1.js': answer('text/javascript', cores(1)),
      '/dist/worker/decode.js': answer('text/javascript', telling + decoder),
      '/given': ({ url }, response) => {
        given.add(new URL(url!, site.url).searchParams.get('to')!)
        response.writeHead(204).end()
      },
      '/rows.csv': answer('text/plain', csv),
      '/rows.csv.gz': answer('application/octet-stream', gzipSync(csv)),
      '/rows.ndjson': answer('text/plain', ndjson),
      '/download': answer('application/octet-stream', arrow),
    },
  })
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

describe.each([
  ['where wasm waits', {}],
  ['where wasm cannot wait', { workerUrl: 'dist/worker/plain.js' }],
])('%s', (_name, options: lakefront.ConnectOptions) => {
  let page: Page

  beforeAll(async () => {
    page = await browser.newPage()
    await page.goto(new URL('page.html', site.url).href)
    await page.evaluate(async (given) => {
      globalThis.db = await library.connect(given)
    }, options)
  })
  afterAll(() => page.close())

  const answered = (sql: string): Promise<unknown> =>
    page
      .evaluate(
        async (text) =>
          JSON.stringify(await db.sql(text).collect(), (_, value) =>
            typeof value === 'bigint' ? Number(value) : value,
          ),
        sql,
      )
      .then((text) => JSON.parse(text) as unknown)

  test.each(['rows.csv', 'rows.csv.gz'])(
    'CSV of many pieces is read while a statement waits for it: %s',
    async (file) => {
      const sum = (rows * (rows - 1)) / 2
      expect(
        await answered(
          `SELECT count(*) AS n, sum(id) AS s, sum(value) AS v, max(length(text)) AS l, min(day) AS d FROM '${file}'`,
        ),
      ).toEqual([{ n: rows, s: sum, v: sum / 4, l: 53, d: '2024-01-01' }])
      const joined = `SELECT count(*) AS n FROM '${file}' AS a JOIN '${file}' AS b USING (id) WHERE a.id % 1000 = 0 AND b.value >= 0`
      expect(await answered(joined)).toEqual([{ n: 150 }])
      expect(await answered(`SELECT id FROM '${file}' LIMIT 2`)).toEqual([{ id: 0 }, { id: 1 }])
    },
  )

  test('statements beside it go on', async () => {
    const found = await page.evaluate(async () => {
      const [long, short] = await Promise.all([
        db.sql("SELECT count(*) AS n FROM 'rows.csv' WHERE text LIKE '%more%'").collect(),
        db.sql("SELECT count(*) AS n FROM 'rows.ndjson' WHERE tags[1] = 't3'").collect(),
      ])
      return [long, short].map(([row]) => Number(row!['n']))
    })
    expect(found).toEqual([rows, Math.ceil((rows - 3) / 7)])
  })

  test('an address without a name that tells, and a File', async () => {
    expect(
      await answered(`SELECT count(*) AS n, max(int32) AS m FROM '${new URL('download?id=7', site.url).href}'`),
    ).toEqual([{ n: 5, m: 127 }])
    const kept = await page.evaluate(async () => {
      await db.registerFile('mine', new File(['a;b\n1;x\n2;y\n'], 'mine'))
      return (await db.sql('FROM mine').collect()).map((row) => `${row['a']}${row['b']}`)
    })
    expect(kept).toEqual(['1x', '2y'])
  })
})

test('Avro of many blocks is decoded by several threads, and is what one thread reads', async () => {
  const page = await browser.newPage()
  await page.goto(new URL('page.html', site.url).href)
  const sql =
    "SELECT count(*) AS n, sum(i) AS s, max(text) AS t, sum(i * file_row_number) AS o FROM read_avro('opfs:/many.avro', file_row_number = true)"
  const read = (): Promise<unknown> =>
    page.evaluate(async (text) => (await db.sql(text).collect()).map((row) => Object.values(row).join()), sql)
  const reconnect = (options: lakefront.ConnectOptions): Promise<void> =>
    page.evaluate(async (own) => {
      await globalThis.db?.close()
      globalThis.db = await library.connect(own)
    }, options)
  try {
    await reconnect({})
    await page.evaluate(async () => {
      await db.sql('SELECT i, md5(i::VARCHAR) AS text FROM range(300000) t(i)').write.avro('opfs:/many.avro')
    })
    given.clear()
    await reconnect({ workerUrl: 'dist/worker/one-core.js' })
    const single = await read()
    expect(single).toEqual([expect.stringMatching(/^300000,44999850000,/)])
    expect(given.size).toBeLessThanOrEqual(1)
    given.clear()
    await reconnect({ workerUrl: 'dist/worker/four-cores.js' })
    // Threads start while the file is read for the first time.
    for (let turn = 0; turn < 10 && given.size < 2; turn++) expect(await read()).toEqual(single)
    expect(given.size).toBeGreaterThan(1)
  } finally {
    await page.close()
  }
})
