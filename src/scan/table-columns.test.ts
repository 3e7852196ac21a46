import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure } from '../storage/conformance.ts'
import { drain, nativeConnection, provider, rowsOf, schemaOf, tableRows } from './fixtures/native.ts'
import type { MappedField, ParquetOptions, ScanTable } from './source.ts'

let native: DuckDBConnection
let folder: string
const scans = provider()

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-tables-'))
})

afterAll(async () => {
  await scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function write(name: string, query: string, options = ''): Promise<string> {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  await native.run(`COPY (${query}) TO '${path}' (FORMAT parquet${options})`)
  return path
}

let next = 0
function open(
  files: readonly string[],
  options?: ParquetOptions,
  mapping?: readonly MappedField[],
): Promise<ScanTable> {
  return scans.table({
    id: `table ${next++}`,
    format: 'parquet',
    files,
    ...(options === undefined ? {} : { options }),
    ...(mapping === undefined ? {} : { mapping }),
  })
}

/** What native DuckDB makes of the same files and options. */
async function expected(files: readonly string[], options = ''): Promise<{ schema: string[]; rows: string[][] }> {
  const source = `read_parquet([${files.map((file) => `'${file}'`).join()}]${options})`
  const schema = await native.runAndReadAll(`DESCRIBE FROM ${source}`)
  const rows = await native.runAndReadAll(`SELECT COALESCE(CAST(COLUMNS(*) AS VARCHAR), 'NULL') FROM ${source}`)
  return {
    schema: schema.getRows().map(([name, type]) => `${String(name)} ${String(type)}`),
    rows: rows.getRows().map((row) => row.map(String)),
  }
}

async function ours(
  files: readonly string[],
  options?: ParquetOptions,
): Promise<{ schema: string[]; rows: string[][] }> {
  const table = await open(files, options)
  return { schema: schemaOf(table), rows: await tableRows(table) }
}

describe('partitions named by folders', () => {
  test.each<[string, string[]]>([
    ['numbers, dates, texts', ['z=1/b=2024-01-01/c=x%20y', 'z=-2/b=2024-12-31/c=ü']],
    ['null', ['k=7', 'k=__HIVE_DEFAULT_PARTITION__']],
    ['null alone', ['k=__HIVE_DEFAULT_PARTITION__']],
    ['times', ['k=2024-01-01 10:00:00', 'k=2024-01-01 10:00:01.5']],
    ['dates and times', ['k=2024-01-01', 'k=2024-01-01 10:00:00']],
    ['numbers and texts', ['k=1', 'k=x']],
    ['leading zeros', ['k=007', 'k=08']],
    ['zero', ['k=0', 'k=10']],
    ['a plus', ['k=+1']],
    ['minus zero', ['k=-0']],
    ['spaces', ['k= 1']],
    ['short dates', ['k=2024-1-5']],
    ['short times', ['k=2024-01-05 10:00']],
    ['times with a T', ['k=2024-01-05T10:00:00']],
    ['decimals', ['k=1.5', 'k=2']],
    ['numbers too large', ['k=99999999999999999999', 'k=1']],
    ['no such date', ['k=2024-02-30', 'k=2024-02-29']],
    ['nothing', ['k=']],
    ['different keys', ['k=1', 'l=1']],
    ['keys of different case', ['K=1', 'k=2']],
    ['some without', ['k=1', 'other']],
    ['a key that is a column', ['V=7', 'V=8']],
  ])('%s', async (name, folders) => {
    const files: string[] = []
    for (const [index, path] of folders.entries())
      files.push(await write(join(name, path, `${index}.parquet`), `SELECT ${index} AS v, 'w' AS w`))
    expect(await ours(files)).toEqual(await expected(files))
    expect(await ours(files, { hivePartitioning: false })).toEqual(await expected(files, ', hive_partitioning = false'))
  })

  test('asked for, but not the same everywhere, is refused', async () => {
    const files = [await write('odd/k=1/a.parquet', 'SELECT 1 AS v'), await write('odd/b.parquet', 'SELECT 1 AS v')]
    expect(await failure(open(files, { hivePartitioning: true }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/b.parquet" name other partitions than .*a.parquet/),
    })
  })

  test('skip files before anything of them is read', async () => {
    const files: string[] = []
    for (let month = 1; month <= 12; month++)
      files.push(await write(`skip/year=2024/month=${month}/a.parquet`, `SELECT ${month} * 10 AS v FROM range(3)`))
    const table = await open(files)
    const run = async (filter: string): Promise<[number, number, string[][]]> => {
      const reader = table.open({ columns: [0, 1], filter })
      const rows = rowsOf(await drain(reader))
      const { partition } = reader.metrics.rowGroupsSkippedBy
      return [reader.metrics.rowGroupsRead + reader.metrics.cacheHits, partition, rows]
    }
    expect(await run('((month = 3) AND (year = 2024))')).toEqual([
      1,
      11,
      [
        ['30', '3'],
        ['30', '3'],
        ['30', '3'],
      ],
    ])
    expect((await run('(month IN (3, 5))'))[1]).toBe(10)
    expect((await run('(year = 2023)'))[1]).toBe(12)
    expect((await run('((month = 3) OR (v = 50))'))[2]).toHaveLength(6)
    expect((await run('((month % 2) = 1)'))[1]).toBe(0)
  })
})

describe('columns that are not stored', () => {
  test('the name of the file and the number of the row', async () => {
    const files = [
      await write('virtual/a.parquet', 'SELECT i AS v FROM range(5000) t(i)', ', ROW_GROUP_SIZE 2048'),
      await write('virtual/b.parquet', 'SELECT i AS v FROM range(10) t(i)'),
    ]
    const options = ', filename = true, file_row_number = true'
    expect(await ours(files, { filename: true, fileRowNumber: true })).toEqual(await expected(files, options))
    expect((await ours(files, { filename: 'source' })).schema).toEqual(
      (await expected(files, ", filename = 'source'")).schema,
    )
    const table = await open(files, { filename: true, fileRowNumber: true })
    const reader = table.open({ columns: [1], filter: `(filename = '${files[1]!}')` })
    expect(rowsOf(await drain(reader))).toEqual(Array.from({ length: 10 }, (_, index) => [String(index)]))
    const late = table.open({ columns: [1], filter: '(v >= 4100)' })
    expect(rowsOf(await drain(late))[0]).toEqual(['4096'])
    expect(await failure(open(files, { filename: 'v' }))).toMatchObject({ code: 'COLUMN_AMBIGUOUS' })
  })
})

describe('files of different columns', () => {
  test('in any order, and wider types by name', async () => {
    const files = [
      await write('union/a.parquet', "SELECT 1 AS x, 2.5::FLOAT AS y, 1.25::DECIMAL(4,2) AS d, DATE '2020-01-02' AS t"),
      await write(
        'union/b.parquet',
        "SELECT 'q' AS z, -3000000000 AS x, 3e300 AS y, 12345.5::DECIMAL(12,3) AS d, TIMESTAMP '2021-01-01 10:00:00' AS t",
      ),
      await write('union/c.parquet', 'SELECT 2.5::FLOAT AS Y, NULL::INTEGER AS x'),
    ]
    expect(await ours(files, { unionByName: true })).toEqual(await expected(files, ', union_by_name = true'))
  })

  test('the first decides unless they are united', async () => {
    const [few, many] = [
      await write('first/few.parquet', 'SELECT 1::BIGINT AS x'),
      await write('first/many.parquet', 'SELECT 2 AS y, 3 AS x'),
    ] as const
    expect(await ours([few, many], { unionByName: false })).toEqual(await expected([few, many]))
    expect(await failure(open([many, few], { unionByName: false }))).toMatchObject({
      code: 'COLUMN_NOT_FOUND',
      message: expect.stringMatching(/"y" of ".*many.parquet" is not in ".*few.parquet".*union_by_name = true/),
    })
  })

  test('wider types keep pruning right', async () => {
    const files = [
      await write('wide/a.parquet', 'SELECT i::INTEGER AS x, (i / 10)::DECIMAL(5,1) AS d FROM range(100) t(i)'),
      await write('wide/b.parquet', 'SELECT i AS x, (i / 10)::DECIMAL(12,3) AS d FROM range(100, 200) t(i)'),
    ]
    const table = await open(files)
    expect(schemaOf(table)).toEqual(['x BIGINT', 'd DECIMAL(12,3)'])
    for (const [filter, rows] of [
      ['(x = 50)', 100],
      ['(x = 150)', 100],
      ['(d > 9.900)', 100],
      ['(d = 5.000)', 100],
      ['(x >= 99)', 200],
      ['(x > 500)', 0],
    ] as const)
      expect([filter, rowsOf(await drain(table.open({ columns: [0], filter }))).length]).toEqual([filter, rows])
  })
})

describe('columns found by field id', () => {
  const big = { kind: 'bigint' } as const
  const text = { kind: 'varchar' } as const

  test('renamed, added with a default, dropped, widened', async () => {
    const files = [
      await write(
        'ids/a.parquet',
        "SELECT 1 AS old, 'x' AS gone, 1.5::FLOAT AS f",
        ', FIELD_IDS {old: 1, gone: 2, f: 3}',
      ),
      await write(
        'ids/b.parquet',
        'SELECT 2.5 AS g, 3000000000 AS name, true AS extra',
        ', FIELD_IDS {g: 9, name: 1, extra: 4}',
      ),
      await write('ids/c.parquet', 'SELECT 7 AS name'),
    ]
    const table = await open(files, {}, [
      { name: 'name', type: big, id: 1 },
      { name: 'float', type: { kind: 'double' }, id: 3, default: 0.25 },
      { name: 'extra', type: { kind: 'boolean' }, id: 4 },
      { name: 'label', type: text, id: 5, default: 'none' },
    ])
    expect(await tableRows(table)).toEqual([
      ['1', '1.5', 'NULL', 'none'],
      ['3000000000', '0.25', 'true', 'none'],
      ['NULL', '0.25', 'NULL', 'none'],
    ])
    expect(rowsOf(await drain(table.open({ columns: [0], filter: '(name = 1)' })))).toEqual([['1']])
    expect(rowsOf(await drain(table.open({ columns: [3], filter: "(label = 'none')" })))).toHaveLength(3)
    expect(await failure(open(files, {}, [{ name: 'name', type: { kind: 'smallint' }, id: 1 }]))).toMatchObject({
      code: 'TYPE_MISMATCH',
      message: expect.stringMatching(/"name" is SMALLINT in the table but INTEGER, as "old", in ".*a.parquet"/),
    })
  })

  test('to any depth', async () => {
    const ids = `{s: {__duckdb_field_id: 1, a: 2, b: {__duckdb_field_id: 3, element: {__duckdb_field_id: 4, c: 5, d: 6}}}, m: {__duckdb_field_id: 7, key: 8, value: {__duckdb_field_id: 9, v: 10}}}`
    const file = await write(
      'ids/deep.parquet',
      `FROM (VALUES ({'a': 1, 'b': [{'c': 2, 'd': 'x'}, NULL, {'c': NULL, 'd': 'y'}]}, MAP {'k': {'v': 5}}), (NULL, MAP {}), ({'a': NULL, 'b': []}, NULL)) t(s, m)`,
      `, FIELD_IDS ${ids}`,
    )
    const element: MappedField = {
      name: 'element',
      id: 4,
      type: {
        kind: 'struct',
        fields: [
          { name: 'dd', type: text, nullable: true },
          { name: 'cc', type: big, nullable: true },
          { name: 'new', type: big, nullable: true },
        ],
      },
      fields: [
        { name: 'dd', type: text, id: 6 },
        { name: 'cc', type: big, id: 5 },
        { name: 'new', type: big, id: 11, default: 42n },
      ],
    }
    const list: MappedField = { name: 'list', id: 3, type: { kind: 'list', element: element.type }, fields: [element] }
    const struct: MappedField = {
      name: 'struct',
      id: 1,
      type: {
        kind: 'struct',
        fields: [
          { name: 'list', type: list.type, nullable: true },
          { name: 'aa', type: big, nullable: true },
        ],
      },
      fields: [list, { name: 'aa', type: big, id: 2 }],
    }
    const value: MappedField = {
      name: 'value',
      id: 9,
      type: { kind: 'struct', fields: [{ name: 'vv', type: big, nullable: true }] },
      fields: [{ name: 'vv', type: big, id: 10 }],
    }
    const map: MappedField = {
      name: 'map',
      id: 7,
      type: { kind: 'map', key: text, value: value.type },
      fields: [{ name: 'key', type: text, id: 8 }, value],
    }
    const table = await open([file], {}, [map, struct])
    expect(await tableRows(table)).toEqual([
      ["{k={'vv': 5}}", "{'list': [{'dd': x, 'cc': 2, 'new': 42}, NULL, {'dd': y, 'cc': NULL, 'new': 42}], 'aa': 1}"],
      ['{}', 'NULL'],
      ['NULL', "{'list': [], 'aa': NULL}"],
    ])
  })
})
