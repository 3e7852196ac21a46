import { expect, test } from 'vitest'
import type { ColumnData } from '../types/column-data.ts'
import { ColumnCache } from './column-cache.ts'
import { MemoryBudget } from './memory-budget.ts'

const column = (bytes: number): ColumnData => ({ length: bytes, nullCount: 0, values: new Uint8Array(bytes) })

/** A cache that may keep `most` bytes, and what a scan does to it: uses `key`, making it at `cost` when it is not there. */
function open(most: number, budget: MemoryBudget = new MemoryBudget(1e9)) {
  const cache = new ColumnCache(budget, most)
  let user = cache.user(0)
  const read = (key: string, { cost = 1, bytes = 100 } = {}): boolean => {
    const known = cache.hold(key, user)
    const held = known ?? cache.add(key, [column(bytes)], { user, cost })
    held.release()
    return known !== undefined
  }
  const scan = (keys: readonly string[], bytes = 100): number => {
    user = cache.user(keys.length * bytes)
    return keys.filter((key) => read(key, { bytes })).length
  }
  return { cache, read, scan, has: (...keys: string[]) => keys.map((key) => cache.has(key)) }
}

test('of equal columns the one that was not used for longest goes', () => {
  const { cache, read, has } = open(300)
  for (const key of ['a', 'b', 'c', 'd']) read(key)
  read('b')
  read('e')
  expect(has('a', 'b', 'c', 'd', 'e')).toEqual([false, true, false, true, true])
  expect(cache.bytes).toBe(300)
})

test('what is cheap to make again goes before what is dear, until the dear was not used for long', () => {
  const { read, has } = open(300)
  read('dear', { cost: 5 })
  for (let turn = 0; turn < 5; turn++) read(`cheap ${turn}`)
  expect(has('dear', 'cheap 0', 'cheap 4')).toEqual([true, false, true])
  for (let turn = 0; turn < 20; turn++) read(`other ${turn}`)
  expect(has('dear')).toEqual([false])
})

test('of equal cost the large goes before the small', () => {
  const { read, has } = open(300)
  read('large', { bytes: 200 })
  read('small', { bytes: 50 })
  read('next', { bytes: 100 })
  expect(has('large', 'small', 'next')).toEqual([false, true, true])
})

test('columns that are read stay, count, and go when they are released', () => {
  const { cache } = open(250)
  const user = cache.user(0)
  const held = ['a', 'b', 'c'].map((key) => cache.add(key, [column(100)], { user, cost: 1 }))
  expect(cache.bytes).toBe(300)
  expect(cache.hold('c', user)?.columns[0]?.length).toBe(100)
  held[2]!.release()
  held[2]!.release()
  expect(cache.has('c')).toBe(true)
  held[0]!.release()
  cache.add('large', [column(251)], { user, cost: 1 }).release()
  expect(cache.has('large')).toBe(false)
  expect(cache.bytes).toBe(300)
})

test('a scan that does not fit takes what is free, leaves the rest alone, and finds its part again', () => {
  const { scan, has } = open(1000)
  scan(['x', 'y'])
  const large = Array.from({ length: 50 }, (_, index) => `part ${index}`)
  expect(scan(large)).toBe(0)
  expect(has('x', 'y')).toEqual([true, true])
  expect(scan(large)).toBe(8)
  for (let turn = 0; turn < 10; turn++) scan(large)
  expect(has('x', 'y')).toEqual([false, false])
  expect(scan(large)).toBe(10)
  expect(scan(['x', 'y'])).toBe(0)
  expect(scan(['x', 'y'])).toBe(2)
})

test('a heap that grows takes room from what is kept, down to a quarter of the limit', () => {
  const budget = new MemoryBudget(4000)
  let heap = 0
  budget.watch('engine', () => heap)
  const { cache, read } = open(Infinity, budget)
  for (let key = 0; key < 50; key++) read(String(key))
  expect(cache.bytes).toBe(3000)
  heap = 2000
  cache.trim()
  expect(cache.bytes).toBe(1500)
  heap = 3900
  cache.trim()
  expect(cache.bytes).toBe(700)
  const release = budget.reserve(600)
  cache.trim()
  expect(cache.bytes).toBe(400)
  expect(budget.free).toBe(0)
  release()
  expect(budget.use).toEqual({
    limit: 4000,
    engine: 3900,
    columns: 400,
    decoders: 0,
    inFlight: 0,
    ranges: 0,
    stored: 0,
    writing: 0,
    uploads: 0,
    slack: 0,
    most: 5400,
  })
})

test('shared buffers count once, and what is deleted by prefix is gone', () => {
  const { cache, read } = open(1000)
  const user = cache.user(0)
  const dictionary = column(400)
  const columns = [column(50), column(50)].map((indices) => ({ ...indices, dictionary }))
  cache.add('a', columns, { user, cost: 1 }).release()
  expect(cache.bytes).toBe(500)
  read('file 1\n0', { bytes: 10 })
  read('file 10\n0', { bytes: 10 })
  cache.deleteAll('file 1\n')
  expect(cache.has('file 10\n0')).toBe(true)
  expect(cache.bytes).toBe(510)
  cache.deleteAll('')
  expect(cache.bytes).toBe(0)
})

test('others wait for what is being made, however that ends', async () => {
  const { cache } = open(1000)
  let fail!: (error: Error) => void
  cache.announce('a', new Promise((_, reject) => (fail = reject)))
  const waiting = cache.making('a')!
  fail(new Error('damaged'))
  await waiting
  expect(cache.making('a')).toBeUndefined()
})
