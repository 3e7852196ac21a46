import { LakefrontError } from '../errors.ts'
import { chunksOf } from './chunks.ts'
import { checkRange, checkUnchanged, sourceChanged } from './range.ts'
import { PartsInMemory } from './parts-in-memory.ts'
import { cutBody } from './upload-parts.ts'
import type { Parts } from './upload-parts.ts'
import { cannot, checkConditions, missing, preconditionFailed } from './storage-errors.ts'
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
import { storedSource } from './stored-source.ts'

/** The part of a Worker's R2 binding that is used (https://developers.cloudflare.com/r2/api/workers/workers-api-reference/). */
export interface R2Bucket {
  head(key: string): Promise<R2Object | null>
  get(key: string, options?: R2GetOptions): Promise<R2Body | R2Object | null>
  put(key: string, value: Uint8Array, options?: R2PutOptions): Promise<R2Object | null>
  delete(keys: string | string[]): Promise<void>
  list(options?: R2ListOptions): Promise<R2List>
  createMultipartUpload(key: string, options?: Pick<R2PutOptions, 'httpMetadata'>): Promise<R2Upload>
}

interface R2Object {
  readonly key: string
  readonly size: number
  readonly httpEtag: string
  readonly uploaded: Date
}

interface R2Body extends R2Object {
  arrayBuffer(): Promise<ArrayBuffer>
}

interface R2Condition {
  readonly etagMatches?: string
  readonly etagDoesNotMatch?: string
}

interface R2GetOptions {
  readonly range?: { readonly offset: number; readonly length?: number }
  readonly onlyIf?: R2Condition
}

interface R2PutOptions {
  readonly onlyIf?: R2Condition
  readonly httpMetadata?: { readonly contentType: string }
  readonly sha256?: ArrayBuffer
}

interface R2ListOptions {
  readonly prefix: string
  readonly delimiter?: string
  readonly startAfter?: string
  readonly cursor?: string
}

interface R2List {
  readonly objects: readonly R2Object[]
  readonly delimitedPrefixes: readonly string[]
  readonly truncated: boolean
  readonly cursor?: string
}

interface R2Upload {
  uploadPart(number: number, value: Uint8Array): Promise<{ readonly partNumber: number; readonly etag: string }>
  complete(parts: readonly { readonly partNumber: number; readonly etag: string }[]): Promise<R2Object>
  abort(): Promise<void>
}

/** A stream up to this is one write, which conditions hold for; a Worker has 128 MB in all. */
const largestConditional = 32 * 1024 * 1024

/** What is copied at a time. */
const copiedBytes = 8 * 1024 * 1024

/** Objects of a bucket that a Worker is bound to, below a prefix: `r2Storage(env.LAKE, 'lake/')`. */
export function r2Storage(bucket: R2Bucket, prefix = ''): Storage {
  return new R2Storage(bucket, { prefix, root: 'r2:/', uploads: new PartsInMemory() })
}

/** Buckets of a session by the names they have in its URLs: `r2://LAKE/…` is `{ LAKE: env.LAKE }`. */
export type R2Buckets = Readonly<Record<string, R2Bucket>>

/** The place of a URL such as `r2://LAKE/folder/` in one of `buckets`. Fails with `NOT_FOUND` when none has that name. */
export function r2Place(url: string, buckets: R2Buckets = {}, uploads: PartsInMemory = new PartsInMemory()): Storage {
  const [, name = '', prefix = ''] = /^r2:\/\/([^/]*)\/*(.*)$/is.exec(url) ?? []
  if (Object.hasOwn(buckets, name)) return new R2Storage(buckets[name]!, { prefix, root: `r2://${name}/`, uploads })
  const names = Object.keys(buckets)
  const known = names.length === 0 ? 'There are none' : `There are: ${names.join(', ')}`
  throw new LakefrontError(
    'NOT_FOUND',
    `"${url.split(/[?#]/, 1)[0]}" is in no bucket that this session has. ${known}. Give it where the engine is in the same thread: connect({ worker: false, storage: { r2: { ${/^\w+$/.test(name) ? name : 'LAKE'}: env.LAKE } } }), and write r2://LAKE/folder/file.parquet.`,
    { details: { buckets: names } },
  )
}

class R2Storage implements Storage {
  readonly label: string
  readonly abilities: StorageAbilities = { writes: true, conditions: true, lists: true, copiesItself: false }
  readonly uploads: PartsInMemory
  readonly #bucket: R2Bucket
  readonly #prefix: string

  constructor(
    bucket: R2Bucket,
    { prefix, root, uploads }: { readonly prefix: string; readonly root: string; readonly uploads: PartsInMemory },
  ) {
    this.#bucket = bucket
    this.uploads = uploads
    this.#prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
    checkPrefix(this.#prefix)
    this.label = `${root}${this.#prefix}`
  }

  async stat(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<ObjectStat> {
    checkKey(key)
    signal?.throwIfAborted()
    const object = await this.#bucket.head(this.#prefix + key)
    signal?.throwIfAborted()
    if (object === null) throw missing(this.label + key)
    return statOf(object)
  }

  async read(key: string, { start = 0, end, ifMatch, signal }: StorageReadOptions = {}): Promise<StoredBytes> {
    checkKey(key)
    signal?.throwIfAborted()
    const label = this.label + key
    // A range that is not there is an error without a name, so it is looked at before; the read is pinned to what was seen.
    const stat = await this.stat(key)
    checkUnchanged(label, stat.etag, ifMatch)
    checkRange({ label, size: stat.size }, start, end ?? stat.size)
    const length = (end ?? stat.size) - start
    if (length === 0) return { ...stat, bytes: new Uint8Array() }
    const onlyIf = { etagMatches: unquoted(stat.etag) }
    const object = await this.#bucket.get(this.#prefix + key, { range: { offset: start, length }, onlyIf })
    if (object === null || !('arrayBuffer' in object)) {
      if (ifMatch === undefined)
        return this.read(key, { start, ...(end === undefined ? {} : { end }), ...(signal && { signal }) })
      throw sourceChanged(label)
    }
    const bytes = new Uint8Array(await object.arrayBuffer())
    signal?.throwIfAborted()
    return { ...stat, bytes }
  }

  open(key: string): ByteSource {
    checkKey(key)
    return storedSource(this, key)
  }

  async write(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options: WriteOptions = {},
  ): Promise<WrittenObject> {
    checkKey(key)
    checkConditions(options)
    const { signal, ifMatch, ifNoneMatch } = options
    signal?.throwIfAborted()
    if (body instanceof Uint8Array) return this.#put(key, body, options)
    const hasCondition = ifMatch !== undefined || ifNoneMatch !== undefined
    const cut = { partBytes: hasCondition ? largestConditional : this.uploads.partBytes, inMemory: this.uploads }
    const found = await cutBody(chunksOf(body, signal), cut)
    if ('whole' in found) return this.#put(key, found.whole.bytes, options).finally(found.whole.done)
    try {
      if (hasCondition) {
        throw cannot(
          this.label + key,
          `cannot be written under a condition as a stream of more than ${largestConditional} bytes: R2 has none for uploads in parts`,
        )
      }
      return await this.#putParts(key, found.parts, options)
    } finally {
      await found.parts.close()
    }
  }

  async *list({ prefix = '', delimiter, startAfter, signal }: ListOptions = {}): AsyncGenerator<ListEntry> {
    checkPrefix(prefix)
    const options = {
      prefix: this.#prefix + prefix,
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(startAfter === undefined ? {} : { startAfter: this.#prefix + startAfter }),
    }
    for (let cursor: string | undefined; ;) {
      signal?.throwIfAborted()
      const page = await this.#bucket.list({ ...options, ...(cursor === undefined ? {} : { cursor }) })
      const entries: ListEntry[] = [
        ...page.objects.map((object): ListEntry => ({
          kind: 'object',
          key: object.key.slice(this.#prefix.length),
          ...statOf(object),
          modified: object.uploaded.getTime(),
        })),
        ...page.delimitedPrefixes.map((key): ListEntry => ({ kind: 'folder', key: key.slice(this.#prefix.length) })),
      ]
      for (const entry of entries.sort((a, b) => compareKeys(a.key, b.key))) {
        signal?.throwIfAborted()
        yield entry
      }
      if (!page.truncated) return
      cursor = page.cursor
    }
  }

  async remove(keys: string | readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const all = typeof keys === 'string' ? [keys] : keys
    for (const key of all) checkKey(key)
    for (let start = 0; start < all.length; start += removedAtOnce) {
      signal?.throwIfAborted()
      await this.#bucket.delete(all.slice(start, start + removedAtOnce).map((key) => this.#prefix + key))
    }
    signal?.throwIfAborted()
  }

  async copy(from: string, to: string, options: { readonly signal?: AbortSignal } = {}): Promise<WrittenObject> {
    checkKey(to)
    const stat = await this.stat(from, options)
    return this.write(to, this.#slices(from, stat), options)
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #put(key: string, bytes: Uint8Array, options: WriteOptions): Promise<WrittenObject> {
    const { ifMatch, ifNoneMatch, contentType = 'application/octet-stream', signal } = options
    const onlyIf =
      ifMatch === undefined
        ? ifNoneMatch === undefined
          ? undefined
          : { etagDoesNotMatch: '*' }
        : { etagMatches: unquoted(ifMatch) }
    signal?.throwIfAborted()
    const object = await this.#bucket.put(this.#prefix + key, bytes, {
      httpMetadata: { contentType },
      sha256: await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>),
      ...(onlyIf === undefined ? {} : { onlyIf }),
    })
    if (object === null) throw preconditionFailed(this.label + key, options)
    return statOf(object)
  }

  async #putParts(
    key: string,
    parts: Parts,
    { contentType = 'application/octet-stream', signal }: WriteOptions,
  ): Promise<WrittenObject> {
    const upload = await this.#bucket.createMultipartUpload(this.#prefix + key, { httpMetadata: { contentType } })
    try {
      const sent: Awaited<ReturnType<R2Upload['uploadPart']>>[] = []
      for await (const { bytes, done } of parts) {
        sent.push(await upload.uploadPart(sent.length + 1, bytes).finally(done))
      }
      signal?.throwIfAborted()
      return statOf(await upload.complete(sent))
    } catch (error) {
      await upload.abort().catch(() => undefined)
      throw error
    }
  }

  async *#slices(key: string, { size, etag }: ObjectStat): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < size; start += copiedBytes) {
      const end = Math.min(size, start + copiedBytes)
      yield (await this.read(key, { start, end, ...(etag === undefined ? {} : { ifMatch: etag }) })).bytes
    }
  }
}

/** What R2 takes in one call. */
const removedAtOnce = 1000

function statOf({ size, httpEtag }: R2Object): Required<ObjectStat> {
  return { size, etag: httpEtag }
}

/** The binding wants ETags without their quotes. */
function unquoted(etag: string | undefined): string {
  return (etag ?? '').replace(/^"(.*)"$/, '$1')
}
