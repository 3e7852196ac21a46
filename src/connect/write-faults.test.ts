import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import type { DataFrame } from '../frame/dataframe.ts'
import { failure } from '../storage/conformance.ts'
import { account } from '../storage/fixtures/s3-account.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'
import type { SeenRequest } from '../storage/fixtures/s3-store.ts'
import type { FileOptions } from './storage-options.ts'
import type { Session } from './session.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)
const isPart = ({ method, query }: SeenRequest): boolean => method === 'PUT' && query.has('partNumber')
const isPut = ({ method, query }: SeenRequest): boolean => method === 'PUT' && !query.has('partNumber')
const isComplete = ({ method, query }: SeenRequest): boolean => method === 'POST' && query.has('uploadId')
const isRecord = ({ key }: SeenRequest): boolean => key.endsWith('_overwrite.json')

let store: S3Store
let sessions: Session[]

beforeEach(async () => {
  store = await S3Store.start()
  sessions = []
})

afterEach(async () => {
  await Promise.all(sessions.map((session) => session.close()))
  await store.close()
})

async function open(s3: NonNullable<FileOptions['s3']> = {}): Promise<Session> {
  const storage = {
    s3: { endpoint: store.endpoint, credentials: account, ...s3 },
    retry: { attempts: 3, baseMilliseconds: 1 },
  }
  const session = await connect({ workerUrl, storage })
  sessions.push(session)
  return session
}

/** About `megas` MB of CSV. */
const rows = (db: Session, megas: number): DataFrame =>
  db.sql(`SELECT i, md5(i::VARCHAR) AS a, md5((i + 1)::VARCHAR) AS b FROM range(${megas * 14_000}) t(i)`)

const keys = (): string[] => [...store.objects.keys()].sort()

describe('one file in parts', () => {
  test('is there when all parts are, and the passing faults of the store are not seen', async () => {
    store.faults = [
      { when: isPart, times: 1, status: 503, code: 'SlowDown' },
      { when: isPart, times: 1, cut: 'before' },
      { when: isComplete, times: 1, status: 200, isLate: true, code: 'InternalError' },
    ]
    const db = await open()
    const result = await rows(db, 20).write.csv('s3://bucket/out/a.csv')
    expect(store.objects.get('out/a.csv')!.bytes.length).toBe(result.bytes)
    expect(await db.sql("SELECT count(*) AS n, count(DISTINCT i) AS d FROM 's3://bucket/out/a.csv'").collect()).toEqual(
      [{ n: 280_000n, d: 280_000n }],
    )
  })

  test.each([
    ['a part is refused', { when: isPart, times: Infinity, status: 403, code: 'AccessDenied' }, 'PERMISSION_DENIED'],
    ['a part does not get through', { when: isPart, times: Infinity, cut: 'before' as const }, 'NETWORK'],
    [
      'the end is refused',
      { when: isComplete, times: Infinity, status: 403, code: 'AccessDenied' },
      'PERMISSION_DENIED',
    ],
  ])('leaves nothing when %s', async (_, fault, code) => {
    const db = await open()
    store.faults = [fault]
    expect(await failure(rows(db, 20).write.mode('overwrite').csv('s3://bucket/out/a.csv'))).toMatchObject({ code })
    expect([keys(), store.uploads.size]).toEqual([[], 0])
  })

  test('goes on with new keys when its keys expire in the middle', async () => {
    let given = 0
    store.sessionToken = 'token-0'
    const db = await open({ credentials: async () => ({ ...account, sessionToken: `token-${given++}` }) })
    const writing = rows(db, 30).write.csv('s3://bucket/out/a.csv', {
      onProgress: ({ bytesWritten = 0 }) => {
        if (bytesWritten > 10_000_000) store.sessionToken = 'token-1'
      },
    })
    const { bytes } = await writing
    expect([store.objects.get('out/a.csv')!.bytes.length, given]).toEqual([bytes, 2])
    expect(store.refusals).toContain('ExpiredToken')
  })

  test('leaves nothing when its keys expire and there are no others', async () => {
    store.sessionToken = 'token'
    const db = await open({ credentials: { ...account, sessionToken: 'token' } })
    const writing = rows(db, 30).write.csv('s3://bucket/out/a.csv', {
      onProgress: ({ bytesWritten = 0 }) => {
        if (bytesWritten > 10_000_000) store.sessionToken = 'another'
      },
    })
    const error = await failure(writing)
    expect(error).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(String(error)).not.toContain('token')
    expect(keys()).toEqual([])
  })

  test('is aborted at the store, too', async () => {
    const db = await open()
    const controller = new AbortController()
    const writing = rows(db, 10_000).write.csv('s3://bucket/out/a.csv', {
      signal: controller.signal,
      onProgress: ({ bytesWritten = 0 }) => {
        if (bytesWritten > 20_000_000) controller.abort(new Error('enough'))
      },
    })
    expect(await failure(writing)).toMatchObject({ message: 'enough' })
    expect([keys(), store.uploads.size]).toEqual([[], 0])
    expect(await db.sql('SELECT 1 AS one').collect()).toEqual([{ one: 1 }])
  })
})

describe('a folder', () => {
  const write = (db: Session): DataFrame['write'] => rows(db, 3).write.option('maxFileBytes', 500_000)

  test('is as it was when the store fails in the middle of an append or an overwrite', async () => {
    const db = await open()
    await rows(db, 1).write.csv('s3://bucket/out/')
    const before = keys()
    for (const mode of ['append', 'overwrite'] as const) {
      let files = 0
      store.faults = [
        {
          when: (request) => isPut(request) && !isRecord(request) && files++ >= 3,
          times: Infinity,
          status: 403,
          code: 'AccessDenied',
        },
      ]
      expect(await failure(write(db).mode(mode).csv('s3://bucket/out/'))).toMatchObject({ code: 'PERMISSION_DENIED' })
      expect(keys()).toEqual(before)
    }
    store.faults = []
    expect(await db.read.csv('s3://bucket/out/').count()).toBe(14_000)
  })

  test('is as it was when the switch is refused', async () => {
    const db = await open()
    await rows(db, 1).write.csv('s3://bucket/out/')
    const before = keys()
    let records = 0
    store.faults = [
      { when: (request) => isPut(request) && isRecord(request) && records++ > 0, times: Infinity, status: 403 },
    ]
    expect(await failure(write(db).mode('overwrite').csv('s3://bucket/out/'))).toMatchObject({
      code: 'PERMISSION_DENIED',
    })
    expect(keys()).toEqual(before)
  })

  test('is what the write made when nobody can say whether it was switched, and it was', async () => {
    const db = await open()
    await rows(db, 1).write.csv('s3://bucket/out/')
    let records = 0
    store.faults = [{ when: (request) => isPut(request) && isRecord(request) && records++ > 0, times: 1, cut: 'after' }]
    const { rows: written } = await write(db).mode('overwrite').csv('s3://bucket/out/')
    expect(await db.read.csv('s3://bucket/out/').count()).toBe(written)
    expect(keys().every((key) => !key.endsWith('.json'))).toBe(true)
  })

  test('is what the write made when the old files cannot be removed', async () => {
    const db = await open()
    await rows(db, 1).write.csv('s3://bucket/out/')
    store.faults = [
      { when: ({ method, query }) => method === 'DELETE' || query.has('delete'), times: Infinity, status: 403 },
    ]
    const { rows: written } = await write(db).mode('overwrite').csv('s3://bucket/out/')
    expect(keys().length).toBeGreaterThan(2)
    expect(await db.read.csv('s3://bucket/out/').count()).toBe(written)
    store.faults = []
    await rows(db, 1).write.mode('append').csv('s3://bucket/out/')
    expect(await db.read.csv('s3://bucket/out/').count()).toBe(written + 14_000)
    expect(keys().some((key) => key.endsWith('.json'))).toBe(false)
  })
})
