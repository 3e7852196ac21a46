import { expect, test } from 'vitest'
import { LakefrontError } from '../../errors.ts'
import { memoryStorage } from '../../storage/memory-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import { turnInStore } from './store-line.ts'

const key = 'catalog.ducklake'

test('writers in a store come in the order in which they asked, and before them who lost more races', async () => {
  const storage = memoryStorage()
  const order: string[] = []
  const leave = await turnInStore(storage, key, { lost: 1 })
  const stand = async (name: string, lost: number): Promise<void> => {
    const own = turnInStore(storage, key, { lost }).then((leaveAgain) => {
      order.push(name)
      return leaveAgain()
    })
    while ((await storage.read(`${key}.line`)).bytes.length < 38 * (waiting.length + 2)) await Promise.resolve()
    waiting.push(own)
  }
  const waiting: Promise<void>[] = []
  await stand('first', 1)
  await stand('second', 1)
  await stand('lost twice', 2)
  expect(order).toEqual([])
  await leave()
  await Promise.all(waiting)
  expect(order).toEqual(['lost twice', 'first', 'second'])
  await expect(storage.read(`${key}.line`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('who does not leave is passed, also by one that is taken out of the line meanwhile', async () => {
  const storage = memoryStorage()
  await turnInStore(storage, key, { lost: 5 })
  const next = turnInStore(storage, key, { lost: 1, patience: 250 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await storage.write(`${key}.line`, new TextEncoder().encode('9 dead'))
  const leave = await next
  expect(new TextDecoder().decode((await storage.read(`${key}.line`)).bytes)).toMatch(/^1 /)
  await leave()
})

test('who does not want a turn any more is not kept, and stands in nobody’s way', async () => {
  const storage = memoryStorage()
  const leave = await turnInStore(storage, key, { lost: 5 })
  let asked = 0
  const leaveAgain = await turnInStore(storage, key, { lost: 1, isWanted: () => ++asked < 2 })
  await leaveAgain()
  await leave()
  await expect(storage.read(`${key}.line`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('nobody waits where the line cannot be written', async () => {
  const storage: Storage = memoryStorage()
  const denied = (): Promise<never> => Promise.reject(new LakefrontError('PERMISSION_DENIED', 'Not that key.'))
  const leave = await turnInStore({ ...storage, read: denied, write: denied, remove: denied }, key, { lost: 1 })
  expect(await leave()).toBeUndefined()
})
