import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure } from '../../storage/conformance.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Engine, QueryMetrics } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

let native: DuckDBConnection
let engine: Engine
let folder: string

beforeAll(async () => {
  native = await (await DuckDBInstance.create(':memory:')).connect()
  engine = await openEngine(nodeHost(new URL('../../../dist/wasm/', import.meta.url)))
  folder = mkdtempSync(join(tmpdir(), 'lakefront-many-'))
  await native.run(
    `COPY (SELECT i AS v, 'text ' || i AS t, i % 50 AS a, DATE '2024-01-01' + (i % 40)::INTEGER AS b FROM range(20000) t(i))
      TO '${folder}/many' (FORMAT parquet, PARTITION_BY (a, b)); `,
  )
  await native.run(
    `COPY (SELECT 1 AS x, 2 AS y) TO '${folder}/first.parquet'; COPY (SELECT 3::UTINYINT AS y, 4 AS x, 5 AS z) TO '${folder}/second.parquet'`,
  )
})

afterAll(async () => {
  await engine.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function run(sql: string): Promise<{ rows: string[]; scan: QueryMetrics['scans'][number] }> {
  const result = await engine.execute({ sql: sql.replaceAll('$', folder) })
  const rows: string[] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next())
    rows.push(...rowsFromBatch(batch).map((row) => Object.values(row).map(String).join('|')))
  return { rows, scan: (await result.metrics()).scans.at(-1)! }
}

async function expected(sql: string): Promise<string[]> {
  return (await native.runAndReadAll(sql.replaceAll('$', folder))).getRows().map((row) => row.map(String).join('|'))
}

describe('patterns, lists and options of read_parquet mean what they mean to native DuckDB', () => {
  test.each([
    "SELECT count(*)::VARCHAR, sum(v)::VARCHAR FROM '$/many/*/*/*.parquet'",
    "SELECT count(*)::VARCHAR FROM read_parquet('$/many/**/*.parquet') WHERE a = 3 AND b > DATE '2024-01-20'",
    "SELECT v::VARCHAR, a::VARCHAR, b::VARCHAR FROM '$/many/**/*.parquet' WHERE v IN (5, 19999) ORDER BY v",
    "SELECT typeof(a), typeof(b) FROM '$/many/*/*/*.parquet' LIMIT 1",
    "DESCRIBE FROM read_parquet('$/many/**', hive_partitioning = false)",
    "SELECT filename, file_row_number::VARCHAR, x::VARCHAR FROM read_parquet(['$/first.parquet', '$/second.parquet'], filename = true, file_row_number = true)",
    "SELECT f, y::VARCHAR FROM read_parquet('$/*.parquet', filename = 'f') ORDER BY f",
    "SELECT * FROM (SELECT x::VARCHAR, y::VARCHAR, z::VARCHAR FROM read_parquet('$/*.parquet', union_by_name = true)) ORDER BY 1",
    "SELECT count(*)::VARCHAR FROM read_parquet('$/first.parquet') JOIN read_parquet('$/first.parquet', filename = true) USING (x)",
    "SELECT min(filename) FROM parquet_scan(['$/many/a=1/*/*.parquet', '$/many/a=2/*/*.parquet'], filename = true, hive_partitioning = false)",
  ])('%s', async (sql) => {
    expect((await run(sql)).rows).toEqual(await expected(sql))
  })

  test('files of other partitions are not read', async () => {
    const { scan } = await run("SELECT sum(v) FROM '$/many/**/*.parquet' WHERE a = 3 AND b = DATE '2024-01-04'")
    expect(scan.files).toBe(200)
    expect(scan.rowGroupsSkippedBy.partition).toBe(199)
  })

  test('what is wrong is named', async () => {
    await native.run(`COPY (SELECT 3000000000 AS x, 4 AS y) TO '${folder}/large.parquet'`)
    expect(await failure(run("FROM read_parquet(['$/first.parquet', '$/large.parquet'])"))).toMatchObject({
      code: 'TYPE_MISMATCH',
      message: expect.stringMatching(
        /"x" is bigint in ".*large.parquet" but integer in ".*first.parquet". Set union_by_name = true/,
      ),
    })
    rmSync(join(folder, 'large.parquet'))
    expect(
      await failure(run("FROM read_parquet(['$/second.parquet', '$/many/a=0/b=2024-01-01/data_0.parquet'])")),
    ).toMatchObject({
      code: 'COLUMN_NOT_FOUND',
      message: expect.stringMatching(/"[xyz]" of ".*second.parquet" is not in ".*data_0.parquet"/),
    })
    expect(await failure(run("FROM '$/none*.parquet'"))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await failure(run("FROM read_parquet('https://localhost/a/*.parquet')"))).toMatchObject({
      code: 'UNSUPPORTED',
    })
    expect(await failure(run("FROM read_parquet('$/first.parquet', nonsense = 1)"))).toMatchObject({
      message: expect.stringContaining('nonsense'),
    })
  })
})

test('two thousand files are read in seconds', async () => {
  await native.run(
    `COPY (SELECT i AS v, i AS p FROM range(2000) t(i)) TO '${folder}/thousands' (FORMAT parquet, PARTITION_BY (p))`,
  )
  const started = performance.now()
  expect(
    (await run("SELECT count(*)::VARCHAR, sum(v)::VARCHAR, sum(p)::VARCHAR FROM '$/thousands/*/*.parquet'")).rows,
  ).toEqual(['2000|1999000|1999000'])
  const { rows, scan } = await run("SELECT v::VARCHAR FROM '$/thousands/*/*.parquet' WHERE p = 1234")
  expect(rows).toEqual(['1234'])
  expect(scan).toMatchObject({ files: 2000, rowGroupsSkippedBy: { partition: 1999 } })
  expect(performance.now() - started).toBeLessThan(30_000)
})
