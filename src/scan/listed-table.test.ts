import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readFooter } from '../format/parquet/footer.ts'
import { openByteSource } from '../storage/open.ts'
import type { ByteSource } from '../storage/storage.ts'
import { drain, nativeConnection, provider, rowsOf } from './fixtures/native.ts'
import { listOf } from './fixtures/listed.ts'
import type { FileFacts } from './fixtures/listed.ts'
import type { ListedSource, MappedField, ScanMetrics, ScanRequest, ScanTable } from './source.ts'

const fileCount = 20
const rowsOfFile = 1000

/** What the byte sources were asked for: `stat` and the ranges, by the file's name. */
const asked: { name: string; what: string }[] = []

function counting(source: ByteSource): ByteSource {
  const name = basename(source.label)
  return {
    label: source.label,
    traffic: source.traffic,
    gapBytes: source.gapBytes,
    warnings: source.warnings,
    stat(options) {
      asked.push({ name, what: 'stat' })
      return source.stat(options)
    },
    read(start, end, options) {
      asked.push({ name, what: `${start}-${end}` })
      return source.read(start, end, options)
    },
  }
}

const scans = provider({ openFile: (reference) => counting(openByteSource(reference)) })
const mapping: readonly MappedField[] = [
  { name: 'id', type: { kind: 'bigint' }, id: 1 },
  { name: 'text', type: { kind: 'varchar' }, id: 2 },
  { name: 'day', type: { kind: 'date' }, id: 3 },
  { name: 'd', type: { kind: 'double' }, id: 4 },
  { name: 'region', type: { kind: 'varchar' }, id: 6 },
  { name: 'gaps', type: { kind: 'integer' }, id: 5 },
]

let native: DuckDBConnection
let folder: string
let files: string[]
let facts: FileFacts[]
let source: ListedSource
let table: ScanTable

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-listed-'))
  files = Array.from({ length: fileCount }, (_, index) => join(folder, `part-${index}.parquet`))
  for (const [index, file] of files.entries()) {
    await native.run(
      `COPY (SELECT i AS id, printf('k%05d', i) AS text, DATE '2024-01-01' + (i // 500)::INTEGER AS day, i / 4 AS d, CASE WHEN i // 1000 % 4 > 0 THEN 'r' || (i // 1000 % 4) END AS region, CASE WHEN i % 3 > 0 AND i // 1000 <> 7 THEN i::INTEGER END AS gaps
        FROM range(${index * rowsOfFile}, ${(index + 1) * rowsOfFile}) t(i))
      TO '${file}' (FORMAT parquet, FIELD_IDS {id: 1, text: 2, day: 3, d: 4, gaps: 5, region: 6})`,
    )
  }
  facts = await Promise.all(
    files.map(async (file, index): Promise<FileFacts> => {
      const opened = openByteSource(file)
      const { size } = await opened.stat()
      const { footerBytes } = await readFooter(opened)
      const [first, last] = [index * rowsOfFile, (index + 1) * rowsOfFile - 1]
      const day = (row: number): string =>
        new Date(Date.UTC(2024, 0, 1 + Math.floor(row / 500))).toISOString().slice(0, 10)
      return {
        rows: rowsOfFile,
        path: file,
        size,
        footerSize: footerBytes,
        columns: {
          id: { min: BigInt(first), max: BigInt(last), nullCount: 0 },
          text: { min: `k${String(first).padStart(5, '0')}`, max: `k${String(last).padStart(5, '0')}`, nullCount: 0 },
          day: { min: day(first), max: day(last) },
          d: { min: first / 4, max: last / 4 },
          gaps: index === 7 ? { nullCount: rowsOfFile } : {},
          region:
            index % 4 === 0 ? { nullCount: rowsOfFile } : { min: `r${index % 4}`, max: `r${index % 4}`, nullCount: 0 },
        },
      }
    }),
  )
  source = sourceOf(facts)
  table = await scans.table(source)
})

function sourceOf(own: readonly FileFacts[]): ListedSource {
  const open = (path: string): ByteSource => counting(openByteSource(path))
  return { id: 'listed', format: 'listed', mapping, files: listOf(own, mapping, open) }
}

beforeEach(() => void asked.splice(0))

afterAll(() => {
  scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function scan(request: Partial<ScanRequest>): Promise<{ rows: string[][]; metrics: ScanMetrics }> {
  const reader = table.open({ columns: [0, 4], ...request })
  return { rows: rowsOf(await drain(reader)), metrics: reader.metrics }
}

test('schema and number of rows are known before anything is asked', async () => {
  const fresh = await provider({ openFile: (reference) => counting(openByteSource(reference)) }).table(sourceOf(facts))
  expect(fresh.rowCount).toBe(fileCount * rowsOfFile)
  expect(fresh.schema.fields.map(({ name }) => name)).toEqual(mapping.map(({ name }) => name))
  expect(asked).toEqual([])
})

describe('only files that a scan cannot do without are asked for anything', () => {
  test.each<[string, Partial<ScanRequest>, number]>([
    ['a number', { filter: '(#0 = 4321)' }, 1],
    ['text', { columns: [1], filter: "(#0 >= 'k18500')" }, 2],
    ['a date', { columns: [2], filter: "(#0 = '2024-01-04'::DATE)" }, 1],
    ['a double', { columns: [3], filter: '(#0 <= 500.0)' }, 3],
    ['a partition', { filter: "(#1 = 'r1')" }, 5],
    ['a partition that is null', { filter: '(#1 IS NULL)' }, 5],
    ['a number of a partition', { filter: "((#0 < 6000) AND (#1 = 'r3'))" }, 1],
    ['a column that is always null', { columns: [5], filter: '(#0 > 0)' }, 19],
    ['nothing', { filter: '(#0 > 99999)' }, 0],
    ['keys', { keys: [{ column: 0, casts: [], domain: { kind: 'decimal', scale: 0 }, values: [5n, 7n, 19999n] }] }, 2],
    ['the first rows', { top: { column: 0, direction: 'down', rows: 1500 } }, 2],
    ['no filter', {}, 20],
  ])('%s', async (_, request, opened) => {
    const { metrics } = await scan(request)
    expect(new Set(asked.map(({ name }) => name)).size).toBeLessThanOrEqual(opened)
    expect(metrics.files).toBe(fileCount)
    expect(metrics.files - metrics.filesSkipped).toBe(opened)
    expect(metrics.rowGroups).toBe(opened)
  })

  test('a footer is read in one request, and no more than it', async () => {
    const own = provider({ openFile: (reference) => counting(openByteSource(reference)) })
    const fresh = await own.table(sourceOf(facts))
    await drain(fresh.open({ columns: [0], filter: '(#0 = 3003)' }))
    const { size = 0, footerSize = 0 } = facts[3]!
    expect(asked[0]).toEqual({ name: 'part-3.parquet', what: `${size - footerSize - 8}-${size}` })
    expect(asked.every(({ name, what }) => name === 'part-3.parquet' && what !== 'stat')).toBe(true)
    await own.close()
  })

  test('a limit opens files one after the other', async () => {
    const reader = table.open({ columns: [0], limit: 10, stopsEarly: true })
    await reader.ready()
    for (let next = reader.poll(); next === 'pending'; next = reader.poll()) await reader.ready()
    reader.close()
    expect(new Set(asked.map(({ name }) => name)).size).toBeLessThanOrEqual(1)
    const rows = rowsOf(await drain(table.open({ columns: [0], limit: 10, stopsEarly: true })))
    expect(rows.map(([id]) => Number(id))).toEqual(Array.from({ length: fileCount * rowsOfFile }, (_, id) => id))
  })
})

test('files that lie apart by a column are known once it was asked for', async () => {
  const fresh = await provider().table(sourceOf(facts))
  expect(fresh.overlap!(0)).toBe(1)
  await drain(fresh.open({ columns: [0], filter: '((#0 = 3) AND (gaps = 5))' }))
  expect(fresh.overlap!(0)).toBeLessThan(0.1)
  expect(fresh.overlap!(5)).toBe(1)
})

test('with facts and without, native DuckDB finds the same rows', async () => {
  const id = fc.integer({ min: -500, max: 21_000 })
  const atom = fc.oneof(
    fc.tuple(id, fc.constantFrom('=', '<', '>', '<=', '>=', '!=')).map(([value, sign]) => `(id ${sign} ${value})`),
    id.map((value) => `(text >= 'k${String(Math.max(0, value)).padStart(5, '0')}')`),
    fc.constantFrom("(region = 'r2')", '(region IS NULL)', '(gaps IS NULL)', '(gaps IS NOT NULL)', '((id % 7) = 1)'),
    id.map((value) => `(gaps < ${value})`),
    id.map((value) => `(d <= ${value / 4})`),
  )
  const where = fc.oneof(
    atom,
    fc.tuple(atom, fc.constantFrom('AND', 'OR'), atom).map(([a, joint, b]) => `(${a} ${joint} ${b})`),
    atom.map((part) => `(NOT ${part})`),
  )
  await native.run(`CREATE VIEW listed AS SELECT * FROM read_parquet('${folder}/*.parquet')`)
  let skipped = 0
  await fc.assert(
    fc.asyncProperty(where, async (filter) => {
      const { rows, metrics } = await scan({ filter, columns: [0, 4, 5] })
      skipped += metrics.filesSkipped
      const read = new Map(rows.map((row) => [row[0], row.join()]))
      const passing = await native.runAndReadAll(
        `SELECT id::VARCHAR, COALESCE(region, 'NULL'), COALESCE(gaps::VARCHAR, 'NULL') FROM listed WHERE ${filter}`,
      )
      expect(passing.getRows().filter((row) => read.get(String(row[0])) !== row.map(String).join())).toEqual([])
    }),
    { numRuns: 60, seed: 6 },
  )
  expect(skipped).toBeGreaterThan(100)
})

test('a file that is not what the catalog says is an error that names it', async () => {
  const wrong = (what: Partial<FileFacts>): FileFacts[] =>
    facts.map((file, index) => (index === 2 ? { ...file, ...what } : file))
  const scanOf = async (own: readonly FileFacts[]): Promise<unknown> =>
    drain((await scans.table(sourceOf(own))).open({ columns: [0] }))
  await expect(scanOf(wrong({ size: facts[2]!.size! + 5 }))).rejects.toThrow(/part-2\.parquet/)
  await expect(scanOf(wrong({ rows: 999 }))).rejects.toMatchObject({
    code: 'SOURCE_CHANGED',
    message: expect.stringMatching(/part-2\.parquet" has 1000 rows, and the catalog says 999/),
  })
})

test('an abort ends a scan before its files are opened', async () => {
  const controller = new AbortController()
  const reader = table.open({ columns: [0], signal: controller.signal })
  controller.abort(new Error('enough'))
  await expect(drain(reader)).rejects.toThrow('enough')
})
