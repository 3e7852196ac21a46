import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../engine/engine.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import { when } from '../expr/when.ts'
import * as F from '../functions.ts'
import { NativeDuckdb } from '../sql/fixtures/native-duckdb.ts'
import { formatValue } from '../types/format-value.ts'
import type { DataFrame } from './dataframe.ts'
import { engineExecutor } from './engine-executor.ts'
import { Reader } from './reader.ts'

let engine: Engine
let native: NativeDuckdb
let folder: string
let read: Reader

const data = `SELECT i::INTEGER AS id, CASE WHEN i % 7 = 3 THEN NULL ELSE ['SEA', 'JFK', 'LAX'][i % 3 + 1] END AS origin,
  CASE WHEN i % 5 = 0 THEN NULL WHEN i % 11 = 0 THEN 'NaN'::DOUBLE ELSE i * 1.5::DOUBLE END AS delay,
  CASE WHEN i % 4 = 0 THEN NULL ELSE 2020 + i % 3 END AS year, i % 2 = 0 AS even, DATE '2024-01-01' + (i % 9)::INTEGER AS day,
  CASE WHEN i % 6 = 0 THEN NULL WHEN i % 6 = 1 THEN [] ELSE range(i % 4) END AS list,
  CASE WHEN i % 3 = 0 THEN NULL ELSE map {'a': i, 'b': NULL} END AS map, {'x': i, 'y': {'z': 'é' || i}} AS struct,
  [{'k': i, 'v': 'a'}, {'k': NULL, 'v': 'b'}] AS structs, (i / 3)::DECIMAL(18, 2) AS price FROM range(40) t(i)`

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'lakefront-'))
  native = await NativeDuckdb.open([`CREATE TABLE t AS ${data}`])
  await native.connection.run(`COPY t TO '${folder}/t.parquet'`)
  engine = await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url)))
  read = new Reader(engineExecutor(engine))
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

const t = (): DataFrame => read.parquet(`${folder}/t.parquet`)

/** Rows of the wasm engine as text, and those of native DuckDB for SQL written by hand, in any order unless it is `ordered`. */
async function same(frame: DataFrame, sql: string, ordered = false): Promise<void> {
  const stream = await frame.batches()
  const { fields } = stream.schema
  await stream.close()
  const rows = (await frame.collect()).map((row: Record<string, unknown>) =>
    fields.map(({ name, type }) => (row[name] === null ? null : formatValue(row[name], type))),
  )
  const names = (await native.describe({ sql })).fields.map(({ name }) => name)
  expect(fields.map(({ name }) => name)).toEqual(names)
  const casts = names.map((name) => `CAST("${name.replaceAll('"', '""')}" AS VARCHAR)`).join(', ')
  const expected = await native.run({ sql: `SELECT ${casts} FROM (${sql}) q` })
  const shown = (list: readonly unknown[][]): string[] => {
    const texts = list.map((row) => JSON.stringify(row))
    return ordered ? texts : texts.toSorted()
  }
  expect(shown(rows)).toEqual(shown(expected))
  expect(rows.length).toBeGreaterThan(0)
}

/** What a step answers, and the SQL somebody would have written. */
const steps: readonly [what: string, frame: () => DataFrame, sql: string, ordered?: true][] = [
  [
    'rollup',
    () => t().rollup('origin', 'year').agg(F.count().as('n'), F.sum('id').as('s')),
    'SELECT origin, year, count(*) AS n, sum(id) AS s FROM t GROUP BY ROLLUP (origin, year)',
  ],
  [
    'rollup of an expression, filtered and sorted',
    () =>
      t()
        .rollup(F.upper('origin').as('o'))
        .count()
        .filter(col('count').gt(5))
        .withColumn('o2', F.concat(col('o'), lit('!')))
        .orderBy(col('count').desc(), 'o'),
    `SELECT *, o || '!' AS o2 FROM (SELECT upper(origin) AS o, count(*) AS count FROM t GROUP BY ROLLUP (upper(origin))) WHERE count > 5 ORDER BY count DESC, o NULLS FIRST`,
    true,
  ],
  [
    'cube',
    () => t().cube('origin', 'even').agg(F.max('price').as('m')),
    'SELECT origin, even, max(price) AS m FROM t GROUP BY CUBE (origin, even)',
  ],
  [
    'grouping sets',
    () =>
      t()
        .groupingSets([['origin'], ['year', 'even'], []], 'origin', 'year', 'even')
        .count(),
    'SELECT origin, year, even, count(*) AS count FROM t GROUP BY GROUPING SETS ((origin), (year, even), ())',
  ],
  [
    'rollup of a column that is there twice',
    () =>
      t()
        .select('origin', col('origin').as('again'))
        .rollup('origin', 'again')
        .count()
        .unionAll(t().rollup('origin', col('origin').as('again')).count()),
    `FROM (SELECT origin, origin || '' AS again, count(*) AS count FROM t GROUP BY ROLLUP (origin, again)), range(2) SELECT origin, again, count`,
  ],
  [
    'pivot of given values',
    () => t().groupBy('origin').pivot('year', [2020, 2021, 1999, null]).agg(F.sum('id').as('s')),
    `SELECT origin, sum(id) FILTER (year = 2020) AS "2020", sum(id) FILTER (year = 2021) AS "2021", NULL AS "1999", sum(id) FILTER (year IS NULL) AS "null" FROM t GROUP BY origin`,
  ],
  [
    'pivot of several measures, where a count of nothing is NULL',
    () =>
      t().groupBy('year').pivot('origin', ['SEA', 'JFK']).agg(F.count('delay').as('n'), F.collectList('even').as('l')),
    `SELECT year, nullif(count(*) FILTER (origin = 'SEA'), 0) * 0 + count(delay) FILTER (origin = 'SEA') AS "SEA_n", list(even) FILTER (origin = 'SEA') AS "SEA_l",
      nullif(count(*) FILTER (origin = 'JFK'), 0) * 0 + count(delay) FILTER (origin = 'JFK') AS "JFK_n", list(even) FILTER (origin = 'JFK') AS "JFK_l" FROM t GROUP BY year`,
  ],
  [
    'pivot of the values there are',
    () => t().filter(col('id').lt(30)).groupBy('even').pivot('origin').count().orderBy('even'),
    `SELECT even, count(*) FILTER (origin IS NULL) AS "null", count(*) FILTER (origin = 'JFK') AS "JFK", count(*) FILTER (origin = 'LAX') AS "LAX", count(*) FILTER (origin = 'SEA') AS "SEA" FROM t WHERE id < 30 GROUP BY even ORDER BY even`,
    true,
  ],
  [
    'pivot without keys',
    () => t().groupBy().pivot('even', [true, false]).sum('id'),
    `SELECT sum(id) FILTER (even) AS "true", sum(id) FILTER (NOT even) AS "false" FROM t`,
  ],
  [
    'unpivot',
    () => t().unpivot(['id', 'day'], { values: ['year', 'id'], variableColumnName: 'which', valueColumnName: 'v' }),
    `SELECT id, day, 'year' AS which, year AS v FROM t UNION ALL SELECT id, day, 'id', id FROM t`,
  ],
  [
    'unpivot of all other columns',
    () => t().select('id', 'year', col('delay').as('d')).melt(['id']),
    `SELECT id, 'year' AS variable, year::DOUBLE AS value FROM t UNION ALL SELECT id, 'd', delay FROM t`,
  ],
  [
    'explode of a list',
    () => t().select('id', 'list', 'even').explode('list').filter(col('list').gt(0)),
    'SELECT * FROM (SELECT id, unnest(list) AS list, even FROM t) WHERE list > 0',
  ],
  [
    'explode of a list, outer, with positions and another name',
    () => t().select('list', 'id').explode('list', { as: 'item', outer: true, position: 'at' }).limit(100),
    `SELECT unnest(CASE WHEN len(list) > 0 THEN range(len(list)) ELSE [NULL] END) AS "at", unnest(CASE WHEN len(list) > 0 THEN list ELSE [NULL] END) AS item, id FROM t`,
  ],
  [
    'explode of a map',
    () => t().select('id', 'map').explode('map'),
    'SELECT id, unnest(map_keys(map)) AS key, unnest(map_values(map)) AS value FROM t',
  ],
  [
    'explode of a map, outer, with names',
    () =>
      t()
        .select('id', 'map')
        .explode('map', { outer: true, as: ['k', 'v'] }),
    'SELECT id, unnest(map_keys(map)) AS k, unnest(map_values(map)) AS v FROM t UNION ALL SELECT id, NULL, NULL FROM t WHERE map IS NULL',
  ],
  [
    'explode of a struct',
    () => t().select('id', 'struct').explode('struct').select(col('y').getField('z').as('z'), 'x', 'id'),
    'SELECT struct.y.z AS z, struct.x AS x, id FROM t',
  ],
  [
    'explode in select, of an expression',
    () =>
      t()
        .select(F.explode(F.split('origin', 'E')).as('part'), 'id')
        .groupBy('part')
        .agg(F.sum('id').as('s')),
    `SELECT part, sum(id) AS s FROM (SELECT unnest(string_split(origin, 'E')) AS part, id FROM t) GROUP BY part`,
  ],
  [
    'posexplode in select',
    () => t().select('id', F.posexplode('list')),
    'SELECT id, unnest(range(len(list)))::INTEGER AS pos, unnest(list) AS col FROM t',
  ],
  [
    'explode in withColumn',
    () => t().select('id', 'list').withColumn('item', F.explodeOuter('list')).drop('list'),
    'SELECT id, unnest(CASE WHEN len(list) > 0 THEN list ELSE [NULL] END) AS item FROM t',
  ],
  [
    'explode of a map in select',
    () => t().select(F.explode('map'), 'id'),
    'SELECT unnest(map_keys(map)) AS key, unnest(map_values(map)) AS value, id FROM t',
  ],
  [
    'posexplodeOuter in select',
    () => t().select('id', F.posexplodeOuter('list')),
    `SELECT id, unnest(CASE WHEN len(list) > 0 THEN range(len(list)) ELSE [NULL] END) AS pos, unnest(CASE WHEN len(list) > 0 THEN list ELSE [NULL] END) AS col FROM t`,
  ],
  [
    'inlineOuter',
    () => t().select(F.inlineOuter('structs').as('a', 'b')),
    'SELECT s.k AS a, s.v AS b FROM (SELECT unnest(structs) AS s FROM t)',
  ],
  [
    'inline',
    () => t().select('id', F.inline('structs'), 'even'),
    'SELECT id, s.k, s.v, even FROM (SELECT id, unnest(structs) AS s, even FROM t)',
  ],
  [
    'explode of what is sorted, limited and aggregated',
    () => t().orderBy(col('id').desc()).limit(9).groupBy('even').agg(F.collectList('id').as('ids')).explode('ids'),
    'SELECT even, id AS ids FROM t WHERE id > 30',
  ],
  [
    'fillna with a number goes with numbers, and NaN is missing too',
    () => t().select('id', 'origin', 'delay', 'year', 'price').fillna(7.9),
    `SELECT id, origin, coalesce(nullif(delay, 'NaN'), 7.9::DOUBLE) AS delay, coalesce(year, 7) AS year, price FROM t`,
  ],
  [
    'fillna with text goes with text',
    () => t().select('id', 'origin', 'delay').na.fill("O'Hare"),
    `SELECT id, coalesce(origin, 'O''Hare') AS origin, delay FROM t`,
  ],
  [
    'fillna by column',
    () => t().select('origin', 'delay', 'year').fillna({ delay: 0, origin: '?' }).orderBy('year'),
    `SELECT coalesce(origin, '?') AS origin, coalesce(nullif(delay, 'NaN'), 0) AS delay, year FROM t`,
  ],
  [
    'fillna of some columns',
    () => t().select('origin', 'delay', 'year').fillna(1, ['year', 'origin']),
    'SELECT origin, delay, coalesce(year, 1) AS year FROM t',
  ],
  [
    'fillna of a computed column, whose type only the engine knows',
    () => t().selectExpr('nullif(id, 3) AS n').fillna(-1),
    'SELECT coalesce(nullif(id, 3), -1) AS n FROM t',
  ],
  [
    'dropna',
    () => t().select('id', 'origin', 'delay').dropna(),
    `SELECT id, origin, delay FROM t WHERE origin IS NOT NULL AND nullif(delay, 'NaN') IS NOT NULL`,
  ],
  [
    'dropna of rows without any value',
    () => t().select('origin', 'delay').dropna({ how: 'all' }),
    `SELECT origin, delay FROM t WHERE origin IS NOT NULL OR nullif(delay, 'NaN') IS NOT NULL`,
  ],
  [
    'dropna by a number of values',
    () => t().select('origin', 'delay', 'year').na.drop({ thresh: 2 }),
    `SELECT origin, delay, year FROM t WHERE (origin IS NOT NULL)::INT + (nullif(delay, 'NaN') IS NOT NULL)::INT + (year IS NOT NULL)::INT >= 2`,
  ],
  [
    'dropna of some columns',
    () =>
      t()
        .select('origin', 'delay', 'year')
        .dropna({ subset: ['year'] }),
    'SELECT origin, delay, year FROM t WHERE year IS NOT NULL',
  ],
  [
    'replace',
    () => t().select('id', 'origin').replace('SEA', 'Seattle'),
    `SELECT id, CASE origin WHEN 'SEA' THEN 'Seattle' ELSE origin END AS origin FROM t`,
  ],
  [
    'replace of many, numbers in columns of numbers',
    () =>
      t()
        .select('id', 'year', 'origin', 'price')
        .na.replace(
          new Map<number, number | null>([
            [2020, 20],
            [1, null],
          ]),
        ),
    'SELECT CASE id WHEN 2020 THEN 20 WHEN 1 THEN NULL ELSE id END AS id, CASE year WHEN 2020 THEN 20 ELSE year END AS year, origin, CASE WHEN price = 1 THEN NULL ELSE price END AS price FROM t',
  ],
  [
    'describe',
    () => t().select('origin', 'id', 'even').describe(),
    `SELECT 'count' AS summary, count(origin)::VARCHAR AS origin, count(id)::VARCHAR AS id FROM t UNION ALL SELECT 'mean', NULL, avg(id)::VARCHAR FROM t
      UNION ALL SELECT 'stddev', NULL, stddev_samp(id)::VARCHAR FROM t UNION ALL SELECT 'min', min(origin), min(id)::VARCHAR FROM t UNION ALL SELECT 'max', max(origin), max(id)::VARCHAR FROM t`,
    true,
  ],
  [
    'summary',
    () => t().select('id', 'day').summary('count', '25%', '50%', 'count_distinct'),
    `SELECT 'count' AS summary, '40' AS id UNION ALL SELECT '25%', quantile_disc(id, 0.25)::DOUBLE::VARCHAR FROM t UNION ALL SELECT '50%', quantile_disc(id, 0.5)::VARCHAR FROM t UNION ALL SELECT 'count_distinct', '40'`.replace(
      '::DOUBLE',
      '',
    ),
    true,
  ],
  [
    'intersectAll and exceptAll',
    () => {
      const origins = t().select('origin')
      return origins.intersectAll(origins.filter(col('origin').ne('JFK'))).exceptAll(origins.limit(4))
    },
    `(SELECT origin FROM t WHERE origin <> 'JFK') EXCEPT ALL (SELECT origin FROM t LIMIT 4)`,
  ],
  [
    'subtract and unionAll',
    () =>
      t()
        .select('year')
        .unionAll(t().select('year'))
        .subtract(t().select('year').filter(col('year').eq(2021))),
    'SELECT DISTINCT year FROM t WHERE year IS DISTINCT FROM 2021',
  ],
  [
    'a join of columns of DataFrames, with names both have',
    () => {
      const left = t().select('id', 'origin').filter(col('id').lt(9))
      const right = t().select('id', 'year').withColumn('id', col('id').sub(3))
      return left
        .join(right, left.col('id').eq(right.col('id')), 'left')
        .filter(right.col('year').ne(2020))
        .select(left.col('id'), right.col('id').as('other'), 'year')
    },
    'SELECT l.id, r.id - 3 AS other, r.year FROM t l LEFT JOIN t r ON l.id = r.id - 3 WHERE l.id < 9 AND r.year <> 2020',
  ],
  [
    'a join on conditions, of which a column is dropped',
    () => {
      const left = t().select('id', 'even')
      const right = t().select('id', 'even', 'origin')
      return left
        .join(right, [left.col('id').eq(right.col('id')), left.col('even').eqNullSafe(right.col('even'))])
        .drop(right.col('id'), right.col('even'))
    },
    'SELECT id, even, origin FROM t',
  ],
  [
    'an asof join',
    () => {
      const trades = t().select('id', 'origin', col('day').as('at'))
      const quotes = t().filter(col('id').mod(4).eq(0)).select('origin', col('day').as('at'), col('price').as('quote'))
      return trades
        .asofJoin(quotes.dropDuplicates(['origin', 'at']).dropna(), { on: 'at', by: 'origin' })
        .select('id', 'at', col('quote').isNull().as('none'))
    },
    `SELECT l.id, l.day AS at, NOT EXISTS (SELECT 1 FROM t r WHERE r.id % 4 = 0 AND r.origin = l.origin AND r.day <= l.day) AS none FROM t l`,
  ],
  [
    'an asof join forward, without equals, of two names',
    () =>
      t()
        .select('id')
        .asofJoin(t().filter(col('even')).select(col('id').as('next')), {
          on: ['id', 'next'],
          direction: 'forward',
          allowExactMatches: false,
          how: 'inner',
        }),
    'SELECT id, (SELECT min(r.id) FROM t r WHERE even AND r.id > l.id) AS next FROM t l WHERE id < 38',
  ],
  [
    'spans that overlap, as a key and as a column',
    () => {
      const spans = t()
        .filter(col('id').lt(30))
        .groupBy('even', F.window('day', '3 days', '2 days', '1 day'))
        .agg(F.sum('id').as('s'))
      const ofEach = t().select('even', F.window('day', '3 days', '2 days', '1 day'), col('id').cast('hugeint').as('s'))
      return spans.union(ofEach)
    },
    `WITH spans AS (SELECT even, {'start': s, 'end': s + INTERVAL 3 DAY} AS "window", id FROM t, generate_series(TIMESTAMP '2023-12-22', TIMESTAMP '2024-02-01', INTERVAL 2 DAY) g(s) WHERE s <= day AND day < s + INTERVAL 3 DAY)
      SELECT even, "window", sum(id) AS s FROM spans WHERE id < 30 GROUP BY ALL UNION ALL FROM spans`,
  ],
  [
    'sessions: what comes just at the end of the gap belongs to them, what has no time to none',
    () =>
      t()
        .filter(col('id').mod(5).lt(2))
        .withColumn('at', when(col('id').ne(20), F.timestampSeconds(col('id').mul(60))))
        .groupBy(F.sessionWindow('at', '4 minutes').as('s'), col('even').not().as('odd'))
        .agg(F.count().as('n'), F.max('even').as('m')),
    `SELECT {'start': min(m), 'end': max(m) + INTERVAL 4 MINUTE} AS s, NOT even AS odd, count(*) AS n, max(even) AS m
      FROM (SELECT *, TIMESTAMP '1970-01-01' + INTERVAL 1 MINUTE * id AS m FROM t) WHERE id % 5 < 2 AND id <> 20 GROUP BY even, (id + 4) // 10`,
  ],
  [
    'groups by the elements of a list',
    () => t().groupBy(F.explode('list').as('item'), 'even').agg(F.count('list').as('n')).orderBy('item', 'even'),
    'SELECT item, even, count(*) AS n FROM (SELECT unnest(list) AS item, even FROM t) GROUP BY ALL ORDER BY ALL',
    true,
  ],
  [
    'columns renamed at once',
    () => t().withColumnsRenamed({ id: 'number', origin: 'id' }).select('number', 'id'),
    'SELECT id AS number, origin AS id FROM t',
  ],
  [
    'a sample of all rows, and of none',
    () =>
      t()
        .sample(1)
        .select('id')
        .union(t().sample(0).select('id'))
        .union(t().sample(1, { seed: 4 }).select('id')),
    'SELECT id FROM t UNION ALL SELECT id FROM t',
  ],
]

describe('a step answers as SQL written by hand does on native DuckDB', () => {
  test.each(steps)('%s', async (_, frame, sql, ordered) => {
    await same(frame(), sql, ordered)
  })
})
