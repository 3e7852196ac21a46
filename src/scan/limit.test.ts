import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ColumnBatch } from '../types/column-data.ts'
import { drain, nativeConnection, nativeRows, provider, rowsOf } from './fixtures/native.ts'
import type { ScanReader, ScanRequest, ScanTable } from './source.ts'

const paged = fileURLToPath(new URL('fixtures/page-index.parquet', import.meta.url))

let native: DuckDBConnection
let folder: string
let path: string
const scans = provider()

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-limit-'))
  path = join(folder, 'rows.parquet')
  // Ten row groups; the order of "key" has nothing to do with the order of the rows, and "hole" is null in some groups.
  await native.run(
    `COPY (SELECT i AS id, ((i // 2048 * 7) % 10 * 2048 + i % 2048)::INTEGER AS key, CASE WHEN i // 2048 IN (2, 5) AND i % 2 = 0 THEN NULL ELSE -i END AS hole,
        (i / 8)::DOUBLE AS dbl, 'k' || lpad(((i // 2048 * 3) % 10)::VARCHAR, 2, '0') || i AS text, 5 AS same FROM range(20480) t(i))
      TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  )
})

afterAll(() => {
  scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

const open = (file: string): Promise<ScanTable> =>
  scans.table({ id: file, format: 'parquet', files: [new Uint8Array(readFileSync(file))] })

/** Pulls until there are `rows`, as an engine with a limit does. */
async function pull(reader: ScanReader, rows: number): Promise<ColumnBatch[]> {
  const batches: ColumnBatch[] = []
  for (let pulled = 0; pulled < rows;) {
    const batch = reader.poll()
    if (batch === 'done') break
    if (batch === 'pending') await reader.ready()
    else {
      batches.push(batch)
      pulled += batch.length
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 20))
  reader.close()
  return batches
}

describe('a scan that may stop early', () => {
  test('reads no row group ahead, and says which the limit spared', async () => {
    const reader = (await open(path)).open({ columns: [0], stopsEarly: true })
    await pull(reader, 10)
    expect(reader.metrics).toMatchObject({ rowGroupsRead: 1, rowGroupsSkipped: 9, rowGroupsSkippedBy: { limit: 9 } })
    const eager = (await open(path)).open({ columns: [1] })
    await pull(eager, 10)
    expect(eager.metrics.rowGroupsRead).toBe(3)
  })

  test('reads only the first pages of a row group whose pages are known', async () => {
    const table = await open(paged)
    const reader = table.open({ columns: [0, 3, 10], stopsEarly: true, limit: 10 })
    const rows = rowsOf(await pull(reader, 10))
    expect(rows.slice(0, 3).map(([id]) => id)).toEqual(['0', '1', '2'])
    expect(reader.metrics.rowGroupsRead).toBe(1)
    expect(reader.metrics.pagesSkipped).toBeGreaterThan(0)
    const whole = table.open({ columns: [0, 3, 10], stopsEarly: true })
    await pull(whole, 10)
    expect(reader.metrics.bytesNeeded).toBeLessThan(whole.metrics.bytesNeeded * 0.95)
  })

  test.each([{ limit: 1 }, { limit: 3000 }, { limit: 100_000 }])('gives all rows to who pulls on: %j', async (hint) => {
    const own = provider({ cacheBytes: 200_000 })
    const table = await own.table({ id: 'paged', format: 'parquet', files: [new Uint8Array(readFileSync(paged))] })
    const request: ScanRequest = { columns: table.schema.fields.map((_, index) => index), stopsEarly: true, ...hint }
    const expected = await nativeRows(native, paged)
    for (const turn of ['cold', 'warm']) {
      const reader = table.open(request)
      expect([turn, rowsOf(await drain(reader))]).toEqual([turn, expected])
      expect(reader.metrics.rowGroupsSkippedBy.limit).toBe(0)
    }
    const loaded = table.open(request)
    await loaded.load()
    expect(rowsOf(await drain(loaded))).toEqual(expected)
    own.close()
  })
})

describe('the first rows in the order of a column', () => {
  const run = async (column: number, direction: 'up' | 'down', rows: number, file = path): Promise<ScanReader> => {
    const reader = (await open(file)).open({ columns: [0, column], top: { column, direction, rows } })
    await drain(reader)
    return reader
  }

  test.each([
    [1, 'up', 10, 9],
    [1, 'down', 10, 9],
    [1, 'up', 2049, 8],
    [2, 'up', 10, 7],
    [2, 'down', 10, 7],
    [3, 'up', 10, 0],
    [4, 'up', 10, 9],
    [5, 'up', 10, 0],
    [1, 'up', 20_480, 0],
    [1, 'up', 50_000, 0],
  ] as const)('column %i %s, %i rows: %i row groups spared', async (column, direction, rows, spared) => {
    const { metrics } = await run(column, direction, rows)
    expect(metrics.rowGroupsSkippedBy).toMatchObject({ limit: spared, statistics: 0 })
  })

  test('native DuckDB finds them among the rows that are read', async () => {
    const table = await open(path)
    const names = table.schema.fields.map(({ name }) => name)
    let spared = 0
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom('up' as const, 'down' as const),
        fc.integer({ min: 1, max: 12_000 }),
        fc.constantFrom('FIRST', 'LAST'),
        async (column, direction, rows, nulls) => {
          const reader = table.open({ columns: [0], top: { column, direction, rows } })
          const read = new Set(rowsOf(await drain(reader)).map(([id]) => id))
          spared += reader.metrics.rowGroupsSkipped
          const order = `"${names[column]!}" ${direction === 'up' ? 'ASC' : 'DESC'} NULLS ${nulls}, id`
          const first = await native.runAndReadAll(`SELECT id FROM '${path}' ORDER BY ${order} LIMIT ${rows}`)
          expect(first.getRows().filter(([id]) => !read.has(String(id)))).toEqual([])
        },
      ),
      { numRuns: 60, seed: 20_261_120 },
    )
    expect(spared).toBeGreaterThan(100)
  })

  test('pages beyond them are spared too', async () => {
    const { metrics } = await run(0, 'down', 10, paged)
    expect(metrics.rowGroupsRead).toBe(1)
  })
})
