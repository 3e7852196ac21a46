import { describe, expect, it } from 'vitest'
import {
  maxScrollHeight,
  movedTo,
  revealing,
  rowRange,
  rowTop,
  scrolledTo,
  scrollHeightOf,
  type Viewport,
} from './grid-viewport.ts'

const small: Viewport = { rowHeight: 28, rowCount: 100, height: 280, position: 0, scrollTop: 0 }
const huge: Viewport = { ...small, rowCount: 10_000_000 }

describe('a result that fits a scroll area', () => {
  it('scrolls pixel for pixel and stops at the last row', () => {
    expect(scrollHeightOf(small)).toBe(2800)
    expect(scrolledTo(small, 137)).toMatchObject({ position: 137, scrollTop: 137 })
    expect(rowRange(scrolledTo(small, 2520), 0)).toEqual({ start: 90, end: 100 })
  })

  it('draws partly visible rows', () => {
    expect(rowRange(scrolledTo(small, 27), 0)).toEqual({ start: 0, end: 11 })
  })

  it('reveals a row with the least movement', () => {
    expect(revealing(small, 5)).toEqual(small)
    expect(revealing(small, 10).position).toBe(28)
    expect(revealing(movedTo(small, 1000), 3).position).toBe(84)
  })
})

describe('a result taller than a browser allows', () => {
  it('never asks for more than the cap', () => {
    expect(scrollHeightOf(huge)).toBe(maxScrollHeight)
  })

  it('moves row for row with the wheel', () => {
    const down = scrolledTo(movedTo(huge, 5_000_000), movedTo(huge, 5_000_000).scrollTop + 100)
    expect(down.position).toBe(5_000_100)
  })

  it('reaches exactly the first and the last row with the bar', () => {
    const bottom = scrolledTo(huge, maxScrollHeight - huge.height)
    expect(rowRange(bottom, 0)).toEqual({ start: 9_999_990, end: 10_000_000 })
    expect(rowTop(bottom, 9_999_999) + 28).toBe(bottom.scrollTop + huge.height)
    expect(rowRange(scrolledTo(bottom, 0), 0).start).toBe(0)
  })

  it('moves in proportion when the bar is dragged', () => {
    const middle = scrolledTo(huge, (maxScrollHeight - huge.height) / 2)
    expect(rowRange(middle, 0).start).toBe(4_999_995)
  })

  it('shows any revealed row inside what is visible', () => {
    for (const row of [0, 1, 4_321_987, 9_999_999]) {
      const view = revealing(huge, row)
      const top = rowTop(view, row) - view.scrollTop
      expect(top).toBeGreaterThanOrEqual(0)
      expect(top + 28).toBeLessThanOrEqual(huge.height)
    }
  })
})

it('an empty result has nothing to draw', () => {
  expect(rowRange(movedTo({ ...small, rowCount: 0 }, 500), 5)).toEqual({ start: 0, end: 0 })
})
