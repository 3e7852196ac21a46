import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import type { Lake } from '../frame/lake.ts'
import type { CommitReport } from './commit/commit-options.ts'
import { account } from '../storage/fixtures/s3-account.ts'
import { type SeenRequest, S3Store, type StoreFault } from '../storage/fixtures/s3-store.ts'
import type { SignRequests } from '../storage/s3-access.ts'
import { s3Presign } from '../storage/s3-sign.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { endOf, prepareTrials, stateOf, trials, wrongAfter } from './fixtures/fault-trials.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)

let store: S3Store
let byKeys: Session
let bySigner: Session
let count = 0
/** Calls of the signer so far, and what becomes of the next ones. */
const signer = { calls: 0, failure: undefined as { readonly from: number; readonly error: Error } | undefined }

const sign: SignRequests = async (requests) => {
  signer.calls++
  if (signer.failure !== undefined && signer.calls > signer.failure.from) throw signer.failure.error
  return Promise.all(
    requests.map(async ({ method, bucket, key, query, conditions, expiry }) => {
      const url = new URL(`${store.endpoint}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`)
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      const given = { method, url: url.href, headers: conditions, expirySeconds: expiry }
      return { url: await s3Presign(account, 'us-east-1', given), headers: conditions }
    }),
  )
}

beforeAll(async () => {
  store = await S3Store.start()
  const { endpoint } = store
  const retry = { attempts: 2, baseMilliseconds: 1 }
  const open = async (s3: object): Promise<Session> =>
    new Session(
      await openEngine(
        nodeHost(wasm),
        { decodeWorkers: 0, storage: { s3: { endpoint, ...s3 }, retry } },
        {},
        lakesBeside,
      ),
    )
  byKeys = await open({ credentials: account })
  bySigner = await open({ sign })
  const lake = await byKeys.openLake('s3://bucket/prepared', { create: true })
  await prepareTrials(lake)
  await lake.close()
})
afterAll(async () => {
  await byKeys.close()
  await bySigner.close()
  await store.close()
})

/** A copy of the lake. */
function copied(): string {
  const folder = `trial-${++count}`
  for (const [key, object] of Array.from(store.objects))
    if (key.startsWith('prepared/')) store.objects.set(key.replace('prepared', folder), object)
  return folder
}

interface Trial {
  readonly name: string
  readonly session?: Session
  readonly arm?: () => void
  readonly after?: string
}

/** A commit to a copy of the lake, what it came to, and what is wrong with the lake once the store is well again. */
async function trial({ name, session = byKeys, arm, after }: Trial): Promise<{
  readonly code: string
  readonly message: string
  readonly state: string
  readonly wrong: readonly string[]
  readonly requests: readonly SeenRequest[]
}> {
  const folder = copied()
  const lake = await session.openLake(`s3://bucket/${folder}`, { name: `lake${++count}` })
  // The first commit tries the store out.
  await lake.createSchema('s')
  const before = await stateOf(lake)
  store.requests.length = 0
  signer.calls = 0
  arm?.()
  const end = await endOf(trials[name]!(lake))
  const requests = [...store.requests]
  store.faults = []
  signer.failure = undefined
  const again = await byKeys.openLake(`s3://bucket/${folder}`, { name: `lake${++count}` })
  const state = await stateOf(again)
  const wrong = after === undefined ? [] : [...(await wrongAfter(again, end, { before, after }))]
  const rows = await again.table('t').count()
  await lake.table('t').insert([{ id: 999, v: 0 }])
  if ((await again.table('t').count()) !== rows + 1) wrong.push('the next commit is not seen')
  await again.vacuum({ olderThan: new Date(Date.now() + 3_600_000) })
  wrong.push(...(await litter(again, folder)))
  await lake.close()
  await again.close()
  for (const key of Array.from(store.objects.keys())) if (key.startsWith(`${folder}/`)) store.objects.delete(key)
  return { ...end, state, wrong, requests }
}

/** Files that a check would not look for, by how many there are. */
async function litter(lake: Lake, folder: string): Promise<readonly string[]> {
  const { dataFiles, deleteFiles } = await lake.check({ data: false })
  const there = [...store.objects.keys()].filter((key) => key.startsWith(`${folder}/`) && key.endsWith('.parquet'))
  return there.length === dataFiles + deleteFiles
    ? []
    : [`${there.length} files are there of ${dataFiles + deleteFiles}`]
}

const failFrom =
  (index: number, fault: Omit<StoreFault, 'times' | 'when'>, times = Infinity) =>
  (): void => {
    store.faults = [{ ...fault, times, when: () => store.requests.length > index }]
  }

const isSwap = ({ method, key }: SeenRequest): boolean => method === 'PUT' && key.endsWith('.ducklake')

describe.each(['merge'])('%s in a store', (name) => {
  let after: string
  let requests: readonly SeenRequest[]

  beforeAll(async () => {
    const done = await trial({ name })
    if (done.code !== 'done' || done.wrong.length > 0) throw new Error(`${done.code}: ${done.wrong.join(' ')}`)
    ;({ state: after, requests } = done)
  })

  it.each<[string, Omit<StoreFault, 'times' | 'when'>, string]>([
    ['takes back its keys', { status: 403, code: 'AccessDenied' }, 'PERMISSION_DENIED'],
    ['lets its keys expire', { status: 400, code: 'ExpiredToken' }, 'PERMISSION_DENIED'],
    ['asks for fewer requests', { status: 503, code: 'SlowDown' }, 'NETWORK'],
    ['has no room left', { status: 507 }, 'QUOTA_EXCEEDED'],
    ['takes no object so large', { status: 400, code: 'EntityTooLarge' }, 'QUOTA_EXCEEDED'],
  ])(
    'that %s at any request changes nothing, and the next commit works',
    async (_, fault, code) => {
      const swap = requests.findIndex(isSwap)
      expect(swap).toBeGreaterThan(0)
      for (let at = 0; at <= swap; at++) {
        // What is read is no object that would be too large.
        if (fault.code === 'EntityTooLarge' && requests[at]!.method !== 'PUT') continue
        const found = await trial({ name, after, arm: failFrom(at, fault) })
        expect({ at, code: found.code, wrong: found.wrong }).toEqual({ at, code, wrong: [] })
        expect(found.message).not.toMatch(/Signature|AKID/)
      }
    },
    240_000,
  )

  it.each<[string, Omit<StoreFault, 'times' | 'when'>]>([
    ['fails', { status: 500 }],
    ['hangs up before', { cut: 'before' }],
    ['hangs up after', { cut: 'after' }],
  ])(
    'that %s at any request loses nothing, and says what is not known',
    async (_, fault) => {
      const swap = requests.findIndex(isSwap)
      for (let at = 0; at <= swap; at++) {
        for (const times of [1, Infinity]) {
          const found = await trial({ name, after, arm: failFrom(at, fault, times) })
          expect({ at, times, wrong: found.wrong }).toEqual({ at, times, wrong: [] })
          expect(['done', 'NETWORK', 'COMMIT_STATE_UNKNOWN']).toContain(found.code)
          if (at === swap && times === Infinity) expect(found.code).toBe('COMMIT_STATE_UNKNOWN')
        }
      }
    },
    240_000,
  )
})

describe.each(['merge'])('%s with URLs of a signer', (name) => {
  it.each([
    ['out of reach', new TypeError('fetch failed')],
    ['broken', Object.assign(new Error('500 Internal Server Error'), { status: 500 })],
  ])(
    'that is %s at any request changes nothing',
    async (_, error) => {
      const done = await trial({ name, session: bySigner })
      expect(done).toMatchObject({ code: 'done', wrong: [] })
      const codes: string[] = []
      for (let from = 0; from < 20; from++) {
        const arm = (): void => {
          signer.failure = { from, error }
        }
        const found = await trial({ name, session: bySigner, after: done.state, arm })
        expect({ from, wrong: found.wrong }).toEqual({ from, wrong: [] })
        codes.push(found.code)
        if (found.code !== 'done') expect(found.message).toMatch(/storage\.s3\.sign failed/)
        if (found.code === 'done') break
      }
      expect([...new Set(codes)]).toEqual(['PERMISSION_DENIED', 'done'])
      expect(codes.length).toBeGreaterThan(2)
    },
    240_000,
  )
})

it('reports as many requests to the catalog as the store has seen', async () => {
  const lake = await byKeys.openLake('s3://bucket/counted', { create: true, name: 'counted' })
  const seen = async (work: () => Promise<CommitReport>): Promise<readonly number[]> => {
    store.requests.length = 0
    const { roundTrips } = await work()
    return [roundTrips, store.requests.filter(({ key }) => !key.endsWith('.parquet')).length]
  }
  const t = (): ReturnType<Lake['table']> => lake.table('t')
  const counts = {
    tried: await seen(() => lake.createTable('t', { id: 'integer', v: 'integer' })),
    insert: await seen(() => t().insert([{ id: 1, v: 1 }])),
    copy: await seen(() => t().insert(t() as never)),
    update: await seen(() => t().update({ set: { v: 2 }, where: 'id = 1' })),
    merge: await seen(() => t().merge([{ id: 1, v: 3 }], { on: 'id', whenMatched: 'update' })),
    nothing: await seen(() => t().delete('id = 9')),
    column: await seen(() => t().addColumn('w', 'integer')),
    transaction: await seen(() => lake.transaction(async (tx) => void (await tx.table('t').insert([{ id: 5, v: 5 }])))),
    race: await seen(() => {
      store.faults = [{ status: 412, code: 'PreconditionFailed', times: 1, when: isSwap }]
      return t().insert([{ id: 6, v: 6 }])
    }),
  }
  for (const [name, [reported, counted]] of Object.entries(counts)) expect([name, reported]).toEqual([name, counted])
  expect(counts).toMatchObject({ insert: [2, 2], update: [2, 2], merge: [2, 2], column: [2, 2], race: [4, 4] })
  await lake.close()
})

describe('the first commit', () => {
  it.each<Omit<StoreFault, 'times' | 'when'>>([
    { status: 403, code: 'AccessDenied' },
    { status: 500 },
    { cut: 'before' },
    { cut: 'after' },
  ])('that finds a store with %j while it tries it out fails, and the next one works', async (fault) => {
    const folder = copied()
    const lake = await byKeys.openLake(`s3://bucket/${folder}`, { name: `lake${++count}` })
    const isProbe = ({ method, key }: SeenRequest): boolean => method === 'PUT' && key.includes('lakefront-probe')
    store.faults = [{ ...fault, times: Infinity, when: isProbe }]
    const end = await endOf(lake.table('t').insert([{ id: 999, v: 0 }]))
    store.faults = []
    expect(end.code).toBe(fault.status === 403 ? 'PERMISSION_DENIED' : 'NETWORK')
    const rows = await lake.table('t').count()
    await lake.table('t').insert([{ id: 999, v: 0 }])
    expect(await lake.table('t').count()).toBe(rows + 1)
    await lake.close()
  })
})
