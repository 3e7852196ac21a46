import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { losePatience } from './patience.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const never = (): Promise<never> => new Promise(() => {})

test('a worker that says nothing has the time it was given', async () => {
  const over = vi.fn<(milliseconds: number) => void>()
  losePatience(never, 2_000, over)
  await vi.advanceTimersByTimeAsync(1_999)
  expect(over).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(over.mock.calls).toEqual([[2_000]])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(over).toHaveBeenCalledTimes(1)
})

test('a worker that answers has ten times as long, and one that falls silent later has the time from then on', async () => {
  const over = vi.fn<(milliseconds: number) => void>()
  losePatience(async () => {}, 2_000, over)
  await vi.advanceTimersByTimeAsync(19_999)
  expect(over).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(over.mock.calls).toEqual([[20_000]])

  let answers = 3
  const later = vi.fn<(milliseconds: number) => void>()
  losePatience(() => (answers-- > 0 ? Promise.resolve() : never()), 2_000, later)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(later.mock.calls).toEqual([[3_500]])
})

test('a machine that slept has spent nothing of it', async () => {
  const over = vi.fn<(milliseconds: number) => void>()
  losePatience(never, 2_000, over)
  vi.setSystemTime(Date.now() + 3_600_000)
  await vi.advanceTimersByTimeAsync(1_999)
  expect(over).not.toHaveBeenCalled()
})

test('nothing is asked and nothing happens once it was ended, by its owner or by an answer that failed', async () => {
  const over = vi.fn<(milliseconds: number) => void>()
  const ask = vi.fn<() => Promise<never>>(never)
  losePatience(ask, 2_000, over)()
  losePatience(() => Promise.reject(new Error('gone')), 2_000, over)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ask).not.toHaveBeenCalled()
  expect(over).not.toHaveBeenCalled()
})
