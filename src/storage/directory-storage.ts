import { isLakefrontError, LakefrontError } from '../errors.ts'
import { contents } from './blob.ts'
import { chunksOf } from './chunks.ts'
import { openDraft } from './directory-draft.ts'
import { listed } from './listed.ts'
import { checkRange, checkUnchanged, sourceChanged } from './range.ts'
import { cannot, checkConditionHolds, checkConditions, missing, quotaExceeded } from './storage-errors.ts'
import { checkKey, checkPrefix, internalName } from './storage-key.ts'
import type {
  ByteSource,
  ListEntry,
  ListOptions,
  ObjectStat,
  Storage,
  StorageAbilities,
  StorageReadOptions,
  StorageSpace,
  StoredBytes,
  WriteOptions,
  WrittenObject,
} from './storage.ts'
import { storedSource } from './stored-source.ts'

/** Where objects are made before they are switched into their place. */
const draftFolder = `${internalName}drafts`

/** Bytes read at a time when an object is copied. */
const copiedAtOnce = 4 * 1024 * 1024

/** A file that is being replaced can be found and then not be read, a few times. */
const readTries = 10

/**
 * A folder of a browser: of its own file system, or one the user picked. An object is written as a draft, flushed, and then moved to its place under a
 * Web Lock, after its version was looked at: all or nothing, between all tabs and workers of the origin. A draft whose writer is gone is swept by the
 * next one. One handle is open per write under way, none otherwise.
 */
export function directoryStorage(label: string, root: () => Promise<FileSystemDirectoryHandle>): Storage {
  return new DirectoryStorage(label, root)
}

class DirectoryStorage implements Storage {
  readonly label: string
  readonly abilities: StorageAbilities = { writes: true, conditions: true, lists: true, copiesItself: false }
  readonly #root: () => Promise<FileSystemDirectoryHandle>
  #begun: Promise<void> | undefined

  constructor(label: string, root: () => Promise<FileSystemDirectoryHandle>) {
    this.label = label
    this.#root = root
  }

  async stat(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<ObjectStat> {
    checkKey(key)
    signal?.throwIfAborted()
    const file = await this.#file(key)
    signal?.throwIfAborted()
    if (file === undefined) throw missing(this.label + key)
    return statOf(file)
  }

  async read(key: string, { start = 0, end, ifMatch, signal }: StorageReadOptions = {}): Promise<StoredBytes> {
    checkKey(key)
    const label = this.label + key
    for (let tries = 1; ; tries++) {
      signal?.throwIfAborted()
      const file = await this.#file(key)
      if (file === undefined) throw missing(label)
      const stat = statOf(file)
      checkUnchanged(label, stat.etag, ifMatch)
      checkRange({ label, size: stat.size }, start, end ?? stat.size)
      try {
        const bytes = new Uint8Array(await contents(file.slice(start, end ?? stat.size), label))
        signal?.throwIfAborted()
        if (bytes.length !== (end ?? stat.size) - start) throw sourceChanged(label)
        return { ...stat, bytes }
      } catch (error) {
        // Browsers say in different ways that a file was replaced since it was found.
        if (!isLakefrontError(error) || tries === readTries) throw error
      }
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
    checkKey(key)
    checkConditions(options)
    const { signal } = options
    signal?.throwIfAborted()
    const label = this.label + key
    this.#begun ??= this.#begin()
    await this.#begun
    if (options.ifNoneMatch !== undefined) checkConditionHolds(label, etagOf(await this.#file(key)), options)
    const room = await roomFor(label)
    room(body instanceof Uint8Array ? body.length : 0)
    const name = `${crypto.randomUUID()}.tmp`
    // Who finds a draft whose lock is free knows that its writer is gone.
    return navigator.locks.request(`${draftLock}${name}`, async () => {
      const drafts = await ours(label, async () =>
        (await this.#root()).getDirectoryHandle(draftFolder, { create: true }),
      )
      try {
        const made = await ours(label, () => drafts.getFileHandle(name, { create: true }))
        const draft = await this.#fill(made, label, chunksOf(body, signal), room)
        signal?.throwIfAborted()
        return await this.#switch(draft, key, options)
      } finally {
        await drafts.removeEntry(name).catch(() => undefined)
      }
    })
  }

  async *list({ prefix = '', delimiter, startAfter, signal }: ListOptions = {}): AsyncGenerator<ListEntry> {
    checkPrefix(prefix)
    signal?.throwIfAborted()
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    const objects: (ObjectStat & { readonly key: string })[] = []
    const root = await this.#folder(folder.split('/').slice(0, -1), false)
    if (root !== undefined) await collect(root, folder, prefix, objects)
    for (const entry of listed(objects, { prefix, delimiter, startAfter })) {
      signal?.throwIfAborted()
      yield entry
    }
  }

  async remove(keys: string | readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const all = typeof keys === 'string' ? [keys] : keys
    for (const key of all) checkKey(key)
    for (const key of all) {
      signal?.throwIfAborted()
      if ((await this.#file(key)) === undefined) continue
      const names = key.split('/')
      const folder = await this.#folder(names.slice(0, -1), false)
      await folder?.removeEntry(names.at(-1)!).catch((cause: unknown) => {
        if (nameOf(cause) !== 'NotFoundError') throw failed(this.label + key, cause)
      })
    }
  }

  async copy(from: string, to: string, options: { readonly signal?: AbortSignal } = {}): Promise<WrittenObject> {
    checkKey(from)
    checkKey(to)
    options.signal?.throwIfAborted()
    const file = await this.#file(from)
    if (file === undefined) throw missing(this.label + from)
    return this.write(to, slices(file, this.label + from), options)
  }

  async space(): Promise<StorageSpace> {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate()
    return { used: usage, available: Math.max(0, quota - usage), isPersistent: await navigator.storage.persisted() }
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Asks the browser to keep what is stored, and sweeps drafts whose writers are gone; once. */
  async #begin(): Promise<void> {
    // Only pages may ask. The browser may ask its user in turn, which nothing has to wait for.
    if (typeof navigator.storage.persist === 'function') void navigator.storage.persist().catch(() => false)
    const drafts = await (await this.#root()).getDirectoryHandle(draftFolder).catch(() => undefined)
    if (drafts === undefined) return
    const names: string[] = []
    for await (const name of drafts.keys()) names.push(name)
    for (const name of names) {
      await navigator.locks.request(`${draftLock}${name}`, { ifAvailable: true }, async (lock) => {
        if (lock !== null) await drafts.removeEntry(name).catch(() => undefined)
      })
    }
  }

  async #fill(
    draft: FileSystemFileHandle,
    label: string,
    chunks: AsyncIterable<Uint8Array>,
    room: (bytes: number) => void,
  ): Promise<FileSystemFileHandle> {
    const writer = await ours(label, () => openDraft(draft))
    try {
      let written = 0
      for await (const chunk of chunks) {
        written += chunk.length
        room(written)
        await ours(label, () => writer.write(chunk))
      }
    } catch (error) {
      await writer.abort()
      throw error
    }
    await ours(label, () => writer.finish())
    return draft
  }

  #switch(draft: FileSystemFileHandle, key: string, options: WriteOptions): Promise<WrittenObject> {
    const label = this.label + key
    const { signal } = options
    return navigator.locks.request(`lakefront object ${label}`, signal === undefined ? {} : { signal }, async () => {
      const before = await this.#file(key)
      checkConditionHolds(label, etagOf(before), options)
      const names = key.split('/')
      try {
        const folder = await this.#folder(names.slice(0, -1), true)
        if (before !== undefined) await makeLater(draft, before.lastModified)
        return await place(draft, folder!, names.at(-1)!)
      } catch (cause) {
        throw failed(label, cause)
      }
    })
  }

  /** The file of a key as it is now. A folder of that name is none. */
  async #file(key: string): Promise<File | undefined> {
    const names = key.split('/')
    try {
      const folder = await this.#folder(names.slice(0, -1), false)
      return await (await folder?.getFileHandle(names.at(-1)!))?.getFile()
    } catch (cause) {
      if (['NotFoundError', 'TypeMismatchError'].includes(nameOf(cause))) return undefined
      throw failed(this.label + key, cause)
    }
  }

  async #folder(names: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle | undefined> {
    let folder = await this.#root()
    try {
      for (const name of names) folder = await folder.getDirectoryHandle(name, { create })
    } catch (cause) {
      if (create || !['NotFoundError', 'TypeMismatchError'].includes(nameOf(cause))) throw cause
      return undefined
    }
    return folder
  }
}

const draftLock = 'lakefront draft '

/** Renames what `move` is for, where there is one; it is not yet in every browser, nor for folders outside of its own. */
interface MovableHandle extends FileSystemFileHandle {
  move?(folder: FileSystemDirectoryHandle, name: string): Promise<void>
}

async function place(
  draft: MovableHandle,
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<Required<ObjectStat>> {
  if (typeof draft.move === 'function') {
    const stat = statOf(await draft.getFile())
    await draft.move(folder, name)
    return stat
  }
  // The content of a writable becomes the file's when it is closed, at once. A new file is empty until then.
  const target = await folder.getFileHandle(name, { create: true })
  const writable = await target.createWritable()
  await (await draft.getFile()).stream().pipeTo(writable)
  return statOf(await target.getFile())
}

/** Times of files are whole milliseconds: two versions of one size within one would have the same validator. */
async function makeLater(draft: FileSystemFileHandle, than: number): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const { lastModified } = await draft.getFile()
    // A clock that was put back in between makes it another time, too.
    if (lastModified > than || (tries > 2 && lastModified !== than)) return
    await new Promise((resolve) => setTimeout(resolve, 2))
    const writer = await openDraft(draft, { keepsContent: true })
    await writer.finish()
  }
}

async function collect(
  folder: FileSystemDirectoryHandle,
  at: string,
  prefix: string,
  found: (ObjectStat & { readonly key: string })[],
): Promise<void> {
  for await (const [name, handle] of folder.entries()) {
    if (name.startsWith(internalName)) continue
    const key = at + name
    if (handle.kind === 'directory') {
      if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`))
        await collect(handle as FileSystemDirectoryHandle, `${key}/`, prefix, found)
    } else if (key.startsWith(prefix)) {
      const file = await (handle as FileSystemFileHandle).getFile().catch(() => undefined)
      if (file !== undefined) found.push({ key, ...statOf(file) })
    }
  }
}

async function* slices(file: File, label: string): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < file.size; start += copiedAtOnce) {
    yield new Uint8Array(await contents(file.slice(start, start + copiedAtOnce), label))
  }
}

/**
 * Throws when so many bytes of a write are more than there was room for when it began. Browsers do not count what is written until the file is closed,
 * and some let it grow beyond their quota until then.
 */
async function roomFor(label: string): Promise<(bytes: number) => void> {
  const { usage, quota } = await navigator.storage.estimate()
  return (bytes) => {
    if (usage === undefined || quota === undefined || usage + bytes <= quota) return
    throw quotaExceeded(label, `the browser allows ${quota} bytes, and ${usage} are used`)
  }
}

/** Errors of the browser become ours here, and not where they could be those of a stream that is written. */
async function ours<T>(label: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw failed(label, cause)
  }
}

function statOf({ size, lastModified }: File): Required<ObjectStat> {
  return { size, etag: `${size}-${lastModified}` }
}

function etagOf(file: File | undefined): string | undefined {
  return file === undefined ? undefined : statOf(file).etag
}

function failed(label: string, cause: unknown): unknown {
  if (isLakefrontError(cause)) return cause
  const name = nameOf(cause)
  const details = { source: label }
  if (name === 'QuotaExceededError') return quotaExceeded(label, 'the browser has no room left', cause)
  if (name === 'TypeMismatchError' || name === 'InvalidModificationError') {
    return cannot(label, 'cannot be written: a name is a file or a folder, never both')
  }
  if (name === 'NotAllowedError') {
    return new LakefrontError('PERMISSION_DENIED', `"${label}" may not be used: its user has to allow it again.`, {
      details,
      cause,
    })
  }
  if (name === 'NoModificationAllowedError') {
    return new LakefrontError('CONFLICT', `"${label}" is open elsewhere, for writing. Try again.`, { details, cause })
  }
  return new LakefrontError('NETWORK', `"${label}" cannot be written: ${name || String(cause)}.`, { details, cause })
}

function nameOf(cause: unknown): string {
  return cause instanceof Error || cause instanceof DOMException ? cause.name : ''
}
