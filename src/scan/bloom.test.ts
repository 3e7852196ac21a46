import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bloomExcludes, plainBytes, readBloomFilter } from '../format/parquet/bloom-filter.ts'
import { readFooter } from '../format/parquet/footer.ts'
import { xxhash64 } from '../format/parquet/xxhash64.ts'
import { memorySource } from '../storage/memory.ts'
import { drain, nativeConnection, provider } from './fixtures/native.ts'
import type { ScanMetrics } from './source.ts'

/** Ten row groups; row group g holds the values g, g + 10, g + 20 … below 2,000 of every column, so that all bounds overlap. */
const rows = `SELECT k::BIGINT AS big, (k * 3)::INTEGER AS "int", 'text ' || k AS text, k / 8 AS dbl, (k / 8)::FLOAT AS flt,
    (k::DECIMAL(9,2) / 4)::DECIMAL(9,2) AS d9, DATE '2000-01-01' + k::INTEGER AS day, TIMESTAMP '2000-01-01' + to_hours(k) AS ts, (printf('%032x', k))::UUID AS uuid,
    ('b' || k)::BLOB AS blob, CASE WHEN k % 3 = 0 THEN NULL ELSE k::VARCHAR END AS maybe
  FROM (SELECT i % 8192 % 200 * 10 + i // 8192 AS k FROM range(81920) t(i) ORDER BY i)`

let native: DuckDBConnection
let folder: string
let path: string
const scans = provider({ cacheBytes: 0 })

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-bloom-'))
  path = join(folder, 'bloom.parquet')
  await native.run(
    `COPY (${rows}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 8192, DICTIONARY_SIZE_LIMIT 4000, PARQUET_VERSION v2)`,
  )
})

afterAll(() => {
  scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function scan(filter: string, file = path): Promise<ScanMetrics> {
  const table = await scans.table({ id: file, format: 'parquet', files: [new Uint8Array(readFileSync(file))] })
  const reader = table.open({ columns: table.schema.fields.map((_, index) => index), filter })
  await drain(reader)
  return reader.metrics
}

test('hashes as the reference does', () => {
  const text = (length: number): Uint8Array => new TextEncoder().encode('0123456789'.repeat(9).slice(0, length))
  expect(xxhash64(text(0))).toBe(0xef46db3751d8e999n)
  expect(xxhash64(new TextEncoder().encode('a'))).toBe(0xd24ec4f1a98c6e5bn)
  expect(xxhash64(new TextEncoder().encode('abc'))).toBe(0x44bc2cf5ad770999n)
  expect(xxhash64(new TextEncoder().encode('Nobody inspects the spammish repetition'))).toBe(0xfbcea83c8a378bf1n)
})

test('every value that native DuckDB wrote is in the filter it wrote, and few others are', async () => {
  const bytes = new Uint8Array(readFileSync(path))
  const footer = await readFooter(memorySource(bytes))
  const column = footer.columns.find(({ field }) => field.name === 'big')!
  let strangers = 0
  for (const [group, rowGroup] of footer.rowGroups.entries()) {
    const bloom = readBloomFilter(bytes.subarray(rowGroup.chunks[column.firstLeaf]!.bloom!.start))!
    for (let value = 0; value < 2000; value++) {
      const isIn = !bloomExcludes(bloom, plainBytes(column, BigInt(value))!)
      if (value % 10 === group) expect(isIn).toBe(true)
      else if (isIn) strangers++
    }
  }
  expect(strangers).toBeLessThan(2000)
})

describe('row groups read for an equality', () => {
  test.each([
    ['(big = 123)', 1],
    ['(int = 369)', 1],
    ["(text = 'text 77')", 1],
    ['(dbl = 15.375)', 1],
    ['(dbl = 0.0)', 1],
    ['(d9 = 30.75)', 1],
    ["(day = '2000-05-03'::DATE)", 1],
    ["(ts = '2000-01-06 03:00:00'::TIMESTAMP)", 1],
    ["(uuid = '0000000000000000000000000000007b'::UUID)", 1],
    ["(blob = 'b123'::BLOB)", 1],
    ["(maybe = '1231')", 1],
    ['(big IN (123, 124, 1133))', 2],
    ['((big = 123) OR (int = 372))', 2],
    ['((big = 123) AND (int = 372))', 0],
    ['(big = 3000)', 0],
    ['(NOT (big != 123))', 1],
    ['(big != 123)', 10],
    ['(big > 123)', 10],
    ['((big = 123) OR (big > 1999))', 1],
    ['(CAST(big AS DOUBLE) = 123.0)', 10],
  ])('%s: at most %i and some', async (filter, most) => {
    const metrics = await scan(filter)
    const where = filter.replace('(int', '("int"').replace('(int', '("int"')
    const matching = await native.runAndReadAll(`SELECT count(*) FROM '${path}' WHERE ${where}`)
    const isThere = matching.getRows()[0]![0] !== 0n
    expect(metrics.rowGroupsRead).toBeLessThanOrEqual(Math.min(10, most + (most === 10 ? 0 : 2)))
    expect(metrics.rowGroupsRead).toBeGreaterThanOrEqual(isThere ? Math.min(most, 1) : 0)
    expect(metrics.rowGroupsRead + metrics.rowGroupsSkipped).toBe(10)
    const { bloom, statistics } = metrics.rowGroupsSkippedBy
    expect(bloom + statistics).toBe(metrics.rowGroupsSkipped)
  })

  test('no row that native DuckDB finds is missed', async () => {
    const table = await scans.table({ id: 'all', format: 'parquet', files: [new Uint8Array(readFileSync(path))] })
    for (let value = 1; value < 2000; value += 97) {
      const reader = table.open({ columns: [0], filter: `(text = 'text ${value}')` })
      await drain(reader)
      expect(reader.metrics.rowGroupsRead).toBeGreaterThanOrEqual(1)
      expect(reader.metrics.rowGroupsSkipped).toBeGreaterThan(6)
    }
  })

  test('filters are not read where statistics decide, nor for other comparisons', async () => {
    const plain = await scan('(big > 123)')
    const decided = await scan('(big = 999999)')
    expect(decided.rowGroupsSkippedBy).toMatchObject({ statistics: 10, bloom: 0 })
    expect(decided.bytesFetched).toBeLessThan(plain.bytesFetched - plain.bytesNeeded + 1)
  })

  test('a damaged filter skips nothing', async () => {
    const bytes = new Uint8Array(readFileSync(path))
    const footer = await readFooter(memorySource(bytes))
    for (const { chunks } of footer.rowGroups)
      for (const { bloom } of chunks) if (bloom) bytes.fill(0xff, bloom.start, bloom.start + 4)
    const broken = join(folder, 'broken.parquet')
    writeFileSync(broken, bytes)
    expect(await scan('(big = 123)', broken)).toMatchObject({ rowGroupsRead: 10, rowGroupsSkipped: 0 })
  })
})
