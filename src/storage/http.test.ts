import { afterEach, describe, expect, test, vi } from 'vitest'
import { expectBytes, failure } from './conformance.ts'
import { FaultServer } from './fixtures/fault-server.ts'
import type { Faults } from './fixtures/fault-server.ts'
import { httpSource } from './http.ts'
import type { ByteSource } from './storage.ts'

const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) & 0xff)
let server: FaultServer

afterEach(() => {
  vi.unstubAllGlobals()
  return server.close()
})

async function open(faults: Faults, options = {}): Promise<ByteSource> {
  server = await FaultServer.start(bytes, faults)
  return httpSource(server.url(), {
    retry: { attempts: 4, baseMilliseconds: 1, maximumMilliseconds: 50 },
    stallMilliseconds: 400,
    ...options,
  })
}

describe('answers that are tried again', () => {
  test.each([408, 429, 500, 502, 503, 504])('status %i, twice', async (status) => {
    const source = await open({ statuses: [200, status, status] })
    const { etag } = await source.stat()
    expect(await source.read(10, 20, { ifMatch: etag! })).toEqual(bytes.slice(10, 20))
    // fetch itself tries again, once, on 408.
    expect(server.requests.length).toBeGreaterThanOrEqual(4)
  })

  test.each<[string, Faults]>([
    ['connections closed before an answer', { reset: { times: 2 } }],
    ['bodies that break off', { cutOff: { times: 2 } }],
    ['bodies shorter than the range', { shortBody: { times: 2 } }],
    ['bodies longer than the range', { longBody: { times: 2 } }],
    ['bodies that fall silent', { stall: { times: 2 } }],
  ])('%s', async (_, faults) => {
    const source = await open(faults)
    expectBytes(await source.read(1000, 9000), bytes.slice(1000, 9000))
    expect(server.requests).toSatisfy((requests: unknown[]) => requests.length >= 3)
  })

  test('but not for ever', async () => {
    const source = await open({ statuses: [503, 503, 503, 503, 503, 503] })
    expect(await failure(source.read(0, 10))).toMatchObject({ code: 'NETWORK', details: { status: 503 } })
    expect(server.requests).toHaveLength(4)
    server.faults = { shortBody: { times: 100 } }
    expect(await failure(source.read(0, 10))).toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('5 of 10 bytes'),
    })
    server.faults = { stall: { times: 100 } }
    expect(await failure(source.read(0, 10))).toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('nothing for 0.4 seconds'),
    })
  })

  test('after the time the server asks for', async () => {
    const source = await open(
      { statuses: [503], retryAfter: '1' },
      { retry: { attempts: 2, baseMilliseconds: 1 }, stallMilliseconds: 30_000 },
    )
    const started = performance.now()
    await source.read(0, 10)
    expect(performance.now() - started).toBeGreaterThan(900)
  })

  test('a slow body that keeps coming is no stall', async () => {
    const source = await open({ delay: 100 })
    expect((await source.read(0, 300_000)).length).toBe(300_000)
    expect(server.requests).toHaveLength(1)
  })
})

describe('answers that are final', () => {
  test.each([
    [404, 'NOT_FOUND'],
    [410, 'NOT_FOUND'],
    [401, 'PERMISSION_DENIED'],
    [403, 'PERMISSION_DENIED'],
    [400, 'NETWORK'],
  ])('status %i is %s', async (status, code) => {
    const source = await open({ statuses: [status, status, status] })
    const error = await failure(source.stat())
    expect(error).toMatchObject({ code })
    expect(String((error as Error).message)).toContain('/object.parquet')
    expect(JSON.stringify([(error as Error).message, (error as { details: unknown }).details])).not.toContain('secret')
    expect(server.requests.length).toBeLessThanOrEqual(2)
  })

  test('a host that does not exist', async () => {
    await open({})
    const source = httpSource('http://127.0.0.1:1/x.parquet?s=secret', { retry: { attempts: 2, baseMilliseconds: 1 } })
    expect(await failure(source.stat())).toMatchObject({
      code: 'NETWORK',
      message: expect.not.stringContaining('secret'),
    })
  })
})

describe('an object that changes', () => {
  test('between the first look and a read, by If-Match', async () => {
    const source = await open({})
    const { etag } = await source.stat()
    server.version = 2
    expect(await failure(source.read(0, 10, { ifMatch: etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
    expect(server.requests.at(-1)!.headers['if-match']).toBe('"v1"')
  })

  test('in the middle, where If-Match cannot be used', async () => {
    const source = await open({ weakEtag: true, changeAfter: 2 })
    const { etag } = await source.stat()
    await source.read(0, 10, { ifMatch: etag! })
    await source.read(10, 20, { ifMatch: etag! })
    expect(await failure(source.read(20, 30, { ifMatch: etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('to a shorter one', async () => {
    const source = await open({ noEtag: true })
    await source.stat()
    server.bytes = bytes.slice(0, 100)
    expect(await failure(source.read(1000, 1010))).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('behind a server without ranges: the next look gets the new one', async () => {
    const source = await open({ noRanges: true })
    const first = await source.stat()
    await source.read(0, 10, { ifMatch: first.etag! })
    server.version = 2
    server.bytes = bytes.slice(50)
    const second = await source.stat()
    expect(second.etag).not.toBe(first.etag)
    expect(await source.read(0, 10, { ifMatch: second.etag! })).toEqual(bytes.slice(50, 60))
    expect(await failure(source.read(0, 10, { ifMatch: first.etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
  })
})

test('HEAD that is refused once is not asked again', async () => {
  const source = await open({ head: 405 })
  await source.stat()
  await source.stat()
  expect(server.requests.map(({ method, range }) => `${method} ${range}`)).toEqual([
    'HEAD undefined',
    'GET bytes=0-0',
    'GET bytes=0-0',
  ])
})

test('a server without ranges is asked once, and the user is told', async () => {
  const source = await open({ noRanges: true })
  await source.stat()
  for (let start = 0; start < 100; start += 10)
    expect(await source.read(start, start + 10)).toEqual(bytes.slice(start, start + 10))
  expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  expect(source.warnings).toEqual([expect.stringContaining('downloaded whole (300000 bytes)')])
  expect(source.warnings[0]).not.toContain('secret')
})

test('an abort in the middle of an answer rejects at once with its reason, and the source works afterwards', async () => {
  const source = await open({ stall: { times: 1 } }, { stallMilliseconds: 60_000 })
  const controller = new AbortController()
  const reason = new Error('no longer wanted')
  const started = performance.now()
  const reading = failure(source.read(0, 100_000, { signal: controller.signal }))
  setTimeout(() => controller.abort(reason), 50)
  expect(await reading).toBe(reason)
  expect(performance.now() - started).toBeLessThan(2000)
  expect(await source.read(0, 10)).toEqual(bytes.slice(0, 10))
})

test('an abort during the wait before another try rejects at once', async () => {
  const source = await open({ statuses: [503], retryAfter: '30' }, { retry: { attempts: 2 } })
  const controller = new AbortController()
  const reading = failure(source.read(0, 10, { signal: controller.signal }))
  setTimeout(() => controller.abort('stop'), 50)
  expect(await reading).toBe('stop')
})

test('credentials in a URL become a header, as fetch refuses them', async () => {
  await open({})
  const source = httpSource(server.url().replace('http://', 'http://user:p%40ss@'))
  await source.read(0, 1)
  expect(server.requests[0]!.headers.authorization).toBe(`Basic ${btoa('user:p@ss')}`)
})

describe('on a page of another origin', () => {
  test('no answer at all is CORS, and says what the server must send', async () => {
    await open({})
    vi.stubGlobal('location', { origin: 'https://app.example' })
    const source = httpSource('http://127.0.0.1:1/x.parquet?s=secret', { retry: { attempts: 2, baseMilliseconds: 1 } })
    const error = await failure(source.stat())
    expect(error).toMatchObject({ code: 'CORS', details: { origin: 'https://app.example' } })
    const { message } = error as Error
    for (const needed of ['Access-Control-Allow-Origin: https://app.example', 'Range', 'ETag', 'Content-Range'])
      expect(message).toContain(needed)
    expect(message).not.toContain('secret')
  })

  test('a server that answered before and stops is NETWORK', async () => {
    vi.stubGlobal('location', { origin: 'https://app.example' })
    const source = await open({})
    await source.stat()
    server.faults = { reset: { times: 100 } }
    expect(await failure(source.read(0, 10))).toMatchObject({ code: 'NETWORK' })
  })

  test('If-Match, which needs a preflight, is not sent; changes are noticed all the same', async () => {
    vi.stubGlobal('location', { origin: 'https://app.example' })
    const source = await open({ changeAfter: 1 })
    const { etag } = await source.stat()
    await source.read(0, 10, { ifMatch: etag! })
    expect(server.requests.at(-1)!.headers['if-match']).toBeUndefined()
    expect(await failure(source.read(0, 10, { ifMatch: etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('a size that is hidden is CORS, naming the headers to expose', async () => {
    vi.stubGlobal('location', { origin: 'https://app.example' })
    const source = await open({ head: 403, noContentRange: true })
    expect(await failure(source.stat())).toMatchObject({
      code: 'CORS',
      message: expect.stringContaining('Access-Control-Expose-Headers'),
    })
  })
})
