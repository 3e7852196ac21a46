import { LakefrontError } from '../errors.ts'
import { blobSource } from './blob.ts'
import { fileSource, hasFileSystem } from './file.ts'
import { httpSource } from './http.ts'
import { keptFolderStorage } from './kept-folder-storage.ts'
import { memorySource } from './memory.ts'
import { nameInPlace } from './name-in-place.ts'
import { opfsSource } from './opfs.ts'
import { s3Source } from './s3.ts'
import type { ByteSource, Storage } from './storage.ts'

export interface OpenOptions {
  /** What relative URLs are relative to. Without it, names without a scheme are paths where there is a file system. */
  readonly baseUrl?: string
  /** Opens `http:` and `https:` URLs. Default: each by itself, nothing kept. */
  readonly openUrl?: (url: string) => ByteSource
  /** Opens `s3:` URLs. Default: public objects of AWS. */
  readonly openS3?: (reference: string) => ByteSource
  /** What errors call bytes and blobs, which have no name of their own. */
  readonly name?: string | undefined
  /** Opens what `memory:`, `az:` and `r2:` URLs are in. Default: there is none. */
  readonly openPlace?: (url: string) => Storage
}

/** The bytes a reference means: `http:`, `https:`, `s3:`, `az:`, `r2:`, `opfs:`, `folder:`, `memory:` and `file:` URLs, paths where there is a file system, blobs, byte arrays. */
export function openByteSource(reference: string | Blob | Uint8Array, options: OpenOptions = {}): ByteSource {
  if (reference instanceof Uint8Array) return memorySource(reference, options.name)
  if (typeof reference !== 'string') return blobSource(reference, options.name)
  const scheme = schemeOf(reference)
  switch (scheme) {
    case 'http':
    case 'https':
      return (options.openUrl ?? httpSource)(checkedUrl(reference))
    case 'file':
      return fileSource(reference)
    case 's3':
      return (options.openS3 ?? s3Source)(reference)
    case 'opfs':
      return opfsSource(reference)
    case 'folder': {
      const { place, key } = nameInPlace(reference)
      return keptFolderStorage(place).open(key)
    }
    case undefined:
      return openRelative(reference, options)
    case 'memory':
    case 'az':
    case 'r2':
      if (options.openPlace !== undefined) {
        const { place, key } = nameInPlace(reference)
        return options.openPlace(place).open(key)
      }
  }
  throw new LakefrontError(
    'UNSUPPORTED',
    `"${scheme}:" is not a place files can be read from. Supported: https:, http:, s3:, az:, r2:, opfs:, folder:, memory:, file:, a path, a File or Blob, a Uint8Array. For other object stores give a signed https URL.`,
    { details: { scheme } },
  )
}

function openRelative(reference: string, options: OpenOptions): ByteSource {
  if (reference === '') throw new LakefrontError('INVALID_ARGUMENT', 'The name of a file is empty.')
  if (options.baseUrl === undefined && hasFileSystem()) return fileSource(reference)
  const base = options.baseUrl ?? (globalThis as { location?: { href?: string } }).location?.href
  if (base === undefined) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `"${reference}" is a path, and there is no file system here. Give a URL, File or Uint8Array.`,
    )
  }
  return (options.openUrl ?? httpSource)(checkedUrl(reference, base))
}

/** The scheme of a URL; a single letter is a Windows drive. */
function schemeOf(reference: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):/i.exec(reference)?.[1]?.toLowerCase()
}

function checkedUrl(reference: string, base?: string): string {
  try {
    return new URL(reference, base).href
  } catch (cause) {
    throw new LakefrontError('INVALID_ARGUMENT', `"${reference.split('?')[0]}" is not a valid URL.`, { cause })
  }
}
