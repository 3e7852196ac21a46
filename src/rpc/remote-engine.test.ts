import { beforeAll, describe, expect, test } from 'vitest'
import type { Engine, Progress } from '../engine/engine.ts'
import { isLakefrontError } from '../errors.ts'
import type { LakefrontError } from '../errors.ts'
import { buildWorker } from './fixtures/build-worker.ts'
import { numbers, ObstinateEngine } from './fixtures/obstinate-engine.ts'
import { remoteEngine } from './remote-engine.ts'
import type { RemoteEngineOptions } from './remote-engine.ts'
import { serveEngine } from './serve-engine.ts'
import { spawnWorker } from './spawn.ts'
import type { WorkerHandle } from './worker-handle.ts'

const failureOf = (promise: Promise<unknown>): Promise<LakefrontError> =>
  promise.then(
    (value) => Promise.reject(new Error(`expected a failure, got ${JSON.stringify(value)}`)),
    (error: LakefrontError) => error,
  )

describe('over a message channel', () => {
  async function open(
    options: RemoteEngineOptions = {},
  ): Promise<{ here: Engine; there: ObstinateEngine; sent: unknown[] }> {
    const there = new ObstinateEngine()
    const { port1, port2 } = new MessageChannel()
    const sent: unknown[] = []
    port2.addEventListener('message', (event) => sent.push(event.data))
    serveEngine(there, port2)
    port1.start()
    const handle: WorkerHandle = {
      label: 'channel',
      endpoint: port1,
      onFailure: () => {},
      terminate: () => port1.close(),
      keepAlive: () => {},
    }
    return { here: await remoteEngine(handle, options), there, sent }
  }

  test('streams batches in order, whole, then undefined, then what it cost', async () => {
    const { here } = await open()
    const stream = await here.execute({ sql: 'rows 3' })
    expect(stream.schema).toEqual(numbers)
    const first: number[] = []
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
      first.push(new DataView(batch.columns[0]!.values!.buffer).getInt32(0, true))
    }
    expect(first).toEqual([0, 1, 2])
    expect(await stream.next()).toBeUndefined()
    expect(await stream.metrics()).toMatchObject({ rows: 3 })
    await here.close()
  })

  test('asks for one batch ahead and no more', async () => {
    const { here, there } = await open()
    const stream = await here.execute({ sql: 'rows 100' })
    await stream.next()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(there.batchesMade).toBe(2)
    await stream.close()
    expect(there.openStreams).toBe(0)
    await here.close()
  })

  test('concurrent next() calls each get their own batch', async () => {
    const { here } = await open()
    const stream = await here.execute({ sql: 'rows 3' })
    const batches = await Promise.all([1, 2, 3, 4, 5].map(() => stream.next()))
    expect(batches.map((batch) => batch && new DataView(batch.columns[0]!.values!.buffer).getInt32(0, true))).toEqual([
      0,
      1,
      2,
      undefined,
      undefined,
    ])
    await here.close()
  })

  test('a result read after close() says so, and close() twice is fine', async () => {
    const { here } = await open()
    const stream = await here.execute({ sql: 'rows 3' })
    await stream.close()
    await stream.close()
    expect(await failureOf(stream.next())).toMatchObject({ code: 'CLOSED' })
    await here.close()
  })

  test('errors cross whole: code, details, stack, and every cause', async () => {
    const { here } = await open()
    for (const call of [() => here.describe({ sql: 'fail' }), () => here.execute({ sql: 'fail' })]) {
      const error = await failureOf(call())
      expect(isLakefrontError(error, 'COLUMN_NOT_FOUND')).toBe(true)
      expect(error.message).toBe('Column "agee" not found.')
      expect(error.details).toEqual({ columns: ['age'], position: 7 })
      expect(error.stack).toContain('obstinate-engine')
      expect(error.cause).toMatchObject({ name: 'RangeError', message: 'the cause', cause: { code: 'NETWORK' } })
    }
    const stream = await here.execute({ sql: 'next fail' })
    expect(await failureOf(stream.next())).toMatchObject({ code: 'COLUMN_NOT_FOUND' })
    expect(await failureOf(stream.next())).toMatchObject({ code: 'COLUMN_NOT_FOUND' })
    await here.close()
  })

  test('details that cannot be cloned do not cost the code', async () => {
    const { here } = await open()
    const error = await failureOf(here.describe({ sql: 'unsendable' }))
    expect(error).toMatchObject({ code: 'INTERNAL', details: { fine: 1, odd: '() => 1' } })
    await here.close()
  })

  test('an argument that cannot be cloned is the caller’s mistake', async () => {
    const { here } = await open()
    const parameters = [(() => 1) as unknown as number]
    expect(await failureOf(here.execute({ sql: 'rows 1', parameters }))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    await here.close()
  })

  test('an abort before the start sends nothing and rethrows the reason', async () => {
    const { here, sent } = await open()
    const before = sent.length
    const reason = { mine: true }
    const signal = AbortSignal.abort(reason)
    expect(await failureOf(here.execute({ sql: 'rows 1' }, { signal }))).toBe(reason)
    expect(await failureOf(here.describe({ sql: 'rows 1' }, { signal }))).toBe(reason)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(sent.length).toBe(before)
    await here.close()
  })

  test('an abort while it runs rethrows the reason and stops the statement there', async () => {
    const { here, there } = await open()
    for (const sql of ['obey', 'next obey']) {
      const controller = new AbortController()
      const reason = new Error('enough')
      const { signal } = controller
      const running = here.execute({ sql }, { signal }).then((stream) => stream.next())
      setTimeout(() => controller.abort(reason), 20)
      expect(await failureOf(running)).toBe(reason)
      await expect.poll(() => there.openStreams).toBe(0)
    }
    expect((await here.execute({ sql: 'rows 1' })).schema).toEqual(numbers)
    await here.close()
  })

  test('an abort between two batches stops the statement and fails the next one', async () => {
    const { here, there } = await open()
    const controller = new AbortController()
    const stream = await here.execute({ sql: 'rows 100' }, { signal: controller.signal })
    await stream.next()
    controller.abort('over')
    await expect.poll(() => there.openStreams).toBe(0)
    expect(await failureOf(stream.next())).toBe('over')
    await here.close()
  })

  test('an abort after the end changes nothing', async () => {
    const { here } = await open()
    const controller = new AbortController()
    const stream = await here.execute({ sql: 'rows 0' }, { signal: controller.signal })
    expect(await stream.next()).toBeUndefined()
    controller.abort('over')
    expect(await stream.metrics()).toMatchObject({ rows: 0 })
    await here.close()
  })

  test('progress comes about ten times a second, and not after the end', async () => {
    const { here } = await open()
    const controller = new AbortController()
    const heard: Progress[] = []
    const running = here.execute(
      { sql: 'progress' },
      { signal: controller.signal, onProgress: (progress) => heard.push(progress) },
    )
    setTimeout(() => controller.abort(), 350)
    await failureOf(running)
    const count = heard.length
    expect(count).toBeGreaterThanOrEqual(2)
    expect(count).toBeLessThanOrEqual(5)
    expect(heard[0]).toEqual({ rowsScanned: 1, bytesFetched: 2 })
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(heard.length).toBe(count)
    await here.close()
  })

  test('close() rejects what runs with CLOSED, closes the engine once, and is final', async () => {
    const { here, there } = await open()
    const running = failureOf(here.execute({ sql: 'obey' }))
    await Promise.all([here.close(), here.close()])
    await here.close()
    expect(await running).toMatchObject({ code: 'CLOSED' })
    expect(there.closed).toBe(1)
    expect(await failureOf(here.execute({ sql: 'rows 1' }))).toMatchObject({ code: 'CLOSED' })
    expect(await failureOf(here.register({ id: 'x', format: 'parquet', files: [] }))).toMatchObject({ code: 'CLOSED' })
  })

  test('bytes of a source stay the caller’s, and only the view is sent', async () => {
    const { here, there } = await open()
    const bytes = new Uint8Array(1_000).subarray(10, 13)
    await here.register({ id: 'x', format: 'parquet', files: [bytes, new Blob(['abc'])] })
    expect(bytes.length).toBe(3)
    const source = there.sources.get('x')!
    const [received, blob] = source.format === 'parquet' ? source.files : []
    expect((received as Uint8Array).buffer.byteLength).toBe(3)
    expect(await (blob as Blob).text()).toBe('abc')
    await here.unregister('x')
    expect(there.sources.size).toBe(0)
    await here.close()
  })
})

describe('over a thread', () => {
  let script: URL
  beforeAll(async () => {
    script = await buildWorker('./obstinate-worker.ts')
  })

  test.each([
    ['exit 7', /exit code 7/],
    ['crash', /crashed on request/],
  ])('a worker that does "%s" rejects everything that is pending', async (sql, message) => {
    const lost: LakefrontError[] = []
    const engine = await remoteEngine(spawnWorker(script), { onLost: (error) => lost.push(error) })
    const stream = await engine.execute({ sql: 'next ignore' })
    const pending = [
      stream.next(),
      stream.next(),
      engine.describe({ sql: 'ignore' }),
      engine.execute({ sql: 'obey' }),
      engine.execute({ sql }),
    ]
    const errors = await Promise.all(pending.map(failureOf))
    for (const error of errors) expect(error).toMatchObject({ code: 'WORKER_LOST', retrySafe: true })
    expect(errors[0]!.message).toMatch(message)
    expect(errors[0]!.message).toMatch(/Run the query again/)
    expect(lost).toEqual([errors[0]])
    expect(await failureOf(stream.next())).toMatchObject({ code: 'WORKER_LOST' })
    expect(await failureOf(engine.describe({ sql: 'rows 1' }))).toMatchObject({ code: 'WORKER_LOST' })
    await stream.close()
    await engine.close()
  })

  test('a worker that somebody else terminates rejects everything that is pending', async () => {
    const worker = spawnWorker(script)
    const engine = await remoteEngine(worker)
    const running = failureOf(engine.execute({ sql: 'loop' }))
    const waiting = failureOf(engine.execute({ sql: 'rows 1' }))
    setTimeout(() => worker.terminate(), 30)
    expect(await running).toMatchObject({ code: 'WORKER_LOST', details: { loaded: true, exitCode: 1 } })
    expect(await waiting).toMatchObject({ code: 'WORKER_LOST' })
  })

  test.each([
    ['loop', '0.1 s'],
    ['next loop', '0.1 s'],
    ['ignore', '1 s'],
  ])(
    '"%s" is ended hard when it does not stop within %s: a worker that answers has longer than a silent one',
    async (sql, within) => {
      const engine = await remoteEngine(spawnWorker(script), { stopWithin: 100 })
      const controller = new AbortController()
      const bystander = failureOf(engine.execute({ sql: 'obey' }))
      const running = engine.execute({ sql }, { signal: controller.signal }).then((stream) => stream.next())
      setTimeout(() => controller.abort('over'), 50)
      expect(await failureOf(running)).toBe('over')
      const error = await bystander
      expect(error).toMatchObject({ code: 'WORKER_LOST' })
      expect(error.message).toContain(`did not end within ${within} of being stopped`)
    },
  )

  test('closing a stream or an engine whose thread is blocked ends by the deadline', async () => {
    const first = await remoteEngine(spawnWorker(script), { stopWithin: 100 })
    const stream = await first.execute({ sql: 'next loop' })
    const step = failureOf(stream.next())
    await stream.close()
    expect(['CLOSED', 'WORKER_LOST']).toContain((await step).code)
    const second = await remoteEngine(spawnWorker(script), { stopWithin: 100 })
    const running = failureOf(second.execute({ sql: 'loop' }))
    await second.close()
    expect(await running).toMatchObject({ code: 'CLOSED' })
  })

  test('a script that does not exist', async () => {
    const url = new URL('./no-such-worker.mjs?token=secret', script)
    const error = await failureOf(remoteEngine(spawnWorker(url)))
    expect(error).toMatchObject({ code: 'WORKER_LOST', details: { loaded: false } })
    expect(error.message).toMatch(/no-such-worker\.mjs" could not be loaded.*workerUrl/)
    expect(error.message).not.toContain('secret')
  })

  test.each([
    ['throw new Error("no good")', /could not be loaded: no good/],
    ['process.exit(3)', /could not be loaded \(it ended with exit code 3\)/],
    ['', /could not be loaded \(it ended with exit code 0\)/],
    ['setInterval(() => {}, 1000)', /did not answer within 0\.2 s/],
  ])('a script that is not ours: %s', async (source, message) => {
    const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
    const loadWithin = source.startsWith('setInterval') ? 200 : 20_000
    const error = await failureOf(remoteEngine(spawnWorker(url), { loadWithin }))
    expect(error).toMatchObject({ code: 'WORKER_LOST', details: { loaded: false } })
    expect(error.message).toMatch(message)
  })

  test('an abort while it opens ends the worker and rethrows the reason', async () => {
    const worker = spawnWorker(new URL('data:text/javascript,setInterval(() => {}, 1000)'))
    let exited = false
    worker.onFailure(() => (exited = true))
    expect(await failureOf(remoteEngine(worker, { signal: AbortSignal.timeout(30) }))).toMatchObject({
      name: 'TimeoutError',
    })
    await expect.poll(() => exited).toBe(true)
  })
})
