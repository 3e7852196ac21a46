import fc from 'fast-check'
import { expect, test } from 'vitest'
import { columnFromValues } from './column-from-values.ts'
import type { LogicalType } from './logical-type.ts'
import { takeRows } from './take-rows.ts'
import { valueReader } from './value-reader.ts'

const field = (name: string, type: LogicalType): { name: string; type: LogicalType; nullable: true } => ({
  name,
  type,
  nullable: true,
})
const integer: LogicalType = { kind: 'integer' }
const varchar: LogicalType = { kind: 'varchar' }

/** A type, and a value of it for a number. */
const cases: readonly (readonly [LogicalType, (seed: number) => unknown])[] = [
  [{ kind: 'boolean' }, (seed) => seed % 3 === 0],
  [{ kind: 'tinyint' }, (seed) => (seed % 256) - 128],
  [{ kind: 'smallint' }, (seed) => seed % 3000],
  [integer, (seed) => -seed],
  [{ kind: 'bigint' }, (seed) => BigInt(seed) * 10_000_000_000n],
  [{ kind: 'hugeint' }, (seed) => BigInt(seed) * -(10n ** 25n)],
  [{ kind: 'float' }, (seed) => seed / 2],
  [{ kind: 'double' }, (seed) => seed / 3],
  [{ kind: 'decimal', precision: 4, scale: 1 }, (seed) => `${seed % 100}.5`],
  [{ kind: 'decimal', precision: 38, scale: 0 }, (seed) => String(10n ** 30n + BigInt(seed))],
  [varchar, (seed) => 'é'.repeat(seed % 4) + String(seed)],
  [{ kind: 'blob' }, (seed) => new Uint8Array([seed & 255, 0])],
  [{ kind: 'uuid' }, (seed) => `00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`],
  [{ kind: 'date' }, (seed) => `2024-01-${String((seed % 28) + 1).padStart(2, '0')}`],
  [{ kind: 'enum', values: ['a', 'b', 'c'] }, (seed) => ['a', 'b', 'c'][seed % 3]],
  [
    { kind: 'list', element: varchar },
    (seed) => Array.from({ length: seed % 4 }, (_, at) => (at === 1 ? null : `${seed}.${at}`)),
  ],
  [{ kind: 'array', element: integer, size: 3 }, (seed) => [seed, null, seed + 1]],
  [
    { kind: 'map', key: varchar, value: integer },
    (seed) =>
      new Map([
        [`k${seed}`, seed],
        ['z', null],
      ]),
  ],
  [
    { kind: 'struct', fields: [field('a', integer), field('b', { kind: 'list', element: integer })] },
    (seed) => ({ a: seed, b: seed % 5 === 0 ? null : [seed] }),
  ],
]

test.each(cases)('$kind: the rows that were asked for, in their order', (type, valueOf) => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.nat({ max: 999 })), { maxLength: 40 }),
      fc.array(fc.nat(), { maxLength: 60 }),
      (seeds, picks) => {
        const column = columnFromValues(
          type,
          seeds.map((seed) => (seed === null ? null : valueOf(seed))),
        )
        const rows = Uint32Array.from(seeds.length === 0 ? [] : picks, (pick) => pick % seeds.length)
        const taken = takeRows(column, type, rows)
        const [all, own] = [valueReader(type, column), valueReader(type, taken)]
        expect(Array.from(rows, (_, at) => own(at))).toEqual(Array.from(rows, (row) => all(row)))
        expect(taken.length).toBe(rows.length)
        expect(taken.nullCount).toBe(Array.from(rows, (row) => seeds[row]).filter((seed) => seed === null).length)
      },
    ),
    { numRuns: 60, seed: 3 },
  )
})

test('a dictionary is shared', () => {
  const dictionary = columnFromValues(varchar, ['x', 'y'])
  const column = { length: 3, nullCount: 0, values: new Uint8Array(Int32Array.of(1, 0, 1).buffer), dictionary }
  const taken = takeRows(column, varchar, Uint32Array.of(2, 1))
  expect(taken.dictionary).toBe(dictionary)
  expect([0, 1].map(valueReader(varchar, taken))).toEqual(['y', 'x'])
})
