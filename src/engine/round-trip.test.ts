import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import type { Session } from '../connect/session.ts'
import { isLakefrontError } from '../errors.ts'
import { randomScalars } from '../types/fixtures/random-types.ts'
import { decimalText } from '../types/number-text.ts'
import { type PostgresCluster, missingPostgres, postgresCluster } from './fixtures/postgres-cluster.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)
const why = missingPostgres()
let cluster: PostgresCluster | undefined

/** How many values of each type go to an engine and come back; the same in every run. */
const values = 60

const of = (name: string, value: fc.Arbitrary<unknown>): readonly [string, fc.Arbitrary<unknown>] => [name, value]
const { integer, varchar, double } = randomScalars
const types: readonly (readonly [type: string, value: fc.Arbitrary<unknown>])[] = [
  ...Object.entries(randomScalars).filter(([kind]) => kind !== 'null'),
  of(
    'decimal(38,10)',
    fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map((units) => decimalText(units, 38, 10)),
  ),
  of('integer[]', fc.array(fc.option(integer), { maxLength: 5 })),
  of('varchar[]', fc.array(fc.option(varchar), { maxLength: 5 })),
  of('double[]', fc.array(fc.option(double), { maxLength: 5 })),
  of('integer[][]', fc.array(fc.array(integer, { maxLength: 3 }), { maxLength: 3 })),
  of('struct(a integer, b varchar)', fc.record({ a: fc.option(integer), b: fc.option(varchar) })),
  of(
    'map(varchar, integer)',
    fc
      .uniqueArray(varchar as fc.Arbitrary<string>, { maxLength: 3 })
      .map((keys) => new Map(keys.map((key, at) => [key, at]))),
  ),
]

/** What becomes of the values of a type: all the same, or how many were refused, or came back otherwise. */
async function outcome(db: Session, type: string, value: fc.Arbitrary<unknown>): Promise<string> {
  const rows = fc.sample(fc.option(value, { freq: 8 }), { numRuns: values, seed: 42 }).map((v, id) => ({ id, v }))
  const trip = async (some: typeof rows): Promise<unknown[]> => {
    const frame = db.createDataFrame(some, { id: 'integer', v: type })
    return (await frame.orderBy('id').collect()).map((row) => (row as { v: unknown }).v)
  }
  try {
    expect(await trip(rows)).toEqual(rows.map(({ v }) => v))
    return 'same'
  } catch (error) {
    if (isLakefrontError(error, 'UNSUPPORTED')) return 'no such type'
  }
  let refused = 0
  const others: unknown[] = []
  for (const row of rows) {
    try {
      const [found] = await trip([row])
      if (!equal(found, row.v)) others.push(row.v)
    } catch (error) {
      if (!isLakefrontError(error, 'INVALID_VALUE')) throw error
      refused++
    }
  }
  const other = others.length === 0 ? '' : others.every((each) => Object.is(each, -0)) ? 'no -0' : 'some other'
  return [refused > 0 ? 'some refused' : '', other].filter(Boolean).join(', ')
}

function equal(found: unknown, given: unknown): boolean {
  try {
    expect(found).toEqual(given)
    return true
  } catch {
    return false
  }
}

/** What is not the same on each engine; all that is not named is. */
const noSuchType = (...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((type) => [type, 'no such type']))
const neither = ['ubigint', 'uhugeint', 'bit', 'time_ns', 'timestamp_s', 'timestamp_ms', 'timestamp_ns']
const nested = ['struct(a integer, b varchar)', 'map(varchar, integer)']
const exceptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'duckdb-wasm': {},
  'duckdb-native': {},
  postgres: {
    ...noSuchType(...neither, ...nested, 'integer[][]'),
    // More than 38 digits; dates before 4713 BC, and those after 5874897 or 294276.
    hugeint: 'some refused',
    date: 'some refused',
    timestamp: 'some refused',
    timestamptz: 'some refused',
  },
  sqlite: {
    ...noSuchType(...neither, ...nested, 'hugeint', 'timetz', 'timestamptz', 'interval', 'decimal(38,10)'),
    // The negative zero is 0.
    double: 'no -0',
    // Years other than 1 to 9999.
    date: 'some refused',
    timestamp: 'some refused',
  },
}

describe.each([
  ['duckdb-wasm', () => connect({ workerUrl })],
  ['duckdb-native', () => connect({ engine: 'duckdb-native' })],
  ['postgres', () => connect(cluster!.address)],
  ['sqlite', () => connect('sqlite::memory:')],
] as const)('%s gives back what it was given', (name, open) => {
  let db: Session
  beforeAll(async () => {
    if (name === 'postgres') {
      if (why !== undefined) return
      cluster = await postgresCluster()
    }
    db = await open()
  })
  afterAll(async () => {
    await db?.close()
    if (name === 'postgres') cluster?.stop()
  })

  test.each(types)('%s', async (type, value) => {
    expect(await outcome(db, type, value)).toBe(exceptions[name]![type] ?? 'same')
  })
})
