import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import { when } from '../expr/when.ts'
import { Window } from '../expr/window.ts'
import * as F from '../functions.ts'
import type { DataFrame } from './dataframe.ts'

const path = join(
  fileURLToPath(new URL('../..', import.meta.url)),
  'node_modules/vega-datasets/data/flights-3m.parquet',
)

let db: Session
beforeAll(async () => {
  db = new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url))))
})
afterAll(() => db.close())

interface PlanNode {
  readonly name: string
  readonly children: readonly PlanNode[]
  readonly extra_info: Readonly<Record<string, unknown>>
}

/** The physical plan of a text, without what it calls its sources and its rows. */
async function planOf(sql: string): Promise<unknown> {
  const [row] = await db.sql(`EXPLAIN (FORMAT json) ${sql}`).collect()
  const strip = ({ name, children, extra_info: info }: PlanNode): unknown => {
    const { 'Estimated Cardinality': _rows, Function: _function, Table: _table, ...rest } = info
    const shown = JSON.stringify(rest).replaceAll(/(?:\\"[^"]*\\"|\b\w+)\.(?=\w)/g, '')
    return [/^(?:LF_SCAN|READ_\w+) *$/.test(name) ? 'SCAN' : name.trim(), shown, children.map(strip)]
  }
  const text = String(Object.values(row as object).at(-1))
  return (JSON.parse(text) as PlanNode[]).map(strip)
}

const flights = () => db.read.parquet(path)
const file = `'${path}'`
const chains: readonly [what: string, frame: () => DataFrame<never> | DataFrame, sql: string][] = [
  ['columns', () => flights().select('origin', 'delay'), `SELECT origin, delay FROM ${file}`],
  ['a filter', () => flights().filter(col('delay').gt(60)), `SELECT * FROM ${file} WHERE delay > 60`],
  [
    'filters one after the other',
    () => flights().filter(col('delay').gt(60)).filter(col('origin').isin('SEA', 'JFK')).select('date'),
    `SELECT date FROM ${file} WHERE delay > 60 AND origin IN ('SEA', 'JFK')`,
  ],
  [
    'a column computed and filtered by',
    () => flights().withColumn('hours', col('delay').div(60)).filter(col('hours').gt(2)).select('origin', 'hours'),
    `SELECT origin, delay / 60 AS hours FROM ${file} WHERE delay / 60 > 2`,
  ],
  [
    'groups, ordered, the first of them',
    () =>
      flights()
        .filter(col('delay').gt(60))
        .withColumn('hours', col('delay').div(60))
        .groupBy('origin')
        .agg(F.count().as('n'), F.avg('hours').as('mean'))
        .orderBy(col('n').desc())
        .limit(10),
    `SELECT origin, count(*) AS n, avg(delay / 60) AS mean FROM ${file} WHERE delay > 60 GROUP BY origin ORDER BY n DESC NULLS LAST LIMIT 10`,
  ],
  [
    'a condition on groups',
    () => flights().groupBy('origin').agg(F.max('delay').as('worst')).filter(col('worst').gt(600)),
    `SELECT origin, max(delay) AS worst FROM ${file} GROUP BY origin HAVING max(delay) > 600`,
  ],
  [
    'the first rows in an order',
    () => flights().orderBy(col('delay').desc()).limit(5),
    `SELECT * FROM ${file} ORDER BY delay DESC NULLS LAST LIMIT 5`,
  ],
  [
    'ranks in windows',
    () =>
      flights()
        .withColumn('r', F.rowNumber().over(Window.partitionBy('origin').orderBy(col('delay').desc())))
        .filter(col('r').le(2))
        .select('origin', 'delay'),
    `SELECT origin, delay FROM (SELECT *, row_number() OVER (PARTITION BY origin ORDER BY delay DESC NULLS LAST) AS r FROM ${file}) WHERE r <= 2`,
  ],
  [
    'a join by name',
    () => {
      const busy = flights().groupBy('origin').agg(F.count().as('n')).filter(col('n').gt(100_000))
      return flights()
        .join(busy, 'origin')
        .groupBy('destination')
        .agg(F.max('delay').as('worst'))
        .orderBy('destination')
    },
    `SELECT destination, max(delay) AS worst FROM ${file} f JOIN (SELECT origin, count(*) AS n FROM ${file} GROUP BY origin HAVING count(*) > 100000) b ON f.origin = b.origin GROUP BY destination ORDER BY destination NULLS FIRST`,
  ],
  [
    'a semi join',
    () =>
      flights()
        .join(flights().filter(col('delay').gt(900)), 'origin', 'semi')
        .select('origin', 'date'),
    `SELECT origin, date FROM ${file} f SEMI JOIN (SELECT * FROM ${file} WHERE delay > 900) g ON f.origin = g.origin`,
  ],
  [
    'a union',
    () =>
      flights()
        .select('origin')
        .union(flights().select(col('destination').as('origin'))),
    `SELECT origin FROM ${file} UNION ALL SELECT destination FROM ${file}`,
  ],
  [
    'distinct rows',
    () => flights().select('origin', 'destination').distinct(),
    `SELECT DISTINCT origin, destination FROM ${file}`,
  ],
  [
    'cases',
    () =>
      flights()
        .groupBy(when(col('delay').gt(60), 'late').otherwise('fine').as('how'))
        .agg(F.sum('distance').as('miles')),
    `SELECT CASE WHEN delay > 60 THEN 'late' ELSE 'fine' END AS how, sum(distance) AS miles FROM ${file} GROUP BY 1`,
  ],
]

test.each(chains)('%s: the engine makes the same plan of a chain and of its SQL by hand', async (_, frame, sql) => {
  const compiled = await frame().toSQL()
  expect(await planOf(compiled)).toEqual(await planOf(sql))
})

test('plans that differ are told apart', async () => {
  const other = await flights().filter(col('delay').gt(61)).select('origin').toSQL()
  expect(await planOf(other)).not.toEqual(await planOf(`SELECT origin FROM ${file} WHERE delay > 60`))
})

test('row numbers that were compared are INTEGER as before', async () => {
  const ranked = flights()
    .filter(col('delay').gt(900))
    .withColumn('r', F.rowNumber().over(Window.partitionBy('origin').orderBy(col('delay').desc())))
  expect(await ranked.filter(col('r').le(1)).dtypes()).toEqual(await ranked.dtypes())
  const compared = await ranked.filter(col('r').le(1)).select('origin', 'delay', 'r').orderBy('origin').collect()
  const computed = await ranked.filter(col('r').add(0).le(1)).select('origin', 'delay', 'r').orderBy('origin').collect()
  expect(compared.length).toBeGreaterThan(5)
  expect(compared).toEqual(computed)
})
