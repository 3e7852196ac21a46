import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { account } from '../storage/fixtures/s3-account.ts'
import { bucket as realBucket, startVersitygw } from '../storage/fixtures/real-stores.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'
import { s3Storage } from '../storage/s3-storage.ts'
import type { SignRequest, SignRequests } from '../storage/s3-access.ts'
import { testStorage } from '../storage/storage-suite.ts'
import { createSigner } from './signer.ts'
import type { Grant, SignedRequest } from './signer.ts'

const grants: Readonly<Record<string, Grant>> = {
  seven: { bucket: 'bucket', prefixes: ['tenants/7/'], writes: true },
  reader: { bucket: 'bucket', prefixes: ['tenants/7/'] },
}

let store: S3Store
beforeEach(async () => {
  store = await S3Store.start()
  for (const tenant of ['7', '8'])
    store.objects.set(`tenants/${tenant}/a`, { bytes: new TextEncoder().encode(tenant), etag: '"1"', generation: 1 })
})
afterEach(() => store.close())

const ask = (
  requests: unknown,
  { user = 'seven', expiry = 900, body = JSON.stringify(requests), method = 'POST' } = {},
): Promise<Response> =>
  createSigner({
    authorize: (request) => grants[request.headers.get('x-user') ?? ''],
    credentials: account,
    endpoint: store.endpoint,
    longestExpiry: expiry,
  })(
    new Request('https://app.example/sign', {
      method,
      headers: { 'x-user': user },
      ...(method === 'GET' ? {} : { body }),
    }),
  )

const one = (changes: Partial<Record<keyof SignRequest, unknown>> = {}): Record<string, unknown> => ({
  method: 'GET',
  bucket: 'bucket',
  key: 'tenants/7/a',
  query: {},
  conditions: {},
  expiry: 60,
  ...changes,
})

async function signed(changes: Parameters<typeof one>[0], options = {}): Promise<SignedRequest> {
  const response = await ask([one(changes)], options)
  expect(response.status).toBe(200)
  return ((await response.json()) as SignedRequest[])[0]!
}

describe('what is allowed', () => {
  const signer = createSigner({
    authorize: () => ({ bucket: realBucket, prefixes: ['tenants/7/'], writes: true }),
    credentials: async () => account,
    endpoint: 'http://signed.example',
  })
  const signFor =
    (endpoint: string): SignRequests =>
    async (requests) => {
      const own = createSigner({
        authorize: () => ({ bucket: requests[0]!.bucket, prefixes: ['tenants/7/'], writes: true }),
        credentials: async () => account,
        endpoint,
      })
      return (
        await own(new Request('https://app.example/sign', { method: 'POST', body: JSON.stringify(requests) }))
      ).json()
    }

  test('is everything that storage does', async () => {
    expect((await signer(new Request('https://app.example', { method: 'POST', body: '[]' }))).status).toBe(400)
  })

  testStorage('S3 through the signer', async (index) => {
    const own = await S3Store.start({ partBytes: 1024 })
    return () =>
      s3Storage(`s3://bucket/tenants/7/${index}/`, {
        endpoint: own.endpoint,
        sign: signFor(own.endpoint),
        partBytes: 100_000,
      })
  })

  test('is taken by a store of others', async ({ skip }) => {
    const real = await startVersitygw()
    skip(real === undefined, 'versitygw is not installed: "npm test" does that where Go is')
    const storage = s3Storage(`s3://${realBucket}/tenants/7/`, {
      endpoint: real!.endpoint,
      sign: signFor(real!.endpoint),
      partBytes: 5 * 1024 * 1024,
    })
    const { etag } = await storage.write('a b+%.bin', new Uint8Array(10), { ifNoneMatch: '*' })
    await expect(storage.write('a b+%.bin', new Uint8Array(1), { ifNoneMatch: '*' })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    })
    await storage.write('a b+%.bin', new Uint8Array(3), { ifMatch: etag! })
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 6; count++) yield new Uint8Array(1024 * 1024)
    }
    await storage.write('large', stream())
    await storage.copy('large', 'copy')
    const keys = []
    for await (const { key } of storage.list()) keys.push(key)
    expect(keys).toEqual(['a b+%.bin', 'copy', 'large'])
    await storage.remove(keys)
    await real!.close()
  })
})

describe('ways around it that are closed', () => {
  test.each([
    'tenants/7/../8/a',
    'tenants/7/./a',
    'tenants/7//a',
    '/tenants/7/a',
    'tenants/7/%2e%2e/8/a',
    'tenants/7/%2E%2E%2F8/a',
    'tenants/7/%252e%252e/8/a',
    'tenants/7/..%2f8/a',
    'tenants/7/..%5c8/a',
    'tenants\\7\\a',
    'tenants/7/..\\8\\a',
    'tenants/7/a\0',
    'tenants/7/a%00',
    'tenants/7/\u2025/8/a',
    'tenants/7/\uff0e\uff0e/8/a',
    'tenants/7/\ud800',
    'tenants/8/a',
    'tenants/70/a',
    'tenants/7',
    'tenants/7/',
    'TENANTS/7/a',
    'tenants%2f7/a',
    'tenants/\uff17/a',
    'tenants/7\u0301/a',
  ])('the key %j', async (key) => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await ask([one({ key, method })])
      expect(response.status).toBe(403)
      expect(await response.text()).not.toContain('http')
    }
  })

  test.each<[string, Parameters<typeof one>[0]]>([
    ['another bucket', { bucket: 'other' }],
    ['no key', { key: '' }],
    ['a list of everything', { key: '', query: { 'list-type': '2' } }],
    ['a list of all tenants', { key: '', query: { 'list-type': '2', prefix: 'tenants/' } }],
    ['a list of a neighbour', { key: '', query: { 'list-type': '2', prefix: 'tenants/8/' } }],
    ['a list that starts like one’s own', { key: '', query: { 'list-type': '2', prefix: 'tenants/7' } }],
    ['a list of uploads', { key: '', query: { uploads: '', prefix: 'tenants/7/' } }],
    ['removing by a body', { key: '', method: 'POST', query: { delete: '' } }],
    ['removing the bucket', { key: '', method: 'DELETE' }],
    ['rights', { method: 'PUT', query: { acl: '' } }],
    ['a version', { query: { versionId: 'x' } }],
    ['an answer with headers of one’s own', { query: { 'response-content-type': 'text/html' } }],
    ['a signature of one’s own', { query: { 'X-Amz-Expires': '999999' } }],
    ['a method that is none', { method: 'PATCH' }],
    ['rights by header', { method: 'PUT', conditions: { 'x-amz-acl': 'public-read' } }],
    ['a host by header', { method: 'PUT', conditions: { host: 'evil.example' } }],
    ['a token by header', { method: 'PUT', conditions: { 'x-amz-security-token': 'x' } }],
    ['a header with a line break', { method: 'PUT', conditions: { 'if-match': '"a"\r\nx-amz-acl: public-read' } }],
    ['a copy from a neighbour', { method: 'PUT', conditions: { 'x-amz-copy-source': '/bucket/tenants/8/a' } }],
    [
      'a copy from a neighbour, encoded',
      { method: 'PUT', conditions: { 'x-amz-copy-source': '/bucket/tenants/7/%2e%2e/8/a' } },
    ],
    ['a copy from another bucket', { method: 'PUT', conditions: { 'x-amz-copy-source': '/other/tenants/7/a' } }],
    ['a copy of a version', { method: 'PUT', conditions: { 'x-amz-copy-source': '/bucket/tenants/7/a?versionId=1' } }],
    ['an expiry that is none', { expiry: -1 }],
    ['an expiry of text', { expiry: '60' }],
    ['texts that are objects', { query: { prefix: { length: 1 } } }],
  ])('%s', async (_, changes) => {
    expect((await ask([one(changes)])).status).toBe(403)
  })

  test('one bad request in a batch refuses them all', async () => {
    expect((await ask([one(), one({ key: 'tenants/8/a' })])).status).toBe(403)
  })

  test.each([
    ['no body', ''],
    ['no JSON', '{'],
    ['no array', '{}'],
    ['an empty batch', '[]'],
    ['too many', JSON.stringify(Array.from({ length: 101 }, () => one()))],
    ['too long', JSON.stringify([one({ key: 'x'.repeat(2_000_000) })])],
  ])('%s', async (_, body) => {
    expect((await ask(undefined, { body })).status).toBe(400)
  })

  test('nobody, another method, and someone who may only read', async () => {
    expect((await ask([one()], { user: 'nobody' })).status).toBe(401)
    expect((await ask([one()], { method: 'GET' })).status).toBe(405)
    for (const method of ['PUT', 'POST', 'DELETE']) {
      expect(
        (await ask([one({ method, query: method === 'POST' ? { uploads: '' } : {} })], { user: 'reader' })).status,
      ).toBe(403)
    }
    expect((await ask([one()], { user: 'reader' })).status).toBe(200)
  })

  test.each([[['']], [['tenants/7']], [[]], [['tenants/../']], [['/']]])(
    'a grant of %j is a mistake, not access',
    async (prefixes) => {
      const signer = createSigner({ authorize: () => ({ bucket: 'bucket', prefixes }), credentials: account })
      await expect(
        signer(new Request('https://a.example', { method: 'POST', body: JSON.stringify([one()]) })),
      ).rejects.toBeInstanceOf(Error)
    },
  )
})

describe('a URL that was given', () => {
  test('is good for what it says', async () => {
    const { url } = await signed({})
    expect(await (await fetch(url)).text()).toBe('7')
    expect(await (await fetch(url, { headers: { range: 'bytes=0-0' } })).text()).toBe('7')
  })

  test('is for no other method, key, tenant or parameter', async () => {
    const { url } = await signed({})
    const changed = [
      fetch(url, { method: 'PUT', body: 'x' }),
      fetch(url, { method: 'DELETE' }),
      fetch(url.replace('tenants/7', 'tenants/8')),
      fetch(url.replace('tenants/7/a', 'tenants/7/b')),
      fetch(`${url}&versionId=1`),
      fetch(url.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604800')),
      fetch(url.replace(/&X-Amz-Signature=.*/, '')),
      fetch(url, { headers: { 'x-amz-acl': 'public-read' } }),
    ]
    for (const response of await Promise.all(changed)) expect(response.status).toBe(403)
    expect([...store.objects.keys()]).toEqual(['tenants/7/a', 'tenants/8/a'])
  })

  test('keeps its condition: without the header, or with another, it is nothing', async () => {
    const { url, headers } = await signed({ method: 'PUT', conditions: { 'if-match': '"1"' } })
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe('host;if-match')
    const put = (sent: Record<string, string>): Promise<number> =>
      fetch(url, { method: 'PUT', body: 'new', headers: sent }).then(({ status }) => status)
    expect(await put({})).toBe(403)
    expect(await put({ 'if-match': '*' })).toBe(403)
    expect(await put({ ...headers })).toBe(200)
    expect(await put({ ...headers })).toBe(412)
  })

  test('is bound to its checksum', async () => {
    const sum = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg='
    const { url, headers } = await signed({ method: 'PUT', conditions: { 'x-amz-checksum-sha256': sum } })
    expect((await fetch(url, { method: 'PUT', body: 'other', headers: { ...headers } })).status).toBe(400)
    expect((await fetch(url, { method: 'PUT', body: 'test', headers: { ...headers } })).status).toBe(200)
  })

  test('expires, and no later than the signer allows', async () => {
    const { url } = await signed({ expiry: 86_400 }, { expiry: 1 })
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('1')
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect((await fetch(url)).status).toBe(403)
  })

  test('holds no secret', async () => {
    expect(JSON.stringify(await signed({}))).not.toContain(account.secretAccessKey)
  })
})
