import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Engine } from '../engine/engine.ts'
import type { LakefrontError } from '../errors.ts'
import { buildWorker } from './fixtures/build-worker.ts'
import { spawnWorker } from './spawn.ts'
import { supervisedEngine } from './supervised-engine.ts'
import type { WorkerHandle } from './worker-handle.ts'

let script: URL
let started: WorkerHandle[]
let lost: LakefrontError[]
let engine: Engine

beforeAll(async () => {
  script = await buildWorker('./obstinate-worker.ts')
})

beforeEach(async () => {
  started = []
  lost = []
  engine = await supervisedEngine(spawn, { stopWithin: 100, onLost: (error) => lost.push(error) })
})

afterEach(() => engine.close())

function spawn(): WorkerHandle {
  const worker = spawnWorker(script)
  started.push(worker)
  return worker
}

const failureOf = (promise: Promise<unknown>): Promise<LakefrontError> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: LakefrontError) => error,
  )

async function countOf(sql: string): Promise<number> {
  const stream = await engine.execute({ sql })
  while ((await stream.next()) !== undefined);
  return (await stream.metrics()).rows
}

test('after a crash the next calls share one new worker', async () => {
  expect(await failureOf(engine.execute({ sql: 'crash' }))).toMatchObject({ code: 'WORKER_LOST' })
  expect(lost.length).toBe(1)
  expect(await Promise.all(Array.from({ length: 20 }, () => countOf('rows 3')))).toEqual(Array(20).fill(3))
  expect(started.length).toBe(2)
})

test('a worker that dies while nothing runs is replaced unseen', async () => {
  started[0]!.terminate()
  await expect.poll(() => lost.length).toBe(1)
  expect(await countOf('rows 3')).toBe(3)
})

test('sources and settings come back, unregistered ones do not', async () => {
  await engine.register({ id: 'a', format: 'parquet', files: ['a.parquet'] })
  await engine.register({ id: 'b', format: 'parquet', files: [new Uint8Array([1, 2, 3])] })
  await engine.register({ id: 'c', format: 'parquet', files: [new Blob(['x'])] })
  await engine.unregister('a')
  await countOf('set threads')
  expect(await countOf('sources')).toBe(2)
  await failureOf(engine.execute({ sql: 'exit 1' }))
  expect(await countOf('sources')).toBe(2)
  expect(await countOf('settings')).toBe(1)
  await failureOf(engine.execute({ sql: 'exit 1' }))
  expect(await countOf('settings')).toBe(1)
})

test('a statement that blocks for ever is ended after its abort, and the next call waits for a new worker', async () => {
  const signal = AbortSignal.timeout(50)
  expect(await failureOf(engine.execute({ sql: 'loop' }, { signal }))).toMatchObject({ name: 'TimeoutError' })
  expect(await countOf('rows 3')).toBe(3)
  expect(started.length).toBe(2)
  expect(lost[0]!.message).toMatch(/did not end within 0\.1 s/)
})

test('an abort while a new worker starts rejects its caller only', async () => {
  started[0]!.terminate()
  await expect.poll(() => lost.length).toBe(1)
  const controller = new AbortController()
  const first = failureOf(engine.execute({ sql: 'rows 1' }, { signal: controller.signal }))
  const second = countOf('rows 3')
  controller.abort('over')
  expect(await first).toBe('over')
  expect(await second).toBe(3)
})

test('a new worker that cannot be loaded fails this call, not the ones after it', async () => {
  const good = script
  started[0]!.terminate()
  await expect.poll(() => lost.length).toBe(1)
  script = new URL('./gone.mjs', good)
  expect(await failureOf(countOf('rows 3'))).toMatchObject({ code: 'WORKER_LOST', details: { loaded: false } })
  script = good
  expect(await countOf('rows 3')).toBe(3)
})

test('an engine that breaks down is replaced with its worker, and says so to whom it failed', async () => {
  await countOf('set threads')
  const beside = failureOf(engine.execute({ sql: 'obey' }))
  expect(await failureOf(engine.execute({ sql: 'shatter' }))).toMatchObject({ code: 'ENGINE_FAILED' })
  expect(await beside).toMatchObject({ code: 'WORKER_LOST', message: expect.stringContaining('its engine broke down') })
  expect(await countOf('rows 3')).toBe(3)
  expect(await countOf('settings')).toBe(1)
  expect(started.length).toBe(2)
  const stream = await engine.execute({ sql: 'next shatter' })
  expect(await failureOf(stream.next())).toMatchObject({ code: 'ENGINE_FAILED' })
  expect(await countOf('rows 3')).toBe(3)
  expect(started.length).toBe(3)
})

test('a setting that was made often is repeated once', async () => {
  for (let times = 0; times < 5; times++) await countOf('set threads')
  await countOf('set memory')
  await failureOf(engine.execute({ sql: 'exit 1' }))
  expect(await countOf('settings')).toBe(2)
})

test('nothing starts after close()', async () => {
  const running = failureOf(engine.execute({ sql: 'obey' }))
  await engine.close()
  await engine.close()
  expect(await running).toMatchObject({ code: 'CLOSED' })
  expect(await failureOf(engine.describe({ sql: 'rows 1' }))).toMatchObject({ code: 'CLOSED' })
  expect(started.length).toBe(1)
})

test('a first worker that cannot be loaded fails the opening', async () => {
  const url = new URL('./gone.mjs', script)
  expect(await failureOf(supervisedEngine(() => spawnWorker(url)))).toMatchObject({ code: 'WORKER_LOST' })
})
