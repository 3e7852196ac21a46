import { expect, test } from 'vitest'
import type { ColumnData } from '../types/column-data.ts'
import { ColumnCache } from './column-cache.ts'

const column = (bytes: number): ColumnData => ({ length: bytes, nullCount: 0, values: new Uint8Array(bytes) })

test('gives up what was not used for longest', () => {
  const cache = new ColumnCache(300)
  for (const key of ['a', 'b', 'c']) cache.set(key, [column(100)])
  cache.get('a')
  cache.set('d', [column(100)])
  expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true, true])
  expect(cache.bytes).toBe(300)
})

test('never holds more than its budget, and nothing that exceeds it alone', () => {
  const cache = new ColumnCache(250)
  cache.set('a', [column(100)])
  cache.set('b', [column(100), column(100)])
  expect(cache.get('a')).toBeUndefined()
  expect(cache.bytes).toBe(200)
  cache.set('c', [column(251)])
  expect(cache.get('c')).toBeUndefined()
  expect(cache.bytes).toBe(200)
})

test('replaces, deletes and counts shared buffers once', () => {
  const cache = new ColumnCache(1000)
  const dictionary = column(400)
  cache.set('a', [
    { ...column(50), dictionary },
    { ...column(50), dictionary },
  ])
  expect(cache.bytes).toBe(500)
  cache.set('a', [column(10)])
  expect(cache.bytes).toBe(10)
  cache.set('file 1\n0', [column(10)])
  cache.set('file 10\n0', [column(10)])
  cache.deleteAll('file 1\n')
  expect(cache.get('file 10\n0')).toBeDefined()
  expect(cache.bytes).toBe(20)
  cache.deleteAll('')
  expect(cache.bytes).toBe(0)
})
