import { LakefrontError } from '../errors.ts'
import { checkRange, checkUnchanged, count, sourceChanged } from './range.ts'
import type { ByteSource } from './storage.ts'

/**
 * A `Blob` or a `File` a user picked, called `name` where it has no name of its own. Browsers refuse reads of a picked file that changed on
 * disk: `SOURCE_CHANGED`.
 */
export function blobSource(blob: Blob, name = 'blob'): ByteSource {
  const label = 'name' in blob && typeof blob.name === 'string' && blob.name !== '' ? blob.name : name
  const traffic = { requests: 0, bytes: 0 }
  const etag = `blob-${crypto.randomUUID()}`
  return {
    label,
    traffic,
    gapBytes: 64 * 1024,
    warnings: [],
    async stat({ signal } = {}) {
      signal?.throwIfAborted()
      return { size: blob.size, etag }
    },
    async read(start, end, { ifMatch, signal, meter } = {}) {
      signal?.throwIfAborted()
      checkUnchanged(label, etag, ifMatch)
      checkRange({ label, size: blob.size }, start, end)
      const bytes = new Uint8Array(await contents(blob.slice(start, end), label))
      signal?.throwIfAborted()
      if (bytes.length !== end - start) throw sourceChanged(label)
      count([traffic, meter], bytes.length)
      return bytes
    },
  }
}

/** The bytes of a blob; errors of the platform become ours. */
export async function contents(blob: Blob, label: string): Promise<ArrayBuffer> {
  try {
    return await blob.arrayBuffer()
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : ''
    if (name === 'NotReadableError') throw sourceChanged(label)
    if (name === 'NotFoundError') {
      throw new LakefrontError('NOT_FOUND', `"${label}" was moved or deleted after it was picked. Pick it again.`, {
        cause,
      })
    }
    throw new LakefrontError('PERMISSION_DENIED', `"${label}" cannot be read: ${String(cause)}. Pick it again.`, {
      cause,
    })
  }
}
