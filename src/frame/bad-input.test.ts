import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { isLakefrontError } from '../errors.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import { sql } from '../expr/sql.ts'
import { Window } from '../expr/window.ts'
import * as F from '../functions.ts'
import type { Value } from '../expr/expression.ts'
import type { DataFrame } from './dataframe.ts'

let db: Session
const open = async (): Promise<Session> =>
  new Session(await openEngine(nodeHost(new URL('../../dist/wasm/', import.meta.url))))

beforeAll(async () => {
  db = await open()
  await db.sql('CREATE TABLE canary AS SELECT 1 AS alive').collect()
})
afterAll(() => db.close())

const names = [
  'a"b',
  '""',
  "it's",
  'select',
  'GROUP BY',
  'a b',
  ' ',
  'a.b',
  '.',
  'a,b);--',
  '*',
  '$1',
  '?',
  '`x`',
  'line\nbreak',
  'tab\t',
  'ünïcödé',
  '日本語',
  '😀',
  'e\u0301',
  '\u200b',
  'x'.repeat(5000),
  '__proto__',
  'constructor',
  'rowid',
  '1',
  'NULL',
  'true',
]

describe('any name', () => {
  test.each(names)('%j goes through every step', async (name) => {
    const frame = db.createDataFrame([
      Object.fromEntries([
        [name, 'v'],
        ['n', 1],
      ]) as Record<string, unknown>,
    ]) as DataFrame
    const whole = name === '*' ? undefined : frame
    if (whole === undefined) {
      expect(await frame.columns()).toEqual(['*', 'n'])
      return
    }
    const chain = frame
      .withColumn('copy', col(name))
      .filter(col(name).eq('v'))
      .orderBy(col(name).desc())
      .alias(name)
      .select(col(name), lit(2).as('two'), 'copy', 'n')
      .withColumnRenamed(name, `${name}2`)
      .withColumnRenamed(`${name}2`, name)
    expect(Object.entries((await chain.first())!)).toEqual([
      [name, 'v'],
      ['two', 2],
      ['copy', 'v'],
      ['n', 1],
    ])
    expect(await frame.groupBy(name).agg(F.count().as('c')).first()).toEqual(
      Object.fromEntries([
        [name, 'v'],
        ['c', 1n],
      ]),
    )
    expect(await frame.join(frame.select(name), name).count()).toBe(1)
    expect(await frame.dropDuplicates([name]).fillna('x').dropna().count()).toBe(1)
    expect(await frame.unpivot(['n'], { values: [name] }).first()).toEqual({ n: 1, variable: name, value: 'v' })
    const pivoted = await frame
      .withColumn('k', lit(name))
      .groupBy('n')
      .pivot('k')
      .agg(F.max(col(name)).as('m'))
      .columns()
    expect(pivoted).toEqual(['n', name])
    expect(await frame.select(F.rowNumber().over(Window.partitionBy(name)).as(`${name}!`)).columns()).toEqual([
      `${name}!`,
    ])
    expect(await db.sql`SELECT * FROM ${frame}`.columns()).toEqual([name, 'n'])
    await frame.createOrReplaceTempView(name)
    expect(await db.sql(`SELECT count(*)::INTEGER AS c FROM temp."${name.replaceAll('"', '""')}"`).collect()).toEqual([
      { c: 1 },
    ])
    expect(await db.catalog.dropTempView(name)).toBe(true)
  })

  const refused: readonly [string, () => unknown][] = [
    ['an empty name', () => lit(1).as('')],
    ['an empty column', () => col('')],
    ['a name that is no text', () => col(1 as never)],
    ['an empty table', () => db.table('')],
    ['an empty alias', () => db.table('canary').alias('')],
    ['an empty new name', () => db.table('canary').withColumnRenamed('alive', '')],
    ['a name with a NUL', () => db.table('canary').select(lit(1).as('a\0b')).collect()],
    ['a name with a NUL of a view', () => db.table('canary').createOrReplaceTempView('a\0b')],
    ['an empty path', () => db.read.parquet('')],
    ['no columns', () => db.table('canary').select()],
    ['undefined as a value', () => lit(undefined as never)],
    ['a date that is none', () => lit(new Date(Number.NaN))],
  ]
  test.each(refused)('%s is refused', async (_, work) => {
    const error = await Promise.resolve()
      .then(work)
      .catch((each: unknown) => each)
    expect(isLakefrontError(error, 'INVALID_ARGUMENT')).toBe(true)
  })

  test('of ten thousand columns is found in no time', async () => {
    const wide = db.createDataFrame(
      Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`c${at}`, Int32Array.of(at)])),
    )
    const chain = wide
      .withColumn('sum', col('c1').add(col('c9999')))
      .drop('c5', 'c6')
      .filter(col('c7').eq(7))
      .withColumnRenamed('c8', 'eight')
    expect(await chain.select('sum', 'eight', 'c9998').first()).toEqual({ sum: 10_000, eight: 8, c9998: 9998 })
    expect(() => wide.select('c99999')).toThrow('Column "c99999" not found.')
    expect((await chain.columns()).length).toBe(9999)
    expect(await wide.dropna().select('c1').toSQL()).toContain('"c9999" IS NOT NULL')
  })
})

describe('any value', () => {
  const values: readonly Value[] = [
    "'; DROP TABLE canary; --",
    '"',
    '\\',
    "\\'",
    '$1',
    '?',
    '${x}',
    '',
    ' ',
    '%_\\',
    'a\0b',
    '\n',
    '日本😀',
    'x'.repeat(100_000),
    Number.NaN,
    Infinity,
    -Infinity,
    -0,
    5e-324,
    Number.MAX_VALUE,
    2 ** 53,
    0.1,
    9223372036854775807n,
    -9223372036854775808n,
    2n ** 127n - 1n,
    -(2n ** 127n),
    true,
    null,
    new Date('0001-01-01T00:00:00Z'),
    new Date('9999-12-31T23:59:59.999Z'),
    new Date(-8.64e15),
    Uint8Array.of(0, 39, 34, 92, 255),
  ]
  test.each(values.map((value, at) => [at, value] as const))(
    '%i: written, bound, compared and pivoted',
    async (_, value) => {
      const literal = db.createDataFrame([{ a: 1 }]).select(lit(value).as('v'))
      const [written] = await literal.collect()
      const [bound] = await db.sql`SELECT ${value} AS v`.collect()
      expect(written).toEqual(bound)
      const shown: unknown = written!.v
      if (typeof value === 'string' || typeof value === 'boolean' || value === null) expect(shown).toBe(value)
      else if (typeof value === 'number') expect(Object.is(shown, value) || shown === BigInt(value)).toBe(true)
      else if (typeof value === 'bigint') expect(BigInt(shown as bigint)).toBe(value)
      else if (value instanceof Uint8Array) expect(shown).toEqual(value)
      expect(await literal.filter(col('v').eqNullSafe(lit(value))).count()).toBe(1)
      expect(
        await literal
          .filter(
            col('v')
              .isin(lit(value), lit(value))
              .or(lit(value === null)),
          )
          .count(),
      ).toBe(1)
      const when = literal.select(
        F.when(col('v').eqNullSafe(lit(value)), 'same')
          .otherwise('other')
          .as('w'),
      )
      expect(await when.collect()).toEqual([{ w: 'same' }])
      // A column cannot have the name that these would give it.
      if (!(value instanceof Uint8Array) && value !== '' && value !== 'a\0b')
        expect(await literal.groupBy().pivot('v', [value]).agg(F.count().as('n')).collect()).toEqual([
          { [value === null ? 'null' : value instanceof Date ? value.toISOString().slice(0, -1) : String(value)]: 1n },
        ])
      expect(await db.table('canary').count()).toBe(1)
    },
  )

  test('of a decimal at full width, and dates at both ends, come back as they were', async () => {
    const rows = [
      { d: '9'.repeat(36) + '.99', day: '5881580-07-10', at: '294247-01-10 04:00:54.775806' },
      { d: `-${'9'.repeat(36)}.99`, day: '5877642-06-25 (BC)', at: '290309-12-22 (BC) 00:00:00' },
      { d: '0.00', day: 'infinity', at: '-infinity' },
    ]
    const frame = db.createDataFrame(rows, { d: 'decimal(38,2)', day: 'date', at: 'timestamp' })
    expect(await frame.collect()).toEqual(rows)
    expect(await frame.filter(col('d').eq(sql`${rows[0]!.d}::DECIMAL(38,2)`)).count()).toBe(1)
  })
})

describe('text that wants to be SQL', () => {
  const attack = `x"; DROP TABLE canary; SELECT ' --`
  const people = () => db.createDataFrame([{ id: 1, name: 'Ada' }])
  const entries: readonly [entry: string, work: () => unknown][] = [
    ['a value', () => people().filter(col('name').eq(attack)).collect()],
    [
      'a value of isin',
      () =>
        people()
          .filter(col('name').isin([attack, attack]))
          .collect(),
    ],
    [
      'a pattern',
      () =>
        people()
          .filter(col('name').like(attack).or(col('name').rlike('x')))
          .collect(),
    ],
    [
      'a column',
      () =>
        people()
          .select(attack as never)
          .collect(),
    ],
    [
      'a reference',
      () =>
        people()
          .filter(col(attack).eq(1) as never)
          .collect(),
    ],
    ['a name', () => people().select(col('id').as(attack)).collect()],
    ['a new column', () => people().withColumn(attack, lit(1)).collect()],
    ['a renamed column', () => people().withColumnRenamed('id', attack).collect()],
    [
      'an alias',
      () =>
        people()
          .alias(attack)
          .select(col(`${attack}.id`))
          .collect(),
    ],
    ['an alias of a join', () => people().alias(attack).crossJoin(people().alias('b')).select(col('b.id')).collect()],
    ['a key', () => people().groupBy(lit(attack).as(attack)).count().collect()],
    [
      'a sort',
      () =>
        people()
          .orderBy(attack as never)
          .collect(),
    ],
    ['a field', () => people().select(col('id').getField(attack)).collect()],
    [
      'an item',
      () =>
        people()
          .select(sql`map {'a': 1}`.getItem(attack).as('i'))
          .collect(),
    ],
    ['a type', () => people().select(col('id').cast(`INTEGER); DROP TABLE canary; --`)).collect()],
    ['a pivot', () => people().groupBy().pivot('name', [attack]).count().collect()],
    ['the name of a value of an unpivot', () => people().unpivot(['name'], { variableColumnName: attack }).collect()],
    ['a view', () => people().createOrReplaceTempView(attack)],
    ['a table', () => db.table(attack).collect()],
    ['a table with dots', () => db.table(`main.canary"; DROP TABLE canary; --`).collect()],
    ['a path', () => db.read.parquet(`/nowhere/'); DROP TABLE canary; --.parquet`).collect()],
    [
      'a registered file',
      () =>
        db
          .registerFile(`'); DROP TABLE canary; --`, new Uint8Array(4))
          .then(() => db.sql(`FROM '${attack.replaceAll("'", "''")}'`).collect()),
    ],
    ['a value of a template', () => db.sql`SELECT ${attack} AS v, ${[attack, attack]} AS l`.collect()],
    ['a parameter', () => db.sql('SELECT ? AS v', [attack]).collect()],
    ['a named parameter', () => db.sql('SELECT $v AS v', { v: attack }).collect()],
    ['an expression', () => people().filter('1 = 1; DROP TABLE canary').collect()],
    ['an expression that closes a bracket', () => people().filter('1 = 1) ; DROP TABLE canary; SELECT (1').collect()],
    ['an expression with a comment', () => people().withColumn('c', sql('1 -- ; DROP TABLE canary')).collect()],
    ['selectExpr', () => people().selectExpr('id; DROP TABLE canary').collect()],
    ['fillna', () => people().fillna({ name: attack }).collect()],
    ['replace', () => people().replace('Ada', attack).collect()],
    ['a name in a schema', () => db.createDataFrame([{ a: 1 }], { [attack]: 'int' }).collect()],
    [
      'a field in a schema',
      () => db.createDataFrame([{ a: { b: 1 } }], { a: `STRUCT(b INT); DROP TABLE canary; --` }).collect(),
    ],
    ['the catalog', () => db.catalog.listColumns(attack)],
    ['a schema of the catalog', () => db.catalog.listTables(`' OR 1 = 1; DROP TABLE canary; --`)],
    ['a dialect', () => people().toSQL({ dialect: attack as never })],
    ['a statistic', () => people().summary(attack).collect()],
    [
      'a seed',
      () =>
        people()
          .sample(0.5, { seed: '1); DROP TABLE canary; --' as never })
          .collect(),
    ],
    [
      'a limit',
      () =>
        people()
          .limit('1; DROP TABLE canary' as never)
          .collect(),
    ],
    [
      'an offset',
      () =>
        people()
          .offset('1; DROP TABLE canary' as never)
          .collect(),
    ],
    [
      'a fraction',
      () =>
        people()
          .sample('1; DROP TABLE canary' as never)
          .collect(),
    ],
    [
      'a kind of join',
      () =>
        people()
          .join(people(), 'id', `inner; DROP TABLE canary` as never)
          .collect(),
    ],
    [
      'a frame of a window',
      () =>
        people()
          .select(
            F.sum('id')
              .over(Window.orderBy('id').rowsBetween('1; DROP' as never, 2))
              .as('s'),
          )
          .collect(),
    ],
  ]
  test.each(entries)('stays text as %s, or is refused', async (_, work) => {
    await Promise.resolve()
      .then(work)
      .catch((error: unknown) => expect(isLakefrontError(error)).toBe(true))
    expect(await db.table('canary').collect()).toEqual([{ alive: 1 }])
  })
})

test('a DataFrame of a closed session says so', async () => {
  const closed = await open()
  const frame = closed.createDataFrame([{ a: 1 }]).withColumn('b', col('a').add(1))
  expect(await frame.count()).toBe(1)
  await closed.close()
  const works = [
    () => frame.collect(),
    () => frame.count(),
    () => frame.filter(col('b').gt(1)).toArrow(),
    () => frame.schema(),
    () => frame.cache().collect(),
    () => frame.createOrReplaceTempView('v'),
    () => closed.sql('SELECT 1').collect(),
    () => closed.catalog.listTables(),
    () => frame.explain({ mode: 'physical' }),
  ]
  for (const work of works) {
    const error = await work().catch((each: unknown) => each)
    expect([isLakefrontError(error, 'CLOSED'), String(error)]).toEqual([true, expect.stringContaining('closed')])
  }
  expect(await frame.toSQL()).toContain('"a" + 1 AS "b"')
})
