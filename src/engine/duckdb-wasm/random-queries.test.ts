import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Engine } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

let native: DuckDBConnection
let engines: Readonly<Record<'ample' | 'scarce', Engine>>
let folder: string

/** Three files with the same columns: in the order of some, of none, and with rare values. */
const files = [
  { factor: 1, step: 30, range: 100, rows: 6000, order: '' },
  { factor: 7, step: 50, range: 37, rows: 4000, order: 'ORDER BY hash(i)' },
  { factor: 3, step: 10, range: 500, rows: 1500, order: '' },
]

beforeAll(async () => {
  native = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  const host = nodeHost(new URL('../../../dist/wasm/', import.meta.url))
  const scarce = { memoryLimitBytes: 20e6, cacheBytes: 40_000 }
  engines = { ample: await openEngine(host), scarce: await openEngine(host, scarce) }
  folder = mkdtempSync(join(tmpdir(), 'lakefront-random-'))
  for (const [index, { factor, step, range, rows, order }] of files.entries()) {
    await native.run(`COPY (
      SELECT (i * ${factor}) % 900 AS a, (i // ${step})::INTEGER AS b, CASE WHEN i % 11 <> 0 THEN i % ${range} END AS c,
        'k' || lpad((i % 300)::VARCHAR, 3, '0') AS d, CASE WHEN i % 50 = 0 THEN 'NaN'::DOUBLE ELSE i / 7 END AS e,
        DATE '2000-01-01' + (i // 20)::INTEGER AS f, i % 5 = 0 AS g, (i / 10)::DECIMAL(9, 2) AS h
      FROM range(${rows}) t(i) ${order}) TO '${join(folder, `${index}.parquet`)}' (FORMAT parquet, ROW_GROUP_SIZE 512)`)
  }
})

afterAll(async () => {
  for (const engine of Object.values(engines)) await engine.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

const upTo = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most })
const values = {
  a: upTo(900).map(String),
  b: upTo(250).map(String),
  c: upTo(120).map(String),
  d: upTo(320).map((i) => `'k${String(i).padStart(3, '0')}'`),
  e: upTo(900).map((i) => `${i}.5`),
  f: upTo(320).map((i) => `DATE '2000-01-01' + ${i}`),
  g: fc.constantFrom('true', 'false'),
  h: upTo(600).map((i) => `${i}.25`),
}
const names = Object.keys(values) as (keyof typeof values)[]
const comparison = fc.constantFrom('=', '<', '>', '<=', '>=', '<>', 'IS DISTINCT FROM')

/** A condition on the columns of `table`, written before each of them. */
const condition = (table: string): fc.Arbitrary<string> => {
  const atom = fc.constantFrom(...names).chain((name) => {
    const column = table + name
    const value = values[name]
    return fc.oneof(
      fc.tuple(comparison, value).map(([operator, constant]) => `${column} ${operator} ${constant}`),
      fc.tuple(value, value).map(([low, high]) => `${column} BETWEEN ${low} AND ${high}`),
      fc.tuple(value, value, value).map((list) => `${column} IN (${list.join(', ')})`),
      fc.constantFrom(`${column} IS NULL`, `${column} IS NOT NULL`, `${table}d LIKE 'k1%'`),
    )
  })
  const pair = fc
    .tuple(atom, fc.constantFrom('AND', 'OR', 'AND NOT'), atom)
    .map(([x, joint, y]) => `(${x} ${joint} ${y})`)
  return fc.oneof({ weight: 2, arbitrary: atom }, { weight: 1, arbitrary: pair })
}

const file = fc.constantFrom("'$0'", "'$1'", "'$2'")

/** A file, or one whose columns have each other's names: plans then name columns that are others in the file. */
const source = fc.oneof(
  file,
  file.map((name) => `(SELECT b AS a, a AS b, c, d, e, f, g, h FROM ${name})`),
  file.map((name) => `(SELECT c AS a, a AS b, b AS c, d, e, f, g, h FROM ${name} t(a, b, c, d, e, f, g, h))`),
  fc.tuple(file, condition('')).map(([name, where]) => `(SELECT * FROM ${name} WHERE ${where})`),
  fc
    .tuple(file, file, condition(''))
    .map(([x, y, where]) => `(SELECT * FROM ${x} UNION ALL SELECT * FROM ${y} WHERE ${where})`),
)
const shapes = [
  'SELECT count(*) AS n, min(a) AS x, max(b) AS y, sum(c) AS z, max(d) AS w FROM S t WHERE W',
  'SELECT count(*) AS n, sum(x.a) AS s, sum(y.b) AS t FROM S x JOIN S y ON x.a = y.c WHERE X AND Y',
  'SELECT count(*) AS n, count(y.a) AS m FROM S x LEFT JOIN (SELECT * FROM F WHERE W) y ON x.b = y.b AND Y WHERE X',
  'SELECT * FROM S WHERE W ORDER BY b DESC, a, c, d, f, g, h LIMIT 20 OFFSET 3',
  'SELECT a, d FROM S ORDER BY f, a, d LIMIT 30',
  'SELECT d, c FROM S ORDER BY c DESC NULLS LAST, d LIMIT 30',
  'SELECT (SELECT count(*) FROM F WHERE W) AS p, (SELECT count(*) FROM F WHERE W) AS q, (SELECT max(a) FROM F) AS r',
  'WITH f AS (FROM S) SELECT (SELECT count(*) FROM f WHERE W) AS p, (SELECT sum(b) FROM f WHERE W) AS q, (SELECT count(*) FROM f) AS r',
  'WITH f AS MATERIALIZED (FROM S WHERE W) SELECT count(*) AS n, sum(x.a) AS s FROM f x JOIN f y USING (a) WHERE Y',
  'SELECT count(*) AS n FROM S x WHERE EXISTS (SELECT 1 FROM F y WHERE y.a = x.a AND Y) AND X',
  'SELECT count(*) AS n, sum((SELECT max(b) FROM F y WHERE y.c = x.c AND Y)) AS s FROM S x WHERE X',
  'SELECT count(*) AS n FROM (SELECT a FROM S WHERE W EXCEPT SELECT a FROM F WHERE W)',
  'SELECT g, count(*) AS n, sum(a) AS s FROM S WHERE W GROUP BY g ORDER BY g NULLS LAST',
]
const slots: Readonly<Record<string, fc.Arbitrary<string>>> = {
  S: source,
  F: file,
  W: condition(''),
  X: condition('x.'),
  Y: condition('y.'),
}
const query = fc.constantFrom(...shapes).chain((shape) => {
  const parts = shape.split(/\b([SFWXY])\b/)
  return fc.tuple(...parts.map((part) => slots[part] ?? fc.constant(part))).map((texts) => texts.join(''))
})

test('random queries with filters, joins and unions of the same files are answered as native DuckDB answers them, with ample memory and with little', async () => {
  let skipped = 0
  await fc.assert(
    fc.asyncProperty(query, fc.constantFrom('ample', 'scarce'), async (text, memory) => {
      const sql = `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${text.replaceAll(/\$(\d)/g, (_, index: string) => join(folder, `${index}.parquet`))})`
      const expected = (await native.runAndReadAll(sql)).getRows()
      const result = await engines[memory].execute({ sql })
      const rows: unknown[][] = []
      for (let batch = await result.next(); batch !== undefined; batch = await result.next()) {
        rows.push(...rowsFromBatch(batch).map((row) => Object.values(row)))
      }
      expect(rows).toEqual(expected)
      for (const scan of (await result.metrics()).scans) skipped += scan.rowGroupsSkipped
    }),
    { numRuns: 400 },
  )
  expect(skipped).toBeGreaterThan(100)
})
