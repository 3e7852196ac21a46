import { describe, expect, it } from 'vitest'
import type { ColumnBatch } from '../../types/column-data.ts'
import { splitBatches } from './split-batches.ts'

const batch = (length: number): ColumnBatch => ({ schema: { fields: [] }, length, columns: [] })

async function* numbers(
  count: number,
  seen: { pulled: number },
): AsyncGenerator<[ColumnBatch | undefined, ColumnBatch | undefined]> {
  for (let at = 0; at < count; at++) {
    seen.pulled++
    yield at % 5 === 0 ? [batch(at), undefined] : [batch(at), batch(-at)]
  }
}

async function lengths(batches: AsyncIterable<ColumnBatch>, pause: number): Promise<number[]> {
  const all: number[] = []
  for await (const { length } of batches) {
    all.push(length)
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return all
}

describe('one stream as two', () => {
  it('gives each side its part, in order, whichever is slower', async () => {
    for (const pauses of [
      [0, 0],
      [1, 0],
      [0, 1],
    ] as const) {
      const seen = { pulled: 0 }
      const [left, right] = splitBatches(numbers(60, seen))
      const [one, two] = await Promise.all([lengths(left, pauses[0]), lengths(right, pauses[1])])
      expect(one).toEqual(Array.from({ length: 60 }, (_, at) => at))
      expect(two).toEqual(one.filter((at) => at % 5 !== 0).map((at) => -at))
    }
  })

  it('does not read on while one side is far behind', async () => {
    const seen = { pulled: 0 }
    const [left, right] = splitBatches(numbers(1000, seen))
    const ahead = lengths(left, 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(seen.pulled).toBeLessThan(20)
    expect(await lengths(right, 0)).toHaveLength(800)
    expect(await ahead).toHaveLength(1000)
  })

  it('goes on for one side when the other has ended, and fails both when the source fails', async () => {
    const [left, right] = splitBatches(numbers(100, { pulled: 0 }))
    for await (const _ of left) break
    expect(await lengths(right, 0)).toHaveLength(80)
    const failing = (async function* (): AsyncGenerator<[ColumnBatch, ColumnBatch]> {
      yield [batch(1), batch(1)]
      throw new Error('torn')
    })()
    const sides = splitBatches(failing)
    const ends = await Promise.allSettled(sides.map((own) => lengths(own, 0)))
    expect(ends.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
  })
})
