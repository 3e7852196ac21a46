import { isLakefrontError, LakefrontError } from '../errors.ts'
import { chunksOf } from './chunks.ts'
import { hiddenHeader } from './cors-diagnosis.ts'
import { contentRange, declaredLength } from './http-answer.ts'
import type { HttpOptions } from './http.ts'
import { networkFailed } from './http-errors.ts'
import { Link } from './link.ts'
import { checkRange, checkUnchanged, sourceChanged } from './range.ts'
import { readBody } from './read-body.ts'
import type { Attempt } from './retry.ts'
import { nothing, StoreClient } from './store-client.ts'
import type { S3Access } from './s3-access.ts'
import { amazonDialect, googleDialect } from './s3-dialect.ts'
import type { S3Dialect } from './s3-dialect.ts'
import { failureInBody } from './store-failure.ts'
import { PartsInMemory } from './parts-in-memory.ts'
import { cutBody } from './upload-parts.ts'
import { s3Encode } from './s3-sign.ts'
import { sha256Base64, uploadParts } from './s3-upload.ts'
import type { Upload } from './s3-upload.ts'
import { element, elements, escaped, modifiedAt } from './store-xml.ts'
import { accessOf, isGoogle, objectUrl, s3Source } from './s3.ts'
import type { S3Options } from './s3.ts'
import { cannot, checkConditions, preconditionFailed, writeStateUnknown } from './storage-errors.ts'
import { checkKey, checkPrefix, compareKeys } from './storage-key.ts'
import type {
  ByteSource,
  ListEntry,
  ListOptions,
  ObjectStat,
  Storage,
  StorageAbilities,
  StorageReadOptions,
  StoredBytes,
  WriteOptions,
  WrittenObject,
} from './storage.ts'

export interface S3StorageOptions extends S3Options {
  /** Shared with other sources of the same server. */
  readonly s3Access?: S3Access
  /** Bytes of a part of an upload. Default 8 MiB, 5 where memory is small; stores take no less than 5 MiB, and no more than 10,000 parts. */
  readonly partBytes?: number
  /** Where parts in memory are counted. */
  readonly uploads?: PartsInMemory
  /** Keys in a page of a list. Default: as many as the store gives, mostly 1,000. */
  readonly pageKeys?: number
}

/** Bodies up to this are one request: a condition then holds in every store that knows conditions at all. */
const largestSingle = 64 * 1024 * 1024

/** What stores take in one request to remove several. */
const removedAtOnce = 1000

/** Objects below `s3://bucket/prefix/`, in AWS S3, R2, MinIO-likes, and in Google's store under its S3 interface. */
export function s3Storage(url: string, options: S3StorageOptions = {}, http: HttpOptions = {}): Storage {
  return new S3Storage(url, options, http)
}

class S3Storage implements Storage {
  readonly label: string
  readonly abilities: StorageAbilities
  readonly uploads: PartsInMemory
  readonly #bucket: string
  readonly #prefix: string
  readonly #options: S3StorageOptions
  readonly #http: HttpOptions
  readonly #access: S3Access
  readonly #dialect: S3Dialect
  readonly #client: StoreClient

  constructor(url: string, options: S3StorageOptions, http: HttpOptions) {
    const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:\/(.*))?$/is.exec(url) ?? []
    if (bucket === undefined) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `"${url.split('?')[0]}" is not a place in S3; it looks like "s3://bucket/folder/".`,
      )
    }
    this.#bucket = bucket
    this.#prefix = path === '' || path.endsWith('/') ? path : `${path}/`
    checkPrefix(this.#prefix)
    this.label = `s3://${bucket}/${this.#prefix}`
    this.#options = options
    this.uploads = options.uploads ?? new PartsInMemory()
    this.#dialect = isGoogle(options) ? googleDialect : amazonDialect
    const abilities = { writes: true, conditions: true, lists: true, copiesItself: true }
    this.abilities = isGoogle(options) ? { ...abilities, conditionalStreams: false } : abilities
    this.#access = options.s3Access ?? accessOf(options)
    const { link = new Link(), retry, stallMilliseconds, fetch } = http
    this.#http = { ...http, link }
    this.#client = new StoreClient({
      bucket,
      urlOf: (key) => objectUrl(bucket, key, options),
      access: this.#access,
      link,
      ...(retry === undefined ? {} : { retry }),
      ...(stallMilliseconds === undefined ? {} : { stallMilliseconds }),
      ...(fetch === undefined ? {} : { fetch }),
    })
  }

  async stat(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<ObjectStat> {
    const named = this.#named(key)
    signal?.throwIfAborted()
    return this.#client.send({ ...named, method: 'HEAD', signal }, async (response) => {
      const size = declaredLength(response)
      if (size === undefined) throw hiddenHeader(named.label, 'Content-Length', 'the size of the object with it')
      return this.#stat(size, response)
    })
  }

  async read(key: string, options: StorageReadOptions = {}): Promise<StoredBytes> {
    const { start = 0, end, ifMatch, signal } = options
    const named = this.#named(key)
    checkRange({ label: named.label, size: Infinity }, start, end ?? start)
    signal?.throwIfAborted()
    if (start === end) return this.#readNothing(key, { ...options, start })
    const isRange = start > 0 || end !== undefined
    const headers = {
      ...(isRange ? { range: `bytes=${start}-${end === undefined ? '' : end - 1}` } : {}),
      ...(ifMatch === undefined ? {} : this.#dialect.condition({ ifMatch })),
    }
    try {
      return await this.#client.send({ ...named, method: 'GET', headers, signal }, async (response, attempt) => {
        const bytes = await this.#body(named.label, response, attempt)
        const range = contentRange(response)
        const size = response.status === 206 ? range?.total : bytes.length
        if (size === undefined) throw hiddenHeader(named.label, 'Content-Range', 'the size of the object with it')
        const stat = this.#stat(size, response)
        checkUnchanged(named.label, stat.etag, ifMatch)
        checkRange({ label: named.label, size }, start, end ?? size)
        const from = response.status === 206 ? range!.start : 0
        return { ...stat, bytes: bytes.subarray(start - from, (end ?? size) - from) }
      })
    } catch (error) {
      if (isLakefrontError(error, 'PRECONDITION_FAILED')) throw sourceChanged(named.label)
      throw error
    }
  }

  /** An empty range cannot be said in HTTP. */
  async #readNothing(
    key: string,
    { start, ifMatch, signal }: StorageReadOptions & { readonly start: number },
  ): Promise<StoredBytes> {
    const stat = await this.stat(key, signal === undefined ? {} : { signal })
    const label = this.label + key
    checkUnchanged(label, stat.etag, ifMatch)
    checkRange({ label, size: stat.size }, start, start)
    return { ...stat, bytes: new Uint8Array() }
  }

  open(key: string): ByteSource {
    checkKey(key)
    return s3Source(this.label + key, this.#options, { ...this.#http, s3Access: this.#access })
  }

  async write(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options: WriteOptions = {},
  ): Promise<WrittenObject> {
    const named = this.#named(key)
    checkConditions(options)
    const { signal, contentType = 'application/octet-stream', resume = false } = options
    signal?.throwIfAborted()
    if (body instanceof Uint8Array && body.length <= largestSingle) return this.#put(named, body, options)
    const cut = { partBytes: this.#options.partBytes ?? this.uploads.partBytes, inMemory: this.uploads }
    const found = await cutBody(chunksOf(body, signal), cut)
    if ('whole' in found) return this.#put(named, found.whole.bytes, options).finally(found.whole.done)
    try {
      if (this.#dialect === googleDialect && (options.ifMatch ?? options.ifNoneMatch) !== undefined) {
        throw cannot(
          named.label,
          'cannot be written under a condition as a stream: Google’s store has none for uploads in parts. Give the bytes at once',
        )
      }
      const uploaded = await uploadParts(this.#client, named, found.parts, {
        ...cut,
        dialect: this.#dialect,
        condition: this.#dialect.condition(options),
        contentType,
        resume,
        signal,
      })
      return await this.#settle(named, options, uploaded)
    } finally {
      await found.parts.close()
    }
  }

  async *list({ prefix = '', delimiter, startAfter, signal }: ListOptions = {}): AsyncGenerator<ListEntry> {
    checkPrefix(prefix)
    signal?.throwIfAborted()
    const { pageKeys } = this.#options
    const query = {
      'list-type': '2',
      'encoding-type': 'url',
      prefix: this.#prefix + prefix,
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(startAfter === undefined ? {} : { 'start-after': this.#prefix + startAfter }),
      ...(pageKeys === undefined ? {} : { 'max-keys': String(pageKeys) }),
    }
    const request = { method: 'GET', key: '', label: this.label, signal } as const
    for (let token: string | undefined; ;) {
      const page = await this.#client.send(
        { ...request, query: { ...query, ...(token === undefined ? {} : { 'continuation-token': token }) } },
        async (response, attempt) => new TextDecoder().decode(await this.#body(this.label, response, attempt)),
      )
      for (const entry of this.#entries(page)) {
        signal?.throwIfAborted()
        yield entry
      }
      token = element(page, 'IsTruncated') === 'true' ? element(page, 'NextContinuationToken') : undefined
      if (token === undefined) return
    }
  }

  async remove(keys: string | readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const all = typeof keys === 'string' ? [keys] : keys
    for (const key of all) checkKey(key)
    signal?.throwIfAborted()
    // A signed URL allows what its address says, and the keys of a batch are not in the address.
    const isBatch = all.length > 2 && !this.#client.isByUrl && this.#dialect.removesBatches
    if (!isBatch) {
      await Promise.all(
        all.map((key) => this.#client.send({ ...this.#named(key), method: 'DELETE', accepts: [404], signal }, nothing)),
      )
      return
    }
    for (let start = 0; start < all.length; start += removedAtOnce) {
      await this.#removeBatch(all.slice(start, start + removedAtOnce), signal)
    }
  }

  async copy(from: string, to: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<WrittenObject> {
    const [source, target] = [this.#named(from), this.#named(to)]
    signal?.throwIfAborted()
    const path = `/${this.#bucket}/${source.key.split('/').map(s3Encode).join('/')}`
    const headers = { [`${this.#dialect.prefix}-copy-source`]: path }
    await this.#client.send({ ...target, method: 'PUT', headers, signal }, async (response) => {
      const failed = failureInBody(source.label, await response.text())
      if (failed !== undefined) throw failed
    })
    return this.stat(to, signal === undefined ? {} : { signal })
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #named(key: string): { readonly key: string; readonly label: string } {
    checkKey(key)
    return { key: this.#prefix + key, label: this.label + key }
  }

  async #put(
    named: { readonly key: string; readonly label: string },
    body: Uint8Array,
    options: WriteOptions,
  ): Promise<WrittenObject> {
    const { contentType = 'application/octet-stream', signal } = options
    const fate = { isUncertain: false }
    const headers = {
      'content-type': contentType,
      ...this.#dialect.condition(options),
      ...(this.#dialect.checksums ? { 'x-amz-checksum-sha256': await sha256Base64(body) } : {}),
    }
    const sending = this.#client.send(
      { ...named, method: 'PUT', headers, body, signal, fate },
      async (response): Promise<WrittenObject> => {
        await nothing(response)
        return this.#stat(body.length, response)
      },
    )
    return this.#settle(named, options, { sending, fate, size: body.length, tail: body, isInParts: false })
  }

  /** What a write comes to: its errors in the words of storage, and an answer that was lost looked for in the store. */
  async #settle(
    { key, label }: { readonly key: string; readonly label: string },
    options: WriteOptions,
    write: Upload,
  ): Promise<WrittenObject> {
    try {
      return await write.sending
    } catch (error) {
      options.signal?.throwIfAborted()
      const hasCondition = options.ifMatch !== undefined || options.ifNoneMatch !== undefined
      const code = isLakefrontError(error) ? error.code : undefined
      const isRefused = code === 'PRECONDITION_FAILED' || (code === 'NOT_FOUND' && options.ifMatch !== undefined)
      if (isRefused && !write.fate.isUncertain) throw preconditionFailed(label, options, error)
      // Whatever a later try was answered says nothing of one that was not.
      if (!write.fate.isUncertain || !(hasCondition || write.isInParts)) throw error
      const found = await this.#found(key, write).catch(() => undefined)
      if (found !== undefined) return found
      if (!hasCondition) throw error
      throw writeStateUnknown(label, 'got no answer, and what is there now does not tell whether it happened', error)
    }
  }

  /** The object as it is now, when it is just what was written. */
  async #found(key: string, { size, tail }: Upload): Promise<ObjectStat | undefined> {
    const own = key.slice(this.#prefix.length)
    const stat = await this.stat(own)
    if (stat.size !== size) return undefined
    const { bytes, etag } = await this.read(own, { start: size - tail.length, end: size })
    return etag === stat.etag && tail.every((byte, index) => byte === bytes[index]) ? stat : undefined
  }

  async #removeBatch(keys: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const objects = keys.map((key) => `<Object><Key>${escaped(this.#prefix + key)}</Key></Object>`).join('')
    const body = new TextEncoder().encode(
      `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${objects}</Delete>`,
    )
    const headers = { 'content-type': 'application/xml', 'x-amz-checksum-sha256': await sha256Base64(body) }
    const request = {
      method: 'POST',
      key: '',
      label: this.label,
      query: { delete: '' },
      headers,
      body,
      signal,
    } as const
    const answer = await this.#client.send(request, (response) => response.text())
    const refusals = elements(answer, 'Error').filter((error) => element(error, 'Code') !== 'NoSuchKey')
    if (refusals.length === 0) return
    const [first] = refusals
    const code = element(first!, 'Code') ?? 'no reason given'
    throw new LakefrontError(
      code === 'AccessDenied' ? 'PERMISSION_DENIED' : 'NETWORK',
      `${refusals.length} of ${keys.length} objects below "${this.label}" were not removed, among them "${element(first!, 'Key')}": ${code}.`,
      { details: { source: this.label, storeCode: code } },
    )
  }

  *#entries(page: string): Generator<ListEntry> {
    const isEncoded = element(page, 'EncodingType') === 'url'
    // Amazon encodes a space as a plus here.
    const keyOf = (text: string): string =>
      (isEncoded ? decodeURIComponent(text.replaceAll('+', '%20')) : text).slice(this.#prefix.length)
    const entries: ListEntry[] = elements(page, 'Contents').map((object) => {
      const etag = element(object, this.#dialect.listedVersion)
      const key = keyOf(element(object, 'Key') ?? '')
      const modified = modifiedAt(element(object, 'LastModified'))
      return {
        kind: 'object',
        key,
        size: Number(element(object, 'Size')),
        ...modified,
        ...(etag === undefined ? {} : { etag }),
      }
    })
    for (const folder of elements(page, 'CommonPrefixes'))
      entries.push({ kind: 'folder', key: keyOf(element(folder, 'Prefix') ?? '') })
    // Folders that were made by hand are objects whose key ends in a slash.
    yield* entries
      .filter(({ kind, key }) => key !== '' && (kind === 'folder' || !key.endsWith('/')))
      .sort((a, b) => compareKeys(a.key, b.key))
  }

  async #body(label: string, response: Response, { signal, alive }: Attempt): Promise<Uint8Array> {
    const declared = declaredLength(response)
    try {
      const bytes = await readBody(response, declared ?? Infinity, alive)
      if (declared === undefined || bytes.length === declared) return bytes
      throw networkFailed(label, `sent ${bytes.length} of ${declared} bytes`)
    } catch (cause) {
      signal.throwIfAborted()
      throw isLakefrontError(cause) ? cause : networkFailed(label, 'broke off its answer', cause)
    }
  }

  #stat(size: number, response: Response): ObjectStat {
    const etag = response.headers.get(this.#dialect.versionHeader)
    return etag === null ? { size } : { size, etag }
  }
}
