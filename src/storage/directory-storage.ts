import { isLakefrontError, LakefrontError } from '../errors.ts'
import { contents } from './blob.ts'
import { chunksOf } from './chunks.ts'
import { openDraft } from './directory-draft.ts'
import { listed } from './listed.ts'
import { checkRange, checkUnchanged, sourceChanged } from './range.ts'
import {
  cannot,
  checkConditionHolds,
  checkConditions,
  missing,
  quotaExceeded,
  writeStateUnknown,
} from './storage-errors.ts'
import { checkKey, checkPrefix, internalName } from './storage-key.ts'
import type {
  ByteSource,
  ListedObject,
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
import { pause } from './pause.ts'

/** Where objects are made before they are switched into their place. */
const draftFolder = `${internalName}drafts`

/** Bytes read at a time when an object is copied. */
const copiedAtOnce = 4 * 1024 * 1024

/** After so many milliseconds nobody waits for a turn any more: its holder may be a page that the browser has stopped. */
const longestWait = 30_000

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
  readonly #open: () => Promise<FileSystemDirectoryHandle>
  #opened: Promise<FileSystemDirectoryHandle> | undefined
  #drafts: Promise<FileSystemDirectoryHandle> | undefined

  constructor(label: string, root: () => Promise<FileSystemDirectoryHandle>) {
    this.label = label
    this.#open = root
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
    if (options.ifNoneMatch !== undefined) checkConditionHolds(label, etagOf(await this.#file(key)), options)
    const opening = Promise.all([roomFor(label), this.#draftFolder()])
    opening.catch(() => undefined)
    const name = `${crypto.randomUUID()}.tmp`
    // Who finds a draft whose lock is free knows that its writer is gone.
    return navigator.locks.request(`${draftLock}${name}`, async () => {
      const [room] = await ours(label, () => opening)
      room(body instanceof Uint8Array ? body.length : 0)
      const [drafts, draft] = await ours(label, () => this.#makeDraft(name))
      const filling = this.#fill(draft, label, chunksOf(body, signal), room)
      filling.catch(() => undefined)
      let isMoved = false
      try {
        // What is there as a whole is stored soon; a stream may take long, and others would wait for it.
        if (!(body instanceof Uint8Array)) await filling
        const written = await this.#switch(draft, key, { filling, ...options })
        isMoved = typeof draft.move === 'function'
        return written
      } finally {
        await filling.catch(() => undefined)
        if (!isMoved) await drafts.removeEntry(name).catch(() => undefined)
      }
    })
  }

  async *list({ prefix = '', delimiter, startAfter, signal }: ListOptions = {}): AsyncGenerator<ListEntry> {
    checkPrefix(prefix)
    signal?.throwIfAborted()
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    const objects: Omit<ListedObject, 'kind'>[] = []
    const root = await this.#folder(folder.split('/').slice(0, -1), { create: false })
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
      const folder = await this.#folder(names.slice(0, -1), { create: false })
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

  async inTurn<T>(key: string, work: (waited: boolean) => Promise<T>): Promise<T> {
    checkKey(key)
    const name = `lakefront turn ${this.label}${key}`
    const alone = await navigator.locks.request(
      name,
      { ifAvailable: true },
      async (lock) => lock && { value: await work(false) },
    )
    if (alone !== null) return alone.value
    let own: Promise<T> | undefined
    const begin = (): Promise<T> => (own = work(true))
    const waiting = navigator.locks.request(name, { signal: AbortSignal.timeout(longestWait) }, begin)
    return waiting.catch(() => own ?? begin())
  }

  async space(): Promise<StorageSpace> {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate()
    return { used: usage, available: Math.max(0, quota - usage), isPersistent: await navigator.storage.persisted() }
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The folder, opened once. */
  #root(): Promise<FileSystemDirectoryHandle> {
    const opened = (this.#opened ??= this.#open())
    opened.catch(() => {
      if (this.#opened === opened) this.#opened = undefined
    })
    return opened
  }

  /** The folder of drafts, made once. The first time it asks the browser to keep what is stored, and sweeps drafts whose writers are gone. */
  #draftFolder(): Promise<FileSystemDirectoryHandle> {
    const made = (this.#drafts ??= this.#begin())
    made.catch(() => {
      if (this.#drafts === made) this.#drafts = undefined
    })
    return made
  }

  async #begin(): Promise<FileSystemDirectoryHandle> {
    // Only pages may ask. The browser may ask its user in turn, which nothing has to wait for.
    if (typeof navigator.storage.persist === 'function') void navigator.storage.persist().catch(() => false)
    const drafts = await (await this.#root()).getDirectoryHandle(draftFolder, { create: true })
    const names: string[] = []
    for await (const name of drafts.keys()) names.push(name)
    for (const name of names) {
      await navigator.locks.request(`${draftLock}${name}`, { ifAvailable: true }, async (lock) => {
        if (lock !== null) await drafts.removeEntry(name).catch(() => undefined)
      })
    }
    return drafts
  }

  /** An empty file among the drafts; all folders are made again where somebody removed them. */
  async #makeDraft(name: string): Promise<readonly [FileSystemDirectoryHandle, MovableHandle]> {
    const make = async (): Promise<readonly [FileSystemDirectoryHandle, MovableHandle]> => {
      const drafts = await this.#draftFolder()
      return [drafts, await drafts.getFileHandle(name, { create: true })]
    }
    return make().catch((error: unknown) => {
      if (nameOf(error) !== 'NotFoundError') throw error
      this.#opened = this.#drafts = undefined
      return make()
    })
  }

  async #fill(
    draft: MovableHandle,
    label: string,
    chunks: AsyncIterable<Uint8Array>,
    room: (bytes: number) => void,
  ): Promise<void> {
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
  }

  #switch(
    draft: MovableHandle,
    key: string,
    { filling, ...options }: WriteOptions & { readonly filling: Promise<void> },
  ): Promise<WrittenObject> {
    const label = this.label + key
    const { signal } = options
    return navigator.locks.request(`lakefront object ${label}`, signal === undefined ? {} : { signal }, async () => {
      const names = key.split('/')
      const there = await this.#folder(names.slice(0, -1), { create: false })
      const before = there && (await this.#fileIn(there, names.at(-1)!, label))
      checkConditionHolds(label, etagOf(before), options)
      await filling
      signal?.throwIfAborted()
      try {
        const folder = there ?? (await this.#folder(names.slice(0, -1), { create: true }))
        const made = await laterThan(before?.lastModified, draft)
        return await place(draft, folder!, { name: names.at(-1)!, made, isNew: before === undefined })
      } catch (cause) {
        const hasCondition = options.ifMatch !== undefined || options.ifNoneMatch !== undefined
        const isAsBefore = await this.#file(key).then(
          (now) => etagOf(now) === etagOf(before),
          () => false,
        )
        if (isAsBefore || !hasCondition) throw failed(label, cause)
        throw writeStateUnknown(label, 'failed when others may have seen it already', cause)
      }
    })
  }

  /** The file of a key as it is now. A folder of that name is none. */
  async #file(key: string): Promise<File | undefined> {
    const names = key.split('/')
    try {
      const folder = await this.#folder(names.slice(0, -1), { create: false })
      return await (folder && this.#fileIn(folder, names.at(-1)!, this.label + key))
    } catch (cause) {
      if (['NotFoundError', 'TypeMismatchError'].includes(nameOf(cause))) return undefined
      throw failed(this.label + key, cause)
    }
  }

  async #fileIn(folder: FileSystemDirectoryHandle, name: string, label: string): Promise<File | undefined> {
    try {
      return await (await folder.getFileHandle(name)).getFile()
    } catch (cause) {
      if (['NotFoundError', 'TypeMismatchError'].includes(nameOf(cause))) return undefined
      throw failed(label, cause)
    }
  }

  async #folder(
    names: readonly string[],
    { create }: { readonly create: boolean },
  ): Promise<FileSystemDirectoryHandle | undefined> {
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
  { name, made, isNew }: { readonly name: string; readonly made: File; readonly isNew: boolean },
): Promise<Required<ObjectStat>> {
  if (typeof draft.move === 'function') {
    await draft.move(folder, name)
    return statOf(made)
  }
  // The content of a writable becomes the file's when it is closed, at once. A new file is empty until then.
  const target = await folder.getFileHandle(name, { create: true })
  try {
    const writable = await target.createWritable()
    await made.stream().pipeTo(writable)
    return statOf(await target.getFile())
  } catch (error) {
    if (isNew) await folder.removeEntry(name).catch(() => undefined)
    throw error
  }
}

/**
 * The draft as a file, modified later than what it takes the place of: times of files are whole milliseconds, and two versions of one size within one would
 * have the same validator.
 */
async function laterThan(before: number | undefined, draft: FileSystemFileHandle): Promise<File> {
  for (let tries = 0; ; tries++) {
    const file = await draft.getFile()
    const { lastModified } = file
    // A clock that was put back in between makes it another time, too.
    if (before === undefined || lastModified > before || (tries > 2 && lastModified !== before) || tries === 5)
      return file
    await pause(2)
    const writer = await openDraft(draft, { keepsContent: true })
    await writer.finish()
  }
}

async function collect(
  folder: FileSystemDirectoryHandle,
  at: string,
  prefix: string,
  found: Omit<ListedObject, 'kind'>[],
): Promise<void> {
  for await (const [name, handle] of folder.entries()) {
    if (name.startsWith(internalName)) continue
    const key = at + name
    if (handle.kind === 'directory') {
      if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`))
        await collect(handle as FileSystemDirectoryHandle, `${key}/`, prefix, found)
    } else if (key.startsWith(prefix)) {
      const file = await (handle as FileSystemFileHandle).getFile().catch(() => undefined)
      if (file !== undefined) found.push({ key, ...statOf(file), modified: file.lastModified })
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
