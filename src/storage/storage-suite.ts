import { describe, test } from 'vitest'
import type { Storage } from './storage.ts'
import { storageCases } from './storage-cases.ts'

/** Runs {@link storageCases} on a driver. `place` makes an empty place, by a number of its own, and gives a way to open clients of it. */
export function testStorage(name: string, place: (index: number) => Promise<() => Storage> | (() => Storage)): void {
  describe(`${name} keeps the promises of storage`, () => {
    let places = 0
    test.each(storageCases)('$name', async ({ needs, run }) => {
      const open = await place(places++)
      const { abilities } = open()
      const lacking = needs.filter((ability) => !abilities[ability])
      if (lacking.length === 0) await run({ open })
    })
  })
}
