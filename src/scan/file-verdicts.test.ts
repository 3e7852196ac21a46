import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bound } from '../format/parquet/statistics.ts'
import { compareBounds } from '../format/parquet/statistics.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { BoundKeys, valueReaderOf } from './bound-keys.ts'
import { bucketOf } from './bucket-of.ts'
import { filesOfNulls, fileVerdicts } from './file-verdicts.ts'
import type { FileBounds } from './listed-files.ts'
import { outcomes } from './outcomes.ts'
import { parsePredicate } from './predicate.ts'
import type { Predicate } from './predicate.ts'

/** A column of files: its type, values it may have, and how DuckDB prints one in a predicate. */
interface Kind {
  readonly type: LogicalType
  readonly values: fc.Arbitrary<unknown>
  readonly print: (value: unknown) => string
}

const text = fc.oneof(
  fc.string({ maxLength: 4, unit: fc.constantFrom('a', 'b', 'z', 'é') }),
  fc.integer({ min: 0, max: 99_999 }).map((number) => `customer-${String(number).padStart(9, '0')}`),
)
const huge = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const kinds: readonly Kind[] = [
  { type: { kind: 'integer' }, values: fc.integer({ min: -20, max: 20 }), print: String },
  {
    type: { kind: 'bigint' },
    values: fc.oneof(huge, fc.bigInt({ min: 2n ** 53n, max: 2n ** 53n + 9n })),
    print: String,
  },
  { type: { kind: 'double' }, values: fc.constantFrom(-1.5, 0, 0.25, 3, 1e300), print: String },
  { type: { kind: 'varchar' }, values: text, print: (value) => `'${String(value)}'` },
  {
    type: { kind: 'date' },
    values: fc.integer({ min: 1, max: 28 }).map((day) => `2024-01-${String(day).padStart(2, '0')}`),
    print: (value) => `'${String(value)}'::DATE`,
  },
  {
    type: { kind: 'decimal', precision: 30, scale: 2 },
    values: fc.bigInt({ min: -(10n ** 26n), max: 10n ** 26n }).map((number) => `${number}.25`),
    print: String,
  },
]

function boundsOf(type: LogicalType, files: readonly (readonly [unknown, unknown, number | null])[]): FileBounds {
  const sorted = files.map(([a, b]) => {
    const read = valueReaderOf(type, columnFromValues(type, [a, b]))!
    const [x, y] = [read(0), read(1)]
    return x !== null && y !== null && compareBounds(x, y) > 0 ? [b, a] : [a, b]
  })
  return {
    min: columnFromValues(
      type,
      sorted.map(([min]) => min),
    ),
    max: columnFromValues(
      type,
      sorted.map(([, max]) => max),
    ),
    nulls: Float64Array.from(files, ([, , nulls]) => nulls ?? NaN),
    nans: Uint8Array.from(files, (_, at) => at % 2),
  }
}

describe('no file is ruled out at once that would not be by itself', () => {
  test.each(kinds)('$type.kind', ({ type, values, print }) => {
    const count = 12
    const file = fc.tuple(fc.option(values), fc.option(values), fc.constantFrom(null, 0, 3, 10))
    const constant = values.map(print)
    const atom = fc.oneof(
      fc
        .tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>='), constant)
        .map(([sign, value]) => `(v ${sign} ${value})`),
      fc.tuple(constant, constant).map(([low, high]) => `(v BETWEEN ${low} AND ${high})`),
      fc.constantFrom(
        '(v IS NULL)',
        '(v IS NOT NULL)',
        "prefix(v, 'customer-0000')",
        "prefix(v, 'a')",
        '((v % 2) = 1)',
      ),
      fc.array(constant, { minLength: 1, maxLength: 3 }).map((list) => `(v IN (${list.join(', ')}))`),
    )
    const parsed = fc
      .oneof(
        atom,
        fc.tuple(atom, fc.constantFrom('AND', 'OR'), atom).map(([a, joint, b]) => `(${a} ${joint} ${b})`),
        atom.map((part) => `(NOT ${part})`),
      )
      .map((sql): Predicate => parsePredicate(sql, ['v']))
    const operand = { column: 'v', casts: [] }
    const boundIn = (value: unknown): Bound => valueReaderOf(type, columnFromValues(type, [value]))!(0)!
    const made = fc.oneof(
      fc
        .tuple(fc.constantFrom('up' as const, 'down' as const), values)
        .map(([direction, value]): Predicate => ({ kind: 'within', operand, direction, bound: boundIn(value) })),
    )
    let [ruledOut, missed] = [0, 0]
    fc.assert(
      fc.property(
        fc.array(file, { minLength: count, maxLength: count }),
        fc.oneof(parsed, made),
        (files, predicate) => {
          const bounds = boundsOf(type, files)
          const keys = new BoundKeys(type, bounds, count)
          const rows = new Float64Array(count).fill(10)
          const many = { rows, facts: () => ({ type, bounds, keys, onlyNulls: filesOfNulls(bounds, rows) }) }
          const [mayBeTrue, mayBeFalse] = [fileVerdicts(predicate, many), fileVerdicts(predicate, many, false)]
          const [readMin, readMax] = [valueReaderOf(type, bounds.min!)!, valueReaderOf(type, bounds.max!)!]
          for (let at = 0; at < count; at++) {
            const [nulls, min, max] = [files[at]![2], readMin(at), readMax(at)]
            const alone = outcomes(predicate, () => ({
              type,
              rows: 10,
              ...(nulls === null ? {} : { nulls }),
              ...(min === null ? {} : { min }),
              ...(max === null ? {} : { max }),
              ...(at % 2 === 0 ? { hasNoNaN: true } : {}),
            }))
            if (alone.mayBeTrue) expect(mayBeTrue[at]).toBe(1)
            else if (mayBeTrue[at] === 0) ruledOut++
            else missed++
            if (alone.mayBeFalse) expect(mayBeFalse[at]).toBe(1)
          }
        },
      ),
      { numRuns: 400, seed: 5 },
    )
    expect(ruledOut).toBeGreaterThan(100)
    expect(missed).toBeLessThan(ruledOut / 2)
  })
})

test('keys lie around the values they are of, however large these are', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }), (value) => {
      const type: LogicalType = { kind: 'decimal', precision: 38, scale: 0 }
      const { low, high } = new BoundKeys(type, {}, 0).keyOf(value)
      expect(BigInt(low) <= value && BigInt(high) >= value).toBe(true)
    }),
    { seed: 2 },
  )
})

describe('buckets', () => {
  /** Numbers of the specification of Iceberg, appendix B, and what DuckLake stored for others. */
  test.each<[LogicalType, Bound, number]>([
    [{ kind: 'integer' }, 34n, 2_017_239_379],
    [{ kind: 'bigint' }, 34n, 2_017_239_379],
    [{ kind: 'decimal', precision: 9, scale: 2 }, 1420n, murmurOfEightBytes(1420n)],
    [{ kind: 'date' }, 17_486n, -653_330_422],
    [{ kind: 'timestamp' }, 1_510_871_468_000_000n, -2_047_944_441],
    [{ kind: 'varchar' }, new TextEncoder().encode('iceberg'), 1_210_000_089],
    [{ kind: 'blob' }, Uint8Array.of(0, 1, 2, 3), -188_683_207],
    [{ kind: 'double' }, 1, -142_385_009],
    [{ kind: 'float' }, 1, -142_385_009],
  ])('%j', (type, value, hash) => {
    for (const count of [1, 7, 16, 1000]) expect(bucketOf(type, value, count)).toBe((hash & 0x7fff_ffff) % count)
  })
})

/** A decimal is hashed as the whole number it is stored as. */
function murmurOfEightBytes(value: bigint): number {
  return bucketOf({ kind: 'bigint' }, value, 0x8000_0000)!
}
