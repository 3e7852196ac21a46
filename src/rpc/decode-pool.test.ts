import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { LakefrontError } from '../errors.ts'
import { avroEncoder } from '../format/avro/avro-encoder.ts'
import { openAvro } from '../format/avro/container.ts'
import { readAvro } from '../format/avro/read-avro.ts'
import { parquetDecoder } from '../format/parquet/decode.ts'
import type { DecodeRequest } from '../format/parquet/decode.ts'
import { decoderModule } from '../format/parquet/decoder-module.ts'
import { readFooter } from '../format/parquet/footer.ts'
import { DecodePool } from '../scan/decode-pool.ts'
import type { DecodePoolOptions } from '../scan/decode-pool.ts'
import type { DecodedColumn } from '../scan/decoder-handle.ts'
import { nativeConnection } from '../scan/fixtures/native.ts'
import { MemoryBudget } from '../scan/memory-budget.ts'
import { splitPlace } from '../scan/split-place.ts'
import { batchFromRows } from '../types/batch-from-rows.ts'
import { memorySource } from '../storage/memory.ts'
import { failure } from '../storage/conformance.ts'
import { connectDecoder } from './connect-decoder.ts'
import { buildWorker } from './fixtures/build-worker.ts'
import { nodeWorker } from './node-worker.ts'

const wasm = createRequire(import.meta.url).resolve('parquet-wasm/esm/parquet_wasm_bg.wasm')
const module = decoderModule(async () => readFileSync(wasm))
const inPlace = parquetDecoder(module)

let native: DuckDBConnection
let folder: string
let script: URL

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-pool-'))
  script = await buildWorker('obstinate-decoder-worker.ts')
})

afterAll(() => {
  native.closeSync()
  rmSync(folder, { recursive: true })
})

const pools: DecodePool[] = []
afterEach(() => pools.splice(0).forEach((pool) => pool.close()))

interface Watched {
  readonly pool: DecodePool
  readonly threads: Worker[]
  /** Columns that workers were asked for, in order. */
  readonly asked: string[]
}

/** A pool on real threads. */
function openPool({ cores = 3, ...options }: Partial<DecodePoolOptions> & { cores?: number } = {}): Watched {
  const threads: Worker[] = []
  const asked: string[] = []
  const spawn = (): ReturnType<typeof connectDecoder> => {
    const thread = new Worker(script, { execArgv: [] })
    threads.push(thread)
    const handle = connectDecoder(nodeWorker(thread, 'decoder'))
    return {
      start: (compiled) => handle.start(compiled),
      close: () => handle.close(),
      get memoryBytes() {
        return handle.memoryBytes
      },
      decode(request) {
        asked.push(request.column.field.name)
        return handle.decode(request)
      },
      decodeSplit(split) {
        asked.push(split.label)
        return handle.decodeSplit(split)
      },
      encode: (request) => handle.encode(request),
    }
  }
  const pool = new DecodePool({ decoder: inPlace, module, workers: { cores, spawn }, ...options })
  pools.push(pool)
  return { pool, threads, asked }
}

/** One request for each column of each row group of a file that native DuckDB writes. */
async function requestsOf(query: string, options = ''): Promise<DecodeRequest[]> {
  const path = join(folder, `${crypto.randomUUID()}.parquet`)
  await native.run(`COPY (${query}) TO '${path}' (FORMAT parquet${options === '' ? '' : `, ${options}`})`)
  const bytes = new Uint8Array(readFileSync(path))
  const footer = await readFooter(memorySource(bytes))
  return footer.rowGroups.flatMap((rowGroup) =>
    footer.columns.map((column) => {
      const chunks = rowGroup.chunks.slice(column.firstLeaf, column.endLeaf)
      return { column, rowGroup, bytes: chunks.map(({ start, end }) => bytes.subarray(start, end)) }
    }),
  )
}

/** Enough work for every worker, so that they are started and used. */
const heavy = (names: string, rows = 500_000): string =>
  `SELECT ${names
    .split(' ')
    .map((name, index) => `(hash(i + ${index}) >> 1)::BIGINT AS ${name}`)
    .join(', ')} FROM range(${rows}) t(i)`

let warming: Promise<DecodeRequest[]> | undefined

/** A pool whose workers run already, so that it decodes nothing itself unless it is lent a thread. */
async function warmPool(options: { cores?: number; idleMilliseconds?: number } = {}): Promise<Watched> {
  const watched = openPool(options)
  const requests = await (warming ??= requestsOf(heavy('w x y z')))
  while (watched.asked.length === 0) await Promise.all(requests.map((request) => watched.pool.decode(request)))
  watched.asked.length = 0
  return watched
}

/** Buffers as text, so that large ones compare fast; absent ones stay absent. */
function printed(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  }
  if (Array.isArray(value)) return value.map(printed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, printed(part)]))
}

async function expectEqualInPlace(requests: DecodeRequest[], decoded: DecodedColumn[]): Promise<void> {
  for (const [index, request] of requests.entries()) {
    const expected = JSON.stringify(printed(await inPlace.decode(request)))
    expect(JSON.stringify(printed(decoded[index]!.batches)) === expected, request.column.field.name).toBe(true)
  }
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const kinds = `SELECT i, hash(i) AS random, (i % 100)::DECIMAL(15, 2) AS low, (hash(i) % 1000000007)::DECIMAL(38, 3) AS high,
  i % 3 = 0 AS flag, hash(i)::DOUBLE / 7 AS real, DATE '2020-01-01' + (i % 1000)::INT AS day, TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS moment,
  'value ' || (i % 50) AS few, md5(i::VARCHAR) AS many, CASE WHEN i % 5 > 0 THEN i END AS gaps, md5(i::VARCHAR)::BLOB AS bytes, uuid() AS id,
  [i, NULL, i + 1] AS list, {'a': i, 'b': 'x' || i % 9} AS struct, MAP {i: 'v' || i % 3} AS map, [[i % 7, 1], []] AS deep
  FROM range(2500) t(i)`

describe('columns decoded by workers are those decoded in place', () => {
  test.each(['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4_raw'])('%s', async (codec) => {
    const requests = await requestsOf(kinds, `COMPRESSION ${codec}, ROW_GROUP_SIZE 2048`)
    const more = await requestsOf(kinds, `COMPRESSION ${codec}, PARQUET_VERSION v2`)
    const { pool, asked } = await warmPool()
    const decoded = await Promise.all([...requests, ...more].map((request) => pool.decode(request)))
    await expectEqualInPlace([...requests, ...more], decoded)
    expect(asked.length).toBe(requests.length + more.length)
    expect(pool.warnings).toEqual([])
  })

  test('the bytes stay the caller’s', async () => {
    const requests = await requestsOf(heavy('a b c'))
    const before = requests.map(({ bytes }) => bytes.map((part) => part.length))
    const { pool, asked } = await warmPool()
    await Promise.all(requests.map((request) => pool.decode(request)))
    expect(asked.length).toBe(requests.length)
    expect(requests.map(({ bytes }) => bytes.map((part) => part.length))).toEqual(before)
  })

  test('batches of a row group share their dictionary', async () => {
    const [request] = await requestsOf(
      `SELECT 'value ' || hash(i) % 20000 AS d FROM range(600000) t(i)`,
      'ROW_GROUP_SIZE 600000',
    )
    const { pool, asked } = await warmPool()
    const { batches } = await pool.decode(request!)
    expect(asked).toEqual(['d'])
    expect(batches.length).toBe(5)
    expect(new Set(batches.map(({ dictionary }) => dictionary)).size).toBe(1)
  })
})

describe('when workers are used', () => {
  test('little work starts none', async () => {
    const requests = await requestsOf('SELECT i, i + 1 AS j FROM range(1000) t(i)')
    const { pool, threads } = openPool()
    await Promise.all(requests.map((request) => pool.decode(request)))
    expect(threads).toEqual([])
  })

  test('there are never more than the size, which follows the cores', async () => {
    const requests = await requestsOf(heavy('a b c d e f', 1_000_000))
    for (const [cores, size] of [
      [1, 1],
      [2, 1],
      [3, 2],
      [64, 4],
    ]) {
      const { pool, threads } = openPool({ cores: cores! })
      expect(pool.size).toBe(size)
      await Promise.all(requests.map((request) => pool.decode(request)))
      expect(threads.length).toBe(size)
    }
  })

  test('a hundred requests at once, in any number of workers', async () => {
    const requests = await requestsOf(heavy('a b c d', 500_000), 'ROW_GROUP_SIZE 20480')
    expect(requests.length).toBe(100)
    const { pool, threads, asked } = await warmPool({ cores: 5 })
    await expectEqualInPlace(requests, await Promise.all(requests.map((request) => pool.decode(request))))
    expect(threads.length).toBeLessThanOrEqual(4)
    expect(asked.length).toBe(100)
  })

  test('a thread that lends itself takes part while it waits, and no longer', async () => {
    const requests = await requestsOf(heavy('a b c d e f g h', 1_000_000), 'ROW_GROUP_SIZE 122880')
    const { pool, asked } = await warmPool({ cores: 2 })
    const decoded = Promise.all(requests.map((request) => pool.decode(request)))
    pool.lend(decoded)
    await decoded
    expect(asked.length).toBeLessThan(requests.length)
    asked.length = 0
    await Promise.all(requests.map((request) => pool.decode(request)))
    expect(asked.length).toBe(requests.length)
  })

  test('workers without work end after a while, and come back', async () => {
    const requests = await requestsOf(heavy('a b c'))
    const { pool, threads } = await warmPool({ idleMilliseconds: 50 })
    await until(() => threads.every(({ threadId }) => threadId === -1))
    const started = threads.length
    await expectEqualInPlace(requests, await Promise.all(requests.map((request) => pool.decode(request))))
    expect(threads.length).toBeGreaterThan(started)
  })
})

describe('what goes wrong', () => {
  test('a worker that is killed while it decodes: its requests are decoded by another', async () => {
    const requests = await requestsOf(heavy('slow a b c d'))
    const { pool, threads, asked } = await warmPool({ cores: 2 })
    const decoded = Promise.all(requests.map((request) => pool.decode(request)))
    await until(() => asked.length > 0)
    await threads[0]!.terminate()
    await expectEqualInPlace(requests, await decoded)
    expect(threads.length).toBe(2)
    expect(pool.warnings).toEqual([])
  })

  test('a request that ends two workers fails, and the others do not', async () => {
    const requests = await requestsOf(heavy('a deadly b c d'))
    const { pool, threads, asked } = await warmPool({ cores: 2 })
    const outcomes = await Promise.allSettled(requests.map((request) => pool.decode(request)))
    for (const [index, { column }] of requests.entries()) {
      const outcome = outcomes[index]!
      if (column.field.name !== 'deadly') expect(outcome.status).toBe('fulfilled')
      else if (outcome.status === 'rejected') {
        expect(outcome.reason).toMatchObject({ code: 'ENGINE_FAILED', details: { column: 'deadly' } })
        expect(outcome.reason.message).toContain('"deadly"')
      }
    }
    expect(outcomes[1]!.status).toBe('rejected')
    expect(asked.filter((name) => name === 'deadly').length).toBeGreaterThanOrEqual(2)
    expect(threads.length).toBeGreaterThanOrEqual(2)
  })

  test('damaged chunks fail as they do in place, and the workers go on', async () => {
    const requests = await requestsOf(heavy('a b c'))
    const damaged = requests.map((request) => ({
      ...request,
      bytes: request.bytes.map((part) => new Uint8Array(part.length).fill(0xff)),
    }))
    const cut = requests.map((request) => ({ ...request, bytes: request.bytes.map((part) => part.subarray(0, 100)) }))
    const { pool, threads, asked } = await warmPool({ cores: 2 })
    for (const request of [...damaged, ...cut]) {
      const here = (await failure(inPlace.decode(request))) as LakefrontError
      expect(await failure(pool.decode(request))).toMatchObject({ code: 'CORRUPT_FILE', message: here.message })
    }
    await expectEqualInPlace(requests, await Promise.all(requests.map((request) => pool.decode(request))))
    expect(asked.length).toBe(damaged.length + cut.length + requests.length)
    expect(threads.length).toBe(1)
  })

  test('an abort drops what waits, with the reason given', async () => {
    const requests = await requestsOf(heavy('slow a b c d e f g', 2_000_000), 'ROW_GROUP_SIZE 122880')
    const { pool, asked } = await warmPool({ cores: 2 })
    const controller = new AbortController()
    const { signal } = controller
    const aborted = requests.map((request) => pool.decode(request, { signal }))
    const outcomes = Promise.allSettled(aborted)
    const before = asked.length
    controller.abort(new Error('enough'))
    const settled = await outcomes
    expect(asked.length).toBe(before)
    expect(before).toBeLessThan(requests.length / 2)
    const reasons = settled.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.message] : []))
    expect(new Set(reasons)).toEqual(new Set(['enough']))
    expect(reasons.length).toBe(requests.length - before)
  })

  test('close() rejects what is pending and ends the workers', async () => {
    const requests = await requestsOf(heavy('slow a b c d'))
    const { pool, threads } = await warmPool()
    const outcomes = Promise.allSettled(requests.map((request) => pool.decode(request)))
    pool.close()
    const codes = (await outcomes).flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    expect(new Set(codes)).toEqual(new Set(['CLOSED']))
    await until(() => threads.every(({ threadId }) => threadId === -1))
    expect(await failure(pool.decode(requests[0]!))).toMatchObject({ code: 'CLOSED' })
  })

  test('where workers are forbidden it decodes in place, and says so once', async () => {
    const requests = await requestsOf(heavy('a b c'))
    const forbid = (): never => {
      throw new Error('no threads here')
    }
    const { pool } = openPool({ workers: { cores: 4, spawn: forbid } })
    await expectEqualInPlace(requests, await Promise.all(requests.map((request) => pool.decode(request))))
    expect(pool.warnings).toEqual([expect.stringContaining('no threads here')])
    expect(pool.size).toBe(0)
  })

  test('where the script is not there it decodes in place, and says so once', async () => {
    const requests = await requestsOf(heavy('a b c'))
    const missing = new URL('no-such-script.mjs', script)
    const spawn = (): ReturnType<typeof connectDecoder> => connectDecoder(nodeWorker(new Worker(missing), 'decoder'))
    const { pool } = openPool({ workers: { cores: 4, spawn } })
    await expectEqualInPlace(requests, await Promise.all(requests.map((request) => pool.decode(request))))
    await until(() => pool.size === 0)
    expect(pool.warnings).toEqual([expect.stringContaining('no-such-script')])
    await expectEqualInPlace(requests, await Promise.all(requests.map((request) => pool.decode(request))))
  })
})

test('of thousands that wait each is looked at a few times, not each time one is done', async () => {
  const decoder = { memoryBytes: 0, ready: async () => {}, decode: async () => [] }
  const pool = new DecodePool({ decoder })
  const request = {
    column: { field: { name: 'c' }, firstLeaf: 0, endLeaf: 0 },
    rowGroup: { rows: 0, chunks: [] },
    bytes: [],
  } as unknown as DecodeRequest
  let looks = 0
  const signal = {
    get aborted() {
      looks++
      return false
    },
  } as AbortSignal
  await Promise.all(Array.from({ length: 2000 }, () => pool.decode(request, { signal })))
  expect(looks).toBeLessThan(20_000)
  pool.close()
})

test('splits of Avro are decoded in threads, and come in their order', async () => {
  const batch = batchFromRows({ n: Array.from({ length: 60_000 }, (_, index) => index), s: Array(60_000).fill('é') })
  const encoder = await avroEncoder(batch.schema, { blockBytes: 2000 })
  const chunks = [...encoder.head()]
  for await (const chunk of encoder.batch(batch)) chunks.push(chunk)
  for await (const chunk of encoder.tail()) chunks.push(chunk)
  const file = await openAvro(memorySource(new Uint8Array(Buffer.concat(chunks)), 'x.avro'))
  const { pool, asked } = await warmPool()
  const memory = new MemoryBudget(1e9)
  const place = splitPlace(pool, memory)
  expect(place.room).toBe(3)
  const values: number[] = []
  for await (const { length, columns } of readAvro(file, [0], { readsAhead: true, place, splitBytes: 5000 })) {
    expect(length).toBeLessThan(20_000)
    const { buffer, byteOffset } = columns[0]!.values!
    values.push(...new Int32Array(buffer, byteOffset, length))
  }
  expect(values).toEqual(Array.from({ length: 60_000 }, (_, index) => index))
  expect(asked.filter((name) => name === 'x.avro').length).toBeGreaterThan(0)
  expect(memory.use.inFlight).toBe(0)
})
