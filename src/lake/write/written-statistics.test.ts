import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../../connect/session.ts'
import { DuckdbNativeEngine } from '../../engine/duckdb-native/duckdb-native-engine.ts'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { sql } from '../../expr/sql.ts'
import type { Lake } from '../../frame/lake.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { lakesBeside } from '../engine-with-lakes.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)

/** Values of each type as SQL over `r`, a random number, and `i`. */
const columns: Readonly<Record<string, string>> = {
  boolean: 'r > 0.5',
  tinyint: '(r * 255 - 128)::TINYINT',
  smallint: '(r * 65535 - 32768)::SMALLINT',
  integer: '(r * 4e9 - 2e9)::INTEGER',
  bigint: '((r - 0.5) * 1.8e19)::HUGEINT::BIGINT',
  ubigint: '(r * 1.8e19)::HUGEINT::UBIGINT',
  float: `CASE i % 7 WHEN 0 THEN 'nan'::FLOAT WHEN 1 THEN '-inf'::FLOAT ELSE ((r - 0.5) * 1e9)::FLOAT END`,
  double: `CASE i % 9 WHEN 0 THEN 'nan'::DOUBLE ELSE (r - 0.5) * 1e200 END`,
  'decimal(9,4)': '((r - 0.5) * 1e5)::DECIMAL(9,4)',
  'decimal(38,10)': '((r - 0.5) * 1e20)::DECIMAL(38,10)',
  date: `DATE '2000-01-01' + ((r - 0.5) * 1000000)::INTEGER`,
  time: `TIME '00:00:00' + to_microseconds((r * 86399999999)::BIGINT)`,
  timestamp: 'make_timestamp(((r - 0.5) * 4e15)::BIGINT)',
  timestamp_ns: 'make_timestamp(((r - 0.5) * 4e15)::BIGINT)::TIMESTAMP_NS',
  'timestamp with time zone': 'make_timestamp(((r - 0.5) * 4e15)::BIGINT)::TIMESTAMPTZ',
  varchar: `repeat(chr((32 + r * 50000)::INTEGER), (r * 5)::INTEGER) || chr(128512 + (r * 50)::INTEGER)`,
  uuid: 'md5(r::VARCHAR)::UUID',
  'integer[]': '[(r * 100)::INTEGER, NULL, i::INTEGER]',
}
const names = Object.keys(columns)

let session: Session
let native: DuckdbNativeEngine
let folder: string
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  native = await DuckdbNativeEngine.open()
  folder = await mkdtemp(join(tmpdir(), 'written-'))
})
afterAll(async () => {
  await session.close()
  await native.close()
  await rm(folder, { recursive: true })
})

async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const stream = await native.execute({ sql })
  const rows: Record<string, unknown>[] = []
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next())
    rows.push(...rowsFromBatch(batch))
  await stream.close()
  return rows
}

describe('statistics in the catalog of a lake', () => {
  it('are those that native DuckDB finds in the files, of each file and of the table', async () => {
    const lake = await session.openLake(folder, { create: true })
    await lake.createTable('t', Object.fromEntries(names.map((type, at) => [`c${at}`, type])))
    for (const [rows, nulls] of [
      [40, 0.1],
      [1, 0],
      [25, 0.6],
      [3, 1],
    ]) {
      const values = names.map(
        (type, at) => `CASE WHEN random() < ${nulls} THEN NULL ELSE ${columns[type]} END AS c${at}`,
      )
      await lake
        .table('t')
        .insert(session.sql(`SELECT ${values.join(', ')} FROM (SELECT i, random() AS r FROM range(${rows}) t(i))`))
    }
    await lake.close()
    await ask(`ATTACH '${join(folder, 'catalog.ducklake')}' AS lake (READ_ONLY)`)
    const files = await ask(
      'SELECT data_file_id AS id, path, record_count AS n FROM lake.ducklake_data_file ORDER BY 1',
    )
    expect(files.map(({ n }) => n)).toEqual([40n, 1n, 25n, 3n])
    const from = (paths: readonly unknown[]): string =>
      `read_parquet([${paths.map((path) => `'${join(folder, 'data/main/t', String(path))}'`).join(', ')}])`
    for (const [at, type] of names.entries()) {
      const isFloat = type === 'float' || type === 'double'
      const isList = type.endsWith('[]')
      const column = isList ? `(SELECT max(column_id) FROM lake.ducklake_column)` : String(at + 1)
      const found = (paths: readonly unknown[]): string => {
        const values = isList
          ? `SELECT unnest(c${at}) AS x FROM ${from(paths)}`
          : `SELECT c${at} AS x FROM ${from(paths)}`
        const ordered = isFloat ? 'FILTER (NOT isnan(x))' : ''
        return `SELECT min(x) ${ordered} AS lo, max(x) ${ordered} AS hi, count(x) AS n, ${isFloat ? 'coalesce(bool_or(isnan(x)), false)' : 'NULL::BOOLEAN'} AS nan, count(*) - count(x) AS nulls FROM (${values})`
      }
      const cast = (text: string): string => `CAST(${text} AS ${isList ? 'INTEGER' : type})`
      for (const { id, path } of files) {
        const [said] = await ask(
          `SELECT ${cast('min_value')} AS lo, ${cast('max_value')} AS hi, value_count AS n, contains_nan AS nan, null_count AS nulls FROM lake.ducklake_file_column_stats WHERE data_file_id = ${String(id)} AND column_id = ${column}`,
        )
        const [is] = await ask(found([path]))
        const { nulls, ...rest } = is!
        expect(said, `${type}, file ${String(id)}`).toMatchObject(isList ? rest : { ...rest, nulls })
      }
      const [told] = await ask(
        `SELECT ${cast('min_value')} AS lo, ${cast('max_value')} AS hi, contains_nan AS nan, contains_null AS has_null FROM lake.ducklake_table_column_stats WHERE column_id = ${column}`,
      )
      const [all] = await ask(found(files.map(({ path }) => path)))
      expect(told, `${type}, all files`).toEqual({ lo: all!['lo'], hi: all!['hi'], nan: all!['nan'], has_null: true })
    }
  })

  it('are of the doubles that floats become, here or elsewhere', async () => {
    const place = await mkdtemp(join(tmpdir(), 'floats-'))
    const made = await session.openLake(place, { create: true })
    await made.createTable('f', { x: 'float' })
    await made.table('f').insert([{ x: 0.1 }, { x: null }])
    await made.table('f').insert([{ x: -0.1 }, { x: Infinity }, { x: NaN }])
    await made.table('f').addColumn('d', 'float', { default: Math.fround(0.1) })
    for (const column of ['x', 'd']) await made.table('f').alterType(column, 'double')
    await made.table('f').insert([{ x: 7 }])
    const findings = async (lake: Lake): Promise<unknown[]> => {
      const conditions = [
        'x > 0.1 AND x < 1',
        `x = ${Math.fround(0.1)}`,
        'x < -0.1',
        "x = 'inf'",
        'isnan(x)',
        `d = ${Math.fround(0.1)}`,
      ]
      return Promise.all(conditions.map((condition) => lake.table('f').filter(sql(condition)).count()))
    }
    expect(await findings(made)).toEqual([1, 1, 1, 1, 1, 6])
    expect(await made.check()).toMatchObject({ isSound: true, findings: [] })
    await made.close()
    await ask(`ATTACH '${join(place, 'catalog.ducklake')}' AS elsewhere`)
    await ask(
      'UPDATE elsewhere.ducklake_file_column_stats SET min_value = CAST(min_value AS FLOAT)::VARCHAR, max_value = CAST(max_value AS FLOAT)::VARCHAR',
    )
    await ask('DETACH elsewhere')
    const lake = await session.openLake(place)
    expect(await findings(lake)).toEqual([1, 1, 1, 1, 1, 6])
    await lake.close()
    await rm(place, { recursive: true })
  })
})
