import { expect, test } from 'vitest'
import { failure } from './conformance.ts'
import { Link } from './link.ts'

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

test('six are inside at a time, in the order they came; leaving twice frees one place', async () => {
  const link = new Link()
  const entered: number[] = []
  const leaves: (() => void)[] = []
  for (let index = 0; index < 9; index++) {
    void link.enter().then((leave) => {
      entered.push(index)
      leaves.push(leave)
    })
  }
  await tick()
  expect(entered).toEqual([0, 1, 2, 3, 4, 5])
  leaves[3]!()
  leaves[3]!()
  await tick()
  expect(entered).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('who gives up waiting leaves the queue', async () => {
  const link = new Link()
  const leaves = await Promise.all(Array.from({ length: 6 }, () => link.enter()))
  const controller = new AbortController()
  const refused = failure(link.enter(controller.signal))
  const next = link.enter()
  controller.abort('enough')
  expect(await refused).toBe('enough')
  leaves[0]!()
  ;(await next)()
  expect(await failure(link.enter(AbortSignal.abort('late')))).toBe('late')
})

test('a gap worth reading over is what arrives during a round trip, within bounds', () => {
  const link = new Link()
  expect(link.gapBytes).toBe(1024 * 1024)
  link.sawAnswer(100)
  link.sawBody(10_000, 0)
  expect(link.gapBytes).toBe(1024 * 1024)
  link.sawBody(1_000_000, 500)
  expect(link.gapBytes).toBe(200_000)
  link.sawAnswer(200)
  expect(link.gapBytes).toBe(260_000)
  link.sawBody(100_000_000, 1)
  expect(link.gapBytes).toBe(8 * 1024 * 1024)
  const near = new Link()
  near.sawAnswer(0.5)
  near.sawBody(1_000_000, 100)
  expect(near.gapBytes).toBe(64 * 1024)
})
