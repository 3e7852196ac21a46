import { afterEach, expect, test } from 'vitest'
import { failure } from './conformance.ts'
import { account } from './fixtures/s3-account.ts'
import { S3Store } from './fixtures/s3-store.ts'
import { memoryStorage } from './memory-storage.ts'
import { probeConditions, safeStorage } from './probe-conditions.ts'
import { s3Storage } from './s3-storage.ts'
import type { Storage } from './storage.ts'

const stores: S3Store[] = []
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())))

async function open(options: Parameters<typeof S3Store.start>[0]): Promise<Storage> {
  const store = await S3Store.start(options)
  stores.push(store)
  return s3Storage('s3://bucket/', { endpoint: store.endpoint, credentials: account })
}

test('a store that keeps conditions passes, and nothing is left of the probe', async () => {
  for (const storage of [memoryStorage(), await open({})]) {
    expect(await probeConditions(storage)).toEqual({ createIfAbsent: true, compareAndSwap: true })
    expect(await safeStorage(storage)).toBe(storage)
    for await (const entry of storage.list()) expect(entry).toBeUndefined()
  }
})

test('a store that ignores them is found out and named, and can be read', async () => {
  const storage = await open({ ignoresConditions: true })
  await storage.write('object', new Uint8Array([1]))
  expect(await probeConditions(storage)).toEqual({
    createIfAbsent: false,
    compareAndSwap: false,
    why: 'of 8 writes at once under one If-None-Match, it took 8',
  })
  const safe = await safeStorage(storage)
  expect(safe.abilities).toMatchObject({ writes: false, conditions: false, lists: true })
  expect((await safe.read('object')).bytes).toEqual(new Uint8Array([1]))
  for (const refused of [safe.write('object', new Uint8Array()), safe.remove('object'), safe.copy('object', 'b')]) {
    expect(await failure(refused)).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/"s3:\/\/bucket\/" is open for reading only.*If-None-Match, it took 8/),
    })
  }
})

test('a store that hides its validators has no compare-and-swap', async () => {
  const storage = memoryStorage()
  const hidden: Storage = Object.assign(Object.create(storage) as Storage, { stat: async () => ({ size: 7 }) })
  expect(await probeConditions(bound(hidden, storage))).toMatchObject({ createIfAbsent: true, compareAndSwap: false })
})

/** Private fields need the object they belong to. */
function bound(hidden: Storage, storage: Storage): Storage {
  return {
    ...hidden,
    write: storage.write.bind(storage),
    remove: storage.remove.bind(storage),
    stat: hidden.stat.bind(hidden),
  }
}
