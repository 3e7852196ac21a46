import { expect, it } from 'vitest'
import { type Chunk, ResultTable } from './result-table.ts'

const chunk = (name: string, length: number): Chunk => ({ length, text: (row, column) => `${name}${row}.${column}` })

it('finds rows in the chunk they arrived in', () => {
  const table = new ResultTable([{ name: 'a', typeName: 'VARCHAR', numeric: false }])
  for (const [name, length] of [
    ['x', 3],
    ['empty', 0],
    ['y', 1],
    ['z', 2048],
  ] as const)
    table.append(chunk(name, length))
  expect(table.rowCount).toBe(2052)
  expect([0, 2, 3, 4, 2051].map((row) => table.text(row, 0))).toEqual(['x0.0', 'x2.0', 'y0.0', 'z0.0', 'z2047.0'])
  expect(() => table.text(2052, 0)).toThrow(RangeError)
  expect(() => table.text(-1, 0)).toThrow(RangeError)
})
