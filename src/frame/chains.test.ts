import { beforeAll, describe, expect, test } from 'vitest'
import { col } from '../expr/col.ts'
import type { Expression } from '../expr/expression.ts'
import { lit } from '../expr/lit.ts'
import { sql } from '../expr/sql.ts'
import { Window } from '../expr/window.ts'
import * as F from '../functions.ts'
import { scan, table } from '../plan/leaf.ts'
import type { Plan } from '../plan/nodes.ts'
import { withColumns } from '../plan/columns.ts'
import { filter } from '../plan/rows.ts'
import { compile } from '../sql/compile.ts'
import '../sql/fixtures/bind-matcher.ts'
import { NativeDuckdb } from '../sql/fixtures/native-duckdb.ts'
import type { Field } from '../types/logical-type.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import { sqlFrame } from './sql-frame.ts'

let duckdb: NativeDuckdb

beforeAll(async () => {
  duckdb = await NativeDuckdb.open([
    'CREATE TABLE flights (origin VARCHAR, destination VARCHAR, delay INTEGER, distance INTEGER, date DATE)',
    'CREATE TABLE airports (code VARCHAR, city VARCHAR)',
    `INSERT INTO flights VALUES ('SEA', 'JFK', 70, 2400, '2024-01-01'), ('SEA', 'JFK', NULL, 2400, '2024-01-02'),
       ('JFK', 'SEA', 5, 2400, '2024-01-02'), ('LAX', 'SEA', 61, 950, '2024-02-01')`,
    "INSERT INTO airports VALUES ('SEA', 'Seattle'), ('JFK', 'New York')",
  ])
})

/** Chains are compiled here and run by native DuckDB: they never ask their session for anything. */
const session = { known: (plan: Plan) => plan } as Executor
const frame = (plan: Plan): DataFrame => new DataFrame(session, plan)
const file = (id: string): DataFrame => frame(scan({ id, format: 'parquet', files: [`${id}.parquet`] }))
const flights = file('flights')
const airports = file('airports')
const typedFlights = frame(
  scan(
    { id: 'flights', format: 'parquet', files: ['flights.parquet'] },
    {
      fields: [
        { name: 'origin', type: { kind: 'varchar' }, nullable: true },
        { name: 'destination', type: { kind: 'varchar' }, nullable: true },
        { name: 'delay', type: { kind: 'integer' }, nullable: true },
        { name: 'distance', type: { kind: 'integer' }, nullable: true },
        { name: 'date', type: { kind: 'date' }, nullable: true },
      ],
    },
  ),
).select('origin', 'delay')

/** Chains as people write them, the SQL they become, and what it answers. */
const chains: readonly { what: string; frame: () => DataFrame; sql: string; rows?: unknown[][] }[] = [
  {
    what: 'a whole file',
    frame: () => flights,
    sql: `SELECT *
FROM lf_scan('flights')`,
  },
  {
    what: 'the chain of the introduction',
    frame: () =>
      flights
        .filter(
          col('delay')
            .gt(60)
            .and(col('origin').isin('SEA', 'JFK', 'LAX')),
        )
        .withColumn('hours', col('delay').div(60))
        .groupBy('origin')
        .agg(F.count().as('n'), F.round(F.avg('hours'), 2).as('mean_hours'))
        .orderBy(col('n').desc(), 'origin')
        .limit(10),
    sql: `SELECT "origin", count(*) AS "n", round(avg("delay" / 60), 2) AS "mean_hours"
FROM lf_scan('flights')
WHERE "delay" > 60 AND "origin" IN ('SEA', 'JFK', 'LAX')
GROUP BY "origin"
ORDER BY "n" DESC NULLS LAST, "origin" ASC NULLS FIRST
LIMIT 10`,
    rows: [
      ['LAX', '1', 1.02],
      ['SEA', '1', 1.17],
    ],
  },
  {
    what: 'columns added, replaced, renamed and dropped',
    frame: () =>
      flights
        .withColumns({ delay: F.coalesce('delay', 0), speed: col('distance').div(col('delay')) })
        .withColumnRenamed('date', 'departure')
        .drop('distance', 'destination'),
    sql: `SELECT "origin", coalesce("delay", 0) AS "delay", "date" AS "departure", "distance" / nullif("delay", 0) AS "speed"
FROM lf_scan('flights')`,
  },
  {
    what: 'a filter above an aggregation',
    frame: () => flights.groupBy('origin').count().filter(col('count').gt(1)),
    sql: `SELECT "origin", count(*) AS "count"
FROM lf_scan('flights')
GROUP BY "origin"
HAVING count(*) > 1`,
    rows: [['SEA', '2']],
  },
  {
    what: 'an aggregation of an aggregation',
    frame: () => flights.groupBy('origin').agg(F.count().as('n')).agg(F.max('n').as('most')),
    sql: `SELECT max("n") AS "most"
FROM (
  SELECT "origin", count(*) AS "n"
  FROM lf_scan('flights')
  GROUP BY "origin"
) AS "t1"`,
    rows: [['2']],
  },
  {
    what: 'aggregates in select',
    frame: () => flights.select(F.min('delay').as('least'), F.countDistinct('origin', 'destination').as('routes')),
    sql: `SELECT min("delay") AS "least", count(DISTINCT ("origin", "destination")) FILTER (WHERE "origin" IS NOT NULL AND "destination" IS NOT NULL) AS "routes"
FROM lf_scan('flights')`,
    rows: [[5, '3']],
  },
  {
    what: 'the one row of an aggregation of which no aggregate is left',
    frame: () => flights.filter(lit(false)).agg(F.count().as('n')).select(lit('x').as('x')),
    sql: `SELECT 'x' AS "x"
FROM lf_scan('flights')
WHERE FALSE
GROUP BY ()`,
    rows: [['x']],
  },
  {
    what: 'a constant as a key is no position',
    frame: () => flights.groupBy(lit(7).as('seven'), col('origin')).agg(F.count().as('n')).orderBy('seven', 'origin'),
    sql: `SELECT 7 AS "seven", "origin", count(*) AS "n"
FROM lf_scan('flights')
GROUP BY coalesce(7, NULL), "origin"
ORDER BY "origin" ASC NULLS FIRST`,
    rows: [
      [7, 'JFK', '1'],
      [7, 'LAX', '1'],
      [7, 'SEA', '2'],
    ],
  },
  {
    what: 'names of measures nobody named',
    frame: () =>
      flights
        .groupBy('origin')
        .agg(F.avg('delay'), F.max(col('distance').div(2)))
        .filter(col('avg(delay)').gt(60)),
    sql: `SELECT "origin", avg("delay") AS "avg(delay)", max(("distance" / 2)) AS "max((distance / 2))"
FROM lf_scan('flights')
GROUP BY "origin"
HAVING avg("delay") > 60`,
  },
  {
    what: 'the latest row of each group',
    frame: () =>
      flights
        .withColumn('rn', F.rowNumber().over(Window.partitionBy('origin').orderBy(col('date').desc())))
        .filter(col('rn').eq(1))
        .select('origin', 'delay')
        .orderBy('origin'),
    sql: `SELECT "origin", "delay"
FROM (
  SELECT *, row_number() OVER (PARTITION BY "origin" ORDER BY "date" DESC NULLS LAST) AS "rn"
  FROM lf_scan('flights')
) AS "t1"
WHERE "rn" = 1
ORDER BY "origin" ASC NULLS FIRST`,
    rows: [
      ['JFK', 5],
      ['LAX', 61],
      ['SEA', null],
    ],
  },
  {
    what: 'a filter above a limit stays above it',
    frame: () => flights.orderBy('delay').limit(2).filter(col('delay').isNotNull()),
    sql: `SELECT *
FROM (
  SELECT *
  FROM lf_scan('flights')
  ORDER BY "delay" ASC NULLS FIRST
  LIMIT 2
) AS "t1"
WHERE "delay" IS NOT NULL`,
  },
  {
    what: 'limits and offsets add up',
    frame: () => flights.orderBy('delay').limit(4).offset(1).limit(2),
    sql: `SELECT *
FROM lf_scan('flights')
ORDER BY "delay" ASC NULLS FIRST
LIMIT 2
OFFSET 1`,
  },
  {
    what: 'an order by a column that the result hides',
    frame: () => flights.orderBy('delay').select(col('distance').as('delay'), 'origin'),
    sql: `SELECT "distance" AS "delay", "origin"
FROM lf_scan('flights') AS "t1"
ORDER BY "t1"."delay" ASC NULLS FIRST`,
    rows: [
      [2400, 'SEA'],
      [2400, 'JFK'],
      [950, 'LAX'],
      [2400, 'SEA'],
    ],
  },
  {
    what: 'a left join by name',
    frame: () =>
      flights
        .select('origin', 'delay')
        .join(airports.withColumnRenamed('code', 'origin'), 'origin', 'left')
        .orderBy('delay'),
    sql: `SELECT "t1"."origin", "t1"."delay", "t2"."city"
FROM lf_scan('flights') AS "t1"
LEFT JOIN lf_scan('airports') AS "t2" ON "t1"."origin" = "t2"."code"
ORDER BY "t1"."delay" ASC NULLS FIRST`,
    rows: [
      ['SEA', null, 'Seattle'],
      ['JFK', 5, 'New York'],
      ['LAX', 61, null],
      ['SEA', 70, 'Seattle'],
    ],
  },
  {
    what: 'one table joined twice under two aliases',
    frame: () =>
      flights
        .join(airports.alias('from'), col('origin').eq(col('from.code')))
        .join(airports.alias('to'), col('destination').eq(col('to.code')))
        .filter(col('from.city').ne('Seattle'))
        .select('from.city', col('to.city').as('to')),
    sql: `SELECT "from"."city", "to"."city" AS "to"
FROM lf_scan('flights') AS "t1"
JOIN lf_scan('airports') AS "from" ON "t1"."origin" = "from"."code"
JOIN lf_scan('airports') AS "to" ON "t1"."destination" = "to"."code"
WHERE "from"."city" <> 'Seattle'`,
    rows: [['New York', 'Seattle']],
  },
  {
    what: 'filters below an inner join move above it',
    frame: () =>
      flights.filter(col('delay').gt(60)).join(airports.filter(col('city').like('S%')), col('origin').eq(col('code'))),
    sql: `SELECT "t1".*, "t2".*
FROM lf_scan('flights') AS "t1"
JOIN lf_scan('airports') AS "t2" ON "t1"."origin" = "t2"."code"
WHERE "t1"."delay" > 60 AND "t2"."city" LIKE 'S%'`,
  },
  {
    what: 'filters below an outer join stay where they are',
    frame: () =>
      airports
        .filter(col('city').like('S%'))
        .join(flights.filter(col('delay').gt(60)), col('code').eq(col('origin')), 'right'),
    sql: `SELECT "t1".*, "t2".*
FROM (
  SELECT *
  FROM lf_scan('airports')
  WHERE "city" LIKE 'S%'
) AS "t1"
RIGHT JOIN (
  SELECT *
  FROM lf_scan('flights')
  WHERE "delay" > 60
) AS "t2" ON "t1"."code" = "t2"."origin"`,
  },
  {
    what: 'a full join shows keys of both sides',
    frame: () => flights.select(col('origin').as('code')).join(airports, 'code', 'full').orderBy('code'),
    sql: `SELECT coalesce("t1"."origin", "t2"."code") AS "code", "t2"."city"
FROM lf_scan('flights') AS "t1"
FULL JOIN lf_scan('airports') AS "t2" ON "t1"."origin" = "t2"."code"
ORDER BY "code" ASC NULLS FIRST`,
    rows: [
      ['JFK', 'New York'],
      ['LAX', null],
      ['SEA', 'Seattle'],
      ['SEA', 'Seattle'],
    ],
  },
  {
    what: 'keys of a right join belong to the right',
    frame: () =>
      flights
        .select(col('origin').as('code'), 'delay')
        .alias('f')
        .join(airports.alias('a'), 'code', 'right')
        .filter(col('f.delay').gt(6).or(col('a.code').eq('SEA')))
        .dropDuplicates(['code'])
        .select('a.code', 'a.city'),
    sql: `SELECT "code", "city"
FROM (
  SELECT "a"."code", "f"."delay", "a"."city", CAST(row_number() OVER (PARTITION BY "a"."code") AS INTEGER) AS "row_number"
  FROM lf_scan('flights') AS "f"
  RIGHT JOIN lf_scan('airports') AS "a" ON "f"."origin" = "a"."code"
  WHERE "f"."delay" > 6 OR "a"."code" = 'SEA'
) AS "t1"
WHERE "row_number" = 1`,
    rows: [['SEA', 'Seattle']],
  },
  {
    what: 'semi and anti joins',
    frame: () =>
      flights
        .join(airports.alias('a'), col('origin').eq(col('a.code')), 'semi')
        .join(airports.alias('b').filter(col('city').eq('New York')), col('origin').eq(col('b.code')), 'anti'),
    sql: `SELECT "t1".*
FROM lf_scan('flights') AS "t1"
SEMI JOIN lf_scan('airports') AS "a" ON "t1"."origin" = "a"."code"
ANTI JOIN (
  SELECT *
  FROM lf_scan('airports')
  WHERE "city" = 'New York'
) AS "b" ON "t1"."origin" = "b"."code"`,
  },
  {
    what: 'unions side by side',
    frame: () =>
      flights
        .select('origin')
        .union(flights.select('destination') as DataFrame)
        .union(airports.select('code') as DataFrame)
        .distinct()
        .orderBy(col('origin').desc()),
    sql: `SELECT DISTINCT *
FROM (
  SELECT "origin"
  FROM lf_scan('flights')
  UNION ALL
  SELECT "destination"
  FROM lf_scan('flights')
  UNION ALL
  SELECT "code"
  FROM lf_scan('airports')
) AS "t1"
ORDER BY "origin" DESC NULLS LAST`,
    rows: [['SEA'], ['LAX'], ['JFK']],
  },
  {
    what: 'a union by name with columns that a side lacks',
    frame: () =>
      airports.unionByName(flights.select('distance', col('origin').as('CODE')), { allowMissingColumns: true }),
    sql: `SELECT *, NULL AS "distance"
FROM lf_scan('airports')
UNION ALL
SELECT "origin" AS "CODE", NULL AS "city", "distance"
FROM lf_scan('flights')`,
  },
  {
    what: 'set operations of limited sides',
    frame: () =>
      airports
        .orderBy('code')
        .limit(1)
        .intersect(airports)
        .except(airports.filter(col('city').isNull())),
    sql: `(
  (
    SELECT *
    FROM lf_scan('airports')
    ORDER BY "code" ASC NULLS FIRST
    LIMIT 1
  )
  INTERSECT
  SELECT *
  FROM lf_scan('airports')
)
EXCEPT
SELECT *
FROM lf_scan('airports')
WHERE "city" IS NULL`,
    rows: [['JFK', 'New York']],
  },
  {
    what: 'one row per key',
    frame: () => flights.dropDuplicates(['origin']),
    sql: `SELECT "origin", "destination", "delay", "distance", "date"
FROM (
  SELECT *, CAST(row_number() OVER (PARTITION BY "origin") AS INTEGER) AS "row_number"
  FROM lf_scan('flights')
) AS "t1"
WHERE "row_number" = 1`,
  },
  {
    what: 'SQL text sees the columns there are',
    frame: () => flights.filter('delay > 60').withColumn('far', sql('distance > 1000')).filter('far'),
    sql: `SELECT *
FROM (
  SELECT *, (distance > 1000) AS "far"
  FROM lf_scan('flights')
  WHERE (delay > 60)
) AS "t1"
WHERE (far)`,
    rows: [['SEA', 'JFK', 70, 2400, '2024-01-01', true]],
  },
  {
    what: 'SQL text may name an alias',
    frame: () =>
      flights.alias('f').join(airports.alias('a'), sql('f.origin = a.code AND f.delay > 60')).filter("a.city <> ''"),
    sql: `SELECT "f".*, "a".*
FROM lf_scan('flights') AS "f"
JOIN lf_scan('airports') AS "a" ON (f.origin = a.code AND f.delay > 60)
WHERE (a.city <> '')`,
  },
  {
    what: 'SQL expressions with names',
    frame: () =>
      flights
        .selectExpr('*', 'delay / 60 AS hours', 'upper(origin) as "Ü p"', 'CAST(delay AS VARCHAR)')
        .selectExpr('hours', '"Ü p"'),
    sql: `SELECT (hours) AS "hours", ("Ü p") AS """Ü p"""
FROM (
  SELECT *, (delay / 60) AS "hours", (upper(origin)) AS "Ü p", (CAST(delay AS VARCHAR)) AS "CAST(delay AS VARCHAR)"
  FROM lf_scan('flights')
) AS "t1"`,
  },
  {
    what: 'a large expression that is used twice becomes a column first',
    frame: () =>
      flights.select(col('delay').add(1).add(2).add(3).add(4).add(5).add(6).as('score')).filter(col('score').gt(0)),
    sql: `SELECT *
FROM (
  SELECT ((((("delay" + 1) + 2) + 3) + 4) + 5) + 6 AS "score"
  FROM lf_scan('flights')
) AS "t1"
WHERE "score" > 0`,
  },
  {
    what: 'more steps after SQL text',
    frame: () =>
      sqlFrame(session, 'SELECT origin, delay FROM flights WHERE distance > $low; -- all', { low: 1000 }).filter(
        col('delay').isNull(),
      ),
    sql: `SELECT *
FROM (
SELECT origin, delay FROM flights WHERE distance > $1
) AS "t1"
WHERE "delay" IS NULL`,
    rows: [['SEA', null]],
  },
  {
    what: 'DataFrames and values in SQL text',
    frame: () =>
      sqlFrame(
        session,
        ...template`SELECT a.city, count(*) AS n FROM ${airports} a JOIN ${flights.filter(col('delay').gt(60))} f ON f.origin = a.code
WHERE a.city <> ${"O'Hare"} AND f.origin IN ${['SEA', 'LAX']} GROUP BY ALL`,
      ).orderBy('n'),
    sql: `SELECT *
FROM (
SELECT a.city, count(*) AS n FROM lf_scan('airports') a JOIN (
    SELECT *
    FROM lf_scan('flights')
    WHERE "delay" > 60
  ) f ON f.origin = a.code
WHERE a.city <> $1 AND f.origin IN ($2, $3) GROUP BY ALL
) AS "t1"
ORDER BY "n" ASC NULLS FIRST`,
    rows: [['Seattle', '1']],
  },
  {
    what: 'SQL text alone stays as it is',
    frame: () => sqlFrame(session, `SELECT '?', "origin" /* $1 */ FROM flights WHERE delay = ? -- ?`, [5]),
    sql: `SELECT '?', "origin" /* $1 */ FROM flights WHERE delay = $1 -- ?`,
    rows: [['?', 'JFK']],
  },
  {
    what: 'a rollup, sorted and cut',
    frame: () =>
      flights.rollup('origin', 'destination').agg(F.sum('distance').as('d')).orderBy(col('d').desc()).limit(3),
    sql: `SELECT "origin", "destination", sum("distance") AS "d"
FROM lf_scan('flights')
GROUP BY ROLLUP ("origin", "destination")
ORDER BY "d" DESC NULLS LAST
LIMIT 3`,
  },
  {
    what: 'grouping sets',
    frame: () => flights.groupingSets([['destination'], ['origin'], []], 'origin', 'destination').count(),
    sql: `SELECT "origin", "destination", count(*) AS "count"
FROM lf_scan('flights')
GROUP BY GROUPING SETS (("destination"), ("origin"), ())`,
  },
  {
    what: 'a pivot of given values',
    frame: () =>
      flights.groupBy('origin').pivot('destination', ['SEA', 'JFK']).agg(F.count().as('n')).orderBy('origin'),
    sql: `SELECT "origin", max(CASE WHEN "destination" = 'SEA' THEN "n" END) AS "SEA", max(CASE WHEN "destination" = 'JFK' THEN "n" END) AS "JFK"
FROM (
  SELECT "origin", "destination", count(*) AS "n"
  FROM lf_scan('flights')
  GROUP BY "origin", "destination"
) AS "t1"
GROUP BY "origin"
ORDER BY "origin" ASC NULLS FIRST`,
    rows: [
      ['JFK', '1', null],
      ['LAX', '1', null],
      ['SEA', null, '2'],
    ],
  },
  {
    what: 'an unpivot, filtered',
    frame: () =>
      flights
        .select('origin', 'delay', 'distance')
        .unpivot(['origin'], { valueColumnName: 'v' })
        .filter(col('v').gt(100)),
    sql: `SELECT *
FROM (
  SELECT "origin", unnest(['delay', 'distance']) AS "variable", unnest(["delay", "distance"]) AS "v"
  FROM lf_scan('flights')
) AS "t1"
WHERE "v" > 100`,
  },
  {
    what: 'an asof join',
    frame: () =>
      flights.asofJoin(flights.select('origin', 'date', col('delay').as('last')), { on: 'date', by: 'origin' }),
    sql: `SELECT "t1".*, "t2"."delay" AS "last"
FROM lf_scan('flights') AS "t1"
ASOF LEFT JOIN lf_scan('flights') AS "t2" ON "t1"."origin" = "t2"."origin" AND "t1"."date" >= "t2"."date"`,
  },
  {
    what: 'missing values filled and left out',
    frame: () => typedFlights.fillna({ delay: 0 }).dropna({ subset: ['origin'] }),
    sql: `SELECT "origin", coalesce("delay", 0) AS "delay"
FROM lf_scan('flights')
WHERE "origin" IS NOT NULL`,
  },
  {
    what: 'values replaced',
    frame: () => typedFlights.replace('SEA', 'Seattle'),
    sql: `SELECT CASE WHEN "origin" IS NOT DISTINCT FROM 'SEA' THEN 'Seattle' ELSE "origin" END AS "origin", "delay"
FROM lf_scan('flights')`,
  },
  {
    what: 'a sample',
    frame: () => flights.sample(0.25).filter(col('delay').gt(60)),
    sql: `SELECT *
FROM (
  SELECT *
  FROM lf_scan('flights')
  USING SAMPLE 25 PERCENT (bernoulli)
) AS "t1"
WHERE "delay" > 60`,
  },
  {
    what: 'a sample with a seed',
    frame: () => flights.sample(0.25, { seed: 42 }).select('origin'),
    sql: `SELECT "origin"
FROM (
  SELECT *, (hash(CAST(row_number() OVER () AS INTEGER), 42) / 18446744073709551616.0) AS "drawn"
  FROM lf_scan('flights')
) AS "t1"
WHERE "drawn" < 2.5e-1`,
  },
  {
    what: 'a loop of withColumn is one SELECT',
    frame: () =>
      ['a', 'b', 'c'].reduce<DataFrame>((all, name, at) => all.withColumn(name, col('delay').add(at)), typedFlights),
    sql: `SELECT "origin", "delay", "delay" + 0 AS "a", "delay" + 1 AS "b", "delay" + 2 AS "c"
FROM lf_scan('flights')`,
  },
  {
    what: 'a random number is drawn once',
    frame: () => {
      const drawn: Expression = { kind: 'Call', name: 'rand', role: 'scalar', operands: [] }
      return frame(
        filter(withColumns(flights.select('origin').plan, [{ name: 'r', expression: drawn }]), col('r').lt(0.5).node),
      )
    },
    sql: `SELECT *
FROM (
  SELECT "origin", random() AS "r"
  FROM lf_scan('flights')
) AS "t1"
WHERE "r" < 5e-1`,
  },
  {
    what: 'columns of the DataFrames of a join',
    frame: () =>
      flights
        .join(airports, flights.col('origin').eq(airports.col('code')), 'left')
        .select(airports.col('city'), flights.col('delay'))
        .drop(airports.col('city')),
    sql: `SELECT "t1"."delay"
FROM lf_scan('flights') AS "t1"
LEFT JOIN lf_scan('airports') AS "t2" ON "t1"."origin" = "t2"."code"`,
  },
  {
    what: 'a table of the catalog',
    frame: () => frame(table('memory.main.airports')).select('city').limit(1),
    sql: `SELECT "city"
FROM "memory"."main"."airports"
LIMIT 1`,
  },
  {
    what: 'names in any case',
    frame: () => airports.select('*', F.length('CITY').as('n')),
    sql: `SELECT *, CAST(length("city") AS INTEGER) AS "n"
FROM lf_scan('airports')`,
  },
]

function template(text: TemplateStringsArray, ...values: readonly unknown[]): [TemplateStringsArray, ...unknown[]] {
  return [text, ...values]
}

describe('a chain', () => {
  test.each(chains.map((chain) => [chain.what, chain] as const))('%s', async (_, chain) => {
    const { plan } = chain.frame()
    await expect(plan).toBindInDuckdb(duckdb, chain.sql)
    if (chain.rows !== undefined) expect(await duckdb.rows(plan)).toEqual(chain.rows)
    expect(await duckdb.compile(structuredClone(plan))).toEqual(await duckdb.compile(plan))
  })
})

const field = (name: string): Field => ({ name, type: { kind: 'integer' }, nullable: true })

describe('a long chain', () => {
  const doubled = (steps: number): Plan => {
    let plan: Plan = Object.freeze({ ...flights.plan, output: [{ name: 'delay' }, { name: 'distance' }] })
    for (let at = 0; at < steps; at++) {
      plan = withColumns(plan, [{ name: 'delay', expression: col('delay').add(col('delay')).node }])
      plan = filter(plan, col('delay').gt(at).node)
    }
    return plan
  }
  const text = (plan: Plan): string => compile(plan, { schemaOf: () => undefined }).statement.sql

  test('makes text in proportion to its length', () => {
    expect(text(doubled(40)).length).toBeGreaterThan(1000)
    expect(text(doubled(80)).length / text(doubled(40)).length).toBeLessThan(3)
  })

  const known = (plan: Plan): Plan => Object.freeze({ ...plan, output: [{ name: 'delay' }, { name: 'distance' }] })
  const thousands: Record<string, (input: DataFrame, at: number) => DataFrame> = {
    filter: (input, at) => input.filter(col('delay').gt(at)),
    'a replaced column': (input) => input.withColumn('delay', col('delay').add(1)),
    'a union': (input) => input.union(flights),
    'a sort and a distinct': (input) => input.orderBy('delay').distinct(),
  }

  test.each(Object.entries(thousands))('of 5,000 times %s overflows nothing', (_, step) => {
    let all = flights
    for (let at = 0; at < 5000; at++) all = step(all, at)
    expect(
      compile(all.plan, { schemaOf: () => ({ fields: [field('delay'), field('distance')] }) }).statement.sql,
    ).toContain('FROM')
    expect(all.plan.kind).not.toBe('Scan')
  })

  test('of 5,000 sub-queries says what to do', () => {
    let all = frame(known(flights.plan))
    for (let at = 0; at < 5000; at++) all = all.limit(9999).filter(col('delay').gt(at))
    expect(() => text(all.plan)).toThrow('Call cache() on the way')
  })

  test('of fifty steps is compiled in less than 5 ms', () => {
    let all = frame(known(flights.plan))
    for (let at = 0; at < 10; at++) {
      all = all
        .withColumn(`a${at}`, col('delay').add(at))
        .filter(col('distance').gt(at))
        .withColumn('delay', F.coalesce('delay', 0))
        .orderBy('distance')
        .withColumnRenamed(`a${at}`, `b${at}`)
    }
    const times = Array.from({ length: 40 }, () => {
      const start = performance.now()
      text(all.plan)
      return performance.now() - start
    })
    // The quickest of forty, which a busy machine does not spoil.
    expect(Math.min(...times)).toBeLessThan(5)
  })

  test('is no deeper than DuckDB parses', async () => {
    await expect(doubled(60)).toBindInDuckdb(duckdb)
  })
})
