import { isLakefrontError, LakefrontError } from '../errors.ts'
import { chunksOf } from './chunks.ts'
import { hiddenHeader } from './cors-diagnosis.ts'
import { Flights } from './flights.ts'
import { contentRange, declaredLength } from './http-answer.ts'
import type { HttpOptions } from './http.ts'
import { networkFailed } from './http-errors.ts'
import { Link } from './link.ts'
import { checkRange, checkUnchanged, sourceChanged } from './range.ts'
import { readBody } from './read-body.ts'
import type { S3Access } from './s3-access.ts'
import { nothing, StoreClient } from './store-client.ts'
import { PartsInMemory } from './parts-in-memory.ts'
import { cutBody } from './upload-parts.ts'
import type { Parts, UploadPart } from './upload-parts.ts'
import { element, elements, escaped, modifiedAt } from './store-xml.ts'
import { checkConditions, preconditionFailed, writeStateUnknown } from './storage-errors.ts'
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

/** Where `az://` is. */
export interface AzureOptions {
  /** Such as `https://account.blob.core.windows.net`. */
  readonly endpoint: string
  /** A shared access signature, the part behind the `?`; or a function that gives one, called again when it is refused. */
  readonly sas?: string | (() => Promise<string>)
  /** Bytes of a block of an upload. Default 8 MiB; a blob has no more than 50,000 blocks. */
  readonly blockBytes?: number
  /** Where blocks in memory are counted. */
  readonly uploads?: PartsInMemory
}

/** The protocol this is written against (https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api). */
const version = '2021-12-02'

/** Bodies up to this are one request. */
const largestSingle = 64 * 1024 * 1024

/** Blocks on their way at a time. */
const parallelBlocks = 3

/** Blobs of a container of Azure, below `az://container/prefix/`. */
export function azureStorage(url: string, options: AzureOptions, http: HttpOptions = {}): Storage {
  return new AzureStorage(url, options, http)
}

class AzureStorage implements Storage {
  readonly label: string
  readonly abilities: StorageAbilities = { writes: true, conditions: true, lists: true, copiesItself: false }
  readonly uploads: PartsInMemory
  readonly #prefix: string
  readonly #options: AzureOptions
  readonly #client: StoreClient

  constructor(url: string, options: AzureOptions, { link = new Link(), retry, stallMilliseconds, fetch }: HttpOptions) {
    const [, container, path = ''] = /^az:\/\/([a-z0-9][a-z0-9-]{2,62})(?:\/(.*))?$/s.exec(url) ?? []
    if (container === undefined || !URL.canParse(options.endpoint)) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `"${url.split('?')[0]}" is not a place in Azure; it looks like "az://container/folder/", with the endpoint "https://account.blob.core.windows.net".`,
      )
    }
    this.#prefix = path === '' || path.endsWith('/') ? path : `${path}/`
    checkPrefix(this.#prefix)
    this.label = `az://${container}/${this.#prefix}`
    this.#options = options
    this.uploads = options.uploads ?? new PartsInMemory()
    const base = `${options.endpoint.replace(/\/$/, '')}/${container}`
    this.#client = new StoreClient({
      bucket: container,
      urlOf: (key) => (key === '' ? base : `${base}/${key.split('/').map(encodeURIComponent).join('/')}`),
      access: sasAccess(options.sas),
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
      return statOf(size, response)
    })
  }

  async read(key: string, options: StorageReadOptions = {}): Promise<StoredBytes> {
    const { start = 0, end, ifMatch, signal } = options
    const named = this.#named(key)
    const { label } = named
    checkRange({ label, size: Infinity }, start, end ?? start)
    signal?.throwIfAborted()
    if (start === end) {
      const stat = await this.stat(key, signal === undefined ? {} : { signal })
      checkUnchanged(label, stat.etag, ifMatch)
      return { ...stat, bytes: new Uint8Array() }
    }
    const headers = {
      ...(start === 0 && end === undefined ? {} : { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    }
    try {
      return await this.#client.send({ ...named, method: 'GET', headers, signal }, async (response, { alive }) => {
        const bytes = await readBody(response, declaredLength(response) ?? Infinity, alive).catch((cause: unknown) => {
          signal?.throwIfAborted()
          throw networkFailed(label, 'broke off its answer', cause)
        })
        const size = response.status === 206 ? contentRange(response)?.total : bytes.length
        if (size === undefined) throw hiddenHeader(label, 'Content-Range', 'the size of the object with it')
        checkRange({ label, size }, start, end ?? size)
        const from = response.status === 206 ? start : 0
        return { ...statOf(size, response), bytes: bytes.subarray(start - from, (end ?? size) - from) }
      })
    } catch (error) {
      throw isLakefrontError(error, 'PRECONDITION_FAILED') ? sourceChanged(label) : error
    }
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
    const { label } = this.#named(key)
    checkConditions(options)
    options.signal?.throwIfAborted()
    const fate = { isUncertain: false }
    try {
      if (body instanceof Uint8Array && body.length <= largestSingle) return await this.#put(key, body, options, fate)
      const cut = { partBytes: this.#options.blockBytes ?? this.uploads.partBytes, inMemory: this.uploads }
      const found = await cutBody(chunksOf(body, options.signal), cut)
      if ('whole' in found) return await this.#put(key, found.whole.bytes, options, fate).finally(found.whole.done)
      return await this.#putBlocks(key, found.parts, { options, fate }).finally(() => found.parts.close())
    } catch (error) {
      options.signal?.throwIfAborted()
      const isRefused =
        isLakefrontError(error, 'PRECONDITION_FAILED') ||
        (isLakefrontError(error, 'NOT_FOUND') && options.ifMatch !== undefined)
      const hasCondition = options.ifMatch !== undefined || options.ifNoneMatch !== undefined
      // Whatever a later try was answered says nothing of one that was not.
      if (fate.isUncertain && hasCondition)
        throw writeStateUnknown(label, 'got no answer, and it is not known whether it happened', error)
      throw isRefused ? preconditionFailed(label, options, error) : error
    }
  }

  async *list({ prefix = '', delimiter, startAfter = '', signal }: ListOptions = {}): AsyncGenerator<ListEntry> {
    checkPrefix(prefix)
    const query = {
      restype: 'container',
      comp: 'list',
      prefix: this.#prefix + prefix,
      ...(delimiter === undefined ? {} : { delimiter }),
    }
    for (let marker = ''; ;) {
      signal?.throwIfAborted()
      const request = { method: 'GET', key: '', label: this.label, signal } as const
      const asked = { ...request, query: { ...query, ...(marker === '' ? {} : { marker }) } }
      const page = await this.#client.send(asked, (response) => response.text())
      const entries: ListEntry[] = elements(page, 'Blob').map((blob) => ({
        kind: 'object',
        key: (element(blob, 'Name') ?? '').slice(this.#prefix.length),
        size: Number(element(blob, 'Content-Length')),
        // Lists tell it without the quotes that it has everywhere else.
        etag: `"${(element(blob, 'Etag') ?? '').replaceAll('"', '')}"`,
        ...modifiedAt(element(blob, 'Last-Modified')),
      }))
      for (const folder of elements(page, 'BlobPrefix'))
        entries.push({ kind: 'folder', key: (element(folder, 'Name') ?? '').slice(this.#prefix.length) })
      for (const entry of entries.sort((a, b) => compareKeys(a.key, b.key))) {
        signal?.throwIfAborted()
        if (compareKeys(entry.key, startAfter) > 0 || startAfter.startsWith(entry.key)) {
          if (entry.kind === 'folder' || entry.key !== startAfter) yield entry
        }
      }
      marker = element(page, 'NextMarker') ?? ''
      if (marker === '') return
    }
  }

  async remove(keys: string | readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const named = (typeof keys === 'string' ? [keys] : keys).map((key) => this.#named(key))
    signal?.throwIfAborted()
    await Promise.all(
      named.map((one) => this.#client.send({ ...one, method: 'DELETE', accepts: [404], signal }, nothing)),
    )
  }

  async copy(from: string, to: string, options: { readonly signal?: AbortSignal } = {}): Promise<WrittenObject> {
    checkKey(to)
    const { size, etag } = await this.stat(from, options)
    const step = this.#options.blockBytes ?? 8 * 1024 * 1024
    const read = (start: number): Promise<StoredBytes> =>
      this.read(from, { start, end: Math.min(size, start + step), ifMatch: etag!, ...options })
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (let start = 0; start < size; start += step) yield (await read(start)).bytes
    }
    return this.write(to, bytes(), options)
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #named(key: string): { readonly key: string; readonly label: string } {
    checkKey(key)
    return { key: this.#prefix + key, label: this.label + key }
  }

  #put(key: string, body: Uint8Array, options: WriteOptions, fate: { isUncertain: boolean }): Promise<WrittenObject> {
    const { contentType = 'application/octet-stream', signal } = options
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-blob-content-type': contentType, ...conditionOf(options) }
    const request = { ...this.#named(key), method: 'PUT', headers, body, signal, fate } as const
    return this.#client.send(request, async (response) => {
      await nothing(response)
      return statOf(body.length, response)
    })
  }

  /** Blocks are nobody's until a list of them makes them the blob; the store drops those that are in no list. */
  async #putBlocks(
    key: string,
    blocks: Parts,
    { options, fate }: { readonly options: WriteOptions; readonly fate: { isUncertain: boolean } },
  ): Promise<WrittenObject> {
    const { contentType = 'application/octet-stream', signal } = options
    const named = this.#named(key)
    // Ids of one length, of this writer alone.
    const writer = crypto.randomUUID()
    const ids: string[] = []
    const flights = new Flights(parallelBlocks)
    let size = 0
    const launch = async ({ bytes: body, done }: UploadPart): Promise<void> => {
      const blockid = btoa(`${writer}-${String(ids.length).padStart(6, '0')}`)
      ids.push(blockid)
      size += body.length
      const request = { ...named, method: 'PUT', query: { comp: 'block', blockid }, body, signal } as const
      const send = (): Promise<void> => this.#client.send(request, nothing).finally(done)
      try {
        await flights.start(send, this.uploads.isTooMuch ? 1 : parallelBlocks)
      } catch (error) {
        done()
        throw error
      }
    }
    try {
      for await (const block of blocks) await launch(block)
      await flights.landed()
    } finally {
      await flights.settled()
    }
    const list = `<BlockList>${ids.map((id) => `<Latest>${escaped(id)}</Latest>`).join('')}</BlockList>`
    const body = new TextEncoder().encode(`<?xml version="1.0" encoding="utf-8"?>${list}`)
    const headers = {
      'content-type': 'application/xml',
      'x-ms-blob-content-type': contentType,
      ...conditionOf(options),
    }
    const request = { ...named, method: 'PUT', query: { comp: 'blocklist' }, headers, body, signal, fate } as const
    return this.#client.send(request, async (response) => {
      await nothing(response)
      return statOf(size, response)
    })
  }
}

/** Puts the signature behind the URL of every request. It is no part of any label. */
function sasAccess(sas: AzureOptions['sas']): S3Access {
  let current: Promise<string> | undefined
  return {
    isByUrl: true,
    async sign({ url, headers }) {
      const mine = (current ??= Promise.resolve(typeof sas === 'function' ? sas() : (sas ?? '')))
      const signature = (await mine).replace(/^\?/, '')
      const separator = url.includes('?') ? '&' : '?'
      return {
        url: signature === '' ? url : `${url}${separator}${signature}`,
        headers: { ...headers, 'x-ms-version': version },
        renew() {
          if (current === mine) current = undefined
          return typeof sas === 'function'
        },
      }
    },
  }
}

function conditionOf({ ifMatch, ifNoneMatch }: WriteOptions): Record<string, string> {
  return {
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
  }
}

function statOf(size: number, response: Response): ObjectStat {
  const etag = response.headers.get('etag')
  return etag === null ? { size } : { size, etag }
}
