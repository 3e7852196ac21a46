import { afterEach, describe, expect, test } from 'vitest'
import { expectBytes, failure, testByteSource } from './conformance.ts'
import { fetchScope } from './fetch-scope.ts'
import { FaultServer } from './fixtures/fault-server.ts'
import type { Faults } from './fixtures/fault-server.ts'
import { openStorage } from './open-storage.ts'
import type { StorageOptions } from './open-storage.ts'
import type { ByteSource } from './storage.ts'

const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 8)) & 0xff)
const servers: FaultServer[] = []

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())))

const retry = { attempts: 3, baseMilliseconds: 1 }

async function serve(faults: Faults = {}, content: Uint8Array = bytes): Promise<FaultServer> {
  const server = await FaultServer.start(content, faults)
  servers.push(server)
  return server
}

async function open(
  faults: Faults = {},
  options: StorageOptions = {},
): Promise<{ server: FaultServer; source: ByteSource; asked: () => string[] }> {
  const server = await serve(faults)
  const asked = (): string[] => server.requests.splice(0).map(({ method, range }) => `${method} ${range ?? ''}`.trim())
  return { server, source: openStorage({ retry, ...options }).open(server.url()), asked }
}

testByteSource({
  name: 'HTTP with a cache',
  make: async (content) => openStorage({ retry }).open((await serve({}, content)).url()),
})
testByteSource({
  name: 'HTTP without ranges, with a cache',
  make: async (content) => openStorage({ retry }).open((await serve({ noRanges: true }, content)).url()),
})

describe('what was read', () => {
  test('is not fetched again, and of the rest only what is missing', async () => {
    const { source, asked } = await open()
    const { etag } = await source.stat()
    const read = { ifMatch: etag! }
    expect(asked()).toEqual(['GET bytes=-65536'])
    expect(source.tailBytes).toBe(65_536)
    expectBytes(await source.read(290_000, 300_000, read), bytes.slice(290_000))
    expectBytes(await source.read(1000, 2000, read), bytes.slice(1000, 2000))
    expectBytes(await source.read(5000, 6000, read), bytes.slice(5000, 6000))
    asked()
    const meter = { requests: 0, bytes: 0 }
    expectBytes(await source.read(500, 6500, { ...read, meter }), bytes.slice(500, 6500))
    expect(asked().sort()).toEqual(['GET bytes=2000-4999', 'GET bytes=500-999', 'GET bytes=6000-6499'])
    expect(meter).toEqual({ requests: 3, bytes: 4000 })
    const again = await source.read(500, 6500, read)
    again.fill(0)
    expectBytes(await source.read(500, 6500, read), bytes.slice(500, 6500))
    expect(asked()).toEqual([])
  })

  test('is there for every source of the same URL, whatever its signature', async () => {
    const server = await serve()
    const storage = openStorage({ retry })
    const read = async (url: string): Promise<void> => {
      const source = storage.open(url)
      const { etag } = await source.stat()
      expectBytes(await source.read(1000, 2000, { ifMatch: etag! }), bytes.slice(1000, 2000))
    }
    await read(server.url('/object.parquet?signature=one'))
    server.requests.length = 0
    await read(server.url('/object.parquet?signature=two'))
    expect(server.requests.map(({ range }) => range)).toEqual(['bytes=-65536'])
  })

  test('on its way is waited for, by whoever needs it; a failure or an abort of one is not the other’s', async () => {
    const { source, asked, server } = await open()
    const { etag } = await source.stat()
    asked()
    server.faults = { delay: 50 }
    const controller = new AbortController()
    const first = failure(source.read(0, 1000, { ifMatch: etag!, signal: controller.signal }))
    const second = source.read(100, 900, { ifMatch: etag! })
    const third = source.read(0, 1000, { ifMatch: etag! })
    await expect.poll(() => server.requests.length).toBe(1)
    controller.abort('enough')
    expect(await first).toBe('enough')
    expectBytes(await second, bytes.slice(100, 900))
    expectBytes(await third, bytes.slice(0, 1000))
    const [one, other] = await Promise.all([2000, 2000].map((start) => source.read(start, 3000, { ifMatch: etag! })))
    one!.fill(0)
    expectBytes(other!, bytes.slice(2000, 3000))
    expect(asked().filter((request) => request.endsWith('2000-2999'))).toHaveLength(1)
  })

  test('of another version is never given', async () => {
    const { source, server } = await open()
    const first = await source.stat()
    await source.read(0, 1000, { ifMatch: first.etag! })
    server.version = 2
    server.bytes = bytes.map((byte) => byte ^ 0xff)
    expect(await failure(source.read(500, 1500, { ifMatch: first.etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
    const second = await source.stat()
    expect(second.etag).toBe('"v2"')
    expectBytes(await source.read(0, 1000, { ifMatch: second.etag! }), server.bytes.slice(0, 1000))
    expect(await failure(source.read(0, 1000, { ifMatch: first.etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('without a validator is not kept', async () => {
    const { source, asked } = await open({ noEtag: true })
    await source.stat()
    await source.read(0, 1000)
    await source.read(0, 1000)
    expect(asked()).toEqual(['GET bytes=-65536', 'GET bytes=0-999', 'GET bytes=0-999'])
  })
})

describe('looking whether an object changed', () => {
  test('happens once in a statement, and again in the next', async () => {
    const { source, asked } = await open()
    const scope = fetchScope()
    await Promise.all([source.stat({ scope }), source.stat({ scope })])
    await source.stat({ scope })
    expect(asked()).toEqual(['GET bytes=-65536'])
    await source.stat({ scope: fetchScope() })
    expect(asked()).toEqual(['HEAD'])
  })

  test('serves the statement after one that only asked for the schema, once', async () => {
    const { source, asked } = await open()
    await source.stat({ scope: fetchScope({}, true) })
    await source.stat({ scope: fetchScope() })
    expect(asked()).toHaveLength(1)
    await source.stat({ scope: fetchScope() })
    expect(asked()).toHaveLength(1)
  })

  test('can be left out for a while', async () => {
    const { source, asked, server } = await open({}, { revalidateSeconds: 60 })
    const { etag } = await source.stat()
    server.version = 2
    expect((await source.stat()).etag).toBe(etag)
    expect(asked()).toHaveLength(1)
    expect(await failure(source.read(0, 10, { ifMatch: etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
    expect((await source.stat()).etag).toBe('"v2"')
  })

  test('that failed is done again by the same statement', async () => {
    const { source } = await open({ statuses: [404] })
    const scope = fetchScope()
    expect(await failure(source.stat({ scope }))).toMatchObject({ code: 'NOT_FOUND' })
    expect((await source.stat({ scope })).size).toBe(300_000)
  })
})

test('sources of one server share the places on the way to it', async () => {
  const server = await serve({ delay: 30 })
  const storage = openStorage({ retry })
  let active = 0
  let most = 0
  const sources = Array.from({ length: 20 }, (_, index) => storage.open(server.url(`/${index}.parquet`)))
  const watch = setInterval(() => {
    active = server.active
    most = Math.max(most, active)
  }, 1)
  await Promise.all(sources.map((source) => source.stat()))
  clearInterval(watch)
  expect(most).toBe(6)
})
