import { describe, expect, it, test } from 'vitest'
import { encodeHere, streamEncoder } from '../format/parquet/encode.ts'
import { wasmOf } from '../format/parquet/fixtures/write-file.ts'
import { readFooter } from '../format/parquet/footer.ts'
import { parquetEncoder } from '../format/parquet/parquet-encoder.ts'
import { RowsWaiting } from '../format/parquet/rows-waiting.ts'
import { memoryStorage } from '../storage/memory-storage.ts'
import { batchFromRows } from '../types/batch-from-rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { heldBytes } from '../types/held-bytes.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { writeDataFiles } from './data-files.ts'
import type { OpenWriter } from './file-writer.ts'
import { spreadRows } from './spread-rows.ts'

/** A file of numbers, one a line. */
const lines: OpenWriter<number> = (emit) => {
  let size = 0
  let rows = 0
  return {
    async write(batch) {
      const bytes = new TextEncoder().encode(
        rowsFromBatch(batch)
          .map((row) => `${String(row['i'])}\n`)
          .join(''),
      )
      size += bytes.length
      rows += batch.length
      await emit(bytes)
    },
    get size() {
      return size
    },
    finish: async () => rows,
    close: () => {},
  }
}

const partitions = 40

async function* interleaved(batches: number): AsyncGenerator<ColumnBatch> {
  for (let batch = 0; batch < batches; batch++) {
    yield batchFromRows(Array.from({ length: 400 }, (_, row) => ({ i: batch * 400 + row, k: row % partitions })))
  }
}

async function spread(batches: number, mostHeldBytes?: number): Promise<Map<string, string[]>> {
  const storage = memoryStorage('memory:out/')
  let next = 0
  const files = await spreadRows(interleaved(batches), {
    storage,
    open: lines,
    name: ({ texts }) => `k=${texts[0]}/${next++}`,
    fileColumns: 1,
    targetBytes: 1_000_000,
    mostOpen: 4,
    ...(mostHeldBytes === undefined ? {} : { mostHeldBytes }),
  })
  const texts = new Map<string, string[]>()
  for (const { key, partition } of files) {
    const text = new TextDecoder().decode((await storage.read(key)).bytes)
    texts.set(partition.texts[0]!, [...(texts.get(partition.texts[0]!) ?? []), text])
  }
  return texts
}

describe('rows of more partitions than there may be files open', () => {
  const expected = (partition: number, batches: number): string =>
    Array.from(
      { length: batches * 10 },
      (_, at) => `${Math.floor(at / 10) * 400 + (at % 10) * partitions + partition}\n`,
    ).join('')

  it('have one file each when they fit what is held', async () => {
    const texts = await spread(20)
    expect(texts.size).toBe(partitions)
    for (const [partition, files] of texts) expect(files).toEqual([expected(Number(partition), 20)])
  })

  it('have more files when they do not, each row once and in order', async () => {
    const texts = await spread(20, 20_000)
    expect(texts.size).toBe(partitions)
    expect([...texts.values()].some((files) => files.length > 1)).toBe(true)
    for (const [partition, files] of texts) expect(files.join('')).toBe(expected(Number(partition), 20))
  })
})

describe('rows that wait in open writers and for them', () => {
  const text = 'text of some length, as rows have it '.repeat(4)

  async function* wide(batches: number): AsyncGenerator<ColumnBatch> {
    for (let batch = 0; batch < batches; batch++)
      yield batchFromRows(
        Array.from({ length: 4000 }, (_, row) => ({ i: `${batch} ${row} ${text}`, k: row % partitions })),
      )
  }

  /** Most that waited, what there was to write, row groups, and rows as they are read back. */
  async function write(most: number): Promise<{ peak: number; bytes: number; files: number; rows: number }> {
    const waiting = new RowsWaiting(() => most)
    const encoder = parquetEncoder(encodeHere(streamEncoder(wasmOf())), waiting)
    const storage = memoryStorage('memory:out/')
    let [peak, bytes, next] = [0, 0, 0]
    const watched = async function* (): AsyncGenerator<ColumnBatch> {
      for await (const batch of wide(40)) {
        yield batch
        peak = Math.max(peak, waiting.bytes)
        bytes += heldBytes(batch.columns)
      }
    }
    const files = await writeDataFiles(watched(), {
      storage,
      encoder,
      fields: [{ name: 'i', type: { kind: 'varchar' } }],
      name: ([k]) => `k=${k}/${next++}`,
    })
    expect(waiting.bytes).toBe(0)
    let rows = 0
    for (const { key, rows: count } of files) {
      const footer = await readFooter(storage.open(key))
      expect(footer.rows).toBe(count)
      rows += count
    }
    return { peak, bytes, files: files.length, rows }
  }

  test('take no more than they may, in smaller row groups and more files', async () => {
    const most = 2_000_000
    const [free, bound] = [await write(Infinity), await write(most)]
    expect(free).toMatchObject({ rows: 160_000, files: partitions })
    expect(free.peak).toBeGreaterThan(free.bytes / 2)
    expect(bound.rows).toBe(160_000)
    expect(bound.peak).toBeLessThan(2 * most + bound.bytes / 40)
  })
})
