import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parquetDecoder } from '../format/parquet/decode.ts'
import { readFooter } from '../format/parquet/footer.ts'
import { selectPages } from '../format/parquet/page-selection.ts'
import { memorySource } from '../storage/memory.ts'
import { valueReader } from '../types/value-reader.ts'
import { drain, nativeConnection, nativeRows, provider, rowsOf } from './fixtures/native.ts'
import { readColumns } from './column-bytes.ts'
import { FileIndex } from './file-index.ts'
import type { ScanMetrics, ScanTable } from './source.ts'

/** Written by pyarrow: 3 row groups of 2,500 rows with some 20 pages a column, and 2 of 1,000 rows in pages of version 2. */
const [pages, pagesV2] = ['page-index', 'page-index-v2'].map((name) =>
  fileURLToPath(new URL(`fixtures/${name}.parquet`, import.meta.url)),
) as [string, string]

let native: DuckDBConnection
let folder: string
const scans = provider({ cacheBytes: 0 })

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-pages-'))
})

afterAll(() => {
  scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

const open = (path: string): Promise<ScanTable> =>
  scans.table({ id: path, format: 'parquet', files: [new Uint8Array(readFileSync(path))] })

/** All columns of the rows that a scan with `filter` reads. */
async function scan(table: ScanTable, filter: string): Promise<{ rows: string[][]; metrics: ScanMetrics }> {
  const reader = table.open({ columns: table.schema.fields.map((_, index) => index), filter })
  return { rows: rowsOf(await drain(reader)), metrics: reader.metrics }
}

/** Rows of native DuckDB by their id. */
const byId = (rows: readonly string[][]): Map<string, string[]> => new Map(rows.map((row) => [row[0]!, row]))

describe.each([
  ['version 1', pages, 7500],
  ['version 2', pagesV2, 1500],
])('pages of %s', (_, path, count) => {
  let table: ScanTable
  let expected: Map<string, string[]>

  beforeAll(async () => {
    table = await open(path)
    expected = byId(await nativeRows(native, path))
  })

  test('a point is read from one page of each column', async () => {
    expect(expected.size).toBe(count)
    const { rows, metrics } = await scan(table, `(id = ${count - 77})`)
    expect(rows).toHaveLength(1)
    expect(byId(rows).get(String(count - 77))).toEqual(expected.get(String(count - 77)))
    expect(metrics.pagesSkipped).toBeGreaterThan(metrics.pagesRead * 2)
    expect(metrics.pagesRead + metrics.pagesSkipped).toBe(metrics.pages)
    expect(metrics.bytesNeeded).toBeLessThan(readFileSync(path).length / 5)
  })

  test.each([
    `((id = 3) OR (id = 700) OR (id = ${count - 1}))`,
    '((id BETWEEN 200 AND 450) OR (id BETWEEN 900 AND 950))',
    '(text IS NULL)',
    "((text >= 'k00300') AND (text < 'k00400'))",
    "((word = 'gamma') AND (id < 600))",
    '(dbl < -990)',
    '((dbl < -999) OR (id = 417))',
    '(dec > 14.0)',
    "(day = '1999-01-10'::DATE)",
    "(ts < '2001-01-01 02:00:00'::TIMESTAMP)",
    '(NOT (id > 333))',
    '((flag AND (int = 5)) OR (NOT (id < 1200)))',
  ])('%s: every row that is read is whole, and every row that passes is read', async (filter) => {
    const { rows, metrics } = await scan(table, filter)
    for (const row of rows) expect(row).toEqual(expected.get(row[0]!))
    expect(new Set(rows.map((row) => row[0])).size).toBe(rows.length)
    const passing = byId(await nativeRows(native, path, filter))
    const read = byId(rows)
    expect([...passing.keys()].filter((id) => !read.has(id))).toEqual([])
    expect(metrics.pagesSkipped).toBeGreaterThan(0)
  })

  test('columns of the filter are read first, and the others where rows pass', async () => {
    const { rows, metrics } = await scan(table, `((id >= 300) AND (id <= 310) AND (word != 'none'))`)
    const wide = await scan(table, '((id >= 300) AND (id <= 310) OR (lower(word) = id))')
    expect(rows.map(([id]) => Number(id))).toEqual(Array.from({ length: 11 }, (_, index) => 300 + index))
    expect(metrics.pagesRead + metrics.pagesSkipped).toBe(metrics.pages)
    expect(wide.rows.length).toBe(count)
  })

  test('nothing is read where pages tell that no row passes', async () => {
    const { rows, metrics } = await scan(table, `((id < 5) AND (id > 4))`)
    expect(rows.length).toBeLessThan(count / 10)
    const none = await scan(table, "((text = 'k00100') AND (id = 900))")
    expect(none.rows).toEqual([])
    expect(none.metrics).toMatchObject({ rowGroupsRead: 0, bytesNeeded: 0 })
    expect(metrics.rowGroupsRead).toBe(1)
  })

  test('a filter that is not understood skips no page', async () => {
    const { rows, metrics } = await scan(table, '(((id % 7) = 3) OR (id = 5))')
    expect(rows).toHaveLength(count)
    expect(metrics).toMatchObject({ pages: 0, pagesSkipped: 0 })
  })
})

describe('a dictionary is read when a page refers to it', () => {
  test.each([
    ['as the footer says', undefined, true],
    ['though the footer says none does', 0, true],
    ['and not when none does', 0, false],
  ])('%s', async (_, dictionaryPages, isDictionary) => {
    const source = memorySource(new Uint8Array(readFileSync(pages)), 'pages')
    const footer = await readFooter(source)
    const index = new FileIndex(source, footer)
    const name = isDictionary ? 'word' : 'id'
    const column = footer.columns.find(({ field }) => field.name === name)!
    const leaf = column.firstLeaf
    await index.load([{ group: 0, leaf, kind: 'pages' }], {})
    const locations = index.locations(0, leaf)!
    const chunks = footer.rowGroups[0]!.chunks.map((chunk) => ({
      ...chunk,
      ...(dictionaryPages === undefined ? {} : { dictionaryPages }),
    }))
    const rowGroup = { ...footer.rowGroups[0]!, chunks }
    const selection = selectPages(column, rowGroup, { locations: [locations], wanted: [{ start: 700, end: 701 }] })
    const needed: number[] = []
    const [request] = await readColumns(rowGroup, [{ column, pages: selection }], {
      source,
      read: {},
      onNeeded: ({ start }) => needed.push(start),
    })
    const decoder = parquetDecoder(async () =>
      readFileSync(createRequire(import.meta.url).resolve('parquet-wasm/esm/parquet_wasm_bg.wasm')),
    )
    const [batch] = await decoder.decode(request!)
    const read = valueReader(column.field.type, batch!)
    const expected = await nativeRows(native, pages, 'id BETWEEN 0 AND 2499')
    const at = selection.rows[0]!.start
    const position = footer.columns.indexOf(column)
    expect(Array.from({ length: batch!.length }, (_, row) => String(read(row)))).toEqual(
      expected.slice(at, at + batch!.length).map((row) => row[position]),
    )
    expect(needed.includes(chunks[leaf]!.start)).toBe(isDictionary)
  })
})

const id = fc.integer({ min: -5, max: 1600 })
const atom = fc.oneof(
  fc.tuple(id, fc.constantFrom('=', '<', '>', '<=', '>=', '!=')).map(([value, sign]) => `(id ${sign} ${value})`),
  id.map((value) => `(text = 'k${String(Math.max(0, value)).padStart(5, '0')}')`),
  id.map((value) => `(dbl < ${value / 8 - 1000})`),
  id.map((value) => `(dbl >= ${value / 8 - 1000})`),
  id.map((value) => `(dec > ${(Math.max(0, value) / 100).toFixed(2)})`),
  fc.tuple(id, id).map(([low, high]) => `("int" BETWEEN ${low - 800} AND ${high - 700})`),
  fc.constantFrom(
    "(word = 'beta')",
    '(text IS NULL)',
    '(text IS NOT NULL)',
    '((id % 3) = 1)',
    '(list IS NULL)',
    'flag',
  ),
)
const predicate = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.tuple(tie('node'), fc.constantFrom('AND', 'OR'), tie('node')).map(([a, joint, b]) => `(${a} ${joint} ${b})`),
    tie('node').map((part) => `(NOT ${part})`),
  ),
})).node

test('with pruning and without, native DuckDB finds the same rows', async () => {
  const table = await open(pagesV2)
  const expected = byId(await nativeRows(native, pagesV2))
  const columns = fc.uniqueArray(fc.integer({ min: 1, max: table.schema.fields.length - 1 }), { maxLength: 4 })
  let skipped = 0
  await fc.assert(
    fc.asyncProperty(predicate, columns, async (where, others) => {
      const passing = [...byId(await nativeRows(native, pagesV2, where)).keys()]
      const reader = table.open({ columns: [0, ...others], filter: where.replaceAll('"', '') })
      const rows = rowsOf(await drain(reader))
      skipped += reader.metrics.pagesSkipped
      const read = byId(rows)
      expect(passing.filter((key) => !read.has(key))).toEqual([])
      for (const row of rows) {
        const whole = expected.get(row[0]!)!
        expect(row).toEqual([0, ...others].map((column) => whole[column]))
      }
    }),
    { numRuns: 120, seed: 20_261_120 },
  )
  expect(skipped).toBeGreaterThan(500)
})

test('pages in memory serve the same rows again, and not others', async () => {
  const own = provider()
  const table = await own.table({ id: 'pages', format: 'parquet', files: [new Uint8Array(readFileSync(pages))] })
  const run = async (filter?: string): Promise<{ ids: number[]; metrics: ScanMetrics }> => {
    const reader = table.open({ columns: [0, 3], ...(filter === undefined ? {} : { filter }) })
    const batches = await drain(reader)
    const ids = batches.flatMap((batch) => {
      const read = valueReader({ kind: 'bigint' }, batch.columns[0]!)
      return Array.from({ length: batch.length }, (_, row) => Number(read(row)))
    })
    return { ids, metrics: reader.metrics }
  }
  const first = await run('(id = 100)')
  expect((await run('(id = 100)')).metrics).toMatchObject({ cacheHits: 2, bytesFetched: 0, rowGroupsRead: 0 })
  const other = await run('(id = 2000)')
  expect(other.ids).toContain(2000)
  expect(other.ids).not.toContain(100)
  expect((await run()).ids).toEqual(Array.from({ length: 7500 }, (_, index) => index))
  const whole = await run('(id = 100)')
  expect(whole.ids).toEqual(expect.arrayContaining(first.ids))
  expect(whole.metrics).toMatchObject({ bytesFetched: 0 })
  own.close()
})
