import { describe, expect, it } from 'vitest'
import { areaOf, contains, copyLimit, selectionAfter, tabSeparated, type Selection } from './grid-selection.ts'

const extent = { rowCount: 50, columnCount: 4, pageRows: 10 }
const at = (row: number, column: number): Selection => ({ anchor: { row, column }, active: { row, column } })
const press = (from: Selection, key: string, shift = false, command = false): Selection | undefined =>
  selectionAfter(from, { key, shift, command }, extent)

describe('keys', () => {
  it.each([
    ['ArrowDown', at(5, 1), at(6, 1)],
    ['ArrowUp', at(0, 1), at(0, 1)],
    ['ArrowDown', at(49, 1), at(49, 1)],
    ['ArrowRight', at(5, 3), at(5, 3)],
    ['ArrowLeft', at(5, 3), at(5, 2)],
    ['PageDown', at(45, 0), at(49, 0)],
    ['PageUp', at(12, 0), at(2, 0)],
    ['Home', at(7, 2), at(7, 0)],
    ['End', at(7, 2), at(7, 3)],
  ])('%s', (key, from, to) => {
    expect(press(from, key)).toEqual(to)
  })

  it('go to the corners with Control', () => {
    expect(press(at(7, 2), 'End', false, true)).toEqual(at(49, 3))
    expect(press(at(7, 2), 'Home', false, true)).toEqual(at(0, 0))
  })

  it('extend with Shift, in both directions', () => {
    const extended = press(press(at(5, 2), 'ArrowUp', true)!, 'ArrowLeft', true)!
    expect(areaOf(extended)).toEqual({ top: 4, bottom: 5, left: 1, right: 2 })
    expect(contains(areaOf(extended), { row: 5, column: 1 })).toBe(true)
    expect(contains(areaOf(extended), { row: 5, column: 3 })).toBe(false)
  })

  it('select all', () => {
    expect(areaOf(press(at(5, 2), 'a', false, true)!)).toEqual({ top: 0, bottom: 49, left: 0, right: 3 })
  })

  it('leave other keys to the browser', () => {
    expect(press(at(1, 1), 'a')).toBeUndefined()
    expect(press(at(1, 1), 'Tab')).toBeUndefined()
  })
})

describe('copying', () => {
  it('takes one cell as it is, without quoting', () => {
    expect(tabSeparated(areaOf(at(0, 0)), () => 'a\t"b"')).toBe('a\t"b"')
  })

  it('quotes what would break a row, and leaves nulls empty', () => {
    const cells = [
      ['a', null],
      ['x\ty', 'say "hi"\n'],
    ]
    expect(tabSeparated({ top: 0, bottom: 1, left: 0, right: 1 }, (row, column) => cells[row]![column]!)).toBe(
      'a\t\n"x\ty"\t"say ""hi""\n"',
    )
  })

  it('stops at the limit', () => {
    const text = tabSeparated({ top: 0, bottom: 10_000_000, left: 0, right: 9 }, () => '')
    expect(text.split('\n')).toHaveLength(copyLimit / 10)
  })
})
