import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { failure } from './conformance.ts'
import { account } from './fixtures/s3-account.ts'
import { S3Store } from './fixtures/s3-store.ts'
import { openStorage } from './open-storage.ts'
import type { StorageOptions } from './open-storage.ts'
import { testStorage } from './storage-suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'lakefront-places-'))
const store = await S3Store.start()
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const options: StorageOptions = {
  s3: { endpoint: store.endpoint, credentials: account },
  retry: { baseMilliseconds: 1 },
}
const bytes = new TextEncoder().encode('content')

testStorage('a place of a session in S3', (index) => {
  const storage = openStorage(options)
  return () => storage.place(`s3://bucket/session ${index}/+é`)
})

const places = ['memory:out', `${folder}/out`, `${pathToFileURL(folder).href}/out2/`, 's3://bucket/out/']

test.each(places)('what is written to %s is opened by its name, and found by patterns', async (url) => {
  const storage = openStorage(options)
  const place = storage.place(url)
  const names = ['year=2024/a b.csv', 'year=2024/b.csv', 'year=2025/deep/er/c.csv', 'd[1].csv', 'e.txt']
  for (const name of names) await place.write(name, bytes)
  const base = `${url.replace(/\/$/, '')}/`
  expect(new TextDecoder().decode(await storage.open(`${base}year=2024/b.csv`).read(0, bytes.length))).toBe('content')
  const found = async (pattern: string): Promise<string[]> =>
    (await storage.expand(base + pattern)).map((name) => decodeURI(name).split(/out2?\//)[1]!).sort()
  expect(await found('*/*.csv')).toEqual(['year=2024/a b.csv', 'year=2024/b.csv'])
  expect(await found('**/*.csv')).toEqual(['d[1].csv', ...names.slice(0, 3)])
  expect(await found('year=202[5-9]/**/?.csv')).toEqual(['year=2025/deep/er/c.csv'])
  expect(await found('**')).toEqual(['d[1].csv', 'e.txt', ...names.slice(0, 3)])
  expect(await found('{year=2024/b,d*}.csv')).toEqual(['d[1].csv', 'year=2024/b.csv'])
  expect(await found('d[1].csv')).toEqual(['d[1].csv'])
  expect(await failure(storage.expand(`${base}*.parquet`))).toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('*.parquet'),
  })
})

test('sessions have memories of their own, which are counted', async () => {
  const [one, other] = [openStorage(), openStorage()]
  await one.place('memory:/a/').write('b', bytes)
  expect(one.storedBytes).toBe(bytes.length)
  expect((await one.open('memory:a/b').stat()).size).toBe(bytes.length)
  expect(await failure(other.open('memory:a/b').stat())).toMatchObject({ code: 'NOT_FOUND' })
})

test('names of a page are below the page, where nothing can be written', async () => {
  const storage = openStorage({ baseUrl: 'https://host/app/' })
  expect(storage.place('out/').label).toBe('https://host/app/out/')
  expect(await failure(storage.place('out/').write('a', bytes))).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('s3:, opfs:'),
  })
  expect(await failure(storage.expand('out/*.csv'))).toMatchObject({ code: 'UNSUPPORTED' })
})

test.each(['ftp://host/', 'az://container/'])('%s is no place', (url) => {
  expect(() => openStorage().place(url)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
})
