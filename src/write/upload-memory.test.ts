import { afterAll, beforeAll, expect, test } from 'vitest'
import { account } from '../storage/fixtures/s3-account.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'
import { PartsInMemory } from '../storage/parts-in-memory.ts'
import { s3Storage } from '../storage/s3-storage.ts'
import { batchFromRows } from '../types/batch-from-rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { OpenWriter } from './file-writer.ts'
import { spreadRows } from './spread-rows.ts'

const mega = 1_000_000
const partitions = 12
const rounds = 30
const piece = new Uint8Array(mega / 10).fill(7)

let store: S3Store

beforeAll(async () => {
  store = await S3Store.start({ partBytes: mega })
})

afterAll(() => store.close())

class Watched extends PartsInMemory {
  peak = 0

  override add(bytes: number): void {
    super.add(bytes)
    this.peak = Math.max(this.peak, this.bytes)
  }
}

/** A tenth of a megabyte for every batch. */
const writer: OpenWriter<number> = (emit) => {
  let rows = 0
  return {
    async write({ length }) {
      rows += length
      await emit(piece)
    },
    get size() {
      return rows * piece.length
    },
    finish: async () => rows,
    close: () => {},
  }
}

async function* batches(): AsyncGenerator<ColumnBatch> {
  for (let round = 0; round < rounds; round++)
    yield batchFromRows(Array.from({ length: partitions }, (_, k) => ({ round, k })))
}

/** Files of three megabytes in parts of one, a tenth of each at a time. */
async function write(uploads: Watched): Promise<{ files: number; rows: number; bytes: number }> {
  const storage = s3Storage('s3://bucket/out/', {
    endpoint: store.endpoint,
    credentials: account,
    partBytes: mega,
    uploads,
  })
  let next = 0
  const files = await spreadRows(batches(), {
    storage,
    open: writer,
    name: ({ texts }) => `k=${texts[0]}/${next++}`,
    fileColumns: 1,
    targetBytes: Infinity,
    mostOpen: 16,
  })
  const sum = (of: (file: (typeof files)[number]) => number): number => files.reduce((all, file) => all + of(file), 0)
  return { files: files.length, rows: sum(({ summary }) => summary), bytes: sum(({ bytes }) => bytes) }
}

test('parts of uploads are counted, and take no more than they may: then files are finished earlier', async () => {
  const written = { rows: partitions * rounds, bytes: partitions * rounds * piece.length }
  const free = new Watched()
  expect(await write(free)).toEqual({ ...written, files: partitions })
  expect(free.peak).toBeGreaterThan(partitions * 0.9 * mega)
  expect(free.bytes).toBe(0)

  const bounded = new Watched(() => 5 * mega)
  const { files, ...others } = await write(bounded)
  expect(others).toEqual(written)
  expect(files).toBeGreaterThan(partitions)
  // A part grows by half of it, and is copied then.
  expect(bounded.peak).toBeLessThan((5 + 2) * mega)
  expect(bounded.bytes).toBe(0)
})

test('a store that fails leaves nothing counted', async () => {
  const uploads = new Watched()
  store.faults.push({ when: ({ query }) => query.has('partNumber'), times: 100, status: 403, code: 'AccessDenied' })
  await expect(write(uploads)).rejects.toThrow('AccessDenied')
  expect(uploads.peak).toBeGreaterThan(mega)
  expect(uploads.bytes).toBe(0)
})
