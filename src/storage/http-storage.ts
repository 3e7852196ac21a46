import { LakefrontError } from '../errors.ts'
import type { HttpOptions } from './http.ts'
import { cannot } from './storage-errors.ts'
import { checkKey } from './storage-key.ts'
import type {
  ByteSource,
  ListEntry,
  ObjectStat,
  Storage,
  StorageAbilities,
  StorageReadOptions,
  StoredBytes,
  WrittenObject,
} from './storage.ts'

/** What is below a URL, for reading: HTTP by itself has neither lists nor writes that everybody understands. */
export function httpStorage(
  url: string,
  openUrl: (url: string, options: Pick<HttpOptions, 'label'>) => ByteSource,
): Storage {
  return new HttpStorage(url, openUrl)
}

class HttpStorage implements Storage {
  readonly label: string
  readonly abilities: StorageAbilities = { writes: false, conditions: false, lists: false, copiesItself: false }
  readonly #url: URL
  readonly #openUrl: (url: string, options: Pick<HttpOptions, 'label'>) => ByteSource

  constructor(url: string, openUrl: (url: string, options: Pick<HttpOptions, 'label'>) => ByteSource) {
    if (!URL.canParse(url)) throw new LakefrontError('INVALID_ARGUMENT', `"${url.split('?')[0]}" is not a valid URL.`)
    this.#url = new URL(url)
    if (!this.#url.pathname.endsWith('/')) this.#url.pathname += '/'
    this.label = this.#url.origin + this.#url.pathname
    this.#openUrl = openUrl
  }

  async stat(key: string, options: { readonly signal?: AbortSignal } = {}): Promise<ObjectStat> {
    return this.open(key).stat(options)
  }

  async read(key: string, { start = 0, end, ifMatch, signal }: StorageReadOptions = {}): Promise<StoredBytes> {
    const source = this.open(key)
    const options = signal === undefined ? {} : { signal }
    const stat = await source.stat(options)
    const pin = ifMatch ?? stat.etag
    const bytes = await source.read(start, end ?? stat.size, {
      ...options,
      ...(pin === undefined ? {} : { ifMatch: pin }),
    })
    return { ...stat, bytes }
  }

  open(key: string): ByteSource {
    checkKey(key)
    const url = new URL(this.#url)
    url.pathname += key.split('/').map(encodeURIComponent).join('/')
    return this.#openUrl(url.href, { label: this.label + key })
  }

  async write(key: string): Promise<WrittenObject> {
    checkKey(key)
    throw this.#cannotWrite()
  }

  // oxlint-disable-next-line require-yield
  async *list(): AsyncGenerator<ListEntry> {
    throw cannot(
      this.label,
      'cannot be listed: HTTP has no lists. Name the files, or use the store behind it by its own scheme, such as s3:',
    )
  }

  async remove(keys: string | readonly string[]): Promise<void> {
    for (const key of typeof keys === 'string' ? [keys] : keys) checkKey(key)
    throw this.#cannotWrite()
  }

  async copy(from: string, to: string): Promise<WrittenObject> {
    checkKey(from)
    checkKey(to)
    throw this.#cannotWrite()
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #cannotWrite(): LakefrontError {
    return cannot(
      this.label,
      'cannot be written: over http: and https: files are only read. Write to s3:, opfs: or a folder on disk',
    )
  }
}
