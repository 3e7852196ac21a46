import { chunksOf, joined } from './chunks.ts'
import { checkRange, checkUnchanged } from './range.ts'
import { checkConditionHolds, checkConditions, missing } from './storage-errors.ts'
import { checkKey, checkPrefix } from './storage-key.ts'
import { listed } from './listed.ts'
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

interface StoredObject {
  readonly bytes: Uint8Array
  readonly etag: string
  readonly modified: number
}

/** What several places in memory have in common: objects by their keys from the root. */
export interface MemoryObjects {
  readonly byKey: Map<string, StoredObject>
  versions: number
  bytes: number
}

export function memoryObjects(): MemoryObjects {
  return { byKey: new Map(), versions: 0, bytes: 0 }
}

/**
 * Objects in memory, below `memory:` or `memory:/folder/`: places of the same `objects` see each other's. Gone with them. A real store: tests,
 * sessions that keep nothing, `memory:` lakes.
 */
export function memoryStorage(url = 'memory:/', objects: MemoryObjects = memoryObjects()): Storage {
  return new MemoryStorage(url, objects)
}

class MemoryStorage implements Storage {
  readonly label: string
  readonly abilities: StorageAbilities = { writes: true, conditions: true, lists: true, copiesItself: true }
  readonly #objects: MemoryObjects
  readonly #prefix: string

  constructor(url: string, objects: MemoryObjects) {
    const path = url.replace(/^memory:\/*/i, '').replace(/\/*$/, '')
    if (path !== '') checkKey(path)
    this.#prefix = path === '' ? '' : `${path}/`
    this.label = `memory:/${this.#prefix}`
    this.#objects = objects
  }

  async stat(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<ObjectStat> {
    signal?.throwIfAborted()
    const { bytes, etag } = this.#object(key)
    return { size: bytes.length, etag }
  }

  async read(key: string, { start = 0, end, ifMatch, signal }: StorageReadOptions = {}): Promise<StoredBytes> {
    signal?.throwIfAborted()
    const { bytes, etag } = this.#object(key)
    const [label, size] = [this.label + key, bytes.length]
    checkUnchanged(label, etag, ifMatch)
    checkRange({ label, size }, start, end ?? size)
    return { bytes: bytes.slice(start, end ?? size), size, etag }
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
    const bytes = await joined(chunksOf(body, options.signal))
    options.signal?.throwIfAborted()
    checkConditionHolds(this.label + key, this.#objects.byKey.get(this.#prefix + key)?.etag, options)
    const etag = `"${++this.#objects.versions}"`
    this.#forget(key)
    this.#objects.byKey.set(this.#prefix + key, { bytes, etag, modified: Date.now() })
    this.#objects.bytes += bytes.length
    return { size: bytes.length, etag }
  }

  async *list({ prefix = '', delimiter, startAfter, signal }: ListOptions = {}): AsyncGenerator<ListEntry> {
    signal?.throwIfAborted()
    checkPrefix(prefix)
    const entries = [...this.#objects.byKey]
      .filter(([key]) => key.startsWith(this.#prefix))
      .map(([key, { bytes, etag, modified }]) => ({
        key: key.slice(this.#prefix.length),
        size: bytes.length,
        etag,
        modified,
      }))
    for (const entry of listed(entries, { prefix, delimiter, startAfter })) {
      signal?.throwIfAborted()
      yield entry
    }
  }

  async remove(keys: string | readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const all = typeof keys === 'string' ? [keys] : keys
    for (const key of all) checkKey(key)
    signal?.throwIfAborted()
    for (const key of all) this.#forget(key)
  }

  async copy(from: string, to: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<WrittenObject> {
    signal?.throwIfAborted()
    checkKey(to)
    return this.write(to, this.#object(from).bytes)
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #forget(key: string): void {
    this.#objects.bytes -= this.#objects.byKey.get(this.#prefix + key)?.bytes.length ?? 0
    this.#objects.byKey.delete(this.#prefix + key)
  }

  #object(key: string): StoredObject {
    checkKey(key)
    const object = this.#objects.byKey.get(this.#prefix + key)
    if (object === undefined) throw missing(this.label + key)
    return object
  }
}
