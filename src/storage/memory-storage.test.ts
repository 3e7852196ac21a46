import { expect, test } from 'vitest'
import { keysOf } from './case-checks.ts'
import { memoryObjects, memoryStorage } from './memory-storage.ts'
import { testStorage } from './storage-suite.ts'

testStorage('memory', () => {
  const storage = memoryStorage()
  return () => storage
})

test('places of the same objects see each other’s, by their folders', async () => {
  const objects = memoryObjects()
  const [root, lake] = [memoryStorage('memory:', objects), memoryStorage('memory:lake', objects)]
  await lake.write('data/a', new Uint8Array(3))
  expect(await keysOf(root)).toEqual(['lake/data/a'])
  expect(await keysOf(lake)).toEqual(['data/a'])
  expect(lake.label).toBe('memory:/lake/')
  expect(await keysOf(memoryStorage('memory:/lak', objects))).toEqual([])
  await lake.write('data/a', new Uint8Array(5))
  expect(objects.bytes).toBe(5)
  await root.remove('lake/data/a')
  expect(objects.bytes).toBe(0)
  expect(() => memoryStorage('memory:/../a')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})
