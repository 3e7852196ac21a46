import type { AzureOptions } from './azure-storage.ts'
import { cachedSource } from './range-cache.ts'
import type { FetchLimit } from './fetch-scope.ts'
import { httpSource } from './http.ts'
import type { HttpOptions, NetworkSource } from './http.ts'
import { Link } from './link.ts'
import { MemoryRanges } from './memory-ranges.ts'
import { memoryObjects, memoryStorage } from './memory-storage.ts'
import { openPlace } from './open-place.ts'
import { expandGlob } from './glob.ts'
import { openByteSource } from './open.ts'
import { opfsBlocks } from './opfs-blocks.ts'
import { PartsInMemory } from './parts-in-memory.ts'
import type { R2Buckets } from './r2-storage.ts'
import type { RangeStore } from './range-store.ts'
import type { RenewUrl } from './renewable-url.ts'
import type { RetryOptions } from './retry.ts'
import type { CredentialsProvider, S3Access, SignRequests } from './s3-access.ts'
import type { S3Credentials } from './s3-sign.ts'
import { accessOf, s3Source, s3Url } from './s3.ts'
import type { S3Options } from './s3.ts'
import type { ByteSource, Storage } from './storage.ts'

/** How a session reads files. Plain data. */
export interface StorageOptions {
  /** What relative URLs are relative to. Without it, names without a scheme are paths where there is a file system. */
  readonly baseUrl?: string
  /** Bytes of fetched ranges kept in memory. Default 64 MB. */
  readonly memoryBytes?: number
  /** What that default must not exceed. */
  readonly mostMemoryBytes?: number
  /** Bytes of fetched ranges kept beyond the session, in the browser's own files; 0, the default, for none. */
  readonly persistentBytes?: number
  /** What each statement may fetch that has no limit of its own. */
  readonly fetchLimit?: FetchLimit
  /** For how long a file is taken to be what it was, without asking its server. Default 0: each statement asks once. */
  readonly revalidateSeconds?: number
  readonly retry?: RetryOptions
  readonly stallMilliseconds?: number
  /** Where `s3:` URLs are. Its functions are {@link StorageCalls}. */
  readonly s3?: Omit<S3Options, 'sign' | 'credentials'> & { readonly credentials?: S3Credentials }
  /** Where `az:` URLs are. Its functions are {@link StorageCalls}. */
  readonly azure?: Omit<AzureOptions, 'sas'> & { readonly sas?: string }
  /** Which of the {@link StorageCalls} are there. */
  readonly asks?: readonly Exclude<keyof StorageCalls, 'r2'>[]
}

/** What a session's storage asks of its application. */
export interface StorageCalls {
  readonly renewUrl?: RenewUrl
  readonly s3Credentials?: CredentialsProvider
  readonly s3Sign?: SignRequests
  readonly azureSas?: () => Promise<string>
  /** Buckets, which cannot be sent to another thread. */
  readonly r2?: R2Buckets
}

/** Where all files of a session are opened, so that they share what is kept of them and the ways to their servers. */
export interface SessionStorage {
  open(reference: string | Blob | Uint8Array, name?: string): ByteSource
  /**
   * The folder, bucket or prefix of a URL or path, whether it ends in `/` or not: by the same ways to servers, credentials and tries as what
   * is opened. `memory:` is one store per session. Fails with `UNSUPPORTED` for what is no place.
   */
  place(url: string): Storage
  /** The files that a pattern means, or the one that a name means; see {@link expandGlob}. */
  expand(reference: string, options?: { readonly signal?: AbortSignal }): Promise<readonly string[]>
  /** Bytes of `memory:`. */
  readonly storedBytes: number
  /** What is kept in memory of files on other computers. */
  readonly memoryBytes: number
  close(): Promise<void>
}

const defaultMemoryBytes = 64_000_000

/** Sources that are in use, by URL, are looked for when this many were opened since the last time. */
const sweepEvery = 1000

/** @param uploads Where parts of uploads in memory are counted. */
export function openStorage(
  options: StorageOptions = {},
  calls: StorageCalls = {},
  uploads: PartsInMemory = new PartsInMemory(),
): SessionStorage {
  return new SharedStorage(options, calls, uploads)
}

class SharedStorage implements SessionStorage {
  readonly #options: StorageOptions
  readonly #calls: StorageCalls
  readonly #uploads: PartsInMemory
  readonly #memory: MemoryRanges
  readonly #s3: S3Options
  readonly #access: S3Access
  readonly #links = new Map<string, Link>()
  readonly #sources = new Map<string, WeakRef<ByteSource>>()
  readonly #azurePlaces = new Map<string, Storage>()
  readonly #objects = memoryObjects()
  readonly #azure: AzureOptions | undefined
  readonly #store: RangeStore | undefined
  #opened = 0

  constructor(options: StorageOptions, calls: StorageCalls, uploads: PartsInMemory) {
    this.#options = options
    this.#calls = calls
    this.#uploads = uploads
    this.#memory = new MemoryRanges(
      options.memoryBytes ?? Math.min(defaultMemoryBytes, options.mostMemoryBytes ?? Infinity),
    )
    const { s3Credentials, s3Sign, azureSas } = calls
    this.#s3 = {
      ...options.s3,
      ...(s3Credentials === undefined ? {} : { credentials: s3Credentials }),
      ...(s3Sign === undefined ? {} : { sign: s3Sign }),
    }
    this.#access = accessOf(this.#s3)
    this.#azure =
      options.azure === undefined || azureSas === undefined ? options.azure : { ...options.azure, sas: azureSas }
    const { persistentBytes = 0 } = options
    this.#store = persistentBytes > 0 ? opfsBlocks(persistentBytes) : undefined
  }

  open(reference: string | Blob | Uint8Array, name?: string): ByteSource {
    const { baseUrl } = this.#options
    return openByteSource(reference, {
      name,
      ...(baseUrl === undefined ? {} : { baseUrl }),
      openUrl: (url) => this.#shared(url, () => httpSource(url, this.#httpOptions(url))),
      openS3: (name) => this.#shared(name, () => this.#openS3(name)),
      openPlace: (url) => this.place(url),
    })
  }

  place(url: string): Storage {
    const full = this.#absolute(url)
    const place = this.#azurePlaces.get(full) ?? this.#openPlace(full)
    // The signature that was asked for is kept with the place.
    if (/^az:/i.test(full)) this.#azurePlaces.set(full, place)
    return place
  }

  #openPlace(url: string): Storage {
    if (/^memory:/i.test(url)) return memoryStorage(url, this.#objects)
    return openPlace(url, {
      openUrl: (file, label) => this.#shared(file, () => httpSource(file, { ...this.#httpOptions(file), ...label })),
      uploads: this.#uploads,
      s3: { ...this.#s3, s3Access: this.#access },
      s3Http: (bucket) => this.#signedHttp(bucket),
      ...(this.#calls.r2 === undefined ? {} : { r2: this.#calls.r2 }),
      ...(this.#azure === undefined ? {} : { azure: this.#azure, azureHttp: (host) => this.#signedHttp(host) }),
    })
  }

  expand(reference: string, options: { readonly signal?: AbortSignal } = {}): Promise<readonly string[]> {
    const { baseUrl } = this.#options
    return expandGlob(reference, {
      ...options,
      ...(baseUrl === undefined ? {} : { baseUrl }),
      openPlace: (url) => this.place(url),
    })
  }

  get storedBytes(): number {
    return this.#objects.bytes
  }

  get memoryBytes(): number {
    return this.#memory.bytes
  }

  async close(): Promise<void> {
    this.#sources.clear()
    await this.#store?.close()
  }

  /** The same URL is the same source for as long as anybody holds it. */
  #shared(url: string, open: () => NetworkSource): ByteSource {
    const known = this.#sources.get(url)?.deref()
    if (known !== undefined) return known
    if (this.#opened++ % sweepEvery === 0) this.#sweep()
    const { revalidateSeconds } = this.#options
    const source = cachedSource(open(), {
      memory: this.#memory,
      ...(this.#store === undefined ? {} : { store: this.#store }),
      ...(revalidateSeconds === undefined ? {} : { revalidateSeconds }),
    })
    this.#sources.set(url, new WeakRef(source))
    return source
  }

  /** Names of pages are relative to the page. */
  #absolute(url: string): string {
    const { baseUrl } = this.#options
    return baseUrl === undefined || /^[a-z][a-z0-9+.-]+:/i.test(url) ? url : new URL(url, baseUrl).href
  }

  #openS3(reference: string): NetworkSource {
    return s3Source(reference, this.#s3, { ...this.#signedHttp(s3Url(reference, this.#s3)), s3Access: this.#access })
  }

  /** Signed requests are renewed by signing them again. */
  #signedHttp(url: string): HttpOptions {
    const { renew: _, ...options } = this.#httpOptions(url)
    return options
  }

  #httpOptions(url: string): HttpOptions {
    const { retry, stallMilliseconds } = this.#options
    const { renewUrl } = this.#calls
    return {
      link: this.#link(new URL(url).origin),
      ...(retry === undefined ? {} : { retry }),
      ...(stallMilliseconds === undefined ? {} : { stallMilliseconds }),
      ...(renewUrl === undefined ? {} : { renew: renewUrl }),
    }
  }

  #link(origin: string): Link {
    const link = this.#links.get(origin) ?? new Link()
    this.#links.set(origin, link)
    return link
  }

  #sweep(): void {
    for (const [url, source] of this.#sources) if (source.deref() === undefined) this.#sources.delete(url)
  }
}
