import { checkRange, checkUnchanged, count } from './range.ts'
import type { ByteSource } from './storage.ts'

/** Bytes that are in memory already. Not copied before they are read: whoever changes them changes what is read. */
export function memorySource(bytes: Uint8Array, label = 'bytes in memory'): ByteSource {
  const traffic = { requests: 0, bytes: 0 }
  const etag = `memory-${crypto.randomUUID()}`
  return {
    label,
    traffic,
    gapBytes: 0,
    warnings: [],
    async stat({ signal } = {}) {
      signal?.throwIfAborted()
      return { size: bytes.byteLength, etag }
    },
    async read(start, end, { ifMatch, signal, meter } = {}) {
      signal?.throwIfAborted()
      checkUnchanged(label, etag, ifMatch)
      checkRange({ label, size: bytes.byteLength }, start, end)
      count([traffic, meter], end - start)
      return bytes.slice(start, end)
    },
  }
}
