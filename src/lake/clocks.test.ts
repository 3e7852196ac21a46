import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import type { Lake } from '../frame/lake.ts'
import { account } from '../storage/fixtures/s3-account.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'
import { lakesBeside } from './engine-with-lakes.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)
const [hour, day] = [3_600_000, 86_400_000]
const year = 365 * day
const noon = Date.parse('2026-06-15T12:00:00Z')

let store: S3Store
let session: Session
let lake: Lake
let lakes = 0

beforeAll(async () => {
  store = await S3Store.start()
  const storage = { s3: { endpoint: store.endpoint, credentials: account } }
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0, storage }, {}, lakesBeside))
})
afterAll(async () => {
  await session.close()
  await store.close()
})
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: noon })
  store.now = () => noon
})
afterEach(async () => {
  vi.useRealTimers()
  await lake.close()
})

/** Here it is so much later now than at noon; in the store, too, unless that is told. */
const setClock = (here: number, inStore = here): void => {
  vi.setSystemTime(noon + here)
  store.now = () => noon + inStore
}

async function open(place: 'store' | 'memory'): Promise<void> {
  const name = `clocks-${++lakes}`
  lake = await session.openLake(place === 'memory' ? `memory:${name}` : `s3://bucket/${name}`, { create: true })
  await lake.createTable('t', { id: 'integer' })
  await lake.table('t').insert([{ id: 1 }])
}

const ids = async (): Promise<unknown[]> => (await lake.table('t').orderBy('id').collect()).map(({ id }) => id)

const errors = async (): Promise<unknown[]> =>
  (await lake.check()).findings.filter(({ severity }) => severity === 'error')

/** A commit whose file is stored while `work` goes on. */
const commitAround = (work: () => Promise<void>): Promise<unknown> =>
  lake.transaction(async (tx) => {
    await tx.table('t').insert([{ id: 2 }])
    await work()
  })

/** A file of a write that failed, stored by a clock that is so far away from the store's. */
async function leftBehind(): Promise<string> {
  const known = new Set(store.objects.keys())
  let key = ''
  await lake
    .transaction(async (tx) => {
      await tx.table('t').insert([{ id: 9 }])
      key = [...store.objects.keys()].find((own) => !known.has(own))!
      store.faults = [{ when: ({ method }) => method === 'DELETE', status: 403, code: 'AccessDenied', times: 10 }]
      throw new Error('enough')
    })
    .catch(() => undefined)
  store.faults = []
  expect(store.objects.has(key)).toBe(true)
  return key
}

describe('a vacuum', () => {
  it.each([
    ['of a clock that is a year ahead', year, 0],
    ['of a clock that is three days ahead', 3 * day, 0],
    ['after the writer’s clock was a year behind', 0, 0],
  ])('%s leaves a commit that is under way', async (_, here, inStore) => {
    await open('store')
    if (here === 0) setClock(-year, 0)
    await commitAround(async () => {
      setClock(here, inStore)
      expect(await lake.vacuum()).toMatchObject({ orphans: [], scheduled: [] })
    })
    setClock(0)
    expect(await ids()).toEqual([1, 2])
    expect(await errors()).toEqual([])
  })

  it('removes what a failed write left when it is old by the clock of the store, whatever that of the writer was', async () => {
    for (const wrong of [-year, -hour, 0, hour, year]) {
      setClock(wrong, 0)
      await open('store')
      const key = await leftBehind()
      setClock(day)
      expect(await lake.vacuum()).toMatchObject({ orphans: [] })
      setClock(3 * day)
      const { orphans } = await lake.vacuum()
      expect(orphans.map((path) => path.split('/').at(-1))).toEqual([key.split('/').at(-1)])
      expect(store.objects.has(key)).toBe(false)
      expect(await ids()).toEqual([1])
      await lake.close()
    }
    setClock(0)
    await open('store')
  })

  it('leaves files that have just expired to their readers, when the clock of who let them expire was behind', async () => {
    await open('store')
    await lake.table('t').overwrite([{ id: 5 }])
    setClock(-year, 0)
    expect((await lake.expireSnapshots({ versions: [1, 2] })).filesScheduled).toBe(1)
    setClock(hour)
    expect(await lake.vacuum()).toMatchObject({ scheduled: [] })
    setClock(3 * day)
    expect((await lake.vacuum()).scheduled).toHaveLength(1)
    expect(await ids()).toEqual([5])
  })
})

describe('a commit', () => {
  it.each([
    ['a clock that jumped', 'memory', (): void => setClock(year)],
    ['a machine that slept', 'store', (): void => setClock(3 * day)],
  ] as const)('whose files a vacuum took in spite of all, for %s, does not happen', async (_, place, jump) => {
    await open(place)
    const work = commitAround(async () => {
      jump()
      expect((await lake.vacuum()).orphans).toHaveLength(1)
    })
    await expect(work).rejects.toMatchObject({
      code: 'COMMIT_CONFLICT',
      message: expect.stringMatching(/waited for its commit so long that a vacuum removed it/),
    })
    expect(await ids()).toEqual([1])
    expect(await errors()).toEqual([])
    await commitAround(async () => {})
    expect(await ids()).toEqual([1, 2])
  })

  it('is later than the one before it whatever the clock says, and found by its time alone', async () => {
    await open('memory')
    for (const [at, jump] of [0, -hour, -hour, year, -year, 0, 1, 1, 0, 2 * year, hour].entries()) {
      setClock(jump)
      await lake.table('t').insert([{ id: at + 2 }])
    }
    await (await lake.snapshots()).createOrReplaceTempView('history')
    const history = await session
      .sql<{ version: bigint; us: bigint }>('SELECT version, epoch_us(time) AS us FROM history ORDER BY version')
      .collect()
    expect(history.length).toBe(14)
    for (const [at, { version, us }] of history.entries()) {
      if (at > 0) expect(us).toBeGreaterThan(history[at - 1]!.us)
      if (at < 2) continue
      const count = async (microseconds: bigint): Promise<bigint> => {
        const text = `make_timestamp(${microseconds})::VARCHAR || 'Z'`
        const [row] = await session.sql<{ at: string }>(`SELECT ${text} AS at`).collect()
        return BigInt(await lake.table('t', { timestamp: row!.at }).count())
      }
      expect(await count(us)).toBe(version - 1n)
      const next = history[at + 1]
      if (next !== undefined) expect(await count(next.us - 1n)).toBe(version - 1n)
    }
    expect(await errors()).toEqual([])
    setClock(0)
    await lake.expireSnapshots({ olderThan: new Date(noon + 3 * year) })
    expect(await (await lake.snapshots()).count()).toBe(1)
    expect((await ids()).length).toBe(12)
  })
})
