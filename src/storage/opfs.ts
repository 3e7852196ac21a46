import { LakefrontError } from '../errors.ts'
import { contents } from './blob.ts'
import { checkRange, checkUnchanged, count } from './range.ts'
import type { ByteSource } from './storage.ts'

/** A file in the browser's own file system of this origin, by `opfs:/folder/file`. A file that is written meanwhile is `SOURCE_CHANGED`. */
export function opfsSource(reference: string): ByteSource {
  const label = reference
  const path = reference.slice('opfs:'.length).replace(/^\/+/, '').split('/')
  if (path.some((name) => name === '' || name === '.' || name === '..')) {
    throw new LakefrontError('INVALID_ARGUMENT', `"${label}" is not a file; it looks like "opfs:/folder/file.parquet".`)
  }
  const traffic = { requests: 0, bytes: 0 }
  return {
    label,
    traffic,
    gapBytes: 64 * 1024,
    warnings: [],
    async stat({ signal } = {}) {
      signal?.throwIfAborted()
      const file = await fileAt(path, label)
      signal?.throwIfAborted()
      return { size: file.size, etag: validator(file) }
    },
    async read(start, end, { ifMatch, signal, meter } = {}) {
      signal?.throwIfAborted()
      const file = await fileAt(path, label)
      checkUnchanged(label, validator(file), ifMatch)
      checkRange({ label, size: file.size }, start, end)
      const bytes = new Uint8Array(await contents(file.slice(start, end), label))
      signal?.throwIfAborted()
      count([traffic, meter], bytes.length)
      return bytes
    },
  }
}

async function fileAt(path: readonly string[], label: string): Promise<File> {
  const { navigator } = globalThis as { navigator?: Partial<Navigator> }
  if (typeof navigator?.storage?.getDirectory !== 'function') {
    throw new LakefrontError(
      'UNSUPPORTED',
      `"${label}" is in a file system that this platform has not: browsers have it, in pages served over https.`,
    )
  }
  try {
    let folder = await navigator.storage.getDirectory()
    for (const name of path.slice(0, -1)) folder = await folder.getDirectoryHandle(name)
    return await (await folder.getFileHandle(path.at(-1)!)).getFile()
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : ''
    if (name === 'NotFoundError' || name === 'TypeMismatchError') {
      throw new LakefrontError('NOT_FOUND', `There is no file "${label}".`, { details: { source: label }, cause })
    }
    throw new LakefrontError('PERMISSION_DENIED', `The file "${label}" cannot be opened: ${name || String(cause)}.`, {
      details: { source: label },
      cause,
    })
  }
}

function validator({ size, lastModified }: File): string {
  return `${size}-${lastModified}`
}
