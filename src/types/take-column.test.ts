import fc from 'fast-check'
import { expect, test } from 'vitest'
import { everyType } from '../format/parquet/fixtures/every-type.ts'
import { columnFromValues } from './column-from-values.ts'
import type { LogicalType } from './logical-type.ts'
import { sliceColumn } from './slice-column.ts'
import { takeColumn } from './take-column.ts'
import { valueReader } from './value-reader.ts'

const union: LogicalType = {
  kind: 'union',
  members: [
    { name: 'n', type: { kind: 'integer' }, nullable: true },
    { name: 't', type: { kind: 'varchar' }, nullable: true },
  ],
}
const unions = [{ tag: 'n', value: 1 }, null, { tag: 't', value: 'é' }, { tag: 'n', value: null }]
const cases = [...everyType, { name: 'union', type: union, values: unions }]
const indices = [3, 0, 0, 2, 1, 3]

test.each(cases.map((each) => [each.name, each] as const))('rows of a column of %s', (_, { type, values }) => {
  const column = columnFromValues(type, values)
  const read = valueReader(type, column)
  const expected = indices.map(read)
  const taken = takeColumn(column, type, indices)
  expect(taken.length).toBe(indices.length)
  expect(indices.map((_, row) => valueReader(type, taken)(row))).toEqual(expected)
  expect(taken.nullCount).toBe(expected.filter((value) => value === null).length)
  const part = sliceColumn(column, type, 1, 3)
  const ofPart = takeColumn(part, type, [2, 0])
  expect([0, 1].map(valueReader(type, ofPart))).toEqual([read(3), read(1)])
})

test.each(cases.map((each) => [each.name, each] as const))('any rows of a column of %s', (_, { type, values }) => {
  const many = Array.from({ length: 50 }, (_, row) => values[row % values.length])
  const column = columnFromValues(type, many)
  const read = valueReader(type, column)
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 49 })), fc.boolean(), (picks, isSorted) => {
      const rows = Uint32Array.from(isSorted ? [...new Set(picks)].sort((a, b) => a - b) : picks)
      const taken = valueReader(type, takeColumn(column, type, rows))
      expect(Array.from(rows, (_, at) => taken(at))).toEqual(Array.from(rows, (row) => read(row)))
    }),
    { numRuns: 30, seed: 3 },
  )
})

test('a dictionary is shared', () => {
  const dictionary = columnFromValues({ kind: 'varchar' }, ['a', 'b'])
  const column = { length: 3, nullCount: 0, values: new Uint8Array(new Int32Array([1, 0, 1]).buffer), dictionary }
  const taken = takeColumn(column, { kind: 'varchar' }, [2, 1])
  expect(taken.dictionary).toBe(dictionary)
  expect([0, 1].map(valueReader({ kind: 'varchar' }, taken))).toEqual(['b', 'a'])
})
