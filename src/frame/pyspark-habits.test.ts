import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { isLakefrontError } from '../errors.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import { when } from '../expr/when.ts'
import { Window } from '../expr/window.ts'
import * as F from '../functions.ts'
import type { DataFrame } from './dataframe.ts'

let db: Session
let sqlite: Session
beforeAll(async () => {
  db = new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url))))
  sqlite = await connect('sqlite::memory:')
})
afterAll(async () => {
  await db.close()
  await sqlite.close()
})

async function failure(make: () => unknown): Promise<string> {
  try {
    await make()
  } catch (error) {
    return isLakefrontError(error) ? `${error.code}: ${error.message}` : `${(error as Error).name}!`
  }
  return 'none'
}

describe('what PySpark answers', () => {
  test('a key of a map is a key, not a position', async () => {
    const maps = db.sql("SELECT MAP {1: 'a', 0: 'z'} AS m, [7, 8] AS l")
    expect(await maps.select(col('m').getItem(1).as('one'), col('m').getItem(2).as('two')).first()).toEqual({
      one: 'a',
      two: null,
    })
    expect(await maps.select(col('m').getItem(0).as('m'), col('l').getItem(0).as('l')).first()).toEqual({
      m: 'z',
      l: 7,
    })
  })

  test('how values spread is NaN where one is NaN or infinite', async () => {
    const frame = db.createDataFrame({
      x: Float64Array.of(1, NaN, 4),
      y: Float64Array.of(1, Infinity, 4),
      i: [1, 2, 4],
    })
    const [, mean, stddev] = await frame.describe('x', 'y').collect()
    expect([mean, stddev]).toMatchObject([
      { x: 'nan', y: 'inf' },
      { x: 'nan', y: 'nan' },
    ])
    const measures = [F.stddev, F.stddevPop, F.variance, F.varPop, F.kurtosis, F.skewness]
    const columns = measures.flatMap((measure, at) => [measure('x').as(`x${at}`), measure('y').as(`y${at}`)])
    const row = (await frame.select(...columns, F.corr('i', 'y').as('c')).first()) as object
    expect(Object.values(row)).toEqual(Array.from({ length: 13 }, () => NaN))
    const window = Window.orderBy('i')
    const over = frame.select('i', F.stddev('x').over(window).as('s'), F.variance('i').over(window).as('v'))
    expect((await over.collect()).map(({ s, v }) => [s, v])).toEqual([
      [null, null],
      [NaN, 0.5],
      [NaN, expect.closeTo(7 / 3, 12)],
    ])
    const lines = [F.regrSlope, F.regrIntercept, F.regrR2]
    const ofLines = lines.flatMap((line, at) => [line('i', 'x').as(`x${at}`), line('y', 'i').as(`y${at}`)])
    expect(Object.values((await frame.agg(...ofLines).first()) as object)).toEqual(Array(6).fill(NaN))
    const sums = frame.agg(F.regrSxx('y', 'x').as('x'), F.regrSxx('y', 'i').as('i'), F.regrSyy('y', 'i').as('y'))
    expect(await sums.first()).toEqual({ x: NaN, i: expect.closeTo(14 / 3, 12), y: NaN })
  })

  test('of values that do not differ there is no line and no skew, and of two no skew but 0', async () => {
    const frame = db.createDataFrame({ g: [1, 1, 1, 2, 2, 3], x: [5, 5, 5, 5, 7, 5], y: [1, 2, 3, 1, 2, 1] })
    const [corr, slope] = [F.corr('y', 'x').as('corr'), F.regrSlope('y', 'x').as('slope')]
    const measures = frame.groupBy('g').agg(corr, slope, F.skewness('x').as('skew')).orderBy('g')
    expect(await measures.collect()).toEqual([
      { g: 1, corr: null, slope: null, skew: null },
      { g: 2, corr: expect.closeTo(1, 12), slope: 0.5, skew: 0 },
      { g: 3, corr: null, slope: null, skew: null },
    ])
  })

  test('NULL is the least field of a struct for max() and min(), in groups and over windows', async () => {
    const frame = db.createDataFrame(
      [
        [1, 'x', null],
        [2, 'x', 5],
        [3, 'x', 4],
        [4, 'y', null],
      ],
      { i: 'int', g: 'string', v: 'int' },
    )
    const pair = F.struct('v', F.struct('i').as('s'))
    const groups = frame.groupBy('g').agg(F.max(pair).getField('v').as('most'), F.min(pair).as('least')).orderBy('g')
    expect(await groups.collect()).toEqual([
      { g: 'x', most: 5, least: { v: null, s: { i: 1 } } },
      { g: 'y', most: null, least: { v: null, s: { i: 4 } } },
    ])
    const over = frame.select(
      F.max(when(col('i').ne(1), pair))
        .over(Window.orderBy('i'))
        .as('m'),
    )
    expect((await over.collect()).map(({ m }) => (m as { s: object } | null)?.s)).toEqual([
      undefined,
      { i: 2 },
      { i: 2 },
      { i: 2 },
    ])
  })

  test('groupingId() without keys is of all', async () => {
    const cube = db
      .createDataFrame({ a: ['x'], b: [1] })
      .cube(F.upper('a').as('u'), 'b')
      .agg(F.groupingId().as('id'))
    expect((await cube.orderBy('id').collect()).map(({ id, u }) => [id, u])).toEqual([
      [0n, 'X'],
      [1n, 'X'],
      [2n, null],
      [3n, null],
    ])
    await expect(cube.agg(F.groupingId()).collect()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('text cast to whole numbers loses its fraction, as numbers do', async () => {
    const texts = ['1.9', ' -2.5 ', '.9', '9007199254740993.7', '1.2.3']
    const cast = db.createDataFrame({ t: texts }).select(col('t').tryCast('bigint').as('n'))
    expect((await cast.collect()).map(({ n }) => n)).toEqual([1n, -2n, 0n, 9007199254740993n, null])
  })

  test('several names for the columns of a generator', async () => {
    const frame = db.sql("SELECT 7 AS id, MAP {'a': 1} AS m, ['x'] AS l, [{'p': 1, 'q': 'z'}] AS s")
    expect(await frame.select('id', F.explode('m').as('k', 'v')).collect()).toEqual([{ id: 7, k: 'a', v: 1 }])
    expect(await frame.select(F.posexplode('l').as('at', 'x'), 'id').collect()).toEqual([{ at: 0, x: 'x', id: 7 }])
    expect(await frame.select(F.posexplodeOuter('m').alias('at', 'k', 'v')).columns()).toEqual(['at', 'k', 'v'])
    expect(await frame.select(F.inline('s').as('a', 'b')).collect()).toEqual([{ a: 1, b: 'z' }])
    expect(await failure(() => frame.select(F.explode('m').as('x')).collect())).toBe(
      'TYPE_MISMATCH: explode(m) makes 2 columns: key, value. Give as() that many names, as in select(explode(m).as("key", "value")), or leave it out.',
    )
    expect(await failure(() => frame.select(F.explode('l').as('a', 'b')).collect())).toContain('makes 1 column: col.')
    expect(await failure(() => frame.select(col('id').as('a', 'b')))).toBe(
      'INVALID_ARGUMENT: as() was given 2 names for id, which is one column. Only explode() and its kin make several.',
    )
  })

  test('a field of a list of structs is the list of that field', async () => {
    const frame = db.createDataFrame([{ s: [{ a: 1, b: 'x' }, null, { a: 2, b: null }] }, { s: null }])
    expect(await frame.select(col('s').getField('a').as('a'), col('s.b').as('b')).collect()).toEqual([
      { a: [1, null, 2], b: ['x', null, null] },
      { a: null, b: null },
    ])
    expect(
      await frame
        .select(F.arrayMax(col('s').getField('a')).as('most'))
        .filter(col('most').gt(1))
        .count(),
    ).toBe(1)
    expect(await failure(() => frame.select(col('s').getField('c')))).toContain('COLUMN_NOT_FOUND: s has no field "c"')
  })

  test('a total of another type than the items', async () => {
    const frame = db.createDataFrame([
      { l: [1, null, 3], id: 7 },
      { l: [], id: 8 },
      { l: null, id: 9 },
    ])
    const text = F.aggregate('l', lit(''), (total, x) =>
      F.concatWs('', total, x.cast('string'), col('id').cast('string')),
    )
    const start = F.namedStruct({ sum: lit(0), n: lit(0) })
    const mean = F.aggregate(
      'l',
      start,
      (total, x) => F.namedStruct({ sum: total.getField('sum').add(F.coalesce(x, 0)), n: total.getField('n').add(1) }),
      (total) => total.getField('sum').div(total.getField('n')),
    )
    expect(await frame.select(text.as('t'), mean.as('m')).collect()).toEqual([
      { t: '17737', m: 4 / 3 },
      { t: '', m: null },
      { t: null, m: null },
    ])
  })

  test('a pivot of no rows has the columns of its keys', async () => {
    const none = db.createDataFrame([{ a: 1, y: 2, v: 3 }]).filter(col('v').gt(9))
    expect(await none.groupBy('a').pivot('y').sum('v').toColumns()).toEqual({ a: new Int32Array() })
    expect(await none.groupBy('a').pivot('y').sum('v').withColumn('b', col('a')).columns()).toEqual(['a', 'b'])
    expect(await failure(() => none.groupBy().pivot('y').count().collect())).toContain(
      'INVALID_VALUE: There are no rows',
    )
  })

  test('replace() keeps the digits of the values that stay', async () => {
    const wide = '-99999999999999999999999999999999999.99'
    const frame = db.createDataFrame([{ d: '1.10' }, { d: '1.00' }, { d: wide }], { d: 'decimal(38,2)' })
    expect(await frame.replace(1, 2.5).collect()).toEqual([{ d: '1.10' }, { d: '2.50' }, { d: wide }])
    expect(await frame.replace(1, 2.5).dtypes()).toEqual([['d', 'DECIMAL(38,2)']])
  })

  test('the fields of a struct, each a column', async () => {
    const frame = db.sql("SELECT 1 AS id, {'a': {'b': 2}, 'c': 'x'} AS s")
    expect(await frame.select('id', 's.*').collect()).toEqual([{ id: 1, a: { b: 2 }, c: 'x' }])
    expect(await frame.select('s.a.*').collect()).toEqual([{ b: 2 }])
    expect(await frame.select(col('s.*')).columns()).toEqual(['a', 'c'])
    const aliased = db.createDataFrame([{ s: { a: 1 } }]).alias('s')
    expect(await aliased.select('s.*').columns()).toEqual(['s'])
    expect(await failure(() => db.createDataFrame([{ id: 1 }]).select('id.*'))).toBe(
      'TYPE_MISMATCH: select("id.*"): id is INTEGER, and only a struct has fields.',
    )
  })

  test('a field in a field is named by its path, and a struct that is NULL stays NULL', async () => {
    const frame = db.createDataFrame([{ s: { a: { b: 1 } } }, { s: null }], { s: 'struct(a struct(b int))' })
    const changed = frame.select(col('s').withField('a.c', 'x').withField('d', col('s.a.b').add(1)).as('s'))
    expect(await changed.collect()).toEqual([{ s: { a: { b: 1, c: 'x' }, d: 2 } }, { s: null }])
    expect(await changed.select(col('s').dropFields('a.b', 'd').as('s')).collect()).toEqual([
      { s: { a: { c: 'x' } } },
      { s: null },
    ])
  })

  test('drop() of a name that a join has twice drops both', async () => {
    const a = db.createDataFrame([{ id: 1, v: 'a' }])
    const b = db.createDataFrame([{ id: 1, w: 'b' }])
    const joined = a.join(b, a.col('id').eq(b.col('id')))
    expect(await joined.drop('id').collect()).toEqual([{ v: 'a', w: 'b' }])
    expect(await joined.drop(b.col('id')).collect()).toEqual([{ id: 1, v: 'a', w: 'b' }])
  })

  test('a view may be replaced by what is made of it', async () => {
    const { name: view } = { name: 'step "by" step' }
    await db.createDataFrame([{ a: 1 }]).createOrReplaceTempView(view)
    await db.table(view).withColumn('b', col('a').add(1)).createOrReplaceTempView(view)
    await db.table(view).withColumn('c', col('b').add(1)).createOrReplaceTempView(view)
    expect(await db.table(view).collect()).toEqual([{ a: 1, b: 2, c: 3 }])
    const again = db.sql('WITH x AS (SELECT a + ? AS a FROM "step ""by"" step") SELECT a FROM x -- all', [10])
    await again.createOrReplaceTempView(view)
    expect(await db.table(view).collect()).toEqual([{ a: 11 }])
    await db.sql`SELECT a * ${2} AS a FROM "step ""by"" step"`.filter(col('a').gt(0)).createOrReplaceTempView(view)
    expect(await db.sql('FROM "step ""by"" step"').collect()).toEqual([{ a: 22 }])
  })
})

describe('a range over dates', () => {
  const rows = ['2024-01-31', '2024-02-29', '2024-12-31', null].map((day, id) => ({ id, day }))
  const ofDays = (session: Session): DataFrame =>
    session
      .createDataFrame(rows, { id: 'int', day: 'date' })
      .select('id', F.sum('id').over(Window.orderBy('day').rangeBetween(-40, 0)).as('s'))
      .orderBy('id')
  test('counts days, on SQLite too', async () => {
    const sums = [0, 1, 2, 3]
    const found = (await ofDays(db).collect()).map(({ s }) => Number(s))
    expect(found).toEqual(sums)
    expect((await ofDays(sqlite).collect()).map(({ s }) => Number(s))).toEqual(sums)
  })

  test('of more than one key, and of text, is refused at once', async () => {
    const frame = db.createDataFrame([{ a: 1, t: 'x' }]) as DataFrame
    const over = (...keys: string[]) => F.count().over(Window.orderBy(...keys).rangeBetween(-1, 1))
    expect(await failure(() => frame.select(over('a', 't')))).toContain('INVALID_ARGUMENT')
    expect(await failure(() => frame.select(over('t')))).toContain('TYPE_MISMATCH')
    const at = sqlite.createDataFrame([{ at: '2024-01-01 00:00:00' }], { at: 'timestamp' }) as DataFrame
    expect(await failure(() => at.select(over('at')))).toContain('TYPE_MISMATCH')
    expect(
      await frame.select(F.count().over(Window.orderBy('a', 't').rangeBetween(-Infinity, 0)).as('n')).first(),
    ).toEqual({
      n: 1n,
    })
  })
})

describe('a habit that has another form here is told which', () => {
  const frame = () => db.createDataFrame([{ id: 1, s: 'x', d: 1.5 }]) as DataFrame
  const loose = () => frame() as unknown as Record<string, (...args: unknown[]) => unknown>
  test.each<[what: string, make: () => unknown, says: string]>([
    ['an operator', () => loose()['filter']!((col('id') as never as number) > 1), "JavaScript's operators do not work"],
    ['an addition', () => frame().select((col('id') as never as string) + 1), "JavaScript's operators do not work"],
    ['a comparison of columns', () => loose()['join']!(frame(), false), 'write a.gt(1) for a > 1'],
    ['a condition of nothing', () => loose()['filter']!(undefined), 'filter() takes columns; undefined was given'],
    [
      'a value for a column',
      () => loose()['withColumn']!('x', 5),
      'withColumn() takes columns; 5 was given. A value becomes a column by lit()',
    ],
    ['text for a column', () => loose()['withColumns']!({ x: 's' }), 'a name by col()'],
    [
      'aggregates by name',
      () => (frame().groupBy('s') as unknown as { agg(x: unknown): unknown }).agg({ id: 'max' }),
      'Write F.max("a")',
    ],
    [
      'sums of nothing',
      () => (frame().groupBy('s') as unknown as { sum(): unknown }).sum(),
      'sum() was given no columns',
    ],
    ['a list of columns', () => loose()['select']!(['id', 's']), 'A list of columns is spread'],
    ['a list of names to drop', () => loose()['drop']!(['id']), 'Spread a list'],
    [
      'one name for many',
      () => loose()['dropDuplicates']!('id'),
      'takes a list of names, such as ["id"]; "id" was given',
    ],
    ['one name to fill', () => loose()['fillna']!(0, 'id'), 'takes a list of names'],
    ['one name to replace in', () => loose()['replace']!('a', 'b', 's'), 'takes a list of names'],
    ['one name to look at', () => loose()['dropna']!({ subset: 'id' }), 'takes a list of names'],
    ['an unknown way to drop', () => loose()['dropna']!({ how: 'some' }), 'how is "any" or "all"; "some" was given'],
    ['one name to keep', () => loose()['unpivot']!('id'), 'takes a list of names'],
    ['values without a common type', () => frame().unpivot(['id']), 's VARCHAR, d DOUBLE'],
    ['a number for a name', () => loose()['describe']!(5), 'named by a string that is not empty; 5 was given'],
    ['a bigint for a name', () => loose()['orderBy']!(5n), '5 was given'],
    ['no rows and no types', () => db.createDataFrame([]), 'no rows'],
  ])('%s', async (_, make, says) => {
    const message = await failure(make)
    expect(message).toContain(says)
    expect(message).toMatch(/^(INVALID_ARGUMENT|TYPE_MISMATCH): /)
  })

  test('columns are still text where text is asked for', () => {
    expect(`${col('id').add(lit(1))}`).toBe('Column<(id + 1)>')
  })
})
