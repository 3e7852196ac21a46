import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Engine, QueryMetrics } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { nodeHost } from './node-host.ts'

let native: DuckDBConnection
let engine: Engine
let folder: string
const names = ['fact', 'dim', 'sub'] as const

beforeAll(async () => {
  native = await (await DuckDBInstance.create(':memory:')).connect()
  engine = await openEngine(nodeHost(new URL('../../../dist/wasm/', import.meta.url)))
  folder = mkdtempSync(join(tmpdir(), 'lakefront-joins-'))
  const tables: Readonly<Record<(typeof names)[number], string>> = {
    // Ten row groups of 2,048 rows, in order of every key.
    fact: `SELECT i AS id, i // 100 AS k, 'k' || lpad((i // 100)::VARCHAR, 4, '0') AS text, (i // 100)::INTEGER AS small, DATE '2020-01-01' + (i // 1000)::INTEGER AS day,
      CASE WHEN i % 3 > 0 THEN i // 100 END AS gaps, (i * 7919) % 205 AS mixed FROM range(20480) t(i)`,
    dim: `SELECT i AS k, 'k' || lpad(i::VARCHAR, 4, '0') AS text, 'n' || i AS name, i::DECIMAL(9,2) AS d, i::INTEGER AS small, DATE '2020-01-01' + (i // 10)::INTEGER AS day, i % 4 AS g,
      CASE WHEN i % 5 > 0 THEN i END AS gaps FROM range(205) t(i)`,
    sub: `SELECT i AS g, 'g' || i AS label FROM range(4) t(i)`,
  }
  for (const name of names)
    await native.run(`COPY (${tables[name]}) TO '${folder}/${name}.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
})

afterAll(async () => {
  await engine.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function run(sql: string): Promise<{ rows: string[]; scans: QueryMetrics['scans'] }> {
  const result = await engine.execute({ sql })
  const found: string[] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next())
    found.push(...rowsFromBatch(batch).map((row) => Object.values(row).join()))
  return { rows: found.sort(), scans: (await result.metrics()).scans }
}

const located = (sql: string): string => sql.replaceAll(/\b(fact|dim|sub)\b/g, (name) => `'${folder}/${name}.parquet'`)

async function expected(sql: string): Promise<string[]> {
  const reader = await native.runAndReadAll(located(sql))
  return reader
    .getRows()
    .map((row) => row.map((value) => (value === null ? '' : String(value))).join())
    .sort()
}

/** Row groups of `fact` that were read and that the keys of a join spared. */
async function groups(sql: string): Promise<{ rows: string[]; read: number; byJoin: number }> {
  const { rows, scans } = await run(located(sql))
  const fact = scans.findLast(({ source }) => source.endsWith('fact.parquet'))!
  return { rows, read: fact.rowGroups - fact.rowGroupsSkipped, byJoin: fact.rowGroupsSkippedBy.join }
}

describe('row groups that hold no key of the other side are not read, and native DuckDB answers the same', () => {
  test.each([
    [`SELECT f.id FROM fact f JOIN dim d ON f.k = d.k WHERE d.name = 'n50'`, 1],
    [`SELECT count(*), sum(f.id)::VARCHAR FROM fact f JOIN dim d USING (k) WHERE d.name IN ('n1', 'n200')`, 2],
    [`SELECT count(*) FROM fact f JOIN dim d ON f.text = d.text WHERE d.k < 3`, 1],
    [`SELECT count(*) FROM fact f JOIN dim d ON f.small = d.k WHERE d.name = 'n3'`, 1],
    [`SELECT count(*) FROM fact f JOIN dim d ON f.k = d.small WHERE d.name = 'n3'`, 1],
    [`SELECT count(*) FROM fact f JOIN dim d ON f.day = d.day WHERE d.name = 'n3'`, 1],
    [`SELECT count(*) FROM fact f JOIN dim d ON f.gaps = d.gaps WHERE d.k BETWEEN 5 AND 9`, 1],
    [`SELECT count(*) FROM fact f WHERE k IN (SELECT k FROM dim WHERE name LIKE 'n19%')`, 2],
    [`SELECT count(*), count(f.id) FROM dim d LEFT JOIN fact f ON f.k = d.k WHERE d.d < 20`, 1],
    [
      `SELECT count(*) FROM fact f JOIN dim d ON f.k = d.k JOIN sub s ON s.g = d.g WHERE s.label = 'g1' AND d.d < 40`,
      2,
    ],
    [`SELECT count(*) FROM fact f JOIN sub s ON f.mixed = s.g JOIN dim d ON f.k = d.k WHERE d.name = 'n50'`, 1],
    [`SELECT count(*) FROM (SELECT id AS k, k AS id FROM fact) f JOIN dim d ON f.id = d.k WHERE d.name = 'n50'`, 1],
    [`SELECT count(*) FROM (SELECT id AS k, k AS id FROM fact) f JOIN dim d ON f.k = d.k WHERE d.name = 'n50'`, 1],
    [`SELECT count(*) FROM fact f JOIN dim d ON f.k = d.k WHERE d.name = 'nobody'`, 0],
    [`SELECT f.id FROM fact f JOIN dim d ON f.k = d.k WHERE d.name = 'n50' AND f.id > 5050 AND f.id < 9000`, 1],
  ])('%s: %i', async (sql, read) => {
    const found = await groups(sql)
    expect(found.rows).toEqual(await expected(sql))
    expect(found.read).toBe(read)
    expect(found.byJoin).toBeGreaterThan(0)
  })

  test.each([
    `SELECT count(*), count(d.k) FROM fact f LEFT JOIN dim d ON f.k = d.k AND d.name = 'n50'`,
    `SELECT count(*), count(d.k), count(f.k) FROM fact f FULL JOIN (FROM dim WHERE name = 'n50') d ON f.k = d.k`,
    `SELECT count(*) FROM fact f WHERE k NOT IN (SELECT k FROM dim WHERE name = 'n50')`,
    `SELECT count(*) FROM fact f ANTI JOIN (FROM dim WHERE name = 'n50') d USING (k)`,
    `SELECT count(*) FROM fact f JOIN dim d ON f.gaps IS NOT DISTINCT FROM d.gaps WHERE d.name = 'n5'`,
    `SELECT count(*) FROM fact f JOIN dim d ON f.mixed = d.k WHERE d.name = 'n50'`,
    `SELECT count(*) FROM fact f JOIN dim d ON f.k + 100 = d.k WHERE d.name = 'n150'`,
    `SELECT count(*) FROM fact f JOIN dim t(text, k, c, d, e, g, h, i) ON f.text = t.k WHERE t.c = 'n50'`,
    `SELECT count(*) FROM fact AS f(k, id, c, d, e, g, h) JOIN dim d ON f.k = d.k WHERE d.name = 'n50'`,
    `SELECT count(*) FROM (SELECT k, row_number() OVER (ORDER BY id DESC) AS n FROM fact) f JOIN dim d ON f.k = d.k AND n < 9 WHERE d.k > 200`,
    `SELECT count(*) FROM (FROM fact ORDER BY mixed, id LIMIT 50) f JOIN dim d ON f.k = d.k WHERE d.name = 'n50'`,
    `SELECT count(*) FROM fact f JOIN dim d ON f.k < d.k WHERE d.k < 3`,
  ])('all are read where that could be wrong: %s', async (sql) => {
    const found = await groups(sql)
    expect(found.rows).toEqual(await expected(sql))
    expect(found.byJoin).toBe(0)
  })
})

test('random joins: as native DuckDB answers', async () => {
  const key = fc.constantFrom('k', 'text', 'small', 'day', 'gaps')
  const filter = fc.oneof(
    fc.nat(210).map((n) => `d.k = ${n}`),
    fc.tuple(fc.nat(210), fc.nat(60)).map(([a, n]) => `d.k BETWEEN ${a} AND ${a + n}`),
    fc.nat(99).map((n) => `d.name LIKE 'n${n}%'`),
    fc.nat(40).map((n) => `d.d < ${n} + 0.5 OR d.gaps IS NULL AND d.k < ${n * 2}`),
    fc.nat(20).map((n) => `d.day = DATE '2020-01-01' + ${n}`),
    fc.constant('d.g = 2 AND d.k % 7 = 3'),
  )
  const kind = fc.constantFrom('JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'SEMI JOIN', 'ANTI JOIN')
  const side = fc.boolean()
  let spared = 0
  await fc.assert(
    fc.asyncProperty(key, filter, kind, side, fc.boolean(), async (on, where, how, isFactFirst, isOuter) => {
      const dim = isOuter
        ? `(SELECT d.* FROM dim d JOIN sub s ON d.g = s.g WHERE (${where}) AND s.label < 'g3')`
        : `(SELECT * FROM dim d WHERE ${where})`
      const [a, b] = isFactFirst ? ['(FROM fact)', dim] : [dim, '(FROM fact)']
      const sql = `SELECT a.* FROM ${a} a ${how} ${b} b ON a.${on} = b.${on}`
      const found = await groups(sql)
      spared += found.byJoin
      expect(found.rows).toEqual(await expected(sql))
    }),
    { numRuns: 60, seed: 5 },
  )
  expect(spared).toBeGreaterThan(100)
})
