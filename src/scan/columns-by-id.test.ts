import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openByteSource } from '../storage/open.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { listOf } from './fixtures/listed.ts'
import { drain, nativeConnection, provider, rowsOf } from './fixtures/native.ts'
import type { MappedName } from './listed-files.ts'
import type { MappedField, ScanRequest } from './source.ts'

let native: DuckDBConnection
let folder: string
const scans = provider()

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-ids-'))
})

afterAll(() => {
  scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

const integer: LogicalType = { kind: 'integer' }
const bigint: LogicalType = { kind: 'bigint' }
const varchar: LogicalType = { kind: 'varchar' }
const struct = (fields: Readonly<Record<string, LogicalType>>): LogicalType => ({
  kind: 'struct',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type, nullable: true })),
})

async function write(name: string, select: string, options = ''): Promise<string> {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  await native.run(`COPY (${select}) TO '${path}' (FORMAT parquet${options})`)
  return path
}

/** Rows of `path` by `mapping`; names of its columns by `names`, if given. */
async function read(
  path: string,
  mapping: readonly MappedField[],
  { names, ...request }: { names?: readonly MappedName[] } & Partial<ScanRequest> = {},
): Promise<string[][]> {
  const counted = await native.runAndReadAll(`SELECT count(*)::INTEGER FROM read_parquet('${path}')`)
  const facts = [{ path, rows: counted.getRows()[0]![0] as number, ...(names && { naming: 0 }) }]
  const files = listOf(facts, mapping, openByteSource, names === undefined ? {} : { names: [names] })
  const table = await scans.table({ format: 'listed', id: path, mapping, files })
  return rowsOf(await drain(table.open({ columns: [...mapping.keys()], ...request })))
}

async function nativeAnswer(sql: string): Promise<string[][]> {
  const found = await native.runAndReadAll(`SELECT COALESCE(CAST(COLUMNS(*) AS VARCHAR), 'NULL') FROM (${sql})`)
  return found.getRows().map((row) => row.map(String))
}

const nested =
  "SELECT i::INTEGER AS a, {x: i::INTEGER, y: 'y' || i, z: [{p: i::SMALLINT, q: i % 2 = 0}]} AS s, MAP {'k' || i: {v: i::INTEGER}} AS m FROM range(5) t(i)"
const nestedIds =
  ', FIELD_IDS {a: 1, s: {__duckdb_field_id: 2, x: 3, y: 4, z: {__duckdb_field_id: 5, element: {__duckdb_field_id: 6, p: 7, q: 8}}}, m: {__duckdb_field_id: 9, key: 10, value: {__duckdb_field_id: 11, v: 12}}}'

/** The table after `x` became a bigint called `wide`, `y` was dropped, `new` was added with a default, and so on at every depth. */
const evolved: readonly MappedField[] = [
  { name: 'A', type: bigint, id: 1 },
  {
    name: 'S',
    id: 2,
    type: struct({ fresh: varchar, wide: bigint, z: { kind: 'list', element: struct({ p: bigint, r: integer }) } }),
    fields: [
      { name: 'fresh', type: varchar, id: 20, default: 'dflt' },
      { name: 'wide', type: bigint, id: 3 },
      {
        name: 'z',
        id: 5,
        type: { kind: 'list', element: struct({ p: bigint, r: integer }) },
        fields: [
          {
            name: 'element',
            id: 6,
            type: struct({ p: bigint, r: integer }),
            fields: [
              { name: 'p', type: bigint, id: 7 },
              { name: 'r', type: integer, id: 21, default: 7 },
            ],
          },
        ],
      },
    ],
  },
  {
    name: 'm',
    id: 9,
    type: { kind: 'map', key: varchar, value: struct({ V: { kind: 'double' }, w: integer }) },
    fields: [
      { name: 'key', type: varchar, id: 10 },
      {
        name: 'value',
        id: 11,
        type: struct({ V: { kind: 'double' }, w: integer }),
        fields: [
          { name: 'V', type: { kind: 'double' }, id: 12 },
          { name: 'w', type: integer, id: 22 },
        ],
      },
    ],
  },
  { name: 'added', type: { kind: 'decimal', precision: 5, scale: 2 }, id: 23, default: '1.50' },
]
const evolvedAnswer = `SELECT a::BIGINT AS A, {fresh: 'dflt', wide: s.x::BIGINT, z: list_transform(s.z, lambda e: {p: e.p::BIGINT, r: 7})} AS S,
  map_from_entries(list_transform(map_entries(m), lambda e: {k: e.key, v: {V: e.value.v::DOUBLE, w: NULL::INTEGER}})) AS m, 1.50::DECIMAL(5,2) AS added`

test('fields are added, dropped, renamed and promoted at any depth', async () => {
  const path = await write('nested.parquet', nested, nestedIds)
  expect(await read(path, evolved)).toEqual(await nativeAnswer(`${evolvedAnswer} FROM (${nested})`))
})

test('a file without ids is read by names, of fields too, whatever their case', async () => {
  const path = await write('named.parquet', nested)
  const names: readonly MappedName[] = [
    { name: 'a', id: 1 },
    {
      name: 'S',
      id: 2,
      fields: [
        { name: 'x', id: 3 },
        { name: 'z', id: 5, fields: [{ name: 'list', id: 6, fields: [{ name: 'P', id: 7 }] }] },
      ],
    },
    {
      name: 'm',
      id: 9,
      fields: [
        { name: 'key', id: 10 },
        { name: 'value', id: 11, fields: [{ name: 'v', id: 12 }] },
      ],
    },
  ]
  expect(await read(path, evolved, { names })).toEqual(await nativeAnswer(`${evolvedAnswer} FROM (${nested})`))
})

test('columns that are not among the names have their default, and the order of a file does not matter', async () => {
  const path = await write('other.parquet', "SELECT 'b' || i AS b, i::INTEGER AS a FROM range(3) t(i)")
  const mapping: readonly MappedField[] = [
    { name: 'a', type: integer, id: 1, default: 9 },
    { name: 'b', type: varchar, id: 2 },
  ]
  expect(await read(path, mapping, { names: [{ name: 'b', id: 2 }] })).toEqual([
    ['9', 'b0'],
    ['9', 'b1'],
    ['9', 'b2'],
  ])
})

test('a listed file with neither ids nor names is read by position', async () => {
  const path = await write('plain.parquet', "SELECT i::INTEGER AS whatever, {x: 'x' || i} AS t FROM range(2) t(i)")
  const type = struct({ x: varchar, y: integer })
  const mapping: readonly MappedField[] = [
    { name: '$id', type: bigint, virtual: 'rowNumber' },
    { name: 'a', type: bigint, id: 1 },
    {
      name: 'b',
      type,
      id: 2,
      fields: [
        { name: 'x', type: varchar, id: 3 },
        { name: 'y', type: integer, id: 4 },
      ],
    },
    { name: 'c', type: varchar, id: 5, default: 'none' },
  ]
  expect(await read(path, mapping)).toEqual([
    ['0', '0', "{'x': x0, 'y': NULL}", 'none'],
    ['1', '1', "{'x': x1, 'y': NULL}", 'none'],
  ])
})

describe('values that the folder of a file tells', () => {
  const types: readonly (readonly [LogicalType, string, string])[] = [
    [integer, '7', '7'],
    [bigint, '9007199254740993', '9007199254740993'],
    [{ kind: 'boolean' }, 'true', 'true'],
    [{ kind: 'double' }, '1.5', '1.5'],
    [{ kind: 'date' }, '2024-1-05', '2024-01-05'],
    [{ kind: 'decimal', precision: 6, scale: 2 }, '12.50', '12.50'],
    [varchar, 'a%2Fb c', 'a/b c'],
    [varchar, '__HIVE_DEFAULT_PARTITION__', 'NULL'],
  ]
  test.each(types)('%j of %s', async (type, text, expected) => {
    const path = await write(`p=${text}/part.parquet`, 'SELECT i::INTEGER AS a, 99 AS p FROM range(2) t(i)')
    const mapping: readonly MappedField[] = [
      { name: 'a', type: integer, id: 1 },
      { name: 'part', type, id: 2 },
    ]
    const names = [
      { name: 'a', id: 1 },
      { name: 'p', id: 2, isPartition: true },
    ]
    expect(await read(path, mapping, { names })).toEqual([
      ['0', expected],
      ['1', expected],
    ])
  })

  test('of another type is an error that quotes it', async () => {
    const path = await write('p=soon/part.parquet', 'SELECT 1 AS a')
    const mapping: readonly MappedField[] = [{ name: 'part', type: integer, id: 2 }]
    await expect(read(path, mapping, { names: [{ name: 'p', id: 2, isPartition: true }] })).rejects.toMatchObject({
      code: 'TYPE_MISMATCH',
      message: expect.stringMatching(/says "soon" for column "part", which is no INTEGER/),
    })
  })
})

describe('promotions', () => {
  const kinds = (...names: LogicalType['kind'][]): LogicalType[] => names.map((kind) => ({ kind }) as LogicalType)
  const signed = kinds('tinyint', 'smallint', 'integer', 'bigint')
  const unsigned = kinds('utinyint', 'usmallint', 'uinteger', 'ubigint')
  const wider = kinds('hugeint', 'float', 'double')
  const pairs: (readonly [string, LogicalType, string])[] = [
    ...signed.flatMap((from, at) =>
      [...signed.slice(at + 1), ...wider].map((to) => [`${from.kind}`, to, 'range'] as const),
    ),
    ...unsigned.flatMap((from, at) =>
      [...unsigned.slice(at + 1), ...signed.slice(at + 1), ...kinds('hugeint', 'uhugeint', 'double')].map(
        (to) => [`${from.kind}`, to, 'positive'] as const,
      ),
    ),
    ['float', { kind: 'double' }, 'range'],
    ['integer', { kind: 'decimal', precision: 14, scale: 3 }, 'range'],
    ['bigint', { kind: 'decimal', precision: 30, scale: 3 }, 'range'],
    ['decimal(6,2)', { kind: 'decimal', precision: 20, scale: 4 }, 'range'],
    ['decimal(6,2)', { kind: 'double' }, 'range'],
    ['date', { kind: 'timestamp' }, 'dates'],
    ['date', { kind: 'timestamp_s' }, 'dates'],
    ['timestamp', { kind: 'timestamp_ns' }, 'instants'],
    ['timestamp_s', { kind: 'timestamp_s' }, 'instants'],
    ['timestamp_ms', { kind: 'timestamp_ms' }, 'instants'],
    ['hugeint', { kind: 'hugeint' }, 'range'],
    ['decimal(38,0)', { kind: 'hugeint' }, 'range'],
    ['decimal(38,0)', { kind: 'uhugeint' }, 'positive'],
    ['decimal(9,0)', { kind: 'hugeint' }, 'range'],
    ['uhugeint', { kind: 'uhugeint' }, 'positive'],
    ['json', varchar, 'json'],
    ['varchar', { kind: 'json' }, 'json'],
  ]
  const values: Readonly<Record<string, string>> = {
    range: 'SELECT CASE WHEN i % 5 > 0 THEN i - 50 END AS v FROM range(100) t(i)',
    positive: 'SELECT CASE WHEN i % 5 > 0 THEN i END AS v FROM range(100) t(i)',
    dates: "SELECT CASE WHEN i % 5 > 0 THEN DATE '1969-12-01' + i::INTEGER END AS v FROM range(100) t(i)",
    instants:
      "SELECT CASE WHEN i % 5 > 0 THEN TIMESTAMP '1969-12-31 23:59:00' + INTERVAL (i * 1357) MILLISECOND END AS v FROM range(100) t(i)",
    json: `SELECT '{"a": ' || i || '}' AS v FROM range(5) t(i)`,
  }

  test.each(pairs)('%s to $kind', async (from, to, kind) => {
    const name = `${from}-${JSON.stringify(to)}.parquet`.replaceAll(/[^a-z0-9.-]/g, '_')
    const sql = `SELECT v::${from} AS v, [v::${from}] AS l FROM (${values[kind]})`
    const path = await write(name, sql, ', FIELD_IDS {v: 1, l: {__duckdb_field_id: 2, element: 3}}')
    const mapping: readonly MappedField[] = [
      { name: 'v', type: to, id: 1 },
      { name: 'l', type: { kind: 'list', element: to }, id: 2, fields: [{ name: 'element', type: to, id: 3 }] },
    ]
    const sqlName = to.kind === 'decimal' ? `DECIMAL(${to.precision},${to.scale})` : to.kind
    expect(await read(path, mapping)).toEqual(
      await nativeAnswer(`SELECT v::${sqlName} AS v, l::${sqlName}[] AS l FROM (${sql})`),
    )
    const filtered = await read(path, mapping, { filter: '(#0 > 7)' })
    const passing =
      kind === 'range'
        ? await nativeAnswer(`SELECT v::${sqlName} AS v, l::${sqlName}[] AS l FROM (${sql}) WHERE v > 7`)
        : []
    const found = new Set(filtered.map((row) => row.join()))
    expect(passing.filter((row) => !found.has(row.join()))).toEqual([])
  })

  test('what a table cannot have been promoted from is an error that names column and file', async () => {
    const path = await write('text.parquet', "SELECT 'x' AS v", ', FIELD_IDS {v: 1}')
    await expect(read(path, [{ name: 'v', type: integer, id: 1 }])).rejects.toMatchObject({
      code: 'TYPE_MISMATCH',
      message: expect.stringMatching(/Column "v" is INTEGER in the table but VARCHAR.*text\.parquet/),
    })
  })
})
