import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { columnFromValues } from './column-from-values.ts'
import { ConversionFailure } from './conversion-failure.ts'
import { parseType } from './type-names.ts'
import { valueReader } from './value-reader.ts'

let connection: DuckDBConnection

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run("SET TimeZone = 'UTC'")
})

afterAll(() => connection.closeSync())

/** The value as read back, or undefined when the text is refused. */
function ours(type: string, text: string): unknown {
  const logical = parseType(type)
  try {
    return valueReader(logical, columnFromValues(logical, [text]))(0)
  } catch (error) {
    if (error instanceof ConversionFailure) return undefined
    throw error
  }
}

const digits = (low: number, high: number, width: number): fc.Arbitrary<string> =>
  fc.integer({ min: low, max: high }).map((value) => `${value}`.padStart(width, '0'))
const anyYear = fc.oneof(digits(1, 3000, 4), digits(0, 300_000, 4), digits(5_870_000, 5_890_000, 4))
const dateOf = (year: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(year, digits(0, 13, 2), digits(0, 32, 2), fc.constantFrom('', '', '', ' (BC)', ' (bc)'))
    .map(([y, m, d, era]) => `${y}-${m}-${d}${era}`)
const date = dateOf(anyYear)
const fraction = fc.oneof(
  fc.constant(''),
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 7 }).map((text) => `.${text}`),
)
const clock = fc
  .tuple(digits(0, 25, 2), digits(0, 61, 2), digits(0, 61, 2), fraction)
  .map(([h, m, s, f]) => `${h}:${m}:${s}${f}`)
const offset = fc.oneof(
  fc.constantFrom('', '', 'Z', '+00'),
  fc
    .tuple(
      fc.constantFrom('+', '-'),
      digits(0, 17, 2),
      fc.oneof(
        fc.constant(''),
        digits(0, 61, 2).map((m) => `:${m}`),
      ),
    )
    .map((parts) => parts.join('')),
)
const timestampOf = (day: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(day, fc.constantFrom(' ', 'T'), clock, offset).map((parts) => parts.join(''))
const timestamp = fc.oneof(timestampOf(date), date)
/** Farther away native DuckDB rounds timestamps with zones to milliseconds. */
const nearTimestamp = timestampOf(dateOf(digits(1, 10_000, 4)))
const unit = fc.constantFrom(
  'year',
  'years',
  'month',
  'months',
  'day',
  'days',
  'week',
  'hours',
  'minute',
  'second',
  'milliseconds',
  'microsecond',
)
const interval = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: -3000, max: 3000 }), unit), { maxLength: 3 }),
    fc.oneof(
      fc.constant(''),
      clock,
      clock.map((text) => `-${text}`),
    ),
  )
  .map(([parts, time]) => [...parts.map(([count, name]) => `${count} ${name}`), time].join(' ').trim())

describe('a text that is taken means what it means to native DuckDB', () => {
  test.each<[string, fc.Arbitrary<string>]>([
    ['date', date],
    ['timestamp', timestamp],
    ['timestamptz', nearTimestamp],
    ['timestamp_ms', timestamp],
    ['timestamp_ns', timestampOf(dateOf(digits(1670, 2270, 4)))],
    ['time', clock],
    [
      'timetz',
      fc
        .tuple(
          clock,
          offset.filter((text) => text !== 'Z'),
        )
        .map((parts) => parts.join('')),
    ],
    ['interval', interval],
  ])('%s', async (type, texts) => {
    const samples = fc.sample(texts, { seed: 7, numRuns: 3000 })
    const taken = samples.map((text) => [text, ours(type, text)] as const).filter(([, value]) => value !== undefined)
    expect(taken.length).toBeGreaterThan(samples.length / 10)
    expect(taken.length).toBeLessThan(samples.length)
    const rows = taken.map(([text], index) => `(${index}, '${text}')`).join(', ')
    const reader = await connection.runAndReadAll(
      `SELECT CAST(TRY_CAST(text AS ${type}) AS VARCHAR) FROM (VALUES ${rows}) AS t(i, text) ORDER BY i`,
    )
    const native = reader.getRows().map(([text]) => text)
    expect(taken.map(([text, value]) => `${text} → ${value}`)).toEqual(
      taken.map(([text], index) => `${text} → ${native[index]}`),
    )
  })
})

test('any text at all is taken or refused', () => {
  const soup = fc.string({ unit: fc.constantFrom(...'0123456789-+:.TZ ()BCinfty'), maxLength: 30 })
  fc.assert(
    fc.property(
      fc.constantFrom(
        'date',
        'timestamp',
        'timestamptz',
        'time',
        'time_ns',
        'timetz',
        'interval',
        'decimal(9,2)',
        'uuid',
        'bit',
      ),
      fc.oneof(soup, fc.string()),
      (type, text) => {
        const value = ours(type, text)
        expect(value === undefined ? undefined : ours(type, value as string)).toBe(value)
      },
    ),
    { numRuns: 4000 },
  )
})
