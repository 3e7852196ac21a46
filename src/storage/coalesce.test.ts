import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coalesce, readRanges } from './coalesce.ts'
import { expectBytes } from './conformance.ts'
import { memorySource } from './memory.ts'
import type { ByteSource } from './storage.ts'

const megabyte = 1024 * 1024
const plan = (ranges: readonly (readonly [number, number])[], options = {}): string[] =>
  coalesce(
    ranges.map(([start, end]) => ({ start, end })),
    { gapBytes: megabyte, ...options },
  ).map(({ start, end, parts }) => `${start}-${end}:${parts.join()}`)

describe('ranges become requests', () => {
  test('neighbours and overlaps are one', () => {
    expect(
      plan([
        [0, 10],
        [10, 20],
      ]),
    ).toEqual(['0-20:0,1'])
    expect(
      plan([
        [10, 20],
        [0, 12],
      ]),
    ).toEqual(['0-20:1,0'])
    expect(
      plan([
        [0, 100],
        [10, 20],
      ]),
    ).toEqual(['0-100:0,1'])
  })

  test('a gap is read over when it is small beside what is wanted', () => {
    expect(
      plan([
        [0, 10 * megabyte],
        [10.5 * megabyte, 12 * megabyte],
      ]),
    ).toHaveLength(1)
    expect(
      plan([
        [0, 100_000],
        [600_000, 700_000],
      ]),
    ).toHaveLength(2)
    expect(
      plan([
        [0, 1000],
        [4000, 5000],
      ]),
    ).toHaveLength(1)
    expect(
      plan(
        [
          [0, 10 * megabyte],
          [10.5 * megabyte, 12 * megabyte],
        ],
        { gapBytes: 0 },
      ),
    ).toHaveLength(2)
  })

  test('requests stay small enough to run side by side', () => {
    expect(
      plan([
        [0, 10 * megabyte],
        [10 * megabyte, 20 * megabyte],
      ]),
    ).toHaveLength(2)
    expect(plan([[0, 40 * megabyte]])).toHaveLength(1)
  })

  test('nothing is asked for nothing', () => {
    expect(plan([])).toEqual([])
    expect(plan([[5, 5]])).toEqual([])
  })
})

const ranges = fc.array(
  fc.tuple(fc.nat(20_000), fc.nat(3000)).map(([start, length]) => ({ start, end: Math.min(start + length, 20_000) })),
  { maxLength: 30 },
)

test('every range arrives as asked, in one request each, and little is read in vain', async () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 17 + (index >> 8)) & 0xff)
  await fc.assert(
    fc.asyncProperty(ranges, fc.constantFrom(0, 100, 10_000), async (wanted, gapBytes) => {
      const source: ByteSource = { ...memorySource(bytes), gapBytes }
      const results = await readRanges(source, wanted)
      wanted.forEach(({ start, end }, index) => expectBytes(results[index]!, bytes.subarray(start, end)))
      const planned = coalesce(wanted, { gapBytes })
      expect(planned.flatMap(({ parts }) => parts).sort((a, b) => a - b)).toEqual(
        wanted.flatMap(({ start, end }, index) => (end > start ? [index] : [])),
      )
      for (let index = 1; index < planned.length; index++)
        expect(planned[index]!.start).toBeGreaterThanOrEqual(planned[index - 1]!.end)
    }),
    { numRuns: 300, seed: 7 },
  )
})

test('no more requests run at once than allowed, and none starts after a failure', async () => {
  let active = 0
  let most = 0
  let started = 0
  const source: ByteSource = {
    ...memorySource(new Uint8Array()),
    async read(start) {
      started++
      most = Math.max(most, ++active)
      await new Promise((resolve) => setTimeout(resolve, 1))
      active--
      if (start === 50_000) throw new Error('cut')
      return new Uint8Array(10)
    },
  }
  const wanted = Array.from({ length: 20 }, (_, index) => ({ start: index * 10_000, end: index * 10_000 + 10 }))
  await expect(readRanges(source, wanted, { parallel: 3 })).rejects.toThrow('cut')
  expect(most).toBe(3)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(started).toBeLessThan(10)
})
