import { LakefrontError } from '../errors.ts'
import { contents } from './blob.ts'
import { checkRange, checkUnchanged, count } from './range.ts'
import { directoryStorage } from './directory-storage.ts'
import { checkKey } from './storage-key.ts'
import type { ByteSource, Storage } from './storage.ts'

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

/** A folder in the browser's own file system of this origin, by `opfs:/folder/`; made with the first write. */
export function opfsStorage(url: string): Storage {
  const names = url
    .slice('opfs:'.length)
    .split('/')
    .filter((name) => name !== '')
  if (names.length > 0) checkKey(names.join('/'))
  const label = names.length === 0 ? 'opfs:/' : `opfs:/${names.join('/')}/`
  return directoryStorage(label, async () => {
    let folder = await rootOf(label)
    for (const name of names) folder = await folder.getDirectoryHandle(name, { create: true })
    return folder
  })
}

function rootOf(label: string): Promise<FileSystemDirectoryHandle> {
  const { navigator } = globalThis as { navigator?: Partial<Navigator> }
  if (typeof navigator?.storage?.getDirectory === 'function') return navigator.storage.getDirectory()
  throw new LakefrontError(
    'UNSUPPORTED',
    `"${label}" is in a file system that this platform has not: browsers have it, in pages served over https.`,
  )
}

async function fileAt(path: readonly string[], label: string): Promise<File> {
  const root = await rootOf(label)
  try {
    let folder = root
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
