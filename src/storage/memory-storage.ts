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
}

/** Objects in memory, gone with this value. A real store: tests, sessions that keep nothing, `memory:` lakes. */
export function memoryStorage(label = 'memory:/'): Storage {
  return new MemoryStorage(label)
}

class MemoryStorage implements Storage {
  readonly label: string
  readonly abilities: StorageAbilities = { writes: true, conditions: true, lists: true, copiesItself: true }
  readonly #objects = new Map<string, StoredObject>()
  #versions = 0

  constructor(label: string) {
    this.label = label
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
    checkConditionHolds(this.label + key, this.#objects.get(key)?.etag, options)
    const etag = `"${++this.#versions}"`
    this.#objects.set(key, { bytes, etag })
    return { size: bytes.length, etag }
  }

  async *list({ prefix = '', delimiter, startAfter, signal }: ListOptions = {}): AsyncGenerator<ListEntry> {
    signal?.throwIfAborted()
    checkPrefix(prefix)
    const entries = [...this.#objects].map(([key, { bytes, etag }]) => ({ key, size: bytes.length, etag }))
    for (const entry of listed(entries, { prefix, delimiter, startAfter })) {
      signal?.throwIfAborted()
      yield entry
    }
  }

  async remove(keys: string | readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const all = typeof keys === 'string' ? [keys] : keys
    for (const key of all) checkKey(key)
    signal?.throwIfAborted()
    for (const key of all) this.#objects.delete(key)
  }

  async copy(from: string, to: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<WrittenObject> {
    signal?.throwIfAborted()
    checkKey(to)
    return this.write(to, this.#object(from).bytes)
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #object(key: string): StoredObject {
    checkKey(key)
    const object = this.#objects.get(key)
    if (object === undefined) throw missing(this.label + key)
    return object
  }
}
