import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import type { LakefrontError } from '../errors.ts'
import { remoteEngine } from '../rpc/remote-engine.ts'
import { serveEngine } from '../rpc/serve-engine.ts'
import type { WorkerHandle } from '../rpc/worker-handle.ts'
import { FaultServer } from '../storage/fixtures/fault-server.ts'
import type { Faults } from '../storage/fixtures/fault-server.ts'
import { account } from '../storage/fixtures/s3-account.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'
import type { SignRequests } from '../storage/s3-access.ts'
import { s3Presign } from '../storage/s3-sign.ts'
import type { S3Credentials } from '../storage/s3-sign.ts'
import type { ConnectOptions } from './options.ts'
import { Session } from './session.ts'
import { storageCalls, storageOptions } from './storage-options.ts'

const host = nodeHost(new URL('../../dist/wasm/', import.meta.url))
const total = { n: 40_960n, s: 838_840_320n, c: 40_960n }
const toClose: (() => Promise<void>)[] = []
let bytes: Uint8Array

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lakefront-remote-'))
  const native = await (await DuckDBInstance.create(':memory:')).connect()
  const path = join(folder, 'rows.parquet')
  await native.run(
    `COPY (SELECT i::INT AS i, md5(i::VARCHAR) AS text FROM range(40960) t(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 4096)`,
  )
  bytes = new Uint8Array(readFileSync(path))
  native.closeSync()
  rmSync(folder, { recursive: true })
})

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

/** A session whose engine is on the other side of a message channel, as in a worker. */
async function open(options: Pick<ConnectOptions, 'rangeCache' | 'fetchLimit' | 'storage'> = {}): Promise<Session> {
  const { port1, port2 } = new MessageChannel()
  serveEngine((given, calls) => openEngine(host, { ...given, decodeWorkers: 0 }, calls), port2)
  port1.start()
  const handle: WorkerHandle = {
    label: 'channel',
    endpoint: port1,
    onFailure: () => {},
    terminate: () => port1.close(),
    keepAlive: () => {},
  }
  const storage = { retry: { attempts: 3, baseMilliseconds: 1 }, stallMilliseconds: 500, ...options.storage }
  const engine = await remoteEngine(handle, {
    engine: { storage: storageOptions({ ...options, storage }) },
    calls: storageCalls(storage),
  })
  const session = new Session(engine)
  toClose.push(() => session.close())
  return session
}

async function serve(faults: Faults = {}): Promise<FaultServer> {
  const server = await FaultServer.start(bytes, faults)
  toClose.push(() => server.close())
  return server
}

const sums = (db: Session, url: string, options = {}): Promise<object[]> =>
  db
    .sql(`SELECT count(*) AS n, sum(i)::BIGINT AS s, count(DISTINCT text) AS c FROM read_parquet('${url}')`)
    .collect(options)

const failureOf = (promise: Promise<unknown>): Promise<LakefrontError> =>
  promise.then(
    (value) => Promise.reject(new Error(`expected a failure, got ${String(value)}`)),
    (error: LakefrontError) => error,
  )

describe('a server that misbehaves and recovers: the answer is right', () => {
  test.each<[string, Faults]>([
    ['bodies that break off', { cutOff: { times: 2 } }],
    ['bodies shorter than the range', { shortBody: { times: 2 } }],
    ['bodies longer than the range', { longBody: { times: 2 } }],
    ['bodies that fall silent', { stall: { times: 1 } }],
    ['connections that are reset', { reset: { times: 2 } }],
    ['503 with Retry-After', { statuses: [503, 200, 503], retryAfter: '0' }],
    ['redirects', { redirect: '/moved' }],
    ['HEAD refused', { head: 403 }],
    ['no ranges', { noRanges: true }],
    ['no ranges, no HEAD', { noRanges: true, head: 405 }],
    ['no "last bytes"', { noSuffix: true }],
    ['the whole object as every range', { wholeAsRange: true }],
    ['no validators', { noEtag: true }],
    ['weak validators', { weakEtag: true }],
    ['slow answers', { delay: 50 }],
  ])('%s', async (_, faults) => {
    const server = await serve(faults)
    const db = await open()
    expect(await sums(db, server.url())).toEqual([total])
  })
})

describe('a server that lies: an error with a name, and a session that works afterwards', () => {
  test.each<[string, Faults, string, RegExp]>([
    ['another range than asked', { wrongRange: 7 }, 'NETWORK', /answered bytes \d+-\d+ with "bytes/],
    ['compressed ranges', { gzip: true }, 'NETWORK', /Turn compression off/],
    ['a wrong length', { wrongLength: 1000, noSuffix: true }, 'SOURCE_CHANGED', /changed while it was being read/],
    ['an answer without end', { endless: true }, 'UNSUPPORTED', /more than 268435456 bytes/],
    ['silence', { stall: { times: 1000 } }, 'NETWORK', /sent nothing for 0\.5 seconds/],
    ['resets in every body', { cutOff: { times: 1000 } }, 'NETWORK', /broke off its answer/],
    ['nothing but 503', { statuses: new Array<number>(1000).fill(503) }, 'NETWORK', /status 503/],
    ['404 after a while', { statuses: [200, 200, 404, 404, 404, 404, 404, 404] }, 'NOT_FOUND', /There is nothing at/],
    ['another object after a while', { changeAfter: 3 }, 'SOURCE_CHANGED', /changed while it was being read/],
    ['… without If-Match', { changeAfter: 3, weakEtag: true }, 'SOURCE_CHANGED', /changed while it was being read/],
  ])('%s', async (_, faults, code, message) => {
    const server = await serve(faults)
    const db = await open()
    const error = await failureOf(sums(db, server.url()))
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(error.message).toContain('/object.parquet')
    expect(error.message).not.toContain('secret')
    server.faults = {}
    expect(await sums(db, server.url())).toEqual([total])
  })

  test('other bytes under the same validator are not taken for rows', async () => {
    const server = await serve()
    const db = await open()
    await db.sql(`SELECT count(*) FROM '${server.url()}'`).collect()
    server.bytes = bytes.map((byte, index) => (index > 1000 && index < 200_000 ? byte ^ 0x55 : byte))
    expect(await failureOf(sums(db, server.url()))).toMatchObject({ code: 'CORRUPT_FILE' })
  })
})

test('a signed URL that expires is renewed by the application, once, and the query goes on', async () => {
  const server = await serve()
  const asked: string[] = []
  const renewUrl = async (label: string): Promise<string> => {
    asked.push(label)
    return server.url('/object.parquet?token=fresh')
  }
  const db = await open({ storage: { renewUrl } })
  expect(await db.sql(`SELECT count(*) AS n FROM '${server.url()}'`).collect()).toEqual([{ n: 40_960n }])
  server.faults = { token: 'token=fresh' }
  expect(await sums(db, server.url())).toEqual([total])
  expect(asked).toEqual([server.url('/object.parquet')])
  const failing = await open({
    storage: {
      renewUrl: () => {
        throw new Error('signer down')
      },
    },
  })
  const error = await failureOf(sums(failing, server.url()))
  expect(error).toMatchObject({ code: 'PERMISSION_DENIED', cause: { message: 'signer down' } })
  expect(await failureOf(sums(await open(), server.url()))).toMatchObject({ code: 'PERMISSION_DENIED' })
})

test('keys and signed URLs come from the application, again when they expire, and no message tells them', async () => {
  const store = await S3Store.start()
  toClose.push(() => store.close())
  store.objects.set('a b/rows.parquet', { bytes, etag: '"1"', generation: 1 })
  const region = 'us-east-1'
  const sign: SignRequests = async (requests) =>
    Promise.all(
      requests.map(async ({ method, key, expiry }) => {
        const url = `${store.endpoint}/bucket/${encodeURIComponent(key).replaceAll('%2F', '/')}`
        const keys = { ...account, sessionToken: store.sessionToken! }
        return { url: await s3Presign(keys, region, { method, url, headers: {}, expirySeconds: expiry }) }
      }),
    )
  const credentials = async (): Promise<S3Credentials> => ({ ...account, sessionToken: store.sessionToken! })
  for (const access of [{ sign }, { credentials }]) {
    store.sessionToken = 'first'
    const db = await open({ storage: { s3: { endpoint: store.endpoint, ...access } } })
    expect(await sums(db, 's3://bucket/a b/rows.parquet')).toEqual([total])
    store.sessionToken = 'second'
    expect(await sums(db, 's3://bucket/a b/rows.parquet')).toEqual([total])
  }
  const failing = await open({
    storage: { s3: { endpoint: store.endpoint, sign: () => Promise.reject(new Error('signer down')) } },
  })
  const error = await failureOf(sums(failing, 's3://bucket/a b/rows.parquet'))
  expect(error).toMatchObject({ code: 'PERMISSION_DENIED', cause: { message: 'signer down' } })
  store.sessionToken = 'third'
  const refused = await open({
    storage: { s3: { endpoint: store.endpoint, credentials: { ...account, sessionToken: 'stale' } } },
  })
  const message = JSON.stringify([String(await failureOf(sums(refused, 's3://bucket/a b/rows.parquet')))])
  expect(message).toContain('s3://bucket/a b/rows.parquet')
  expect(message).not.toMatch(/stale|Signature=|wJalr/)
})

describe('what a statement may fetch', () => {
  test('is the session’s limit, or the statement’s own', async () => {
    const server = await serve()
    const db = await open({ fetchLimit: { bytes: '100KB' } })
    expect(await db.sql(`SELECT count(*) AS n FROM '${server.url()}'`).collect()).toEqual([{ n: 40_960n }])
    const error = await failureOf(sums(db, server.url()))
    expect(error).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      details: { source: server.url('/object.parquet'), unit: 'bytes', allowed: 100_000 },
    })
    expect(await sums(db, server.url(), { fetchLimit: { bytes: '10MB', requests: 20 } })).toEqual([total])
    expect(await sums(db, server.url())).toEqual([total])
  })

  test('is counted over all scans', async () => {
    const server = await serve()
    const db = await open({ rangeCache: { memory: 1 }, storage: { revalidate: 60 } })
    const files = [1, 2, 3].map((file) => `'${server.url(`/${file}.parquet`)}'`)
    const sql = `SELECT count(*) AS n FROM ${files[0]} JOIN ${files[1]} USING (i) JOIN ${files[2]} USING (i)`
    const limited = failureOf(db.sql(sql).collect({ fetchLimit: { requests: 5 } }))
    expect(await limited).toMatchObject({ code: 'BUDGET_EXCEEDED', details: { unit: 'requests', needed: 6 } })
    expect(server.requests.length).toBeLessThanOrEqual(5)
    expect(await db.sql(sql).collect()).toEqual([{ n: 40_960n }])
  })
})

test('a query costs one look, and again one when it is repeated', async () => {
  const server = await serve()
  const db = await open()
  const frame = db.read.parquet(server.url()).filter('i < 10')
  expect((await frame.collect()).length).toBe(10)
  const methods = server.requests.splice(0).map(({ method }) => method)
  expect(methods).not.toContain('HEAD')
  expect((await frame.collect()).length).toBe(10)
  expect(server.requests.map(({ method }) => method)).toEqual(['HEAD'])
})
