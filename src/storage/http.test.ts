import { afterEach, describe, expect, test, vi } from 'vitest'
import { expectBytes, failure } from './conformance.ts'
import { fetchScope } from './fetch-scope.ts'
import { FaultServer } from './fixtures/fault-server.ts'
import type { Faults } from './fixtures/fault-server.ts'
import { httpSource } from './http.ts'
import type { HttpOptions, NetworkSource } from './http.ts'

const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) & 0xff)
let server: FaultServer

afterEach(() => {
  vi.unstubAllGlobals()
  return server.close()
})

async function open(faults: Faults, options: HttpOptions = {}): Promise<NetworkSource> {
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
  const reading = failure(source.read(0, 100_000, { signal: controller.signal }))
  await expect.poll(() => server.faults.stall?.times).toBe(0)
  const started = performance.now()
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

describe('the first look', () => {
  const methods = (): string[] => server.requests.map(({ method, range }) => `${method} ${range ?? ''}`.trim())

  test('brings the end along in the same request', async () => {
    const source = await open({})
    const { stat, tail } = await source.statWithTail(1000)
    expect(stat).toEqual({ size: 300_000, etag: '"v1"' })
    expectBytes(tail!, bytes.slice(-1000))
    expect(methods()).toEqual(['GET bytes=-1000'])
    expect(source.traffic).toEqual({ requests: 1, bytes: 1000 })
  })

  test('of an object that is shorter than that, or empty', async () => {
    const source = await open({})
    server.bytes = bytes.slice(0, 10)
    expectBytes((await source.statWithTail(1000)).tail!, bytes.slice(0, 10))
    server.bytes = new Uint8Array()
    expect((await source.statWithTail(1000)).stat.size).toBe(0)
  })

  test.each<[string, Faults]>([
    ['answers it with everything', { noSuffix: true }],
    ['sends another range', { wrongRange: -5 }],
    ['hides which range it sent', { noContentRange: true }],
    ['compresses', { gzip: true }],
  ])('by a server that %s is HEAD, and does not download the object', async (_, faults) => {
    const source = await open(faults)
    expect(await source.statWithTail(1000)).toEqual({ stat: { size: 300_000, etag: '"v1"' } })
    expect(methods()).toEqual(['GET bytes=-1000', 'HEAD'])
    expect(source.traffic.bytes).toBe(0)
  })
})

describe('answers that lie', () => {
  test.each<[string, Faults, string, string]>([
    ['another range than asked', { wrongRange: 7 }, 'NETWORK', 'with "bytes 17-26/300000"'],
    ['a compressed range', { gzip: true }, 'NETWORK', 'Turn compression off'],
    ['a size that is not that of the ranges', { wrongLength: 10 }, 'SOURCE_CHANGED', 'changed'],
  ])('%s', async (_, faults, code, message) => {
    const source = await open(faults)
    await source.stat()
    expect(await failure(source.read(10, 20))).toMatchObject({ code, message: expect.stringContaining(message) })
    expect(source.traffic.bytes).toBeLessThanOrEqual(40)
  })

  test('a size told wrong by HEAD is not believed a second time', async () => {
    const source = await open({ wrongLength: 10 })
    await source.stat()
    await failure(source.read(10, 20))
    expect((await source.stat()).size).toBe(300_000)
    expectBytes(await source.read(10, 20), bytes.slice(10, 20))
  })

  test('the whole object as a range is used as such', async () => {
    const source = await open({ wholeAsRange: true })
    expectBytes(await source.read(10, 20), bytes.slice(10, 20))
    expectBytes(await source.read(30, 40), bytes.slice(30, 40))
    expect(server.requests).toHaveLength(1)
    expect(source.warnings).toEqual([expect.stringContaining('downloaded whole')])
  })

  test('an answer without end is given up', async () => {
    const source = await open({ head: 405, endless: true })
    expect(await failure(source.stat())).toMatchObject({ code: 'UNSUPPORTED', details: { limit: 256 * 1024 ** 2 } })
  })

  test('a redirect is followed, range and all', async () => {
    const source = await open({ redirect: '/moved' })
    expectBytes(await source.read(10, 20), bytes.slice(10, 20))
    expect(server.requests.at(-1)!.range).toBe('bytes=10-19')
  })
})

describe('a URL that expires', () => {
  const renewed: string[] = []

  async function openExpiring(renew: HttpOptions['renew'] = async () => server.url('/object.parquet?token=fresh')) {
    renewed.length = 0
    return open({ token: 'token=fresh' }, { renew: (label) => (renewed.push(label), renew!(label)) })
  }

  test('is renewed once for all requests that were refused, and not for HEAD', async () => {
    const source = await openExpiring()
    const parts = await Promise.all([0, 10, 20, 30].map((start) => source.read(start, start + 10)))
    expectBytes(parts[3]!, bytes.slice(30, 40))
    expect((await source.stat()).size).toBe(300_000)
    expect(renewed).toEqual([server.url('/object.parquet')])
  })

  test('keeps a validator that names its query', async () => {
    const source = await openExpiring()
    server.faults = { weakEtag: true }
    const { etag } = await source.stat()
    server.faults = { weakEtag: true, token: 'token=fresh' }
    expectBytes(await source.read(0, 10, { ifMatch: etag! }), bytes.slice(0, 10))
  })

  test('whose successor is refused, too', async () => {
    const source = await openExpiring(async () => server.url('/object.parquet?token=stale-secret'))
    const error = await failure(source.read(0, 10))
    expect(error).toMatchObject({ code: 'PERMISSION_DENIED', message: expect.not.stringContaining('secret') })
    expect(renewed).toHaveLength(1)
  })

  test.each([
    ['fails', () => Promise.reject(new Error('signer down')), 'PERMISSION_DENIED'],
    ['gives no URL', async () => 'secret', 'INVALID_ARGUMENT'],
    ['gives a URL of something else', async () => 'file:///secret', 'INVALID_ARGUMENT'],
  ])('whose renewal %s', async (_, renew, code) => {
    const source = await openExpiring(renew)
    expect(await failure(source.read(0, 10))).toMatchObject({
      code,
      message: expect.stringMatching(/^(?!.*secret).*object\.parquet" was refused, and storage\.renewUrl/),
    })
  })

  test('and an abort while it is renewed', async () => {
    const source = await openExpiring(() => new Promise(() => {}))
    const controller = new AbortController()
    const reading = failure(source.read(0, 10, { signal: controller.signal }))
    await expect.poll(() => renewed.length).toBe(1)
    controller.abort('enough')
    expect(await reading).toBe('enough')
  })
})

describe('what a statement may fetch', () => {
  test('is counted over all its reads, and refused before it is asked for', async () => {
    const source = await open({})
    const scope = fetchScope({ bytes: 1000 })
    await source.stat({ scope })
    await source.read(0, 600, { scope })
    expect(await failure(source.read(600, 1001, { scope }))).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      message: expect.stringContaining('fetchLimit: { bytes: 1001 }'),
      details: { needed: 1001, allowed: 1000, source: server.url('/object.parquet') },
    })
    expect(server.requests).toHaveLength(2)
    expectBytes(await source.read(600, 1000, { scope }), bytes.slice(600, 1000))
    expect(scope).toMatchObject({ requests: 3, bytes: 1000 })
  })

  test('counts what is on its way', async () => {
    const source = await open({ delay: 20 })
    const scope = fetchScope({ requests: 2 })
    const outcomes = await Promise.allSettled([0, 10, 20].map((start) => source.read(start, start + 10, { scope })))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(server.requests).toHaveLength(2)
  })

  test('is not spent by failures', async () => {
    const source = await open({ cutOff: { times: 2 } })
    expect((await source.read(0, 1000, { scope: fetchScope({ bytes: 1000 }) })).length).toBe(1000)
  })

  test('holds for a download of the whole', async () => {
    const source = await open({ noRanges: true })
    expect(await failure(source.read(0, 10, { scope: fetchScope({ bytes: 200_000 }) }))).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      details: { needed: 300_000 },
    })
  })

  test.each([
    [{ bytes: 0 }, 'fetchLimit.bytes: 0'],
    [{ bytes: 'much' }, 'fetchLimit.bytes: "much"'],
    [{ requests: 1.5 }, 'fetchLimit.requests: 1.5'],
    [{ requests: 0 }, 'fetchLimit.requests: 0'],
  ])('%j is no limit', async (limit, message) => {
    await open({})
    expect(() => fetchScope(limit)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    )
  })
})

test('an object downloaded whole is downloaded again only when it changed', async () => {
  const source = await open({ head: 405, noRanges: true })
  const first = await source.stat()
  expect(await source.stat()).toEqual(first)
  expect(source.traffic).toMatchObject({ requests: 3, bytes: 300_000 })
  server.version = 2
  expect((await source.stat()).etag).toBe('"v2"')
  expect(source.traffic.bytes).toBe(600_000)
})
