import { LakefrontError } from '../errors.ts'
import { azureStorage } from './azure-storage.ts'
import type { AzureOptions } from './azure-storage.ts'
import { fileStorage } from './file-storage.ts'
import { hasFileSystem } from './file.ts'
import { httpSource } from './http.ts'
import type { HttpOptions } from './http.ts'
import { httpStorage } from './http-storage.ts'
import { keptFolderStorage } from './kept-folder-storage.ts'
import { memoryStorage } from './memory-storage.ts'
import { opfsStorage } from './opfs.ts'
import type { PartsInMemory } from './parts-in-memory.ts'
import { r2Place } from './r2-storage.ts'
import type { R2Buckets } from './r2-storage.ts'
import { s3Storage } from './s3-storage.ts'
import type { S3StorageOptions } from './s3-storage.ts'
import { objectUrl } from './s3.ts'
import type { ByteSource, Storage } from './storage.ts'

export interface PlaceOptions {
  /** Opens what is below `http:` and `https:` URLs. Default: each by itself, nothing kept. */
  readonly openUrl?: (url: string, options: Pick<HttpOptions, 'label'>) => ByteSource
  /** Where `s3:` is. Default: AWS, public objects. */
  readonly s3?: S3StorageOptions
  /** Where `az:` is. Without it there is none. */
  readonly azure?: AzureOptions
  /** What `r2:` names. Without it there is nothing there. */
  readonly r2?: R2Buckets
  /** Where parts of uploads in memory are counted. */
  readonly uploads?: PartsInMemory
  /** How requests to the server of an URL are made. */
  readonly s3Http?: (url: string) => HttpOptions
  readonly azureHttp?: (url: string) => HttpOptions
}

/** The storage below a URL: `memory:`, `file:`, `opfs:`, `folder:`, `s3:`, `az:`, `r2:`, `http:`, `https:`, or a path where there is a file system. */
export function openPlace(url: string, options: PlaceOptions = {}): Storage {
  const counted = options.uploads === undefined ? {} : { uploads: options.uploads }
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase()
  switch (scheme) {
    case 'memory':
      return memoryStorage(url)
    case 'http':
    case 'https':
      return httpStorage(url, options.openUrl ?? httpSource)
    case 'file':
      return fileStorage(url)
    case 'opfs':
      return opfsStorage(url)
    case 'folder':
      return keptFolderStorage(url)
    case 'r2':
      return r2Place(url, options.r2, options.uploads)
    case 'az':
      if (options.azure !== undefined)
        return azureStorage(url, { ...options.azure, ...counted }, options.azureHttp?.(options.azure.endpoint))
      break
    case 's3':
      return s3Storage(url, { ...options.s3, ...counted }, options.s3Http?.(bucketUrl(url, options.s3)))
    case undefined:
      if (url !== '' && hasFileSystem()) return fileStorage(url)
  }
  throw new LakefrontError(
    'UNSUPPORTED',
    `"${url.split(/[?#]/, 1)[0]}" is not a place that files can be kept in. Supported: memory:, file:, opfs:, folder:, s3:, az: (with its endpoint), r2: (with its buckets), https: (for reading), and a path where there is a file system.`,
    { details: { scheme } },
  )
}

function bucketUrl(url: string, options: S3StorageOptions = {}): string {
  const bucket = /^s3:\/\/([^/]+)/i.exec(url)?.[1] ?? 'none'
  return objectUrl(bucket, '', options)
}
