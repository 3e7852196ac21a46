import { afterEach, describe, expect, test } from 'vitest'
import { failure } from './conformance.ts'
import { account } from './fixtures/s3-account.ts'
import { S3Store } from './fixtures/s3-store.ts'
import type { SeenRequest } from './fixtures/s3-store.ts'
import { s3Storage } from './s3-storage.ts'
import type { S3StorageOptions } from './s3-storage.ts'
import type { Storage } from './storage.ts'
import { testStorage } from './storage-suite.ts'

const stores: S3Store[] = []
const retry = { attempts: 4, baseMilliseconds: 1 }
const mega = 1024 * 1024

afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())))

async function start(options: Parameters<typeof S3Store.start>[0] = {}): Promise<S3Store> {
  const store = await S3Store.start({ partBytes: mega, ...options })
  stores.push(store)
  return store
}

function open(
  store: S3Store,
  { attempts = 4, ...options }: Partial<S3StorageOptions> & { attempts?: number } = {},
): Storage {
  return s3Storage(
    's3://bucket/folder/',
    { endpoint: store.endpoint, credentials: account, partBytes: mega, ...options },
    { retry: { ...retry, attempts } },
  )
}

/** Sends what is for another host to a server of ours, with the host it was signed for. */
function toServer(store: S3Store): typeof fetch {
  return (url, init) => fetch(String(url).replace('https://storage.googleapis.com', store.endpoint), init)
}

async function* stream(megas: number, each?: (index: number) => unknown): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < megas; index++) {
    await each?.(index)
    yield new Uint8Array(mega).fill(index + 1)
  }
}

const isPart = ({ method, query }: { method: string; query: URLSearchParams }): boolean =>
  method === 'PUT' && query.has('partNumber')
const isComplete = ({ method, query }: { method: string; query: URLSearchParams }): boolean =>
  method === 'POST' && query.has('uploadId')
const isPut = ({ method, query }: { method: string; query: URLSearchParams }): boolean =>
  method === 'PUT' && !query.has('partNumber')

testStorage('S3 as our own server', async () => {
  const store = await start()
  return () => open(store, { pageKeys: 3 })
})

testStorage('S3 with every other request failing at first', async () => {
  const store = await start()
  const isConditional = ({ headers }: SeenRequest): boolean => Boolean(headers['if-match'] ?? headers['if-none-match'])
  const kinds = [
    { status: 503, code: 'SlowDown' },
    { status: 409, code: 'OperationAborted' },
    { status: 429 },
    // The fate of these is not known, which is an error of its own where there is a condition.
    { cut: 'before' as const, when: (request: SeenRequest) => !isConditional(request) },
    { cut: 'after' as const, when: (request: SeenRequest) => !isConditional(request) },
    { status: 500, when: (request: SeenRequest) => !isConditional(request) },
  ]
  store.faults = kinds.map((kind, index) => ({
    ...kind,
    times: Infinity,
    when: (request) => store.requests.length % 12 === index * 2 && kind.when?.(request) !== false,
  }))
  return () => open(store, { attempts: 20 })
})

testStorage('Google’s store as our own server', async () => {
  const store = await start({ isGoogle: true, region: 'auto', host: 'storage.googleapis.com' })
  return () =>
    s3Storage(
      's3://bucket/folder/',
      { endpoint: 'https://storage.googleapis.com', region: 'auto', credentials: account },
      { retry, fetch: toServer(store) },
    )
})

describe('streams in parts', () => {
  test('are put together in order, with checksums and their type, and bounded in memory', async () => {
    const store = await start()
    let ahead = 0
    const uploaded = (): number => store.requests.filter(isPart).length
    const written = await open(store).write(
      'large.bin',
      stream(12, (index) => (ahead = Math.max(ahead, index - uploaded()))),
      { contentType: 'application/x-parquet' },
    )
    expect(written.size).toBe(12 * mega)
    const object = store.objects.get('folder/large.bin')!
    expect(object.etag).toBe(written.etag)
    expect([0, 5, 11].map((index) => object.bytes[index * mega])).toEqual([1, 6, 12])
    expect(ahead).toBeLessThanOrEqual(5)
    expect(store.requests[0]!.headers).toMatchObject({
      'content-type': 'application/x-parquet',
      'x-amz-checksum-algorithm': 'SHA256',
    })
    for (const { headers } of store.requests.filter(isPart)) expect(headers['x-amz-checksum-sha256']).toHaveLength(44)
    expect(store.uploads.size).toBe(0)
  })

  test('a part that fails is sent again by itself', async () => {
    const store = await start()
    store.faults = [
      { when: isPart, times: 2, status: 503, code: 'SlowDown' },
      { when: isPart, times: 2, cut: 'before' },
      { when: isComplete, times: 1, status: 200, isLate: true, code: 'InternalError' },
    ]
    await open(store).write('large', stream(4))
    expect(store.objects.get('folder/large')!.bytes).toHaveLength(4 * mega)
    expect(store.requests.filter(isPart)).toHaveLength(8)
  })

  test('keys that expire in the middle are asked for again, once for all parts', async () => {
    const store = await start()
    store.sessionToken = 'token-0'
    let given = 0
    const credentials = async (): Promise<typeof account & { sessionToken: string }> => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return { ...account, sessionToken: `token-${given++}` }
    }
    const storage = open(store, { credentials })
    await storage.write(
      'large',
      stream(6, (index) => {
        if (index === 3) store.sessionToken = 'token-1'
      }),
    )
    expect(store.objects.get('folder/large')!.bytes).toHaveLength(6 * mega)
    expect(store.refusals.length).toBeGreaterThan(0)
    expect(given).toBeLessThanOrEqual(4)
  })

  test('keys that stay refused end the write, drop the upload, and are not told', async () => {
    const store = await start()
    store.sessionToken = 'right'
    const storage = open(store, { credentials: async () => ({ ...account, sessionToken: 'secret-token' }) })
    const error = await failure(storage.write('large', stream(3)))
    expect(error).toMatchObject({ code: 'PERMISSION_DENIED', details: { storeCode: 'ExpiredToken' } })
    expect(JSON.stringify([String(error), error])).not.toMatch(/secret-token|Signature=|wJalr|AKID/)
  })

  test.each([
    ['a part that fails for good', { when: isPart, times: 99, status: 403, code: 'AccessDenied' }, 'PERMISSION_DENIED'],
    ['a full store', { when: isPart, times: 99, status: 507, code: 'InsufficientStorage' }, 'QUOTA_EXCEEDED'],
    ['an end that fails', { when: isComplete, times: 99, status: 503, code: 'SlowDown' }, 'NETWORK'],
  ])('%s leaves nothing, no parts either', async (_, fault, code) => {
    const store = await start()
    store.faults = [fault]
    expect(await failure(open(store).write('large', stream(5)))).toMatchObject({ code })
    expect([store.objects.size, store.uploads.size]).toEqual([0, 0])
  })

  test('a part that fails while its stream takes its time is not left out', async () => {
    const store = await start()
    store.faults = [
      {
        when: (seen) => isPart(seen) && seen.query.get('partNumber') === '1',
        times: 1,
        status: 403,
        code: 'AccessDenied',
      },
    ]
    const slow = stream(3, (index) => (index === 2 ? new Promise((resolve) => setTimeout(resolve, 300)) : undefined))
    expect(await failure(open(store).write('large', slow))).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect([store.objects.size, store.uploads.size]).toEqual([0, 0])
  })

  test('an abort drops the parts, and ends requests on their way', async () => {
    const store = await start()
    store.faults = [{ when: isPart, times: 99, delay: 60_000 }]
    const controller = new AbortController()
    const writing = open(store).write('large', stream(9), { signal: controller.signal })
    await expect.poll(() => store.requests.filter(isPart).length).toBeGreaterThan(0)
    controller.abort(new Error('enough'))
    expect(await failure(writing)).toBe(controller.signal.reason)
    expect([store.objects.size, store.uploads.size]).toEqual([0, 0])
  })

  test('a stream that broke off is taken up: equal parts are not sent again', async () => {
    const store = await start()
    const broken = stream(6, (index) => {
      if (index === 5) throw new Error('the tab was closed')
    })
    expect(await failure(open(store).write('large', broken, { resume: true }))).toMatchObject({
      message: 'the tab was closed',
    })
    expect(store.uploads.size).toBe(1)
    const [upload] = store.uploads.values()
    const there = upload!.parts.size
    expect(there).toBeGreaterThan(2)
    upload!.parts.set(1, { ...upload!.parts.get(1)!, bytes: new Uint8Array(mega).fill(99) })
    store.requests.length = 0
    await open(store).write('large', stream(6), { resume: true })
    expect(store.requests.filter(isPart)).toHaveLength(6 - there + 1)
    expect(store.objects.get('folder/large')!.bytes[0]).toBe(1)
    expect(store.uploads.size).toBe(0)
  })

  test('conditions hold for the whole', async () => {
    const store = await start()
    const storage = open(store)
    const { etag } = await storage.write('large', stream(2), { ifNoneMatch: '*' })
    expect(await failure(storage.write('large', stream(2), { ifNoneMatch: '*' }))).toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
    await storage.write('large', stream(3), { ifMatch: etag! })
    expect(await failure(storage.write('large', stream(2), { ifMatch: etag! }))).toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
    expect([store.objects.get('folder/large')!.bytes.length, store.uploads.size]).toEqual([3 * mega, 0])
  })
})

describe('answers that are lost', () => {
  const bytes = new Uint8Array([1, 2, 3])

  test.each([
    ['created', undefined],
    ['replaced', new Uint8Array([9])],
  ])('an object that was %s is recognized as one’s own', async (_, before) => {
    const store = await start()
    const storage = open(store)
    const old = before === undefined ? undefined : await storage.write('object', before)
    store.faults = [{ when: isPut, times: 1, cut: 'after' }]
    const written = await storage.write(
      'object',
      bytes,
      old === undefined ? { ifNoneMatch: '*' } : { ifMatch: old.etag! },
    )
    expect(written).toEqual(await storage.stat('object'))
    expect(store.objects.get('folder/object')!.bytes).toEqual(bytes)
  })

  test('an upload whose end was not answered is found to be there', async () => {
    const store = await start()
    store.faults = [{ when: isComplete, times: 1, cut: 'after' }]
    expect((await open(store).write('large', stream(3))).size).toBe(3 * mega)
    expect(store.objects.size).toBe(1)
  })

  test('when another’s object is there afterwards, nobody can know', async () => {
    const store = await start()
    const storage = open(store)
    store.faults = [{ when: isPut, times: 1, cut: 'after' }]
    const other = open(store)
    const when = ({ method }: { method: string }): boolean => {
      if (method === 'PUT' && store.objects.has('folder/object'))
        store.objects.set('folder/object', { bytes: new Uint8Array([7]), etag: '"7"', generation: 7 })
      return false
    }
    store.faults.push({ when, times: 1 })
    expect(await failure(storage.write('object', bytes, { ifNoneMatch: '*' }))).toMatchObject({
      code: 'WRITE_STATE_UNKNOWN',
    })
    expect((await other.stat('object')).size).toBe(1)
  })

  test('a network that is gone leaves the state of a write under a condition unknown, of others not', async () => {
    const store = await start()
    const storage = open(store)
    store.faults = [{ times: 99, cut: 'before' }]
    expect(await failure(storage.write('object', bytes, { ifNoneMatch: '*' }))).toMatchObject({
      code: 'WRITE_STATE_UNKNOWN',
    })
    expect(await failure(storage.write('object', bytes))).toMatchObject({ code: 'NETWORK' })
  })

  test.each([
    [403, 'AccessDenied'],
    [409, 'ConditionalRequestConflict'],
    [507, 'InsufficientStorage'],
  ])('what a later try is refused with (%i) tells nothing of the first', async (status, code) => {
    const store = await start()
    const storage = open(store)
    store.faults = [
      { when: isPut, times: 1, cut: 'after' },
      { when: isPut, times: 99, status, code },
    ]
    await storage.write('object', bytes, { ifNoneMatch: '*' })
    expect(store.objects.get('folder/object')!.bytes).toEqual(bytes)
    store.faults = [
      { when: isPut, times: 1, cut: 'before' },
      { when: isPut, times: 99, status, code },
    ]
    expect(await failure(storage.write('other', bytes, { ifNoneMatch: '*' }))).toMatchObject({
      code: 'WRITE_STATE_UNKNOWN',
    })
  })

  test('a refusal that was answered is a refusal', async () => {
    const store = await start()
    const storage = open(store)
    await storage.write('object', bytes)
    store.faults = [{ when: isPut, times: 1, status: 503, code: 'SlowDown' }]
    expect(await failure(storage.write('object', bytes, { ifNoneMatch: '*' }))).toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
  })
})

describe('what stores say', () => {
  test('409 is tried again, and CONFLICT in the end', async () => {
    const store = await start()
    store.faults = [{ times: 3, status: 409, code: 'ConditionalRequestConflict' }]
    await open(store).write('object', new Uint8Array(1), { ifNoneMatch: '*' })
    store.faults = [{ times: 99, status: 409, code: 'ConditionalRequestConflict' }]
    expect(await failure(open(store).write('other', new Uint8Array(1), { ifNoneMatch: '*' }))).toMatchObject({
      code: 'CONFLICT',
      retrySafe: true,
    })
    expect(store.requests).toHaveLength(8)
  })

  test('Retry-After is waited for, within limits', async () => {
    const store = await start()
    store.faults = [{ times: 1, status: 503, code: 'SlowDown', headers: { 'retry-after': '1' } }]
    const began = performance.now()
    await open(store).write('object', new Uint8Array(1))
    expect(performance.now() - began).toBeGreaterThan(990)
  })

  test('an object that is replaced between stat and read is SOURCE_CHANGED', async () => {
    const store = await start()
    const storage = open(store)
    await storage.write('object', new Uint8Array(10))
    const source = storage.open('object')
    const { etag } = await source.stat()
    await storage.write('object', new Uint8Array(10).fill(1))
    expect(await failure(source.read(0, 5, { ifMatch: etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
    expect(await failure(storage.read('object', { ifMatch: etag! }))).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('a batch that is refused in part names what stayed', async () => {
    const store = await start()
    const storage = s3Storage(
      's3://bucket/',
      { endpoint: store.endpoint, credentials: account },
      {
        retry,
        fetch: async () =>
          new Response('<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>'),
      },
    )
    expect(await failure(storage.remove(['a', 'b', 'c']))).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('"b"'),
    })
  })

  test('a thousand objects are a list of pages and two requests to remove', async () => {
    const store = await start()
    const storage = open(store)
    const keys = Array.from({ length: 1500 }, (_, index) => `part-${String(index).padStart(4, '0')}`)
    for (const key of keys) store.objects.set(`folder/${key}`, { bytes: new Uint8Array(1), etag: '"1"', generation: 1 })
    const listed = []
    for await (const { key } of storage.list()) listed.push(key)
    expect(listed).toEqual(keys)
    expect(store.requests).toHaveLength(2)
    await storage.remove(keys)
    expect([store.objects.size, store.requests.length]).toEqual([0, 4])
  })
})
