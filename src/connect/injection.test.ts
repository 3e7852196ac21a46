import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { isLakefrontError } from '../errors.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import type { DataFrame } from '../frame/dataframe.ts'
import * as F from '../functions.ts'
import { ClickhouseFrames, missingClickhouse } from './fixtures/clickhouse-frames.ts'
import type { Session } from './session.ts'

const attacks = [
  `'; DROP TABLE victims; --`,
  `" ; DROP TABLE victims; --`,
  `x\\'; DROP TABLE victims; --`,
  `x\\" UNION SELECT secret FROM victims --`,
  `$$; DROP TABLE victims; $$`,
  '`; DROP TABLE victims; `',
  `/* */ ' OR 1=1 -- `,
  `\\`,
  `'`,
  `E'\\047`,
  `\u02bc\u2019; DROP TABLE victims`,
  `?1 $1 :name @x {x:String}`,
] as const

const engines: readonly (readonly [string, () => Promise<Session>])[] = [
  ['duckdb-native', () => connect({ engine: 'duckdb-native' })],
  ['pglite', () => connect('pglite:')],
  ['sqlite', () => connect('sqlite::memory:')],
]

/** Everything a user can put in, one attack in each place; what comes back is the attack itself. */
function probes(frame: DataFrame, attack: string): readonly DataFrame[] {
  return [
    frame.select(lit(attack).as('v')),
    frame.select(col('id').as(attack)).select(F.concat(col(attack).cast('varchar'), lit(attack)).as('v')),
    frame.alias(attack).select(col(`${attack}.id`).as('v')),
    frame.filter(col('s').eq(attack)).select(col('s').as('v')),
    frame.select(F.replace('s', 'none', attack).as('v')),
    frame.select(F.concatWs(attack, 's', lit('b')).as('v')),
    frame.filter(col('s').isin(attack, 'none')).select(col('s').as('v')),
  ] as readonly DataFrame[]
}

const read = async (frame: DataFrame): Promise<unknown[] | 'refused'> => {
  try {
    return (await frame.collect()).map((row) => (row as { v: unknown }).v)
  } catch (error) {
    if (isLakefrontError(error, 'UNSUPPORTED')) return 'refused'
    throw error
  }
}

describe.each(engines)('%s', (_name, open) => {
  let db: Session
  beforeAll(async () => {
    db = await open()
    await db.sql("CREATE TABLE victims (secret VARCHAR(10)); INSERT INTO victims VALUES ('kept')").collect()
  })
  afterAll(() => db.close())

  test.each(attacks)('%s', async (attack) => {
    const frame = db.createDataFrame([
      { id: 1, s: 'none' },
      { id: 2, s: attack },
    ]) as unknown as DataFrame
    const [literal, name, alias, equal, replaced, joined, listed] = await Promise.all(probes(frame, attack).map(read))
    expect(literal).toEqual([attack, attack])
    expect(name).toEqual([`1${attack}`, `2${attack}`])
    expect(alias).toEqual([1, 2])
    expect(equal).toEqual([attack])
    expect(replaced).toEqual([attack, attack])
    expect(joined).toEqual([`none${attack}b`, `${attack}${attack}b`])
    expect(listed).toEqual(['none', attack])
    const named = db.createDataFrame([{ [attack]: attack }]) as unknown as DataFrame
    expect(await named.collect()).toEqual([{ [attack]: attack }])
    expect(await db.sql`SELECT ${attack} AS v`.collect()).toEqual([{ v: attack }])
    await expect(db.table(attack).collect()).rejects.toMatchObject({
      code: expect.stringMatching(/TABLE_NOT_FOUND|UNSUPPORTED/) as string,
    })
    expect(await db.table('victims').collect()).toEqual([{ secret: 'kept' }])
  })

  test('a NUL is an error or comes back', async () => {
    const frame = db.createDataFrame([{ id: 1 }]) as unknown as DataFrame
    const found = await read(frame.select(lit("a\0'; DROP TABLE victims; --").as('v')) as DataFrame)
    expect([["a\0'; DROP TABLE victims; --"], 'refused']).toContainEqual(found)
    await expect(frame.select(col('id').as('a\0b')).collect()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await db.table('victims').collect()).toEqual([{ secret: 'kept' }])
  })
})

test('ClickHouse', async ({ skip }) => {
  const missing = missingClickhouse()
  if (missing !== undefined) skip(missing)
  const clickhouse = await ClickhouseFrames.start()
  await using db = await connect({ engine: 'duckdb-native' })
  for (const attack of attacks) {
    const frame = db.createDataFrame([
      { id: 1, s: 'none' },
      { id: 2, s: attack },
    ]) as unknown as DataFrame
    for (const probe of probes(frame, attack).filter((_, index) => [0, 2, 3, 4, 6].includes(index))) {
      const expected = (await probe.collect()).map((row) => Object.values(row as object))
      expect(await clickhouse.rows(probe)).toEqual(expected)
    }
  }
  clickhouse.close()
})

test('a password is in no error', async () => {
  for (const target of [
    'postgresql://user:hunter2@127.0.0.1:1/db',
    'postgresql://user:hunter2@no-such-host.invalid/db',
    'postgresql://user:hunter2@[::bad/db',
    "postgresql://user:hunter2@127.0.0.1:1/db?options='; DROP",
    'unknown://user:hunter2@host/db',
  ]) {
    const error = (await connect(target).catch((failure: unknown) => failure)) as Error
    expect(isLakefrontError(error)).toBe(true)
    expect(JSON.stringify([error.message, (error as { details?: unknown }).details])).not.toContain('hunter2')
  }
})
