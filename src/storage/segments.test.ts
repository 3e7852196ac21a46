import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryRanges } from './memory-ranges.ts'
import { Segments } from './segments.ts'

const within = (most: number): fc.Arbitrary<{ start: number; end: number }> =>
  fc.tuple(fc.nat(most), fc.nat(most / 4)).map(([start, length]) => ({ start, end: Math.min(start + length, most) }))

test('what is found and what is missing are together what was asked for, as a map of bytes would tell', () => {
  fc.assert(
    fc.property(fc.array(within(300), { maxLength: 20 }), within(300), (written, { start, end }) => {
      const segments = new Segments<{ start: number; end: number }>()
      const isHeld = new Array<boolean>(300).fill(false)
      for (const range of written) {
        for (const gap of segments.find(range.start, range.end).gaps) segments.insert(gap)
        isHeld.fill(true, range.start, range.end)
      }
      const { found, gaps } = segments.find(start, end)
      const isMissing = new Array<boolean>(300).fill(false)
      for (const gap of gaps) isMissing.fill(true, gap.start, gap.end)
      for (let at = start; at < end; at++) expect(isMissing[at]).toBe(!isHeld[at])
      expect(gaps.every((gap) => gap.start >= start && gap.end <= end && gap.start < gap.end)).toBe(true)
      expect(found.every((item) => item.end > start && item.start < end)).toBe(true)
      expect(segments.heldBefore(300)).toBe(299 - isHeld.lastIndexOf(false))
    }),
    { numRuns: 500, seed: 3 },
  )
})

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

test('memory holds what was written last and read last, within its budget', () => {
  const memory = new MemoryRanges(10_000)
  for (let index = 0; index < 9; index++) memory.write('a', index * 1000, bytes(1000, index))
  expect(memory.bytes).toBeLessThanOrEqual(10_000)
  expect(memory.read('a', 0, 1000).gaps).toEqual([{ start: 0, end: 1000 }])
  expect(memory.read('a', 1000, 2000).parts).toEqual([{ start: 1000, bytes: bytes(1000, 1) }])
  memory.write('b', 0, bytes(1000, 0xb))
  expect(memory.read('a', 1000, 2000).gaps).toEqual([])
  expect(memory.read('a', 2000, 3000).gaps).toEqual([{ start: 2000, end: 3000 }])
  expect(memory.heldBefore('a', 9000)).toBe(6000)
  memory.drop('a')
  expect(memory.read('a', 0, 9000).gaps).toEqual([{ start: 0, end: 9000 }])
  memory.drop('b')
  expect(memory.bytes).toBe(0)
})

test('what would push out everything else is not kept, and what is kept is a copy', () => {
  const memory = new MemoryRanges(10_000)
  memory.write('a', 0, bytes(2000, 1))
  expect(memory.bytes).toBe(0)
  const mine = bytes(100, 1)
  memory.write('a', 0, mine)
  mine.fill(2)
  memory.write('a', 50, bytes(100, 3))
  expect(memory.read('a', 0, 150).parts).toEqual([
    { start: 0, bytes: bytes(100, 1) },
    { start: 100, bytes: bytes(50, 3) },
  ])
})
