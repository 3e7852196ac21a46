import { fileURLToPath } from 'node:url'
import type * as lakefront from 'lakefront'
import type { Browser, CDPSession, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../.ci/serve.mjs'
import { openBrowser } from './browser.ts'
import type { Site } from './site.ts'
import { storageRoutes } from './storage-page.ts'

declare global {
  var fullLake: lakefront.Lake
}

let site: Site
let browser: Browser
let page: Page
let session: CDPSession

beforeAll(async () => {
  site = await serve({ root: fileURLToPath(new URL('..', import.meta.url)), routes: storageRoutes })
  browser = await openBrowser()
  const context = await browser.newContext()
  page = await context.newPage()
  await page.goto(new URL('page.html', site.url).href)
  await page.waitForFunction(() => 'storageTesting' in globalThis)
  session = await context.newCDPSession(page)
  await page.evaluate(async () => {
    const db = await folders.connect()
    const lake = await db.openLake('opfs:/lake', { create: true })
    await lake.createTable('t', { id: 'integer', v: 'integer' })
    const rows = (from: number): object[] => Array.from({ length: 20 }, (_, index) => ({ id: from + index, v: 0 }))
    for (const from of [0, 100]) await lake.table('t').insert(rows(from))
    globalThis.fullLake = lake
  })
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
})

/** A merge stores rows, deletes and a catalog, as every other change does or less of it. */
const commits = ['merge', 'compact'] as const

/** A commit while there is room for so many bytes more, or as many as it likes; how it ended. */
async function commit(name: (typeof commits)[number], room?: number): Promise<string> {
  const used = await page.evaluate(async () => (await navigator.storage.estimate()).usage!)
  const allow = (quotaSize: number): Promise<unknown> =>
    session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize })
  await allow(room === undefined ? 1e9 : used + room)
  const end = await page.evaluate(async (kind) => {
    const t = fullLake.table('t')
    const work = {
      merge: () =>
        t.upsert(
          [
            { id: 105, v: 3 },
            { id: 300, v: 3 },
          ],
          { key: 'id' },
        ),
      compact: () => fullLake.compact({ deletedShare: 0.01 }),
    }
    return work[kind]().then(
      () => 'done',
      (error: { code: string; message: string }) => `${error.code} ${error.message}`,
    )
  }, name)
  await allow(1e9)
  return end
}

/** Rows, how many snapshots there are, and all files. */
const stateOf = (): Promise<string> =>
  page.evaluate(async () => {
    const rows = await fullLake.table('t').orderBy('id').collect()
    const keys: string[] = []
    for await (const entry of storageTesting.openStorage('opfs:/lake/').list()) keys.push(entry.key)
    return JSON.stringify([rows, await (await fullLake.snapshots()).count(), keys])
  })

const findings = (): Promise<readonly unknown[]> => page.evaluate(async () => (await fullLake.check()).findings)

test.each(commits)('%s without room at a step changes nothing, and says what to do', async (name) => {
  const before = await stateOf()
  const failed = new Map<string, string>()
  // Files of a few rows have less than a kilobyte each; then comes the catalog.
  for (let room = 0; !failed.has('catalog'); room += 400) {
    const end = await commit(name, room)
    expect(end).toMatch(/^QUOTA_EXCEEDED "opfs:\/lake\/[^"]*" was not written: the browser .*Make room/)
    const [, file = ''] = /"opfs:\/lake\/([^"]*)"/.exec(end)!
    const step = /catalog|delete/.exec(file)?.[0] ?? 'rows'
    if (failed.has(step)) continue
    failed.set(step, end)
    expect([step, await stateOf(), await findings()]).toEqual([step, before, []])
  }
  expect([...failed.keys()]).toEqual(name === 'merge' ? ['rows', 'delete', 'catalog'] : ['rows', 'catalog'])
  // The new catalog is there beside the old one, but for its end.
  expect(await commit(name, 300_000)).toMatch(/^QUOTA_EXCEEDED "opfs:\/lake\/catalog\.ducklake"/)
  expect([await stateOf(), await findings()]).toEqual([before, []])
  expect(await commit(name)).toBe('done')
  expect(await stateOf()).not.toBe(before)
  const left = await page.evaluate(async () => {
    const { orphans, unknown } = await fullLake.vacuum({ olderThan: new Date(Date.now() + 1e7) })
    return [...orphans, ...unknown]
  })
  expect([left, await findings()]).toEqual([[], []])
})

test('a catalog that another program writes in place, of the same length and time, is read anew', async () => {
  // A clock that stands still: all that is left to tell versions apart is in the files.
  for (const worker of page.workers())
    await worker.evaluate(() => void Object.defineProperty(File.prototype, 'lastModified', { get: () => 1 }))
  const seen = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    const catalog = await (await root.getDirectoryHandle('lake')).getFileHandle('catalog.ducklake')
    const bytes = async (): Promise<ArrayBuffer> => (await catalog.getFile()).arrayBuffer()
    const replace = async (content: ArrayBuffer): Promise<void> => {
      const writable = await catalog.createWritable()
      await writable.write(content)
      await writable.close()
    }
    const added = async (): Promise<string> =>
      (await fullLake.table('t').filter('id > 1000').orderBy('id').collect()).map(({ id }) => id).join()
    const start = await bytes()
    await fullLake.table('t').insert([{ id: 1001, v: 0 }])
    const one = await bytes()
    await replace(start)
    const told = [await added()]
    await fullLake.table('t').insert([{ id: 1002, v: 0 }])
    const two = await bytes()
    told.push(await added())
    await replace(one)
    told.push(await added())
    await fullLake.table('t').insert([{ id: 1003, v: 0 }])
    told.push(await added())
    return { told, lengths: [one.byteLength - two.byteLength] }
  })
  expect(seen).toEqual({ told: ['', '1002', '1001', '1001,1003'], lengths: [0] })
})
