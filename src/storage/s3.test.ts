import { afterEach, describe, expect, test } from 'vitest'
import { expectBytes, failure, testByteSource } from './conformance.ts'
import { account } from './fixtures/s3-account.ts'
import { S3Server } from './fixtures/s3-server.ts'
import { openStorage } from './open-storage.ts'
import { s3Signer } from './s3-sign.ts'
import { s3Source, s3Url } from './s3.ts'
import type { S3Options } from './s3.ts'
import type { NetworkSource } from './http.ts'

const servers: S3Server[] = []
const bytes = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 31) & 0xff)
const retry = { attempts: 2, baseMilliseconds: 1 }

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())))

async function serve(content: Uint8Array, options = {}): Promise<S3Server> {
  const server = await S3Server.start(content, { region: 'eu-central-1', ...options })
  servers.push(server)
  return server
}

const optionsFor = (server: S3Server, options: Partial<S3Options> = {}): S3Options => ({
  endpoint: server.endpoint,
  region: 'eu-central-1',
  credentials: account,
  ...options,
})

testByteSource({
  name: 'S3',
  make: async (content) => s3Source('s3://bucket/folder/file.parquet', optionsFor(await serve(content)), { retry }),
})
testByteSource({
  name: 'S3 in a session',
  make: async (content) =>
    openStorage({
      retry,
      s3: { endpoint: (await serve(content)).endpoint, region: 'eu-central-1', credentials: account },
    }).open('s3://bucket/file.parquet'),
})

describe('signatures', () => {
  const published = s3Signer(
    { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    'us-east-1',
    { now: () => new Date('2013-05-24T00:00:00Z') },
  )

  // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
  test.each([
    ['test.txt', { Range: 'bytes=0-9' }, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
    ['?lifecycle', {}, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['?prefix=J&max-keys=2', {}, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('that AWS published: GET /%s', async (path, headers, signature) => {
    const url = `https://examplebucket.s3.amazonaws.com/${path}`
    const { authorization } = await published({ method: 'GET', url, headers })
    expect(authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/20130524\/us-east-1\/s3\/aws4_request, SignedHeaders=host;/,
    )
    expect(authorization).toContain(`Signature=${signature}`)
  })

  test.each([
    'a b+c.parquet',
    "it's (1)!*~.parquet",
    'déjà/vu/%41.parquet',
    'year=2024/month=02/x&y?z#w.parquet',
    'a//b',
  ])('of the key %s', async (key) => {
    const server = await serve(bytes)
    const source = s3Source(`s3://bucket/${key}`, optionsFor(server), { retry })
    expectBytes(await source.read(10, 20), bytes.slice(10, 20))
    expect(decodeURIComponent(server.paths[0]!)).toBe(`/bucket/${key}`)
    expect(source.label).toBe(`s3://bucket/${key}`)
  })

  test('with a session token', async () => {
    const server = await serve(bytes, { sessionToken: 'token/with+signs==' })
    const credentials = { ...account, sessionToken: 'token/with+signs==' }
    expectBytes(await s3Source('s3://bucket/key', optionsFor(server, { credentials })).read(0, 9), bytes.slice(0, 9))
  })

  test.each<[string, Partial<S3Options>, string]>([
    ['of another secret', { credentials: { ...account, secretAccessKey: 'wrong-secret' } }, 'SignatureDoesNotMatch'],
    ['of another key', { credentials: { ...account, accessKeyId: 'OTHER' } }, 'InvalidAccessKeyId'],
    ['for another region', { region: 'us-east-1' }, 'AuthorizationHeaderMalformed'],
    ['of a session that is over', { credentials: { ...account, sessionToken: 'old' } }, 'ExpiredToken'],
  ])('%s are refused, and nothing of them is told', async (_, options, code) => {
    const server = await serve(bytes, { ...(code === 'ExpiredToken' && { sessionToken: 'new' }) })
    const open = (): NetworkSource => s3Source('s3://bucket/key', optionsFor(server, options), { retry })
    for (const error of [await failure(open().read(0, 9)), await failure(open().stat())]) {
      expect(error).toMatchObject({ code: 'PERMISSION_DENIED', details: { storeCode: code } })
      expect(String(error)).toContain('"s3://bucket/key"')
      expect(JSON.stringify([String(error), error])).not.toMatch(/wrong-secret|AKID|OTHER|Signature=/)
    }
    expect(new Set(server.refusals)).toEqual(new Set([code]))
  })

  test('outside of pages, keys are no matter to warn of', async () => {
    const server = await serve(bytes)
    expect(s3Source('s3://bucket/key', optionsFor(server)).warnings).toEqual([])
  })

  test('without credentials there is none', async () => {
    const server = await serve(bytes)
    const { credentials: _, ...anonymous } = optionsFor(server)
    expect(await failure(s3Source('s3://bucket/key', anonymous, { retry }).stat())).toMatchObject({
      code: 'PERMISSION_DENIED',
    })
    expect(server.refusals).toEqual(['AccessDenied', 'AccessDenied'])
  })
})

describe('where an object is', () => {
  test.each<[string, S3Options, string]>([
    ['s3://bucket/a/b.parquet', {}, 'https://bucket.s3.us-east-1.amazonaws.com/a/b.parquet'],
    ['s3://bucket/a', { region: 'eu-west-1' }, 'https://bucket.s3.eu-west-1.amazonaws.com/a'],
    ['s3://my.bucket/a', {}, 'https://s3.us-east-1.amazonaws.com/my.bucket/a'],
    ['s3://bucket/a', { endpoint: 'http://localhost:9000' }, 'http://localhost:9000/bucket/a'],
    ['s3://bucket/a', { endpoint: 'https://host/base/' }, 'https://host/base/bucket/a'],
    ['s3://bucket/a', { endpoint: 'https://host', pathStyle: false }, 'https://bucket.host/a'],
  ])('%s %j', (reference, options, url) => {
    expect(s3Url(reference, options)).toBe(url)
  })

  test.each(['s3://bucket', 's3://bucket/', 's3:///key', 's3://bucket/a/../b', 's3://b/k', 's3:bucket/key'])(
    '%s is nowhere',
    (reference) => {
      expect(() => openStorage().open(reference)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('s3://bucket/path/file.parquet'),
        }),
      )
    },
  )
})
