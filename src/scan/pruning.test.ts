import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { valueReader } from '../types/value-reader.ts'
import { drain, nativeConnection, provider } from './fixtures/native.ts'
import type { ScanTable } from './source.ts'

/** Twenty row groups of 2,048 rows, most columns in step with the row number, so that bounds are narrow. */
const rows = `SELECT i AS id, (i - 20000)::INTEGER AS "int", (i * 1000000007)::BIGINT AS big, (i // 200)::UTINYINT AS tiny, (i * 4)::UBIGINT AS ubig,
    CASE WHEN i // 2048 IN (3, 4) THEN NULL WHEN i % 11 <> 0 THEN printf('k%05d', i) END AS text, CASE WHEN i % 5000 = 0 THEN 'NaN'::DOUBLE ELSE i / 8 - 1000 END AS dbl,
    (i / 10)::FLOAT AS flt, (i / 100)::DECIMAL(9,2) AS d9, (i * 1000000000)::DECIMAL(30,3) AS d30, DATE '1999-01-01' + (i // 100)::INTEGER AS day,
    TIMESTAMP '2001-01-01 00:00:00.5' + to_minutes(i) AS ts, TIMESTAMPTZ '2001-01-01 00:00:00+00' + to_minutes(i) AS tz, i >= 10000 AS flag,
    (printf('%032x', i))::UUID AS uuid, printf('b%05d', i)::BLOB AS blob, (TIMESTAMP '2001-01-01 00:00:00' + to_minutes(i))::TIMESTAMP_NS AS ns
  FROM range(40960) t(i)`

let native: DuckDBConnection
let folder: string
let path: string
let table: ScanTable
const scans = provider()

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-pruning-'))
  path = join(folder, 'rows.parquet')
  await native.run(`COPY (${rows}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
  // Without statistics there is a filter left to print even when DuckDB could tell the answer.
  await native.run("SET disabled_optimizers = 'statistics_propagation'")
  table = await scans.table({ id: 'rows', format: 'parquet', files: [path] })
})

afterAll(() => {
  scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

interface PlanNode {
  readonly name: string
  readonly children?: readonly PlanNode[]
  readonly extra_info: { readonly Expression?: string | readonly string[] }
}

/** The filter right above the scan of a table that takes no filters, as DuckDB prints it. */
async function printed(where: string): Promise<string | undefined> {
  const explained = await native.runAndReadAll(
    `EXPLAIN (FORMAT json) WITH t AS MATERIALIZED (FROM read_parquet('${path}')) SELECT * FROM t WHERE ${where}`,
  )
  const find = (node: PlanNode, above: string | undefined): string | undefined => {
    if (node.name.trim() === 'CTE_SCAN') return above
    const own = node.name.trim() === 'FILTER' ? [node.extra_info.Expression ?? ''].flat().join('\n') : undefined
    return node.children?.map((child) => find(child, own)).find((text) => text !== undefined)
  }
  const plan = JSON.parse(String(explained.getRows()[0]![1])) as PlanNode[]
  return plan.map((node) => find(node, undefined)).find((text) => text !== undefined)
}

const groupRows = 2048

/** The row groups that a scan with `filter` reads, by the ids that arrive. */
async function scan(filter: string | undefined): Promise<{ groups: Set<number>; skipped: number }> {
  const reader = table.open({ columns: [0], ...(filter === undefined ? {} : { filter }) })
  const firstIds = (await drain(reader)).map((batch) => Number(valueReader({ kind: 'bigint' }, batch.columns[0]!)(0)))
  return { groups: new Set(firstIds.map((id) => id / groupRows)), skipped: reader.metrics.rowGroupsSkipped }
}

/** The row groups that hold rows native DuckDB finds. */
async function matching(where: string): Promise<number[]> {
  const reader = await native.runAndReadAll(
    `SELECT DISTINCT id // ${groupRows} FROM read_parquet('${path}') WHERE ${where}`,
  )
  return reader.getRows().map(([group]) => Number(group))
}

describe('row groups read for a predicate', () => {
  test.each([
    ['"int" = 5', 1],
    ['"int" BETWEEN -20000 AND -19000', 1],
    ['"int" < -20000', 0],
    ['"int" > 20000', 1],
    ['NOT ("int" > -17000)', 2],
    ['"int" IN (-20000, 0, 20959)', 3],
    ['"int" > 99999999999', 0],
    ['"int" = 1.5', 1],
    ['big >= 40950 * 1000000007::BIGINT', 1],
    ['tiny = 255', 0],
    ['ubig >= 40000 * 4', 1],
    ["text = 'k00007'", 1],
    ["text LIKE 'k000%'", 1],
    ["text >= 'k40' AND text < 'k41'", 1],
    ["text > 'z'", 0],
    ['text IS NOT NULL', 18],
    ['id IS NULL', 0],
    ['dbl < -990', 9],
    ['dbl > 1e9', 20],
    ['dbl BETWEEN 1e9 AND 2e9', 9],
    ['flt = 0.1', 1],
    ['d9 = 1.23', 1],
    ['d30 >= 40950000000000', 1],
    ["day = DATE '1999-01-05'", 1],
    ["day < DATE '1999-02-01' - INTERVAL 30 DAY", 1],
    ["ts >= TIMESTAMP '2001-01-29 00:00:00'", 1],
    ["ts::DATE = DATE '2001-01-10'", 2],
    ["tz < TIMESTAMPTZ '2001-01-01 05:00:00+02'", 1],
    ["ns < TIMESTAMP_NS '2001-01-01 00:00:01'", 1],
    ['flag', 16],
    ['NOT flag', 5],
    ["uuid = '00000000-0000-0000-0000-000000000010'", 1],
    ["blob = 'b00001'::BLOB", 1],
    ['"int" < -19000 OR id > 40000', 2],
    ['"int" < -19000 AND id > 40000', 0],
    ['id % 2 = 0 AND "int" = 5', 1],
    ['id % 2 = 0 OR "int" = 5', 20],
    ["text = 'x AND y'", 20],
  ])('%s: %i', async (where, expected) => {
    const filter = await printed(where)
    expect(filter).toBeDefined()
    const { groups, skipped } = await scan(filter)
    expect(groups).toEqual(new Set([...groups, ...(await matching(where))]))
    expect({ filter, read: 20 - skipped }).toEqual({ filter, read: expected })
  })

  test.each([
    '',
    '(',
    '(int > ',
    'int',
    '(int = ))',
    "(int = 'x",
    '(int = 5) OR',
    '\u0000',
    '((((((',
    '(int BETWEEN 1)',
    '(int IN (1, 2)',
    'CAST(int AS',
    ')',
  ])('text that is cut off skips nothing: %j', async (filter) => {
    expect((await scan(filter)).skipped).toBe(0)
  })
})

const numeric = {
  int: [-20000, 20959],
  big: [0, 40959 * 1000000007],
  tiny: [0, 255],
  ubig: [0, 163836],
  dbl: [-1000, 4120],
  flt: [0, 4096],
  d9: [0, 410],
  d30: [0, 40959000000000],
} as const
const number = fc.constantFrom(...(Object.keys(numeric) as (keyof typeof numeric)[])).chain((name) => {
  const [low, high] = numeric[name]
  const digits = name === 'dbl' || name === 'flt' || name === 'd9' || name === 'd30' ? 2 : 0
  return fc
    .integer({ min: -5, max: 105 })
    .map((percent) => ({ name: `"${name}"`, value: (low + ((high - low) * percent) / 100).toFixed(digits) }))
})
const row = fc.integer({ min: -10, max: 41000 })
const keyed = fc.oneof(
  row.map((id) => ({ name: 'text', value: `'k${String(Math.max(id, 0)).padStart(5, '0')}'` })),
  row.map((id) => ({ name: 'blob', value: `'b${String(Math.max(id, 0)).padStart(5, '0')}'::BLOB` })),
  row.map((id) => ({ name: 'uuid', value: `'${Math.max(id, 0).toString(16).padStart(32, '0')}'::UUID` })),
  row.map((id) => ({ name: 'day', value: `DATE '1999-01-01' + ${Math.trunc(id / 100)}` })),
  row.map((id) => ({ name: 'ts', value: `TIMESTAMP '2001-01-01' + to_minutes(${id})` })),
  row.map((id) => ({ name: 'tz', value: `TIMESTAMPTZ '2001-01-01 00:00:00+00' + to_minutes(${id})` })),
  row.map((id) => ({ name: 'ns', value: `(TIMESTAMP '2001-01-01' + to_minutes(${id}))::TIMESTAMP_NS` })),
  row.map((id) => ({ name: 'ts::DATE', value: `DATE '2001-01-01' + ${Math.trunc(id / 1440)}` })),
)
const comparison = fc.constantFrom('=', '!=', '<', '<=', '>', '>=', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM')
const atom = fc.oneof(
  fc.tuple(fc.oneof(number, keyed), comparison).map(([{ name, value }, operator]) => `${name} ${operator} ${value}`),
  fc
    .tuple(number, fc.integer({ min: 0, max: 300 }), fc.boolean())
    .map(
      ([{ name, value }, width, isNegated]) =>
        `${name} ${isNegated ? 'NOT ' : ''}BETWEEN ${value} AND ${value} + ${width}`,
    ),
  fc.array(row, { minLength: 1, maxLength: 3 }).map((ids) => `id IN (${ids.join(', ')})`),
  row.map((id) => `text LIKE 'k${String(Math.max(id, 0)).padStart(5, '0').slice(0, 3)}%'`),
  fc.constantFrom(
    'flag',
    'NOT flag',
    'text IS NULL',
    'text IS NOT NULL',
    'id % 3 = 0',
    'length(text) > 3',
    "dbl = 'NaN'::DOUBLE",
  ),
)
const predicate = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc
      .tuple(tie('node'), fc.constantFrom('AND', 'OR'), tie('node'))
      .map(([left, joint, right]) => `(${left}) ${joint} (${right})`),
    tie('node').map((part) => `NOT (${part})`),
  ),
})).node

test('no row that native DuckDB finds is in a row group that was skipped', async () => {
  let skipped = 0
  await fc.assert(
    fc.asyncProperty(predicate, async (where) => {
      const filter = await printed(where)
      const result = await scan(filter)
      skipped += result.skipped
      expect((await matching(where)).filter((group) => !result.groups.has(group))).toEqual([])
    }),
    { numRuns: 150, seed: 20_261_120 },
  )
  expect(skipped).toBeGreaterThan(500)
})
