import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import type { LakefrontError } from '../errors.ts'
import type { Lake } from '../frame/lake.ts'
import { spawnWorker } from '../rpc/spawn.ts'
import { supervisedEngine } from '../rpc/supervised-engine.ts'
import type { WorkerHandle } from '../rpc/worker-handle.ts'
import { account } from '../storage/fixtures/s3-account.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)

let store: S3Store
let session: Session
let lake: Lake
let workers: WorkerHandle[]

beforeAll(async () => {
  store = await S3Store.start()
})
afterAll(() => store.close())
beforeEach(async () => {
  workers = []
  const spawn = (): WorkerHandle => {
    const worker = spawnWorker(workerUrl)
    workers.push(worker)
    return worker
  }
  const storage = { s3: { endpoint: store.endpoint, credentials: account } }
  session = new Session(await supervisedEngine(spawn, { engine: { storage } }))
  lake = await session.openLake('s3://bucket/lake', { create: true })
  await lake.createTable('t', { id: 'integer' }, { ifNotExists: true })
  await lake.table('t').overwrite([{ id: 1 }])
})
afterEach(() => session.close())

const ids = async (): Promise<unknown[]> => (await lake.table('t').orderBy('id').collect()).map(({ id }) => id)

/** Ends the worker when the request that swaps the catalog has come: before or after the store did it. */
function endAtSwap(when: 'before' | 'after'): void {
  store.faults = [
    {
      times: 1,
      when: ({ method, key }) => method === 'PUT' && key.endsWith('.ducklake'),
      cut: when,
      onCut: () => workers.at(-1)!.terminate(),
    },
  ]
}

const failureOf = (commit: Promise<unknown>): Promise<LakefrontError> =>
  commit.then(
    () => Promise.reject(new Error('It was done.')),
    (error: LakefrontError) => error,
  )

describe('a worker that is lost in the middle of a commit', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['one statement', () => lake.table('t').insert([{ id: 2 }])],
    ['a transaction', () => lake.transaction((tx) => tx.table('t').insert([{ id: 2 }]))],
    ['a DataFrame', () => session.sql('SELECT 2::INTEGER AS id').write.mode('append').saveAsTable('lake.t')],
  ])('leaves its id, by which the next worker tells whether it happened: %s', async (_, commit) => {
    endAtSwap('before')
    const lost = await failureOf(commit())
    expect(lost).toMatchObject({ code: 'COMMIT_STATE_UNKNOWN', retrySafe: false, cause: { code: 'WORKER_LOST' } })
    const { commitId } = lost.details as { commitId: string }
    expect(lost.message).toContain(`lake.verify('${commitId}')`)
    expect(await lake.verify(commitId)).toEqual({ committed: false })
    expect(await ids()).toEqual([1])
    const { length } = workers
    expect(length).toBe(2)
  })

  it('that happened is found', async () => {
    endAtSwap('after')
    const { details } = await failureOf(lake.table('t').insert([{ id: 3 }]))
    expect(await lake.verify(String(details['commitId']))).toMatchObject({ committed: true })
    expect(await ids()).toEqual([1, 3])
  })

  it('is WORKER_LOST as ever where nothing was committed', async () => {
    const lost = await failureOf(
      lake.transaction(async (tx) => {
        workers[0]!.terminate()
        await tx.table('t').insert([{ id: 2 }])
      }),
    )
    expect(['WORKER_LOST', 'CLOSED']).toContain(lost.code)
    expect(await ids()).toEqual([1])
  })
})
