import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import * as avsc from 'avsc'
import type * as lakefront from 'lakefront'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serve } from '../.ci/serve.mjs'
import { openBrowser } from './browser.ts'
import { openFirefox } from './firefox.ts'
import type { Site } from './site.ts'
import { writeRoutes } from './write-page.ts'

declare global {
  var library: typeof lakefront
}

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lakefront-page-'))

let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
})

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true })
})

const ready = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => 'library' in globalThis)
}

/** What is in the browser's own file system, without what a driver keeps for itself while it writes. */
const files = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const found: string[] = []
    const walk = async (at: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [name, handle] of at.entries()) {
        if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${path}${name}/`)
        else found.push(path + name)
      }
    }
    await walk(await navigator.storage.getDirectory(), '')
    return found.sort()
  })

test('many rows are encoded by a worker of their own', async () => {
  const site = await serve({ root, routes: writeRoutes })
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(new URL('page.html', site.url).href)
  await ready(page)
  const [before, after, rows] = await page.evaluate(async () => {
    const fetched = async (): Promise<boolean> => {
      const requests = await (await caches.open('application')).keys()
      return requests.some(({ url }) => url.endsWith('/worker/decode.js'))
    }
    const db = await library.connect()
    const first = await fetched()
    await db
      .sql(`SELECT i, sin(i) AS s, 'text ' || i % 1000 AS t FROM range(2000000) t(i)`)
      .write.parquet('memory:m.parquet')
    const then = await fetched()
    const read = await db
      .sql(`SELECT count(*)::INTEGER AS n, sum(i)::DOUBLE AS i, min(t) AS t FROM 'memory:m.parquet'`)
      .collect()
    await db.close()
    return [first, then, read]
  })
  expect([before, after]).toEqual([false, true])
  expect(rows).toEqual([{ n: 2_000_000, i: 1_999_999_000_000, t: 'text 0' }])
  await context.close()
  await site.close()
})

describe('without a network', () => {
  let site: Site
  let context: BrowserContext
  let page: Page
  const requests: string[] = []

  beforeAll(async () => {
    site = await serve({ root, routes: writeRoutes })
    context = await browser.newContext({ acceptDownloads: true })
    page = await context.newPage()
    await page.goto(new URL('page.html', site.url).href)
    await ready(page)
    // Once with a network: what it needs is kept then.
    await page.evaluate(async () => {
      const db = await library.connect()
      await db.sql('SELECT 1 AS one').write.parquet('memory:first.parquet')
      await db.read.parquet('memory:first.parquet').collect()
      await db.close()
    })
    await page.reload()
    await ready(page)
    await context.setOffline(true)
    await site.close()
  })
  afterAll(() => context.close())

  test('Parquet and Avro are written to the browser’s own files', async () => {
    const written = await page.evaluate(async () => {
      const db = await library.connect()
      const rows = db.sql(
        `SELECT i AS id, CASE WHEN i % 3 = 0 THEN NULL ELSE 'é ' || i END AS label, i % 2 AS k, TIMESTAMP '2024-02-29' + i * INTERVAL 1 HOUR AS t FROM range(50000) t(i)`,
      )
      const parquet = await rows.write.parquet('opfs:/out/all.parquet')
      const avro = await rows.write.avro('opfs:/out/all.avro')
      const parts = await rows.write.partitionBy('k').parquet('opfs:/out/parts/')
      await db.close()
      return [parquet.rows, avro.rows, parts.files.length]
    })
    expect(written).toEqual([50_000, 50_000, 2])
    expect((await files(page)).map((path) => path.replace(/[0-9a-f-]{36}/, '…'))).toEqual([
      'out/all.avro',
      'out/all.parquet',
      'out/parts/k=0/…-0000.parquet',
      'out/parts/k=1/…-0001.parquet',
    ])
  })

  test('and read after a reload', async () => {
    page.on('request', (request) => requests.push(request.url()))
    await page.reload()
    await ready(page)
    const read = await page.evaluate(async () => {
      const db = await library.connect()
      const text = (rows: object[]): string =>
        JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
      const sums = 'SELECT count(*) AS n, sum(id) AS s, count(label) AS l, max(t) AS t FROM'
      const answers = [
        text(await db.sql(`${sums} 'opfs:/out/all.parquet'`).collect()),
        text(await db.sql(`${sums} 'opfs:/out/all.avro'`).collect()),
        text(await db.sql(`${sums} read_parquet('opfs:/out/parts/')`).collect()),
        text(await db.read.parquet('opfs:/out/parts/').filter('k = 1').groupBy('k').count().collect()),
      ]
      await db.close()
      return answers
    })
    const all = '[{"n":"50000","s":"1249975000","l":"33333","t":"2029-11-12 07:00:00"}]'
    expect(read).toEqual([all, all, all, '[{"k":"1","count":"25000"}]'])
    expect(requests.length).toBeGreaterThan(0)
  })

  test('and exported by download, for others to read', async () => {
    const exported: string[] = []
    for (const name of ['all.parquet', 'all.avro']) {
      const downloading = page.waitForEvent('download')
      await page.evaluate(async (file) => {
        const out = await (await navigator.storage.getDirectory()).getDirectoryHandle('out')
        const link = document.createElement('a')
        link.href = URL.createObjectURL(await (await out.getFileHandle(file)).getFile())
        link.download = file
        link.click()
      }, name)
      const path = join(folder, name)
      await (await downloading).saveAs(path)
      exported.push(path)
    }
    const native = await (await DuckDBInstance.create(':memory:')).connect()
    const counted = await native.runAndReadAll(
      `SELECT count(*)::INT AS n, count(label)::INT AS l, max(t)::VARCHAR AS t FROM '${exported[0]}'`,
    )
    expect(counted.getRowObjectsJson()).toEqual([{ n: 50_000, l: 33_333, t: '2029-11-12 07:00:00' }])
    native.closeSync()
    const rows: { label: string | null }[] = []
    for await (const row of avsc.createFileDecoder(exported[1]!)) rows.push(row as { label: string | null })
    expect([rows.length, rows[3]!.label, rows[4]!.label]).toEqual([50_000, null, 'é 4'])
  })

  test('a full quota is told, and nothing is damaged', async () => {
    const session = await context.newCDPSession(page)
    const { usage } = await page.evaluate(() => navigator.storage.estimate())
    const before = await files(page)
    const origin = new URL(site.url).origin
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage! + 3_000_000 })
    const outcome = await page.evaluate(async () => {
      const db = await library.connect()
      const large = db.sql('SELECT i, md5(i::VARCHAR) AS h FROM range(1000000) t(i)')
      const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error)
      const codes = [
        await large.write.parquet('opfs:/out/large.parquet').then(String, codeOf),
        await large.write.mode('overwrite').option('maxFileBytes', '1MB').csv('opfs:/out/parts/').then(String, codeOf),
        await large.write.mode('overwrite').parquet('opfs:/out/all.parquet').then(String, codeOf),
      ]
      const counts = [
        await db.read.parquet('opfs:/out/all.parquet').count(),
        await db.read.parquet('opfs:/out/parts/').count(),
      ]
      await db.close()
      return { codes, counts }
    })
    expect(outcome).toEqual({
      codes: ['QUOTA_EXCEEDED', 'QUOTA_EXCEEDED', 'QUOTA_EXCEEDED'],
      counts: [50_000, 50_000],
    })
    expect(await files(page)).toEqual(before)
  })
})

describe('a tab', () => {
  test('that is closed while it overwrites a folder leaves what was there', async () => {
    const site = await serve({ root, routes: writeRoutes })
    const context = await browser.newContext()
    try {
      const open = async (): Promise<Page> => {
        const page = await context.newPage()
        await page.goto(new URL('page.html', site.url).href)
        await ready(page)
        return page
      }
      const count = (page: Page): Promise<number> =>
        page.evaluate(async () => {
          const db = await library.connect()
          const rows = await db.read.parquet('opfs:/kept/').count()
          await db.close()
          return rows
        })
      const first = await open()
      await first.evaluate(async () => {
        const db = await library.connect()
        await db.sql('SELECT i FROM range(1000) t(i)').write.parquet('opfs:/kept/')
        void db
          .sql('SELECT i, md5(i::VARCHAR) AS h FROM range(100000000) t(i)')
          .write.mode('overwrite')
          .option('maxFileBytes', 200_000)
          .parquet('opfs:/kept/', {
            onProgress: ({ bytesWritten = 0 }) => {
              if (bytesWritten > 1_000_000) document.title = 'writing'
            },
          })
      })
      await first.waitForFunction(() => document.title === 'writing', undefined, { timeout: 60_000 })
      await first.close()
      const second = await open()
      expect((await files(second)).length).toBeGreaterThan(2)
      expect(await count(second)).toBe(1000)
      await second.evaluate(async () => {
        const db = await library.connect()
        await db.sql('SELECT i FROM range(5) t(i)').write.mode('overwrite').parquet('opfs:/kept/')
        await db.close()
      })
      expect(await count(second)).toBe(5)
      expect((await files(second)).filter((path) => path.endsWith('.parquet'))).toHaveLength(1)
    } finally {
      await context.close()
      await site.close()
    }
  })
})

describe('Firefox', () => {
  test('writes and reads its own files', async ({ skip }) => {
    const site = await serve({ root, routes: writeRoutes })
    const firefox = await openFirefox(new URL('page.html', site.url).href, 'library')
    try {
      skip(firefox === undefined, 'no Firefox is installed: "npm test" does that on Debian')
      const counts = await firefox!.page.evaluate(async () => {
        const db = await library.connect()
        const rows = db.sql(`SELECT i AS id, 'é ' || i AS label, i % 2 AS k FROM range(20000) t(i)`)
        await rows.write.parquet('opfs:/out/all.parquet')
        await rows.write.avro('opfs:/out/all.avro')
        await rows.write.partitionBy('k').json('opfs:/out/parts/')
        await rows.limit(10).write.mode('overwrite').json('opfs:/out/parts/')
        const found = [
          await db.read.parquet('opfs:/out/all.parquet').count(),
          await db.read.avro('opfs:/out/all.avro').filter('k = 1').count(),
          await db.read.json('opfs:/out/parts/').count(),
        ]
        await db.close()
        return found
      })
      expect(counts).toEqual([20_000, 10_000, 10])
    } finally {
      await firefox?.close()
      await site.close()
    }
  })
})
