import {
  BIT,
  BLOB,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBBitValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBIntervalValue,
  DuckDBTimeNSValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
  type DuckDBType,
  DuckDBUUIDValue,
  type DuckDBValue,
  DuckDBBlobValue,
  FLOAT,
  HUGEINT,
  INTERVAL,
  TIME,
  TIME_NS,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TIMETZ,
  UHUGEINT,
  UUID,
} from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ColumnData } from './column-data.ts'
import { columnFromValues } from './column-from-values.ts'
import { formatValue } from './format-value.ts'
import { parseType } from './type-names.ts'
import { bytesOf } from './typed-view.ts'
import { valueReader } from './value-reader.ts'

let connection: DuckDBConnection

beforeAll(async () => {
  const instance = await DuckDBInstance.create(':memory:')
  connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
})

afterAll(() => connection.closeSync())

/** What native DuckDB prints for values given to it as it stores them; null where it cannot print one. */
async function nativeTexts(type: DuckDBType, values: readonly DuckDBValue[]): Promise<(string | null)[]> {
  await connection.run(`CREATE OR REPLACE TABLE probe (i INTEGER, x ${type})`)
  const appender = await connection.createAppender('probe')
  values.forEach((value, index) => {
    appender.appendInteger(index)
    appender.appendValue(value, type)
    appender.endRow()
  })
  appender.closeSync()
  const reader = await connection.runAndReadAll('SELECT TRY(CAST(x AS VARCHAR)) FROM probe ORDER BY i')
  return reader.getRows().map(([text]) => text as string | null)
}

interface Case {
  readonly type: string
  readonly native: DuckDBType
  readonly samples: readonly (number | bigint)[]
  readonly toNative: (value: never) => DuckDBValue
  readonly column: (values: never) => ColumnData
}

const seed = 20_240_229
const [int32Low, int32High] = [-0x8000_0000, 0x7fff_ffff]
const [int64Low, int64High] = [-(2n ** 63n), 2n ** 63n - 1n]

const fixed =
  (constructor: { from(values: readonly never[]): ArrayBufferView }) =>
  (values: never): ColumnData => {
    const list = values as readonly never[]
    return { length: list.length, nullCount: 0, values: bytesOf(constructor.from(list)) }
  }

const wide = (values: never): ColumnData => {
  const list = values as readonly bigint[]
  const words = new BigUint64Array(list.length * 2)
  list.forEach((value, index) => {
    words[index * 2] = BigInt.asUintN(64, value)
    words[index * 2 + 1] = BigInt.asUintN(64, value >> 64n)
  })
  return { length: list.length, nullCount: 0, values: bytesOf(words) }
}

const near = (...centers: bigint[]): bigint[] =>
  centers.flatMap((center) => [-2n, -1n, 0n, 1n, 2n].map((step) => center + step))
const ints = (low: bigint, high: bigint, extremes: bigint[] = []): bigint[] => [
  ...near(low + 2n, high - 2n, 0n, ...extremes),
  ...fc.sample(fc.bigInt(low, high), { seed, numRuns: 1500 }),
  ...fc.sample(fc.bigInt({ min: low / 1_000_000n, max: high / 1_000_000n }), { seed, numRuns: 500 }),
]
const dates = [
  int32Low + 2,
  -int32High,
  int32High,
  int32High - 1,
  0,
  -1,
  1,
  -719_468,
  -719_528,
  -719_529,
  11_016,
  19_782,
].concat(
  fc.sample(fc.integer({ min: int32Low + 2, max: int32High }), { seed, numRuns: 1000 }),
  fc.sample(fc.integer({ min: -800_000, max: 100_000 }), { seed, numRuns: 3000 }),
)
const day = 86_400_000_000n
const lowestMicros = -9_223_372_022_400_000_000n
const micros = [...ints(lowestMicros, int64High - 1n, [day, -day]), int64High, -int64High]
const years = ints(-4_000n * 366n * day, 10_000n * 366n * day)
const floats = [
  0,
  -0,
  1,
  -1,
  0.1,
  3,
  1024,
  1e15,
  1e16,
  1e17,
  1e-4,
  1e-5,
  9.999999e-5,
  Number.NaN,
  Infinity,
  -Infinity,
  5e-324,
  Number.MAX_VALUE,
].concat(
  fc.sample(fc.double(), { seed, numRuns: 2000 }),
  fc.sample(fc.integer({ min: -100_000, max: 100_000 }), { seed, numRuns: 500 }).map((value) => value / 100),
)

const cases: Case[] = [
  {
    type: 'date',
    native: DATE,
    samples: dates,
    toNative: (value) => new DuckDBDateValue(value),
    column: fixed(Int32Array),
  },
  {
    type: 'timestamp',
    native: TIMESTAMP,
    samples: micros,
    toNative: (value) => new DuckDBTimestampValue(value),
    column: fixed(BigInt64Array),
  },
  {
    type: 'timestamptz',
    native: TIMESTAMPTZ,
    samples: years,
    toNative: (value) => new DuckDBTimestampTZValue(value),
    column: fixed(BigInt64Array),
  },
  {
    type: 'timestamp_s',
    native: TIMESTAMP_S,
    samples: ints(lowestMicros / 1_000_000n, int64High / 1_000_000n),
    toNative: (value) => new DuckDBTimestampSecondsValue(value),
    column: fixed(BigInt64Array),
  },
  {
    type: 'timestamp_ms',
    native: TIMESTAMP_MS,
    samples: ints(lowestMicros / 1000n, int64High / 1000n),
    toNative: (value) => new DuckDBTimestampMillisecondsValue(value),
    column: fixed(BigInt64Array),
  },
  {
    type: 'timestamp_ns',
    native: TIMESTAMP_NS,
    samples: [...ints(-9_223_286_400_000_000_000n, int64High - 1n), int64High, -int64High],
    toNative: (value) => new DuckDBTimestampNanosecondsValue(value),
    column: fixed(BigInt64Array),
  },
  {
    type: 'time',
    native: TIME,
    samples: ints(0n, day).filter((value) => value >= 0 && value <= day),
    toNative: (value) => new DuckDBTimeValue(value),
    column: fixed(BigInt64Array),
  },
  {
    type: 'time_ns',
    native: TIME_NS,
    samples: ints(0n, day * 1000n).filter((value) => value >= 0 && value <= day * 1000n),
    toNative: (value) => new DuckDBTimeNSValue(value),
    column: fixed(BigInt64Array),
  },
  {
    type: 'timetz',
    native: TIMETZ,
    samples: ints(0n, day).flatMap((time, index) => {
      const offset = ((index * 7919) % 115_199) - 57_599
      const isMisprinted = offset % 60 !== 0 && Math.trunc(offset / 60) % 60 === 0
      return time < 0 || isMisprinted ? [] : [(time << 24n) | BigInt(57_599 - offset)]
    }),
    toNative: (value) => DuckDBTimeTZValue.fromBits(value),
    column: fixed(BigUint64Array),
  },
  {
    type: 'hugeint',
    native: HUGEINT,
    samples: ints(-(2n ** 127n), 2n ** 127n - 1n),
    toNative: (value) => value,
    column: wide,
  },
  {
    type: 'uhugeint',
    native: UHUGEINT,
    samples: ints(0n, 2n ** 128n - 2n).filter((value) => value >= 0 && value < 2n ** 128n - 1n),
    toNative: (value) => value,
    column: wide,
  },
  { type: 'double', native: DOUBLE, samples: floats, toNative: (value) => value, column: fixed(Float64Array) },
  {
    type: 'float',
    native: FLOAT,
    samples: [
      ...floats,
      ...fc
        .sample(fc.integer({ min: -(2 ** 24), max: 2 ** 24 }), { seed, numRuns: 3000 })
        .map((value, index) => value / 2 ** (index % 24)),
    ].map(Math.fround),
    toNative: (value) => value,
    column: fixed(Float32Array),
  },
  ...[
    [4, 4],
    [4, 2],
    [9, 0],
    [9, 9],
    [18, 3],
    [18, 18],
    [38, 0],
    [38, 10],
    [38, 38],
  ].map(([precision, scale]): Case => {
    const limit = 10n ** BigInt(precision!) - 1n
    const narrow = precision! <= 4 ? Int16Array : Int32Array
    return {
      type: `decimal(${precision},${scale})`,
      native: DECIMAL(precision, scale),
      samples: ints(-limit, limit).filter((value) => value <= limit && value >= -limit),
      toNative: (value) => new DuckDBDecimalValue(value, precision!, scale!),
      column:
        precision! <= 9
          ? (values) => fixed(narrow as never)((values as bigint[]).map(Number) as never)
          : precision! <= 18
            ? fixed(BigInt64Array)
            : wide,
    }
  }),
]

describe('texts are those of native DuckDB, and are read back to the same bytes', () => {
  for (const { type, native, samples, toNative, column } of cases) {
    test(`${type}`, async () => {
      const logical = parseType(type)
      const values = samples
      const expected = await nativeTexts(
        native,
        values.map((value) => toNative(value as never)),
      )
      const built = column(values as never)
      const read = valueReader(logical, built)
      const texts = values.map((_, index) => formatValue(read(index), logical))
      const printable = expected.flatMap((text, index) => (text === null ? [] : [index]))
      expect(printable.length).toBeGreaterThan(values.length * 0.9)
      expect(printable.map((index) => texts[index])).toEqual(printable.map((index) => expected[index]))
      const again = columnFromValues(
        logical,
        values.map((_, index) => read(index)),
      )
      expect(again.values).toEqual(built.values)
    })
  }

  test('floats at powers of two, where DuckDB itself misprints some', () => {
    const values = Array.from({ length: 2097 }, (_, index) => 2 ** (index - 1074))
    expect(values.map((value) => Number(formatValue(value, { kind: 'double' })))).toEqual(values)
    const singles = values.map(Math.fround).filter(Number.isFinite)
    expect(singles.map((value) => Math.fround(Number(formatValue(value, { kind: 'float' }))))).toEqual(singles)
  })

  test('offsets of whole hours and seconds, which DuckDB itself misprints', () => {
    const column = columnFromValues({ kind: 'timetz' }, ['12:00:00+02:00:07'])
    expect(valueReader({ kind: 'timetz' }, column)(0)).toBe('12:00:00+02:00:07')
  })

  test('interval', async () => {
    const parts = fc.sample(
      fc.tuple(
        fc.oneof(fc.integer(), fc.integer({ min: -30, max: 30 }), fc.constantFrom(0, int32Low, int32High)),
        fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(0, int32Low, int32High)),
        fc.oneof(
          fc.bigInt(int64Low, int64High),
          fc.bigInt({ min: -100_000_000_000n, max: 100_000_000_000n }),
          fc.constantFrom(0n, 1n, -1n, int64Low + 1n, int64High),
        ),
      ),
      { seed, numRuns: 3000 },
    )
    const expected = await nativeTexts(
      INTERVAL,
      parts.map(([months, days, clock]) => new DuckDBIntervalValue(months, days, clock)),
    )
    const bytes = new DataView(new ArrayBuffer(parts.length * 16))
    parts.forEach(([months, days, clock], index) => {
      bytes.setInt32(index * 16, months, true)
      bytes.setInt32(index * 16 + 4, days, true)
      bytes.setBigInt64(index * 16 + 8, clock, true)
    })
    const column: ColumnData = { length: parts.length, nullCount: 0, values: bytesOf(bytes) }
    const read = valueReader({ kind: 'interval' }, column)
    const texts = parts.map((_, index) => read(index))
    expect(texts).toEqual(expected)
    expect(columnFromValues({ kind: 'interval' }, texts).values).toEqual(column.values)
  })

  test('uuid', async () => {
    const values = ints(0n, 2n ** 128n - 1n).filter((value) => value >= 0n && value < 2n ** 128n)
    const expected = await nativeTexts(
      UUID,
      values.map((value) => DuckDBUUIDValue.fromUint128(value)),
    )
    const bytes = new Uint8Array(
      values.flatMap((value) =>
        Array.from({ length: 16 }, (_, index) => Number((value >> BigInt(8 * (15 - index))) & 0xffn)),
      ),
    )
    const read = valueReader({ kind: 'uuid' }, { length: values.length, nullCount: 0, values: bytes })
    expect(values.map((_, index) => read(index))).toEqual(expected)
    expect(columnFromValues({ kind: 'uuid' }, expected).values).toEqual(bytes)
  })

  test('blob', async () => {
    const values = [
      new Uint8Array(0),
      Uint8Array.from({ length: 256 }, (_, byte) => byte),
      ...fc.sample(fc.uint8Array(), { seed, numRuns: 300 }),
    ]
    const expected = await nativeTexts(
      BLOB,
      values.map((value) => new DuckDBBlobValue(value)),
    )
    expect(values.map((value) => formatValue(value, { kind: 'blob' }))).toEqual(expected)
  })

  test('bit', async () => {
    const texts = fc.sample(fc.string({ unit: fc.constantFrom('0', '1'), minLength: 1, maxLength: 40 }), {
      seed,
      numRuns: 300,
    })
    const values = texts.map((text) => DuckDBBitValue.fromString(text))
    expect(await nativeTexts(BIT, values)).toEqual(texts)
    const column = columnFromValues({ kind: 'bit' }, texts)
    const offsets = column.offsets!
    values.forEach(({ data }, index) => expect(column.values!.slice(offsets[index], offsets[index + 1])).toEqual(data))
    const read = valueReader({ kind: 'bit' }, column)
    expect(texts.map((_, index) => read(index))).toEqual(texts)
  })
})
