import { expect, it } from 'vitest'
import { lineAndColumn, markOf, wordAt } from './position.ts'

const sql = `SELECT "a b", origin\nFRM 'x.parquet' WHERE a >= 1`

it.each([
  [sql.indexOf('FRM'), 'FRM'],
  [sql.indexOf('igin'), 'origin'],
  [sql.indexOf('"a b"'), '"a b"'],
  [sql.indexOf(`'x`), `'x.parquet'`],
  [sql.indexOf('>='), '>'],
  [sql.indexOf('\n'), 'origin'],
  [sql.length, '1'],
])('the token at %i is %s', (offset, token) => {
  const { from, to } = wordAt(sql, offset)
  expect(sql.slice(from, to)).toBe(token)
})

it('has no token in no text', () => {
  expect(wordAt('', 0)).toEqual({ from: 0, to: 0 })
})

it('marks what a position in the details points at', () => {
  const mark = markOf(sql, 'wrong', { position: sql.indexOf('FRM') })
  expect(mark).toEqual({ from: 21, to: 24, message: 'wrong' })
})

it.each([{}, { position: -1 }, { position: 1000 }, { position: 'x' }])('marks nothing for %o', (details) => {
  expect(markOf(sql, 'wrong', details)).toBeUndefined()
})

it('counts lines and columns from one', () => {
  expect(lineAndColumn(sql, 0)).toEqual({ line: 1, column: 1 })
  expect(lineAndColumn(sql, sql.indexOf('FRM'))).toEqual({ line: 2, column: 1 })
  expect(lineAndColumn(sql, sql.indexOf('WHERE'))).toEqual({ line: 2, column: 17 })
})
