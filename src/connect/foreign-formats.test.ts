import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { Schema, Table, tableToIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { foreign, noForeignReaders } from '../format/fixtures/foreign-readers.ts'
import { Session } from './session.ts'

let db: Session
let native: DuckDBConnection
let folder: string

beforeAll(async () => {
  db = new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url)), { decodeWorkers: 0 }))
  native = await (await DuckDBInstance.create(':memory:')).connect()
  await native.run("SET TimeZone = 'UTC'")
  folder = mkdtempSync(join(tmpdir(), 'lakefront-foreign-'))
})

afterAll(async () => {
  await db.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

/** Values of each type as SQL, without their type, and what pyarrow calls the type. */
const types: Readonly<Record<string, readonly [pyarrow: string, ...values: string[]]>> = {
  BOOLEAN: ['bool', 'true', 'false'],
  TINYINT: ['int8', '-128', '127'],
  SMALLINT: ['int16', '-32768', '32767'],
  INTEGER: ['int32', '-2147483648', '2147483647'],
  BIGINT: ['int64', "'-9223372036854775808'", '9223372036854775807'],
  UTINYINT: ['uint8', '0', '255'],
  USMALLINT: ['uint16', '0', '65535'],
  UINTEGER: ['uint32', '0', '4294967295'],
  UBIGINT: ['uint64', '0', '18446744073709551615'],
  HUGEINT: [
    'extension<arrow.opaque[storage_type=fixed_size_binary[16], type_name=hugeint, vendor_name=DuckDB]>',
    "'-170141183460469231731687303715884105728'",
    '7',
  ],
  UHUGEINT: [
    'extension<arrow.opaque[storage_type=fixed_size_binary[16], type_name=uhugeint, vendor_name=DuckDB]>',
    "'340282366920938463463374607431768211455'",
    '7',
  ],
  FLOAT: ['float', '1.5', "'-inf'"],
  DOUBLE: ['double', '0.1', "'nan'"],
  'DECIMAL(4,1)': ['decimal128(4, 1)', '-999.9', '0.1'],
  'DECIMAL(18,6)': ['decimal128(18, 6)', '999999999999.999999', '-0.000001'],
  'DECIMAL(38,10)': ['decimal128(38, 10)', '1234567890123456789012345678.0123456789', '-0.0000000001'],
  VARCHAR: ['string', "''", "'é日本語 😀 longer than twelve'"],
  JSON: ['extension<arrow.json>', `'{"a":[1]}'`, "'null'"],
  BLOB: ['binary', "''", "'\\x00\\xFF'"],
  BIT: ['extension<arrow.opaque[storage_type=binary, type_name=bit, vendor_name=DuckDB]>', "'0101'", "'1'"],
  UUID: ['extension<arrow.uuid>', "'550e8400-e29b-41d4-a716-446655440000'", "'00000000-0000-0000-0000-000000000000'"],
  DATE: ['date32[day]', "'2024-02-29'", "'0001-01-01'"],
  TIME: ['time64[us]', "'00:00:00'", "'23:59:59.999999'"],
  TIME_NS: ['time64[ns]', "'00:00:00'", "'23:59:59.999999999'"],
  TIMETZ: [
    'extension<arrow.opaque[storage_type=int64, type_name=time_tz, vendor_name=DuckDB]>',
    "'00:00:00+02'",
    "'23:59:59.999999-07:30'",
  ],
  TIMESTAMP: ['timestamp[us]', "'2024-02-29 10:11:12.123456'", "'1969-12-31 23:59:59.999999'"],
  TIMESTAMP_S: ['timestamp[s]', "'2024-02-29 10:11:12'", "'1969-12-31 23:59:59'"],
  TIMESTAMP_MS: ['timestamp[ms]', "'2024-02-29 10:11:12.5'", "'1969-12-31 23:59:59.9'"],
  TIMESTAMP_NS: ['timestamp[ns]', "'2024-02-29 10:11:12.000000001'", "'1969-12-31 23:59:59.999999999'"],
  TIMESTAMPTZ: ['timestamp[us, tz=UTC]', "'2024-02-29 10:11:12.123456+00'", "'1969-12-31 23:59:59.5+00'"],
  INTERVAL: ['month_day_nano_interval', "'2 months 3 days'", "'-1 year 03:04:05.006'"],
  "ENUM('a', 'b', 'é')": ['dictionary<values=string, indices=uint8, ordered=0>', "'a'", "'é'"],
  'INTEGER[]': ['list<item: int32>', '[1, NULL, 3]', '[]'],
  'VARCHAR[][]': ['list<item: list<item: string>>', "[['a'], [], ['b', NULL], NULL]", '[NULL]'],
  'INTEGER[2]': ['fixed_size_list<item: int32>[2]', '[1, 2]', '[NULL, 4]'],
  'STRUCT(x INTEGER, y VARCHAR)': ['struct<x: int32, y: string>', "{'x': 1, 'y': 'a'}", "{'x': NULL, 'y': NULL}"],
  'MAP(VARCHAR, BIGINT)': ['map<string, int64>', "MAP {'a': 1, 'é': NULL}", 'MAP {}'],
  'UNION(num INTEGER, str VARCHAR)': ['sparse_union<num: int32=0, str: string=1, : null=2>', '1', "'a'"],
}

const queries = Object.entries(types).map(([type, [, ...values]]) => {
  const rows = [...values, 'NULL'].map((value) => `(CAST(${value} AS ${type}))`)
  return { type, sql: `SELECT * FROM (VALUES ${rows.join(', ')}) t(c)` }
})

describe.skipIf(noForeignReaders !== undefined)('pyarrow', () => {
  test.each(['file', 'stream'] as const)('reads every type that we write, as a %s', async (form) => {
    const paths = queries.map((_, index) => join(folder, `${form}-${index}.arrow`))
    for (const [index, { sql }] of queries.entries()) await db.sql(sql).write.option('form', form).arrow(paths[index]!)
    const read = foreign('read_arrow', ...paths) as {
      form: string
      types: { c: string }
      rows: (string | null)[][]
    }[]
    const found = read.map(({ form: its, types: { c }, rows }, index) => [queries[index]!.type, its, c, rows.flat()])
    const expected: unknown[] = []
    for (const { type, sql } of queries) {
      const rows = await native.runAndReadAll(`SELECT CAST(c AS VARCHAR) FROM (${sql})`)
      expected.push([type, form, types[type]![0], rows.getRows().flat()])
    }
    expect(found).toEqual(expected)
  })

  test('reads many batches, and what it writes behind zstandard, in one frame or several, we read', async () => {
    const rows = db.sql(
      "SELECT i AS id, 'é ' || i AS label, CASE WHEN i % 3 = 0 THEN NULL ELSE i / 8 END AS part FROM range(60000) t(i)",
    )
    for (const form of ['file', 'stream']) {
      const path = join(folder, `many-${form}.arrow`)
      await rows.write.option('form', form).arrow(path)
      const [read] = foreign('read_arrow', path) as { rows: unknown[][] }[]
      expect([read!.rows.length, read!.rows[59_999]]).toEqual([60_000, ['59999', 'é 59999', '7499.875']])
    }
    const query = (file: string): string =>
      `SELECT count(*)::INT AS n, sum(id)::BIGINT AS ids, max(label) AS label, sum(part) AS parts FROM '${file}'`
    for (const format of ['csv', 'json'] as const) {
      const path = join(folder, `plain.${format === 'csv' ? 'csv' : 'ndjson'}`)
      await rows.write[format](path)
      const packed = [`${path}.zst`, `${path}-frames`]
      expect(foreign('write_zstd', path, ...packed)).toBeGreaterThan(1_200_000)
      const [plain] = await db.sql(query(path)).collect()
      expect(plain).toMatchObject({ n: 60_000, ids: 1_799_970_000n })
      for (const file of packed) {
        const read = format === 'csv' ? db.read.csv(file) : db.read.json(file)
        expect(
          await db.sql`SELECT count(*)::INT AS n, sum(id)::BIGINT AS ids, max(label) AS label, sum(part) AS parts FROM ${read}`.collect(),
        ).toEqual([plain])
      }
      expect(await db.sql(query(packed[0]!)).collect()).toEqual([plain])
    }
  })
})

test.each<[what: string, ...files: string[]]>([
  ['nulls only in one', '{"a":1,"b":null}', '{"a":2,"b":"x"}'],
  ['lists that are empty', '{"a":[]}', '{"a":[1]}'],
  ['objects without fields', '{"a":{}}', '{"a":{"x":2}}'],
  ['whole numbers and others', '{"a":1}', '{"a":1.5}'],
  ['dates and texts', '{"a":"2024-01-01"}', '{"a":"x"}'],
  ['numbers and texts', '{"a":1}', '{"a":"x"}'],
  ['other fields of structs', '{"a":{"x":1}}', '{"a":{"y":"q","x":1.5}}'],
  ['names in other case', '{"a":1}', '{"A":2}'],
  ['no values at all', '', '{"a":2}'],
  ['lists instead of objects', '[1,2]\n[3]', '{"a":2}'],
  ['other columns', '{"a":1}', '{"b":2}'],
])('several files of JSON are one table, as in native DuckDB: %s', async (what, ...files) => {
  const paths = files.map((text, index) => {
    const path = join(folder, `${what} ${index}.json`)
    writeFileSync(path, text)
    return `'${path}'`
  })
  const from = `read_json([${paths.join(', ')}])`
  const [described, values] = [`DESCRIBE FROM ${from}`, `SELECT * FROM (SELECT COLUMNS(*)::VARCHAR FROM ${from})`]
  const found = [await db.sql(described).collect(), await db.sql(values).collect()]
  const expected = await Promise.all(
    [described, values].map(async (sql) => (await native.runAndReadAll(sql)).getRowObjectsJS()),
  )
  expect(found).toEqual(expected)
})

test('structs without names are read from Arrow, and texts with U+0000 from CSV', async () => {
  const frame = db.sql("SELECT row(1, 'a', [row(2.5)]) AS r, 'a' || chr(0) || 'b' AS t")
  for (const format of ['arrow', 'csv'] as const) {
    const path = join(folder, `odd.${format}`)
    await frame.write[format](path)
    const read = format === 'arrow' ? db.read.arrow(path) : db.read.csv(path).select('t')
    expect(await read.collect()).toEqual(await (format === 'arrow' ? frame : frame.select('t')).collect())
  }
})

test('columns and fields of one name are told apart in Arrow, as in other formats', async () => {
  const path = join(folder, 'same names.arrow')
  await db.sql('SELECT 1 AS a, 2 AS a, 3 AS "A"').write.arrow(path)
  expect(await db.read.arrow(path).collect()).toEqual([{ a: 1, a_1: 2, A_2: 3 }])
})

test('files without anything in them are refused by their names', async () => {
  const path = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  for (const format of ['parquet', 'avro', 'arrow'] as const) {
    const file = path(`empty.${format}`, new Uint8Array())
    await expect(db.read[format](file).collect()).rejects.toThrow(new RegExp(`^"${file}" is .*empty`))
    await db.registerFile(`mine.${format}`, new Blob([]))
    await expect(db.sql(`FROM 'mine.${format}'`).collect()).rejects.toThrow(new RegExp(`^"mine.${format}" is .*empty`))
  }
  const none = path('none.arrow', tableToIPC(new Table(new Schema([])), 'file'))
  await expect(db.read.arrow(none).collect()).rejects.toMatchObject({ message: `"${none}" has no columns.` })
  await db.registerFile('nul.csv', 'a\0b.csv')
  await expect(db.sql(`FROM 'nul.csv'`).collect()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
