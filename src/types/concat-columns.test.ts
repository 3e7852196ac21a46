import fc from 'fast-check'
import { expect, test } from 'vitest'
import { columnFromValues } from './column-from-values.ts'
import { concatColumns } from './concat-columns.ts'
import type { LogicalType } from './logical-type.ts'
import { valueReader } from './value-reader.ts'

const kinds: readonly (readonly [LogicalType, fc.Arbitrary<unknown>])[] = [
  [{ kind: 'boolean' }, fc.boolean()],
  [{ kind: 'smallint' }, fc.integer({ min: -9, max: 9 })],
  [{ kind: 'bigint' }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [{ kind: 'double' }, fc.double()],
  [{ kind: 'varchar' }, fc.string({ unit: 'grapheme' })],
  [{ kind: 'uuid' }, fc.uuid()],
  [{ kind: 'decimal', precision: 30, scale: 0 }, fc.bigInt({ min: 0n, max: 10n ** 29n }).map(String)],
]

test.each(kinds)('columns of %j one behind the other', (type, value) => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.option(value), { maxLength: 20 }), { minLength: 1, maxLength: 4 }), (parts) => {
      const whole = concatColumns(
        parts.map((part) => columnFromValues(type, part)),
        type,
      )
      const read = valueReader(type, whole)
      const expected = parts.flatMap((part) => {
        const own = valueReader(type, columnFromValues(type, part))
        return part.map((_, row) => own(row))
      })
      expect(expected.map((_, row) => read(row))).toEqual(expected)
      expect(whole.nullCount).toBe(parts.flat().filter((own) => own === null).length)
    }),
    { seed: 3 },
  )
})
