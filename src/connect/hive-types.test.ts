import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { failure } from '../storage/conformance.ts'
import { Session } from './session.ts'

const formats = ['parquet', 'avro', 'csv', 'json', 'arrow'] as const

let db: Session
let native: DuckDBConnection
let folder: string

beforeAll(async () => {
  db = new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url)), { decodeWorkers: 0 }))
  native = await (await DuckDBInstance.create(':memory:')).connect()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-hive-'))
  const rows =
    db.sql(`SELECT i AS id, 2020 + i % 4 AS year, CASE WHEN i % 5 = 0 THEN NULL ELSE '0' || i % 3 END AS code,
    DATE '2024-02-28' + (i % 2)::INT AS day FROM range(240) t(i)`)
  for (const format of formats) await rows.write.partitionBy('year', 'code', 'day')[format](join(folder, `${format}/`))
})

afterAll(async () => {
  await db.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function rowsOf(sql: string): Promise<string[][]> {
  return (await db.sql(sql).collect()).map((row) => Object.values(row).map(String))
}

async function expected(sql: string): Promise<string[][]> {
  return (await native.runAndReadAll(sql)).getRows().map((row) => row.map(String))
}

describe.each([
  ['', 'found by the values'],
  [", hive_types = {'year': SMALLINT, 'code': 'integer'}", 'declared, the others found'],
  [', hive_types = {year: DOUBLE, day: TIMESTAMP}', 'declared without quotes'],
])('types of partitions with "%s" are %s, as in native DuckDB', (options) => {
  const queryOf = (read: string, format: string): string =>
    `SELECT typeof(year), typeof(code), typeof(day), year::VARCHAR, code::VARCHAR, day::VARCHAR, count(*)::VARCHAR, sum(id)::VARCHAR
     FROM ${read}('${folder}/${format}/**'${options}) GROUP BY ALL ORDER BY ALL`

  test.each(formats)('%s', async (format) => {
    const own = queryOf(`read_${format}`, format)
    const other = queryOf('read_parquet', 'parquet')
    expect(await rowsOf(own)).toEqual(await expected(other))
  })
})

describe.each(formats)('%s', (format) => {
  const scan = async (sql: string): Promise<{ rows: string[][]; skipped: number }> => {
    const rows = await rowsOf(sql)
    const { filesSkipped, rowGroupsSkippedBy } = db.metrics.at(-1)!.scans.at(-1)!
    return { rows, skipped: format === 'parquet' ? rowGroupsSkippedBy.partition : filesSkipped }
  }

  test.each([
    ['year = 2021', 60],
    ["year = 2021 AND day > DATE '2024-02-28'", 60],
    ["code = '01'", 64],
    ['code IS NULL AND year = 2022', 12],
    ['year + 0 = 2021', 60],
    ['year = 1999', 0],
  ])('files of other partitions are not read: %s', async (where, count) => {
    const { rows, skipped } = await scan(
      `SELECT count(id)::INT FROM read_${format}('${folder}/${format}/**') WHERE ${where}`,
    )
    expect(rows).toEqual([[String(count)]])
    expect(skipped).toBeGreaterThanOrEqual(where.includes('+') ? 0 : 8)
  })

  test('declared types are those of filters', async () => {
    const read = `read_${format}('${folder}/${format}/**', hive_types = {'code': INTEGER})`
    const { rows, skipped } = await scan(`SELECT count(id)::INT FROM ${read} WHERE code = 1`)
    expect(rows).toEqual([['64']])
    expect(skipped).toBeGreaterThanOrEqual(8)
  })

  test('types are declared in read, too', async () => {
    const frame = db.read[format](join(folder, format, '**'), { hiveTypes: { year: 'smallint', code: 'integer' } })
    const types = Object.fromEntries(
      frame.schema === undefined ? [] : (await frame.schema()).fields.map(({ name, type }) => [name, type.kind]),
    )
    expect(types).toMatchObject({ year: 'smallint', code: 'integer', day: 'date' })
  })

  test.each([
    [
      "hive_types = {'yaer': INTEGER}",
      'COLUMN_NOT_FOUND',
      'hive_types names "yaer", which no folder tells. Folders tell: code, day, year.',
    ],
    ["hive_types = {'code': DATE}", 'TYPE_MISMATCH', /says "0\d" for column "code", which is no DATE/],
    ["hive_types = {'year': INTEGER}, hive_partitioning = false", 'INVALID_ARGUMENT', /hive_partitioning = false/],
    ['hive_types = 5', 'INVALID_ARGUMENT', /hive_types is 5; it has to be names and types/],
  ])('refuses %s', async (options, code, message) => {
    const error = await failure(db.sql(`FROM read_${format}('${folder}/${format}/**', ${options})`).collect())
    expect(error).toMatchObject({
      code,
      message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
    })
  })
})
