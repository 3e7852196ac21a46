import { describe, expect, test } from 'vitest'
import { connect } from './connect.ts'
import type { ConnectOptions } from './connect/options.ts'
import type { QueryEvent } from './engine/observed-engine.ts'
import type { LakefrontError } from './errors.ts'
import type { MemoryUse } from './scan/memory-budget.ts'

/** The built script of the engine's thread; the main side is the source beside this file. */
const workerUrl = new URL('../dist/worker/engine-node.js', import.meta.url)

const failureOf = (promise: Promise<unknown>): Promise<LakefrontError> =>
  promise.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: LakefrontError) => error,
  )

describe('what connect() refuses', () => {
  test.each([
    [{ memoryLimt: '2GB' }, 'INVALID_ARGUMENT', /no option "memoryLimt".*Did you mean "memoryLimit"\?/],
    [
      { like: 'opfs:/lake' },
      'INVALID_ARGUMENT',
      /no option "like"\. Options: engine, engineBinary, .*Did you mean "lake"/,
    ],
    [{ engine: 'native' }, 'UNSUPPORTED', /no engine "native"\. Engines: 'auto', 'duckdb-wasm', 'duckdb-native'/],
    [{ memoryLimit: '2 elephants' }, 'INVALID_ARGUMENT', /^memoryLimit: "2 elephants" is not a size/],
    [{ memoryLimit: -1 }, 'INVALID_ARGUMENT', /^memoryLimit: -1 is not a size/],
    [{ engineBinary: 'slimm' }, 'INVALID_ARGUMENT', /^engineBinary: give 'slim', 'full', or the URL/],
    [{ stopWithin: '2s' }, 'INVALID_ARGUMENT', /^stopWithin: give a number/],
    [{ rangeCache: { memori: 1 } }, 'INVALID_ARGUMENT', /^rangeCache has no option "memori".*Did you mean "memory"\?/],
    [{ rangeCache: { persistent: true } }, 'INVALID_ARGUMENT', /^rangeCache\.persistent: true is not a size/],
    [{ fetchLimit: { bytes: 'some' } }, 'INVALID_ARGUMENT', /^fetchLimit\.bytes: "some" is not a size/],
    [{ fetchLimit: { requests: -1 } }, 'INVALID_ARGUMENT', /^fetchLimit\.requests: -1 is not a positive whole number/],
    [{ storage: { renewUrl: 'x' } }, 'INVALID_ARGUMENT', /^storage\.renewUrl: is not a function/],
    [
      { storage: { revalidate: 'never' } },
      'INVALID_ARGUMENT',
      /^storage\.revalidate: "never" is not a number of seconds, or 'always'/,
    ],
    [{ storage: { s3: { bucket: 'b' } } }, 'INVALID_ARGUMENT', /^storage\.s3 has no option "bucket"/],
    [{ storage: { s3: { endpoint: 'here' } } }, 'INVALID_ARGUMENT', /^storage\.s3\.endpoint: is not a URL/],
    [
      { storage: { s3: { credentials: { accessKeyId: 'secret' } } } },
      'INVALID_ARGUMENT',
      /^storage\.s3\.credentials\.secretAccessKey: is missing/,
    ],
    [{ storage: { retry: { attempts: '3' } } }, 'INVALID_ARGUMENT', /^storage\.retry\.attempts: "3" is not a number/],
  ])('%j', async (options, code, message) => {
    const error = await failureOf(connect(options as unknown as ConnectOptions))
    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(message)
  })

  test.each([
    ['sc://host:15002', /^A connection to "sc:" is not supported/],
    ['mysql://user:secret@host', /^A connection to "mysql:" is not supported/],
    ['elsewhere', /^This connection string is not supported/],
  ])('the connection string %s', async (target, message) => {
    const error = await failureOf(connect(target))
    expect(error).toMatchObject({ code: 'UNSUPPORTED' })
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('secret')
  })

  test('an engine file that is not there', async () => {
    const engineBinary = new URL('./no-such.wasm', import.meta.url)
    for (const worker of [true, false]) {
      expect(await failureOf(connect({ workerUrl, worker, engineBinary }))).toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  test('a script that is not there', async () => {
    const missing = new URL('./no-such-engine.js', import.meta.url)
    expect(await failureOf(connect({ workerUrl: missing }))).toMatchObject({ code: 'WORKER_LOST' })
    expect(await failureOf(connect({ workerUrl: missing, worker: false }))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a signal that is aborted, before and while it opens', async () => {
    for (const worker of [true, false]) {
      expect(await failureOf(connect({ workerUrl, worker, signal: AbortSignal.abort('no') }))).toBe('no')
      const controller = new AbortController()
      setTimeout(() => controller.abort('enough'), 5)
      expect(await failureOf(connect({ workerUrl, worker, signal: controller.signal }))).toBe('enough')
    }
  })
})

describe.each([true, false])('a session, with worker: %j', (worker) => {
  test('says what runs it', async () => {
    await using db = await connect({ workerUrl, worker })
    expect(db.engine).toMatchObject({ name: 'duckdb-wasm', version: 'v1.5.6', binary: 'slim' })
    expect(db.engine.bootMilliseconds).toBeGreaterThan(0)
  })

  test('has DataFrames of text, templates, tables and rows', async () => {
    await using db = await connect({ workerUrl, worker })
    const rows = db.createDataFrame([
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ])
    expect(await rows.collect()).toEqual([
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ])
    expect(await db.sql`SELECT name FROM ${rows} WHERE id > ${1}`.collect()).toEqual([{ name: 'b' }])
    expect(await db.sql('SELECT ? AS x, ? AS y', ['it’s', null]).collect()).toEqual([{ x: 'it’s', y: null }])
    await db.sql('CREATE TABLE t AS SELECT 42 AS answer').collect()
    expect(await db.table('t').collect()).toEqual([{ answer: 42 }])
  })

  test('takes limits', async () => {
    await using db = await connect({ workerUrl, worker, memoryLimit: '400MB' })
    const [row] = await db.sql("SELECT current_setting('memory_limit') AS m").collect()
    expect(row!['m']).toBe('286.1 MiB')
  })

  test('tells of queries, and remembers what they cost', async () => {
    await using db = await connect({ workerUrl, worker })
    const heard: QueryEvent[] = []
    const held: MemoryUse[] = []
    db.on('memory', (use) => held.push(use))
    const stop = db.on('query', (event) => heard.push(event))
    await db.sql('SELECT * FROM range(3)').collect()
    await failureOf(db.sql('SELECT nonsense').collect())
    for await (const _batch of db.sql('SELECT * FROM range(1000000)').stream()) break
    expect(heard.map(({ outcome }) => outcome)).toEqual(['done', 'failed', 'closed'])
    expect(heard[0]).toMatchObject({ sql: expect.stringContaining('range(3)'), metrics: { rows: 3 } })
    expect(heard[1]!.error).toMatchObject({ code: 'COLUMN_NOT_FOUND' })
    expect(db.metrics).toEqual([heard[0]!.metrics])
    expect(held).toEqual([heard[0]!.metrics!.memory])
    expect(held[0]!.engine).toBeGreaterThan(8_000_000)
    stop()
    await db.sql('SELECT 1').collect()
    expect(heard.length).toBe(3)
    expect(() => db.on('quer' as 'query', () => {})).toThrow(/no event "quer"\. Events: query, memory/)
  })

  test('registers a file under a name for SQL text', async () => {
    await using db = await connect({ workerUrl, worker })
    expect(await failureOf(db.registerFile('', new Uint8Array(1)))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await failureOf(db.registerFile('x.parquet', []))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await failureOf(db.registerFile('x.parquet', Promise.resolve(5) as unknown as string))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^registerFile\(\) takes .*, not a promise \(await it\)\./),
    })
    await db.registerFile('x.parquet', new TextEncoder().encode('this is no Parquet file, long as it is'))
    expect(await failureOf(db.sql("FROM 'x.parquet'").collect())).toMatchObject({
      code: 'NOT_A_PARQUET_FILE',
      message: expect.stringMatching(/^"x.parquet" is not/),
    })
    await db.unregisterFile('x.parquet')
    await db.unregisterFile('x.parquet')
    expect(await failureOf(db.sql("FROM 'x.parquet'").collect())).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('is closed once, and says so afterwards', async () => {
    const db = await connect({ workerUrl, worker })
    const frame = db.sql('SELECT 1 AS x')
    await Promise.all([db.close(), db.close()])
    await db.close()
    expect(await failureOf(frame.collect())).toMatchObject({ code: 'CLOSED' })
    expect(await failureOf(frame.schema())).toMatchObject({ code: 'CLOSED' })
    expect(await failureOf(db.registerFile('x', 'x.parquet'))).toMatchObject({ code: 'CLOSED' })
  })
})
