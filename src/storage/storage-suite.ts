import { describe, expect, test } from 'vitest'
import type { Storage, StorageAbilities } from './storage.ts'
import { storageCases } from './storage-cases.ts'

/**
 * Runs {@link storageCases} on a driver. `place` makes an empty place, by a number of its own, and gives a way to open clients of it.
 * Cases for abilities the driver `lacks` are left out, and those named in `breaks`: promises a store is known to break, which a test of its own has
 * to show.
 */
export function testStorage(
  name: string,
  place: (index: number) => Promise<() => Storage> | (() => Storage),
  { lacks = [], breaks = [] }: { lacks?: readonly (keyof StorageAbilities)[]; breaks?: readonly string[] } = {},
): void {
  const cases = storageCases.filter(
    (known) => !known.needs.some((ability) => lacks.includes(ability)) && !breaks.includes(known.name),
  )

  describe(`${name} keeps the promises of storage`, () => {
    let places = 0
    test.each(cases.map((known) => [known.name, known] as const))('%s', async (_, { needs, run }) => {
      const open = await place(places++)
      expect(open().abilities).toMatchObject(Object.fromEntries(needs.map((ability) => [ability, true])))
      await expect(run({ open })).resolves.toBeUndefined()
    })
  })
}
