import { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parquetDecoder } from '../format/parquet/decode.ts'
import { decoderModule } from '../format/parquet/decoder-module.ts'
import { encodeHere, streamEncoder } from '../format/parquet/encode.ts'
import type { EncodePlace } from '../format/parquet/encode.ts'
import { batchOfColumns, wasmOf } from '../format/parquet/fixtures/write-file.ts'
import { parquetEncoder } from '../format/parquet/parquet-encoder.ts'
import type { ParquetSummary } from '../format/parquet/parquet-writer.ts'
import { DecodePool } from '../scan/decode-pool.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import { bytesOf } from '../types/typed-view.ts'
import { connectDecoder } from './connect-decoder.ts'
import { buildWorker } from './fixtures/build-worker.ts'
import { nodeWorker } from './node-worker.ts'

const module = decoderModule(wasmOf())
const encoder = streamEncoder(module)
let script: URL

beforeAll(async () => {
  script = await buildWorker('obstinate-decoder-worker.ts')
})

const pools: DecodePool[] = []
afterEach(() => pools.splice(0).forEach((pool) => pool.close()))

/** A pool on real threads, and the columns that were encoded in them. */
function openPool(cores: number): { pool: DecodePool; there: string[] } {
  const there: string[] = []
  const spawn = (): ReturnType<typeof connectDecoder> => {
    const handle = connectDecoder(nodeWorker(new Worker(script, { execArgv: [] }), 'decoder'))
    return {
      start: (compiled) => handle.start(compiled),
      close: () => handle.close(),
      get memoryBytes() {
        return handle.memoryBytes
      },
      decode: (request) => handle.decode(request),
      decodeSplit: (split) => handle.decodeSplit(split),
      encode(request) {
        there.push(request.name)
        return handle.encode(request)
      },
    }
  }
  const pool = new DecodePool({ decoder: parquetDecoder(module), encoder, module, workers: { cores, spawn } })
  pools.push(pool)
  return { pool, there }
}

const rows = 400_000
const texts = Array.from({ length: rows }, (_, index) => `text ${(index * 7919) % 50_000}`)
const numbers = Float64Array.from({ length: rows }, (_, index) => Math.sin(index))

/** Enough work for workers to be started, in batches that do not end with the row groups. */
function rowsOf(...names: string[]): ReturnType<typeof batchOfColumns> {
  return batchOfColumns(
    names.map((name, index) =>
      index === 0
        ? [name, { kind: 'varchar' }, columnFromValues({ kind: 'varchar' }, texts)]
        : [name, { kind: 'double' }, { length: rows, nullCount: 0, values: bytesOf(numbers) }],
    ),
  )
}

async function write(
  place: EncodePlace,
  { fields, batch }: ReturnType<typeof batchOfColumns>,
): Promise<{ file: Buffer; summary: ParquetSummary }> {
  const pieces: Uint8Array[] = []
  let emitting = 0
  const writer = parquetEncoder(place).open(fields, {
    rowGroupRows: 50_000,
    emit: async (bytes) => {
      expect(++emitting).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 2))
      pieces.push(bytes)
      emitting--
    },
  })
  await writer.write(batch)
  const summary = await writer.finish()
  return { file: Buffer.concat(pieces), summary }
}

describe('files whose columns workers encode', () => {
  test.each([2, 4])('are those encoded in place, on %i cores', async (cores) => {
    const given = rowsOf('s', 'a', 'b', 'c')
    const expected = await write(encodeHere(encoder), given)
    const { pool, there } = openPool(cores)
    for (let round = 0; there.length === 0; round++) {
      const { file, summary } = await write(pool, given)
      expect(file.equals(expected.file)).toBe(true)
      expect(summary).toEqual(expected.summary)
      expect(round).toBeLessThan(10)
    }
    expect(pool.warnings).toEqual([])
  })

  test('rows are taken while a row group is encoded', async () => {
    const { pool } = openPool(2)
    const { fields, batch } = rowsOf('s', 'a')
    let emitted = 0
    const writer = parquetEncoder(pool).open(fields, { rowGroupRows: rows, emit: () => void emitted++ })
    await writer.write(batch)
    const [before, size] = [emitted, writer.size]
    await writer.finish()
    expect(before).toBe(0)
    expect(size).toBeGreaterThan(1_000_000)
    expect(emitted).toBeGreaterThan(0)
  })

  test('a column that ends workers is named, and the writer stays failed', async () => {
    const { pool, there } = openPool(2)
    const given = rowsOf('s', 'a', 'b', 'c')
    while (there.length === 0) await write(pool, given)
    const writer = parquetEncoder(pool).open([{ name: 'deadly', type: { kind: 'double' } }], { emit: () => {} })
    const column = { length: 3_000_000, nullCount: 0, values: new Uint8Array(24_000_000) }
    await writer.write(batchOfColumns([['deadly', { kind: 'double' }, column]]).batch).catch(() => {})
    const failed = expect.objectContaining({ code: 'ENGINE_FAILED', message: expect.stringContaining('"deadly"') })
    await expect(writer.finish()).rejects.toEqual(failed)
    await expect(writer.finish()).rejects.toEqual(failed)
    expect((await write(pool, given)).summary.rows).toBe(rows)
  })

  test('closing the pool fails what is under way', async () => {
    const { pool } = openPool(2)
    const { fields, batch } = rowsOf('s', 'a')
    const writer = parquetEncoder(pool).open(fields, { rowGroupRows: 50_000, emit: () => {} })
    const writing = writer.write(batch)
    pool.close()
    await expect(writing.then(() => writer.finish())).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
