import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Session } from '../../connect/session.ts'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { lakesBeside } from '../engine-with-lakes.ts'
import { audited, noLakeJudges } from '../fixtures/lake-judges.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)
let session: Session
let folder: string
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  folder = mkdtempSync(join(tmpdir(), 'statistics-'))
  await using lake = await session.openLake(join(folder, 'right'), { create: true })
  const columns = { id: 'bigint', s: 'varchar', x: 'double', st: 'struct(a integer)' }
  await lake.createTable('whole', columns)
  await lake.createTable('parts', columns)
  const rows = (from: number, to: number): string =>
    `SELECT i AS id, CASE WHEN i % 5 > 0 THEN 's' || i END AS s, CASE i % 7 WHEN 0 THEN 'nan'::DOUBLE ELSE i / 4 END AS x, {'a': i::INTEGER} AS st FROM range(${from}, ${to}) r(i)`
  for (const name of ['whole', 'parts']) {
    await lake.table(name).insert(session.sql(rows(0, 20)))
    await lake.table(name).insert(session.sql(rows(20, 30)))
  }
  await lake.table('parts').delete('id % 4 = 1')
  await lake.table('parts').insert(session.sql(rows(50, 60)))
  await lake.table('parts').delete('id >= 50')
})
afterAll(async () => {
  await session.close()
  rmSync(folder, { recursive: true })
})

const whole = `table_id = (SELECT table_id FROM ducklake_table WHERE table_name = 'whole')`
const damages: readonly (readonly [what: string, statement: string, found: RegExp])[] = [
  [
    'a greatest value too small',
    `UPDATE ducklake_table_column_stats SET max_value = '7' WHERE column_id = 1`,
    /"id" of the table has the value 19,/,
  ],
  [
    'a least value too small, of which min() is answered',
    `UPDATE ducklake_table_column_stats SET min_value = '-7' WHERE column_id = 1 AND ${whole}`,
    /"id" of the table has no value -7,/,
  ],
  [
    'text that is not there',
    `UPDATE ducklake_table_column_stats SET max_value = 'zz' WHERE column_id = 2 AND ${whole}`,
    /"s" of the table has no value zz,/,
  ],
  [
    'no value yet',
    `UPDATE ducklake_table_column_stats SET min_value = NULL, max_value = NULL WHERE column_id = 1`,
    /says there is none yet/,
  ],
  ['no nulls', `UPDATE ducklake_table_column_stats SET contains_null = false`, /"s" of the table has nulls/],
  ['no NaN', `UPDATE ducklake_table_column_stats SET contains_nan = false`, /"x" of the table holds NaN/],
  [
    'fewer rows than files have',
    `UPDATE ducklake_table_stats SET record_count = 3 WHERE ${whole}`,
    /had 3 rows in all, and its files have 30/,
  ],
  [
    'a file whose least value is too great',
    `UPDATE ducklake_file_column_stats SET min_value = '15' WHERE column_id = 1 AND min_value = '0'`,
    /"id" has the value 0,/,
  ],
  [
    'a file without values',
    `UPDATE ducklake_file_column_stats SET value_count = 0, min_value = NULL, max_value = NULL WHERE column_id = 1`,
    /is said to have 0 values/,
  ],
  [
    'a file without nulls',
    `UPDATE ducklake_file_column_stats SET null_count = 0 WHERE column_id = 2`,
    /16 values and 0 nulls, and the file has 20 rows/,
  ],
  [
    'a file without NaN',
    `UPDATE ducklake_file_column_stats SET contains_nan = false WHERE column_id = 3`,
    /"x" holds NaN/,
  ],
]

describe('statistics that are wrong', () => {
  test('are none in a lake that is right, and nothing is repaired there', async () => {
    await using lake = await session.openLake(join(folder, 'right'))
    expect(await lake.check()).toMatchObject({ findings: [] })
    expect(await lake.recover({ statistics: true })).toMatchObject({ repaired: [], findings: [] })
  })

  test.each(damages)('are found and set right: %s', async (_, statement, found) => {
    const copy = mkdtempSync(join(folder, 'wrong-'))
    cpSync(join(folder, 'right'), copy, { recursive: true })
    const database = await DuckDBInstance.create(join(copy, 'catalog.ducklake'))
    const connection = await database.connect()
    await connection.run(statement)
    connection.closeSync()
    database.closeSync()
    await using lake = await session.openLake(copy)
    const report = await lake.check()
    expect(report.isSound).toBe(false)
    expect(report.findings.map(({ message }) => message).join('\n')).toMatch(found)
    const { repaired } = await lake.recover({ statistics: true })
    expect(repaired.join()).toMatch(/statistics of "main\.(?:whole|parts)"/)
    expect(await lake.check()).toMatchObject({ findings: [] })
    expect(await lake.recover({ statistics: true })).toMatchObject({ repaired: [] })
    if (noLakeJudges === undefined) expect(await audited([copy])).toEqual([[]])
  })
})
