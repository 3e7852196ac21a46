import { checkRange, count } from './range.ts'
import type { ByteSource, Storage } from './storage.ts'

/** An object of a store for reads by ranges, through the store's own verbs. */
export function storedSource(storage: Storage, key: string): ByteSource {
  const label = storage.label + key
  const traffic = { requests: 0, bytes: 0 }
  return {
    label,
    traffic,
    gapBytes: 64 * 1024,
    warnings: [],
    stat: ({ signal } = {}) => storage.stat(key, signal === undefined ? {} : { signal }),
    async read(start, end, { ifMatch, signal, meter } = {}) {
      checkRange({ label, size: Infinity }, start, end)
      const { bytes } = await storage.read(key, {
        start,
        end,
        ...(ifMatch === undefined ? {} : { ifMatch }),
        ...(signal === undefined ? {} : { signal }),
      })
      count([traffic, meter], bytes.length)
      return bytes
    },
  }
}
