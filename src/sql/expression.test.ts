import { beforeAll, describe, expect, test } from 'vitest'
import { col } from '../expr/col.ts'
import type { AnyColumn } from '../expr/column-types.ts'
import { lit } from '../expr/lit.ts'
import { sql } from '../expr/sql.ts'
import { when } from '../expr/when.ts'
import { Window } from '../expr/window.ts'
import * as F from '../functions.ts'
import { aggregate } from '../plan/aggregate.ts'
import { project } from '../plan/columns.ts'
import { table } from '../plan/leaf.ts'
import type { Plan } from '../plan/nodes.ts'
import { filter } from '../plan/rows.ts'
import { NativeDuckdb } from './fixtures/native-duckdb.ts'

let duckdb: NativeDuckdb

beforeAll(async () => {
  duckdb = await NativeDuckdb.open([
    `CREATE TABLE one AS SELECT 7 AS i, 2 AS j, NULL::INTEGER AS n, 0 AS z, 2.5::DOUBLE AS d, 9000000000 AS b, 'héllo' AS s, 'a_b%c\\d' AS p,
       '  x ' AS sp, DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 13:14:15.678' AS at, [10, 20, NULL] AS l, {'f': 1, 'g h': 'x'} AS st,
       MAP {'k': 5} AS m, TRUE AS t, FALSE AS f`,
    `CREATE TABLE many AS SELECT * FROM (VALUES (1, 'a', 10.0::DOUBLE), (2, 'a', NULL), (3, 'b', 30.0), (4, 'b', 30.0), (5, NULL, 50.0)) v(id, k, x)`,
  ])
})

async function evaluate(plan: Plan): Promise<{ text: string; rows: unknown[][] }> {
  const { statement } = await duckdb.compile(plan)
  return { text: statement.sql, rows: await duckdb.run(statement) }
}

const longDate = new Date(Date.UTC(12345, 5, 6, 7, 8, 9, 10))

/** What to compute, the SQL it makes, and what DuckDB answers. */
const cases: readonly (readonly [AnyColumn, string, unknown])[] = [
  [col('i').add(col('j')), '"i" + "j"', 9],
  [col('i').sub(-5), '"i" - (-5)', 12],
  [col('i').mul(col('j').add(1)), '"i" * ("j" + 1)', 21],
  [col('i').sub(col('j').sub(1)), '"i" - ("j" - 1)', 6],
  [col('i').div(col('j')), '"i" / nullif("j", 0)', 3.5],
  [col('i').div(2), '"i" / 2', 3.5],
  [col('i').div(col('z')), '"i" / nullif("z", 0)', null],
  [col('d').div(0), '"d" / nullif(0, 0)', null],
  [col('i').mod(col('z')), '"i" % nullif("z", 0)', null],
  [lit(-7).mod(3), '(-7) % 3', -1],
  [col('d').mod(0), '"d" % nullif(0, 0)', null],
  [col('i').neg().neg(), '-(-"i")', 7],
  [col('i').eq(7), '"i" = 7', true],
  [col('i').eq(null), '"i" = NULL', null],
  [col('n').eqNullSafe(null), '"n" IS NOT DISTINCT FROM NULL', true],
  [col('i').ne(7), '"i" <> 7', false],
  [col('i').gt(col('j')).and(col('i').le(7)), '"i" > "j" AND "i" <= 7', true],
  [col('t').or(col('f')).and(col('f')), '("t" OR "f") AND "f"', false],
  [col('t').or(col('f').and(col('f'))), '"t" OR ("f" AND "f")', true],
  [col('t').and(col('f')).not(), 'NOT ("t" AND "f")', true],
  [col('i').eq(7).not(), 'NOT ("i" = 7)', false],
  [col('i').eq(7).eq(col('t')), '("i" = 7) = "t"', true],
  [col('i').eq(7).isNull(), '("i" = 7) IS NULL', false],
  [col('n').isNull(), '"n" IS NULL', true],
  [col('n').isNotNull(), '"n" IS NOT NULL', false],
  [col('i').between(col('j'), 7), '"i" BETWEEN "j" AND 7', true],
  [col('i').between(1, 2).not(), 'NOT ("i" BETWEEN 1 AND 2)', true],
  [col('i').isin(1, 7), '"i" IN (1, 7)', true],
  [col('i').isin([1, 2]), '"i" IN (1, 2)', false],
  [col('i').isin(), 'FALSE', false],
  [col('i').isin(1, null), '"i" IN (1, NULL)', null],
  [col('s').like('h_ll%'), `"s" LIKE 'h_ll%'`, true],
  [col('s').like('H%'), `"s" LIKE 'H%'`, false],
  [col('s').ilike('H%'), `"s" ILIKE 'H%'`, true],
  [col('p').like('a\\_b\\%c%'), `"p" LIKE 'a\\_b\\%c%' ESCAPE '\\'`, true],
  [lit('axb').like('a\\_b'), `'axb' LIKE 'a\\_b' ESCAPE '\\'`, false],
  [col('p').like(col('p')), `"p" LIKE "p" ESCAPE '\\'`, false],
  [col('s').rlike('l+o$'), `regexp_matches("s", 'l+o$')`, true],
  [col('s').startsWith('hé'), `starts_with("s", 'hé')`, true],
  [col('s').endsWith('%'), `ends_with("s", '%')`, false],
  [col('s').contains('ll'), `contains("s", 'll')`, true],
  [col('d').cast('int'), 'CAST(trunc("d") AS INTEGER)', 2],
  [lit(-2.7).cast('int'), 'CAST(trunc((-2.7e+0)) AS INTEGER)', -2],
  [lit('2.5').cast('decimal(3,1)').cast('int'), `CAST(trunc(CAST('2.5' AS DECIMAL(3,1))) AS INTEGER)`, 2],
  [
    col('s').tryCast('int'),
    String.raw`TRY_CAST(CASE WHEN contains("s", '.') THEN regexp_replace("s", '^(\s*[-+]?)(\d*)\.\d+\s*$', '\10\2') ELSE "s" END AS INTEGER)`,
    null,
  ],
  [col('i').cast('string'), 'CAST("i" AS VARCHAR)', '7'],
  [col('i').cast('decimal(10, 2)'), 'CAST("i" AS DECIMAL(10,2))', '7.00'],
  [col('st').getField('g h'), `struct_extract("st", 'g h')`, 'x'],
  [col('st.f'), `struct_extract("st", 'f')`, 1],
  [col('l').getItem(0), '"l"[1]', 10],
  [col('l').getItem(9), '"l"[10]', null],
  [col('m').getItem('k'), `"m"['k']`, 5],
  [col('m').getItem('none'), `"m"['none']`, null],
  [col('st').getItem('f'), `"st"['f']`, 1],
  [
    when(col('i').gt(5), 'big').when(col('i').gt(1), 'mid').otherwise('small'),
    `CASE WHEN "i" > 5 THEN 'big' WHEN "i" > 1 THEN 'mid' ELSE 'small' END`,
    'big',
  ],
  [when(col('f'), 1), 'CASE WHEN "f" THEN 1 END', null],
  [when(col('f'), 1).otherwise(2).add(1), 'CASE WHEN "f" THEN 1 ELSE 2 END + 1', 3],
  [sql('i + j'), '(i + j)', 9],
  [sql('i -- why not'), '(i -- why not\n)', 7],
  [sql`list_contains(l, ${20}) AND ${col('t')}`, '(list_contains(l, 20) AND "t")', true],
  [sql('i + j').mul(2), '(i + j) * 2', 18],
  [F.upper('s'), 'upper("s")', 'HÉLLO'],
  [F.lower('s'), 'lower("s")', 'héllo'],
  [F.length('s'), 'CAST(length("s") AS INTEGER)', 5],
  [F.trim('sp'), 'trim("sp")', 'x'],
  [F.ltrim('sp'), 'ltrim("sp")', 'x '],
  [F.rtrim('sp'), 'rtrim("sp")', '  x'],
  [F.substring('s', 2, 3), 'substring("s", 2, 3)', 'éll'],
  [F.substring('s', 0, 3), 'substring("s", 1, 3)', 'hél'],
  [
    F.substring('s', -3, 2),
    'CASE WHEN length("s") >= 3 THEN substring("s", (-3), 2) ELSE left("s", greatest(2 - 3 + length("s"), 0)) END',
    'll',
  ],
  [F.substring('s', 2), 'substring("s", 2)', 'éllo'],
  [F.substring('s', 2, -1), 'substring("s", 2, 0)', ''],
  [F.concat('s', lit('!'), 'i'), `("s" || '!' || "i")`, 'héllo!7'],
  [F.concat('s', 'n'), '("s" || "n")', null],
  [F.concat('i', 'j'), '("i" || "j")', '72'],
  [F.concat('l', 'l'), '("l" || "l")', [10, 20, null, 10, 20, null]],
  [F.concatWs('-', 's', 'n', 'i'), `concat_ws('-', "s", "n", "i")`, 'héllo-7'],
  [F.replace('s', 'l', 'L'), `replace("s", 'l', 'L')`, 'héLLo'],
  [F.regexpReplace('s', '(l)', '<$1>'), `regexp_replace("s", '(l)', '<\\1>', 'g')`, 'hé<l><l>o'],
  [F.regexpReplace('s', 'l', '\\$\\\\'), `regexp_replace("s", 'l', '$\\\\', 'g')`, 'hé$\\$\\o'],
  [F.split(lit('a1b22c'), '[0-9]'), `regexp_split_to_array('a1b22c', '[0-9]')`, ['a', 'b', '', 'c']],
  [F.abs(lit(-3)), 'abs((-3))', 3],
  [F.round(lit(2.5)), 'round(2.5e+0)', 3],
  [F.round(lit(-2.5)), 'round((-2.5e+0))', -3],
  [F.round(lit(2.345), 2), 'round(2.345e+0, 2)', 2.35],
  [F.round('i', -1), 'round("i", (-1))', 10],
  [F.floor('d'), 'floor("d")', 2],
  [F.ceil('d'), 'ceil("d")', 3],
  [F.sqrt('j'), `CASE WHEN "j" >= 0 THEN sqrt("j") WHEN "j" IS NOT NULL THEN CAST('NaN' AS DOUBLE) END`, Math.SQRT2],
  [F.pow('j', 10), 'pow("j", 10)', 1024],
  [F.exp(lit(0)), 'exp(0)', 1],
  [F.ln('z'), 'CASE WHEN "z" > 0 THEN ln("z") END', null],
  [F.log10(lit(100)), 'CASE WHEN 100 > 0 THEN log10(100) END', 2],
  [F.sign(lit(-4)), 'sign((-4))', -1],
  [F.year('day'), 'CAST(year("day") AS INTEGER)', 2024],
  [F.quarter('day'), 'CAST(quarter("day") AS INTEGER)', 1],
  [F.month('day'), 'CAST(month("day") AS INTEGER)', 2],
  [F.dayofmonth('at'), 'CAST(day("at") AS INTEGER)', 29],
  [F.dayofyear('at'), 'CAST(dayofyear("at") AS INTEGER)', 60],
  [F.dayofweek(lit('2024-03-03').cast('date')), `CAST(dayofweek(CAST('2024-03-03' AS DATE)) + 1 AS INTEGER)`, 1],
  [F.hour('at'), 'CAST(hour("at") AS INTEGER)', 13],
  [F.minute('at'), 'CAST(minute("at") AS INTEGER)', 14],
  [F.second('at'), 'CAST(second("at") AS INTEGER)', 15],
  [F.dateTrunc('MM', 'day'), `CAST(date_trunc('month', "day") AS TIMESTAMP)`, '2024-02-01 00:00:00'],
  [F.dateTrunc('week', 'at'), `CAST(date_trunc('week', "at") AS TIMESTAMP)`, '2024-02-26 00:00:00'],
  [F.toDate('at'), 'CAST("at" AS DATE)', '2024-02-29'],
  [F.toDate(lit('03.04.2024'), '%d.%m.%Y'), `CAST(strptime('03.04.2024', '%d.%m.%Y') AS DATE)`, '2024-04-03'],
  [F.toTimestamp('day'), 'CAST("day" AS TIMESTAMP)', '2024-02-29 00:00:00'],
  [F.toTimestamp(lit('3/2024'), '%m/%Y'), `strptime('3/2024', '%m/%Y')`, '2024-03-01 00:00:00'],
  [F.dateAdd('at', 1), '(CAST("at" AS DATE) + CAST(1 AS INTEGER))', '2024-03-01'],
  [F.dateSub('day', col('j')), '(CAST("day" AS DATE) - CAST("j" AS INTEGER))', '2024-02-27'],
  [
    F.dateDiff(lit('2024-03-02').cast('date'), 'at'),
    `CAST(date_diff('day', CAST("at" AS DATE), CAST(CAST('2024-03-02' AS DATE) AS DATE)) AS INTEGER)`,
    2,
  ],
  [
    F.currentDate().le(F.currentTimestamp()),
    'CAST(make_timestamp(epoch_us(now())) AS DATE) <= make_timestamp(epoch_us(now()))',
    true,
  ],
  [F.coalesce('n', 'i', lit(1)), 'coalesce("n", "i", 1)', 7],
  [F.ifnull('n', 3), 'coalesce("n", 3)', 3],
  [F.nvl('n', 'j'), 'coalesce("n", "j")', 2],
  [F.nullif('i', 7), 'nullif("i", 7)', null],
  [F.greatest('i', 'n', 'j'), 'greatest("i", "n", "j")', 7],
  [F.least('i', 'n', 'j'), 'least("i", "n", "j")', 2],
  [lit(longDate), `make_timestamp(${longDate.getTime()}000)`, '12345-06-06 07:08:09.01'],
  [lit(new Date(0)), `TIMESTAMP '1970-01-01 00:00:00'`, '1970-01-01 00:00:00'],
  [lit(new Uint8Array([0, 65, 255])), `'\\x00\\x41\\xFF'::BLOB`, '\\x00A\\xFF'],
  [lit(2n ** 127n - 1n), '170141183460469231731687303715884105727', '170141183460469231731687303715884105727'],
]

describe('an expression', () => {
  test.each(cases.map(([column, text, value]) => [text, column, value] as const))('%s', async (text, column, value) => {
    const result = await evaluate(project(table('one'), [column.as('v').node]))
    expect(result.text).toBe(`SELECT ${text} AS "v"\nFROM "one"`)
    expect(result.rows).toEqual([[value]])
  })
})

const w = Window.partitionBy('k').orderBy('id')

const windows: readonly (readonly [AnyColumn, string, readonly unknown[]])[] = [
  [
    F.rowNumber().over(w),
    'CAST(row_number() OVER (PARTITION BY "k" ORDER BY "id" ASC NULLS FIRST) AS INTEGER)',
    [1, 2, 1, 2, 1],
  ],
  [F.rank().over(Window.orderBy('x')), 'CAST(rank() OVER (ORDER BY "x" ASC NULLS FIRST) AS INTEGER)', [2, 1, 3, 3, 5]],
  [
    F.denseRank().over(Window.orderBy(col('x').desc())),
    'CAST(dense_rank() OVER (ORDER BY "x" DESC NULLS LAST) AS INTEGER)',
    [3, 4, 2, 2, 1],
  ],
  [
    F.percentRank().over(Window.orderBy('id')),
    'percent_rank() OVER (ORDER BY "id" ASC NULLS FIRST)',
    [0, 0.25, 0.5, 0.75, 1],
  ],
  [
    F.ntile(2).over(Window.orderBy('id')),
    'CAST(ntile(2) OVER (ORDER BY "id" ASC NULLS FIRST) AS INTEGER)',
    [1, 1, 1, 2, 2],
  ],
  [
    F.lag('id').over(w),
    'lag("id", 1, NULL) OVER (PARTITION BY "k" ORDER BY "id" ASC NULLS FIRST)',
    [null, 1, null, 3, null],
  ],
  [
    F.lead('id', 2, -1).over(Window.orderBy('id')),
    'lead("id", 2, (-1)) OVER (ORDER BY "id" ASC NULLS FIRST)',
    [3, 4, 5, -1, -1],
  ],
  [
    F.sum('id').over(w),
    'sum("id") OVER (PARTITION BY "k" ORDER BY "id" ASC NULLS FIRST RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)',
    ['1', '3', '3', '7', '5'],
  ],
  [F.max('id').over(Window.partitionBy('k')), 'max("id") OVER (PARTITION BY "k")', [2, 2, 4, 4, 5]],
  [
    F.sum('id').over(Window.orderBy('id').rowsBetween(-1, Window.currentRow)),
    'sum("id") OVER (ORDER BY "id" ASC NULLS FIRST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)',
    ['1', '3', '5', '7', '9'],
  ],
  [
    F.count().over(Window.orderBy('id').rangeBetween(0, 2)),
    'count(*) OVER (ORDER BY "id" ASC NULLS FIRST RANGE BETWEEN CURRENT ROW AND 2 FOLLOWING)',
    ['3', '3', '3', '2', '1'],
  ],
  [
    F.count().over(Window.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)),
    'count(*) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)',
    ['5', '5', '5', '5', '5'],
  ],
  [
    F.collectList('x').over(Window.partitionBy('k')),
    'coalesce(list("x") FILTER (WHERE "x" IS NOT NULL) OVER (PARTITION BY "k"), [])',
    [[10], [10], [30, 30], [30, 30], [50]],
  ],
  [sql('arg_max(id, x)').over(Window.partitionBy('k')), 'arg_max(id, x) OVER (PARTITION BY "k")', [1, 1, 3, 3, 5]],
]

describe('a window function', () => {
  test.each(windows.map(([column, text, values]) => [text, column, values] as const))(
    '%s',
    async (text, column, values) => {
      const result = await evaluate(project(table('many'), [col('id').node, column.as('v').node]))
      expect(result.text).toBe(`SELECT "id", ${text} AS "v"\nFROM "many"`)
      expect(result.rows.toSorted((a, b) => (a[0] as number) - (b[0] as number)).map(([, value]) => value)).toEqual(
        values,
      )
    },
  )
})

const aggregates: readonly (readonly [AnyColumn, string, unknown])[] = [
  [F.count(), 'count(*)', '5'],
  [F.count('*'), 'count(*)', '5'],
  [F.count('k'), 'count("k")', '4'],
  [F.countDistinct('x'), 'count(DISTINCT "x")', '3'],
  [F.countDistinct('k', 'x'), 'count(DISTINCT ("k", "x")) FILTER (WHERE "k" IS NOT NULL AND "x" IS NOT NULL)', '2'],
  [F.sum('id'), 'sum("id")', '15'],
  [F.sumDistinct('x'), 'sum(DISTINCT "x")', 90],
  [F.avg('x'), 'avg("x")', 30],
  [F.mean('x'), 'avg("x")', 30],
  [F.min('k'), 'min("k")', 'a'],
  [F.max('x'), 'max("x")', 50],
  [F.stddev('id'), 'stddev_samp("id")', Math.sqrt(2.5)],
  [F.stddevPop('id'), 'stddev_pop("id")', Math.sqrt(2)],
  [F.variance('id'), 'var_samp("id")', 2.5],
  [F.varPop('id'), 'var_pop("id")', 2],
  [F.median('x'), 'median("x")', 30],
  [F.first('id'), 'first("id")', 1],
  [F.last('k'), 'last("k")', null],
  [F.collectList('k'), 'coalesce(list("k") FILTER (WHERE "k" IS NOT NULL), [])', ['a', 'a', 'b', 'b']],
  [F.sum('id').div(F.count()), 'sum("id") / nullif(count(*), 0)', 3],
  [F.sum(col('id').mul(2)).add(1), 'sum("id" * 2) + 1', '31'],
]

describe('an aggregate', () => {
  test.each(aggregates.map(([column, text, value]) => [text, column, value] as const))(
    '%s',
    async (text, column, value) => {
      const result = await evaluate(aggregate(table('many'), [], [column.as('v').node]))
      expect(result.text).toBe(`SELECT ${text} AS "v"\nFROM "many"`)
      expect(result.rows).toEqual([[value]])
    },
  )

  test('collectSet has each value once', async () => {
    const { rows } = await evaluate(aggregate(table('many'), [], [F.collectSet('k').as('v').node]))
    expect((rows[0]![0] as string[]).toSorted()).toEqual(['a', 'b'])
  })

  test('of no rows', async () => {
    const plan = aggregate(
      filter(table('one'), lit(false).node),
      [],
      [F.collectList('n').as('l').node, F.sum('n').as('s').node, F.count('n').as('c').node],
    )
    expect((await evaluate(plan)).rows).toEqual([[[], null, '0']])
  })
})
