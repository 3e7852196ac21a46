import type * as FileSystem from 'node:fs/promises'
import type * as Url from 'node:url'
import { LakefrontError } from '../errors.ts'
import { builtin } from './builtin.ts'
import { checkRange, checkUnchanged, count, sourceChanged } from './range.ts'
import type { ByteSource, ObjectStat } from './storage.ts'

/** Whether this host has a file system that {@link fileSource} can read. */
export function hasFileSystem(): boolean {
  return builtin<typeof FileSystem>('node:fs/promises') !== undefined
}

/**
 * A file on disk, by path or `file:` URL. Every read opens the path anew and checks that it is still the same file, so a
 * replaced file is `SOURCE_CHANGED`, and no handle stays open.
 */
export function fileSource(reference: string): ByteSource {
  const label = reference
  const path = reference.startsWith('file:') ? pathOf(reference) : reference
  const traffic = { requests: 0, bytes: 0 }
  return {
    label,
    traffic,
    gapBytes: 64 * 1024,
    warnings: [],
    stat({ signal } = {}) {
      return withFile(path, label, async (file) => {
        signal?.throwIfAborted()
        return fileStat(file, label)
      })
    },
    read(start, end, { ifMatch, signal, meter } = {}) {
      return withFile(path, label, async (file) => {
        signal?.throwIfAborted()
        const { size, etag } = await fileStat(file, label)
        checkUnchanged(label, etag, ifMatch)
        checkRange({ label, size }, start, end)
        const bytes = await readFully(file, { label, start, end })
        signal?.throwIfAborted()
        count([traffic, meter], bytes.length)
        return bytes
      })
    },
  }
}

export async function withFile<T>(
  path: string,
  label: string,
  use: (file: FileSystem.FileHandle) => Promise<T>,
): Promise<T> {
  const files = builtin<typeof FileSystem>('node:fs/promises')
  if (files === undefined) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `"${label}" is a path, and there is no file system here. Give a URL, File or Uint8Array.`,
    )
  }
  let file: FileSystem.FileHandle
  try {
    file = await files.open(path, 'r')
  } catch (cause) {
    throw fileError(cause, label)
  }
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** The size of an open file, and a validator that every version of it has for itself. */
export async function fileStat(file: FileSystem.FileHandle, label: string): Promise<Required<ObjectStat>> {
  const stat = await file.stat({ bigint: true })
  if (stat.isDirectory()) {
    throw new LakefrontError('UNSUPPORTED', `"${label}" is a directory. Name the files in it.`, {
      details: { source: label },
    })
  }
  return { size: Number(stat.size), etag: `${stat.size}-${stat.mtimeNs}-${stat.ino}` }
}

export async function readFully(
  file: FileSystem.FileHandle,
  { label, start, end }: { label: string; start: number; end: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start)
  let offset = 0
  while (offset < bytes.length) {
    const { bytesRead } = await file.read(bytes, offset, bytes.length - offset, start + offset)
    if (bytesRead === 0) throw sourceChanged(label)
    offset += bytesRead
  }
  return bytes
}

/** What the error of a system call means. */
export function fileError(cause: unknown, label: string): LakefrontError {
  const code = (cause as { code?: string }).code
  const details = { source: label }
  if (code === 'ERR_INVALID_ARG_VALUE') {
    return new LakefrontError('INVALID_ARGUMENT', `${JSON.stringify(label)} is not the name of a file.`, {
      details,
      cause,
    })
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new LakefrontError('NOT_FOUND', `There is no file "${label}".`, { details, cause })
  }
  if (code === 'ELOOP') {
    return new LakefrontError('NOT_FOUND', `There is no file "${label}": its symbolic links lead round in a circle.`, {
      details,
      cause,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new LakefrontError('PERMISSION_DENIED', `The file "${label}" may not be read.`, { details, cause })
  }
  return new LakefrontError('NETWORK', `The file "${label}" cannot be opened: ${code ?? String(cause)}.`, {
    details,
    cause,
  })
}

/** The path of a `file:` URL. */
export function pathOf(url: string): string {
  try {
    return builtin<typeof Url>('node:url')?.fileURLToPath(url) ?? url
  } catch (cause) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${url}" is not a usable file: URL; it needs an absolute path, as in "file:///data/a.parquet".`,
      { cause },
    )
  }
}
