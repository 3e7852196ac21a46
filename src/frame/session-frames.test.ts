import { type RecordBatch, tableFromArrays } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { isLakefrontError } from '../errors.ts'
import { col } from '../expr/col.ts'
import { sql } from '../expr/sql.ts'
import * as F from '../functions.ts'

let db: Session
let other: Session
const open = async (): Promise<Session> =>
  new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url))))

beforeAll(async () => {
  db = await open()
  other = await open()
})
afterAll(async () => {
  await db.close()
  await other.close()
})

const run = async (text: string): Promise<void> => void (await db.sql(text).collect())
const failure = async (work: () => unknown): Promise<unknown> => {
  try {
    await work()
  } catch (error) {
    if (isLakefrontError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'nothing was thrown'
}

describe('mistakes fail at the call that made them', () => {
  const flights = () =>
    db.createDataFrame([{ origin: 'SEA', delay: 7, late: true, day: new Date(0), tags: ['a'], place: { city: 'x' } }])
  const wrong: readonly [what: string, work: () => unknown, says: string][] = [
    ['a number of text', () => flights().withColumn('x', F.upper(col('delay') as never)), 'TYPE_MISMATCH'],
    // @ts-expect-error the compiler says so too
    ['an operator', () => flights().select(col('origin').add(1).as('x')), 'TYPE_MISMATCH'],
    [
      'a condition that is a number',
      () => flights().filter(col('delay') as never),
      'TYPE_MISMATCH: filter() takes a condition, but delay is INTEGER.',
    ],
    ['a comparison of text and a number', () => flights().filter(col('delay').gt(col('origin'))), 'TYPE_MISMATCH'],
    ['a condition of a join', () => flights().join(flights(), col('delay') as never), 'COLUMN_AMBIGUOUS'],
    // @ts-expect-error the compiler says so too
    ['an aggregate', () => flights().groupBy('origin').agg(F.sum('origin').as('s')), 'TYPE_MISMATCH'],
    // @ts-expect-error the compiler says so too
    ['a window', () => flights().filter(col('tags').eq(1)), 'TYPE_MISMATCH'],
    // @ts-expect-error the compiler says so too
    ['a step before', () => flights().withColumn('n', F.upper('origin')).filter(col('n').gt(1)), 'TYPE_MISMATCH'],
    ['a field', () => flights().select('place.town'), 'COLUMN_NOT_FOUND'],
    ['a name', () => flights().explode('tag' as never), 'COLUMN_NOT_FOUND: Column "tag" not found.'],
    ['what cannot be exploded', () => flights().explode('delay'), 'TYPE_MISMATCH: explode("delay") needs a list'],
    [
      'names of an explode',
      () => flights().explode('tags', { as: ['a', 'b'] }),
      'INVALID_ARGUMENT: explode("tags") makes 1 column',
    ],
    ['a fraction', () => flights().sample(1.5), 'INVALID_ARGUMENT: sample() takes a fraction'],
    ['a seed', () => flights().sample(0.5, { seed: 0.5 }), 'INVALID_ARGUMENT: sample(): a seed'],
    [
      'no values of a pivot',
      () => flights().groupBy().pivot('origin', []).count(),
      'INVALID_ARGUMENT: pivot() was given no values',
    ],
    [
      'a pivot of a rollup',
      () => flights().rollup('origin').pivot('late'),
      'INVALID_ARGUMENT: pivot() goes with groupBy()',
    ],
    [
      'a set without its column',
      () => flights().groupingSets([['delay' as never]], 'origin'),
      'INVALID_ARGUMENT: groupingSets()',
    ],
    ['a statistic', () => flights().summary('average'), 'INVALID_ARGUMENT: "average" is not a statistic'],
    ['replace of two kinds', () => flights().replace('a', 1), 'INVALID_ARGUMENT: replace() takes values of one kind'],
    ['fillna with null', () => flights().fillna(null as never), 'INVALID_ARGUMENT'],
    [
      'a generator inside an expression',
      () => flights().select(F.length(F.explode('tags') as never).as('n')),
      'INVALID_ARGUMENT: select()',
    ],
    [
      'two generators',
      () => flights().select(F.explode('tags'), F.explode('tags').as('b')),
      'INVALID_ARGUMENT: select(): explode()',
    ],
    ['a generator in a filter', () => flights().filter(F.explode('tags').eq('a')), 'INVALID_ARGUMENT: filter()'],
    [
      'an asof direction',
      () => flights().asofJoin(flights(), { on: 'day', direction: 'sideways' as never }),
      'INVALID_ARGUMENT: asofJoin()',
    ],
    [
      'columns of a DataFrame that is not there',
      () => flights().select(flights().col('origin')),
      'COLUMN_NOT_FOUND: The column "origin" is one of a DataFrame',
    ],
  ]
  test.each(wrong)('%s', async (_, work, says) => {
    expect(await failure(work)).toContain(says)
  })

  test('a column of a DataFrame joined with itself', async () => {
    const frame = flights()
    expect(await failure(() => frame.join(frame, frame.col('origin').eq(frame.col('origin'))))).toContain(
      'COLUMN_AMBIGUOUS',
    )
  })

  test('DataFrames of two sessions', async () => {
    const foreign = other.createDataFrame([{ origin: 'SEA' }])
    const works = [
      () => flights().join(foreign, 'origin'),
      () => flights().crossJoin(foreign),
      () => flights().select('origin').union(foreign),
      () => flights().select('origin').exceptAll(foreign),
      () => flights().asofJoin(foreign, { on: 'origin' }),
      () => db.sql`SELECT * FROM ${foreign}`,
    ]
    for (const work of works) {
      expect(await failure(work)).toBe(
        'INVALID_ARGUMENT: The two DataFrames belong to different sessions. Read both in one session.',
      )
    }
  })
})

describe('cached rows', () => {
  test('are computed once, and again after unpersist()', async () => {
    const frame = db.sql('SELECT random() AS r, i FROM range(1000) t(i)').cache()
    const first = await frame.agg(F.sum('r').as('s')).first()
    expect(await frame.agg(F.sum('r').as('s')).first()).toEqual(first)
    expect(await frame.filter(col('i').lt(10)).count()).toBe(10)
    expect(
      await frame
        .join(frame.withColumnRenamed('r', 'q'), 'i')
        .filter(col('q').eq(col('r')))
        .count(),
    ).toBe(1000)
    await frame.unpersist()
    expect(await frame.agg(F.sum('r').as('s')).first()).not.toEqual(first)
    expect(await failure(() => frame.filter(col('i').gt(1)).unpersist())).toContain(
      'INVALID_ARGUMENT: unpersist() is called on',
    )
  })

  test('do not keep a failure', async () => {
    const frame = db.table('made_later').cache()
    expect(await failure(() => frame.count())).toContain('TABLE_NOT_FOUND')
    await run('CREATE TABLE made_later AS SELECT 1 AS a')
    expect(await frame.count()).toBe(1)
  })
})

describe('views', () => {
  test('are seen by SQL text and table(), with the data they were made of', async () => {
    const people = db.createDataFrame([
      { id: 1, name: "O'Hare" },
      { id: 2, name: 'Bob; DROP TABLE x' },
    ])
    await people.filter(col('name').ne('x')).createOrReplaceTempView('people "of" us')
    expect(await db.sql('SELECT count(*) AS n FROM "people ""of"" us"').collect()).toEqual([{ n: 2n }])
    expect(await db.table('people "of" us').orderBy('id').first()).toEqual({ id: 1, name: "O'Hare" })
    await people.limit(1).createOrReplaceTempView('people "of" us')
    expect(await db.table('people "of" us').count()).toBe(1)
    expect(await failure(() => people.createTempView('people "of" us'))).toContain('already exists')
    expect(await db.catalog.tableExists('"people ""of"" us"')).toBe(true)
    expect(await db.catalog.dropTempView('people "of" us')).toBe(true)
    expect(await db.catalog.dropTempView('people "of" us')).toBe(false)
    expect(await failure(() => db.table('people "of" us').collect())).toContain('TABLE_NOT_FOUND')
  })
})

describe('tables', () => {
  test('are listed with their columns', async () => {
    await run(
      'CREATE SCHEMA sales; CREATE TABLE sales.items (id INTEGER, price DECIMAL(10, 2)); CREATE VIEW sales.cheap AS FROM sales.items',
    )
    expect(await db.catalog.listTables('sales')).toEqual([
      { catalog: 'memory', schema: 'sales', name: 'cheap', isView: true, isTemporary: false },
      { catalog: 'memory', schema: 'sales', name: 'items', isView: false, isTemporary: false },
    ])
    expect((await db.catalog.listColumns('sales.items')).map(({ name, type }) => [name, type])).toEqual([
      ['id', 'INTEGER'],
      ['price', 'DECIMAL(10,2)'],
    ])
    expect(await db.catalog.tableExists('sales.nothing')).toBe(false)
    expect(await failure(() => db.catalog.listColumns('sales.nothing'))).toContain('TABLE_NOT_FOUND')
  })

  test('have the columns of now, whatever was known of them before', async () => {
    await run('CREATE TABLE events AS SELECT 1 AS id')
    const frame = db.table('events').withColumn('twice', col('id').mul(2))
    expect(await frame.columns()).toEqual(['id', 'twice'])
    await run("ALTER TABLE events ADD COLUMN kind VARCHAR DEFAULT 'click'")
    expect(await frame.collect()).toEqual([{ id: 1, kind: 'click', twice: 2 }])
    expect(await frame.columns()).toEqual(['id', 'kind', 'twice'])
    await run('CREATE OR REPLACE TABLE events AS SELECT 2.5 AS id')
    expect(await frame.dtypes()).toEqual([
      ['id', 'DECIMAL(2,1)'],
      ['twice', 'DECIMAL(12,1)'],
    ])
    expect(await db.sql('FROM events').select('id').count()).toBe(1)
    await run('ALTER TABLE events RENAME id TO number')
    expect(await failure(() => frame.collect())).toContain('Column "id" not found. Columns: number.')
    expect(await db.table('events').select('number').count()).toBe(1)
  })
})

describe('createDataFrame', () => {
  test('takes Arrow tables and record batches, with their types', async () => {
    const arrow = tableFromArrays({ id: Int16Array.of(1, 2, 3), name: ['a', null, 'c'] })
    const frame = await db.createDataFrame(arrow)
    expect(await frame.dtypes()).toEqual([
      ['id', 'SMALLINT'],
      ['name', 'VARCHAR'],
    ])
    expect(await frame.orderBy('id').collect()).toEqual([
      { id: 1, name: 'a' },
      { id: 2, name: null },
      { id: 3, name: 'c' },
    ])
    const batch = arrow.batches[0] as RecordBatch
    expect(await (await db.createDataFrame(batch)).count()).toBe(3)
    expect(await failure(() => (db.createDataFrame as (...all: unknown[]) => unknown)(arrow, { id: 'int' }))).toContain(
      'has a schema of its own',
    )
    const back = await (await db.createDataFrame(await frame.toArrow())).collect()
    expect(back).toEqual(await frame.collect())
  })

  test('takes rows and record batches that come asynchronously, and any iterable', async () => {
    async function* rows() {
      yield { id: 1, nested: { list: [1, null], map: new Map([['k', 1.5]]) } }
      await Promise.resolve()
      yield { id: 2, nested: { list: [], map: new Map<string, number>() } }
    }
    const frame = await db.createDataFrame(rows())
    expect(await frame.orderBy('id').collect()).toEqual([
      { id: 1, nested: { list: [1, null], map: new Map([['k', 1.5]]) } },
      { id: 2, nested: { list: [], map: new Map() } },
    ])
    const streamed = await db.createDataFrame(frame.select('id').stream())
    expect(await streamed.count()).toBe(2)
    function* tuples(): Generator<object> {
      yield [1, '2024-01-31']
      yield [2, null]
    }
    expect(await db.createDataFrame(tuples(), { id: 'bigint', day: 'date' }).collect()).toEqual([
      { id: 1n, day: '2024-01-31' },
      { id: 2n, day: null },
    ])
  })
})

describe('SQL text', () => {
  test('takes positional and named values with their types', async () => {
    const values = [null, true, 7, 7n, 2.5, 'x', new Date(0), Uint8Array.of(1)]
    const types = await db
      .sql(`SELECT ${values.map((_, at) => `typeof($${at + 1}) AS t${at}`).join(', ')}`, values)
      .first()
    expect(Object.values(types!)).toEqual([
      '"NULL"',
      'BOOLEAN',
      'INTEGER',
      'BIGINT',
      'DOUBLE',
      'VARCHAR',
      'TIMESTAMP',
      'BLOB',
    ])
    expect(await db.sql('SELECT $b || $a || $b AS x', { a: '1', b: "';--" }).collect()).toEqual([{ x: "';--1';--" }])
    expect(await db.sql('SELECT ? + ? AS x', [1, 2]).collect()).toEqual([{ x: 3 }])
  })

  test('may be a script, of which the last statement gives the rows', async () => {
    const rows = await db
      .sql(
        'CREATE TABLE script (a INTEGER); INSERT INTO script VALUES ($low), ($high); -- done\nSELECT sum(a)::INTEGER AS s FROM script WHERE a > $low;',
        {
          low: 1,
          high: 41,
        },
      )
      .collect()
    expect(rows).toEqual([{ s: 41 }])
  })

  test('has DataFrames as sub-queries, however they were made', async () => {
    const frame = db.createDataFrame([
      { a: 1, k: 'x' },
      { a: 2, k: 'y' },
    ])
    const pivoted = frame.groupBy().pivot('k').sum('a')
    expect(
      await db.sql`SELECT p.*, ${'é'} AS e FROM ${pivoted} p, ${frame.cache().filter(col('a').eq(2))} f`.collect(),
    ).toEqual([{ x: 1n, y: 2n, e: 'é' }])
    expect(
      await frame
        .withColumn('b', sql`a + ${10}`)
        .filter(`b > 11`)
        .collect(),
    ).toEqual([{ a: 2, k: 'y', b: 12 }])
  })
})

describe('samples', () => {
  test('hold about the share asked for, and the same rows for the same seed', async () => {
    const frame = db.sql('SELECT i FROM range(20000) t(i)')
    const share = async (rows: Promise<number>): Promise<number> => (await rows) / 20000
    expect(Math.abs((await share(frame.sample(0.3).count())) - 0.3)).toBeLessThan(0.02)
    expect(Math.abs((await share(frame.sample(0.3, { seed: 1 }).count())) - 0.3)).toBeLessThan(0.02)
    expect(Math.abs((await share(frame.sample(1.7, { withReplacement: true }).count())) - 1.7)).toBeLessThan(0.05)
    const seeded = (seed: number) => frame.sample(0.01, { seed }).collect()
    expect(await seeded(7)).toEqual(await seeded(7))
    expect(await seeded(7)).not.toEqual(await seeded(8))
    const again = frame.sample(2, { withReplacement: true, seed: 3 }).groupBy('i').count()
    const counts = await again.groupBy('count').agg(F.count().as('n')).orderBy('count').collect()
    const poisson = [1, 2, 3].map((k) => (20000 * Math.exp(-2) * 2 ** k) / [1, 1, 2, 6][k]!)
    poisson.forEach((wanted, at) => expect(Math.abs(Number(counts[at]!.n) - wanted) / wanted).toBeLessThan(0.06))
  })

  test('of one side of a join are drawn before it', async () => {
    const frame = db.sql('SELECT i, 1 AS k FROM range(100) t(i)')
    const joined = frame.sample(0.5).join(frame.select('k', col('i').as('j')), 'k')
    expect((await joined.groupBy('i').count().collect()).every(({ count }) => count === 100n)).toBe(true)
  })

  test('by chance are drawn once for a column', async () => {
    const frame = db.sql('SELECT i FROM range(1000) t(i)').sample(0.5).withColumn('x', col('i').add(1))
    expect(await frame.filter(col('x').ne(col('i').add(1))).count()).toBe(0)
  })
})
