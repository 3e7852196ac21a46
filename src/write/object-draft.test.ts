import { expect, test } from 'vitest'
import { failure } from '../storage/conformance.ts'
import { keysOf } from '../storage/case-checks.ts'
import { memoryStorage } from '../storage/memory-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { ObjectDraft } from './object-draft.ts'

test('what was given in pieces is there when it is finished, and not before', async () => {
  const storage = memoryStorage()
  const draft = new ObjectDraft(storage, 'a')
  const bytes = Uint8Array.of(1, 2)
  await draft.write(bytes)
  bytes.fill(3)
  await draft.write(bytes)
  await draft.write(new Uint8Array())
  expect(await keysOf(storage)).toEqual([])
  expect(await draft.finish()).toMatchObject({ size: 4 })
  expect([...(await storage.read('a')).bytes]).toEqual([1, 2, 3, 3])
  expect(draft.bytes).toBe(4)
})

test('one that is given up leaves nothing', async () => {
  const storage = memoryStorage()
  const draft = new ObjectDraft(storage, 'a')
  await draft.write(Uint8Array.of(1))
  await draft.discard()
  expect(await keysOf(storage)).toEqual([])
  expect(await failure(draft.finish())).toMatchObject({ code: 'ABORTED' })
})

test('the giver waits for the store, and hears of its failure, now and later', async () => {
  let taken = 0
  let fail = (): void => {}
  const slow = new Promise<never>((_, reject) => (fail = () => reject(new Error('no room'))))
  const storage = {
    async write(_: string, body: AsyncIterable<Uint8Array>) {
      for await (const _chunk of body) if (++taken === 2) await slow
    },
  } as unknown as Storage
  const draft = new ObjectDraft(storage, 'a')
  await draft.write(Uint8Array.of(1))
  const second = draft.write(Uint8Array.of(2))
  const settled = await Promise.race([second.then(() => 'taken'), new Promise((resolve) => setTimeout(resolve, 20))])
  expect(settled).toBeUndefined()
  fail()
  expect(await failure(second)).toMatchObject({ message: 'no room' })
  expect(await failure(draft.write(Uint8Array.of(3)))).toMatchObject({ message: 'no room' })
  expect(await failure(draft.finish())).toMatchObject({ message: 'no room' })
})

test('an abort ends a write that waits', async () => {
  const storage = memoryStorage()
  const draft = new ObjectDraft(storage, 'a')
  await draft.write(Uint8Array.of(1))
  draft.abort(new Error('enough'))
  expect(await failure(draft.write(Uint8Array.of(2)))).toMatchObject({ message: 'enough' })
  expect(await keysOf(storage)).toEqual([])
})
