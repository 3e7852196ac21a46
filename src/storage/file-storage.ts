import type * as FileSystem from 'node:fs'
import type * as Path from 'node:path'
import { isLakefrontError, LakefrontError } from '../errors.ts'
import { builtin } from './builtin.ts'
import { chunksOf } from './chunks.ts'
import { fileError, fileSource, fileStat, hasFileSystem, pathOf, readFully, withFile } from './file.ts'
import { withFileLock } from './file-lock.ts'
import { inFileTurn } from './file-turn.ts'
import { checkRange, checkUnchanged } from './range.ts'
import {
  cannot,
  checkConditionHolds,
  checkConditions,
  preconditionFailed,
  quotaExceeded,
  writeStateUnknown,
} from './storage-errors.ts'
import { checkKey, checkPrefix, compareKeys, internalName } from './storage-key.ts'
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

/** Drafts that were not touched for so long belong to nobody any more. */
const orphanMilliseconds = 24 * 3600 * 1000

/**
 * A folder on disk, by path or `file:` URL; made with the first write. An object is written beside its place, synced, and then put there by `link` (when
 * nothing may be there) or, under a lock file, by `rename`; then its folder is synced. Between processes and, as far as the file system
 * keeps `link` exclusive, between machines.
 */
export function fileStorage(reference: string): Storage {
  if (!hasFileSystem()) {
    throw new LakefrontError('UNSUPPORTED', `"${reference}" is a folder, and there is no file system here.`)
  }
  return new FileStorage(reference)
}

class FileStorage implements Storage {
  readonly label: string
  readonly abilities: StorageAbilities = { writes: true, conditions: true, lists: true, copiesItself: true }
  readonly #fs = builtin<typeof FileSystem>('node:fs')!
  readonly #path = builtin<typeof Path>('node:path')!
  readonly #root: string
  readonly #swept = new Set<string>()

  constructor(reference: string) {
    this.label = reference.endsWith('/') ? reference : `${reference}/`
    this.#root = this.#path.resolve(reference.startsWith('file:') ? pathOf(reference) : reference)
  }

  async stat(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<ObjectStat> {
    return this.#reading(key, async (file, label) => {
      signal?.throwIfAborted()
      return fileStat(file, label)
    })
  }

  async read(key: string, { start = 0, end, ifMatch, signal }: StorageReadOptions = {}): Promise<StoredBytes> {
    return this.#reading(key, async (file, label) => {
      signal?.throwIfAborted()
      const stat = await fileStat(file, label)
      checkUnchanged(label, stat.etag, ifMatch)
      checkRange({ label, size: stat.size }, start, end ?? stat.size)
      const bytes = await readFully(file, { label, start, end: end ?? stat.size })
      signal?.throwIfAborted()
      return { ...stat, bytes }
    })
  }

  open(key: string): ByteSource {
    return { ...fileSource(this.#pathOf(key)), label: this.label + key }
  }

  write(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<WrittenObject> {
    return this.#store(key, options, async (draft, label) => {
      const file = await this.#ours(label, this.#fs.promises.open(draft, 'wx'))
      try {
        for await (const chunk of chunksOf(body, options.signal)) await this.#ours(label, file.writeFile(chunk))
        await this.#ours(label, file.sync())
      } finally {
        await this.#ours(label, file.close())
      }
    })
  }

  async copy(from: string, to: string, options: { readonly signal?: AbortSignal } = {}): Promise<WrittenObject> {
    const source = this.#pathOf(from)
    checkKey(to)
    await this.stat(from, options)
    return this.#store(to, options, async (draft, label) => {
      await this.#ours(label, this.#fs.promises.copyFile(source, draft, this.#fs.constants.COPYFILE_FICLONE))
      await this.#ours(label, sync(this.#fs, draft))
    })
  }

  async *list({ prefix = '', delimiter, startAfter, signal }: ListOptions = {}): AsyncGenerator<ListEntry> {
    signal?.throwIfAborted()
    checkPrefix(prefix)
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    for await (const entry of this.#walk(folder, { prefix, delimiter, startAfter })) {
      signal?.throwIfAborted()
      yield entry
    }
  }

  async remove(keys: string | readonly string[], { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const paths = (typeof keys === 'string' ? [keys] : keys).map((key) => [key, this.#pathOf(key)] as const)
    for (const [key, path] of paths) {
      signal?.throwIfAborted()
      await this.#fs.promises.unlink(path).catch((cause: unknown) => {
        if (!['ENOENT', 'ENOTDIR', 'EISDIR', 'EPERM'].includes(codeOf(cause))) throw fileError(cause, this.label + key)
        if (codeOf(cause) === 'EPERM' && this.#fs.statSync(path).isFile()) throw fileError(cause, this.label + key)
      })
    }
  }

  async inTurn<T>(key: string, work: (waited: boolean) => Promise<T>): Promise<T> {
    return inFileTurn(await this.#beside(this.#pathOf(key), 'turn'), work)
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #pathOf(key: string): string {
    checkKey(key)
    return this.#path.join(this.#root, ...key.split('/'))
  }

  #reading<T>(key: string, use: (file: FileSystem.promises.FileHandle, label: string) => Promise<T>): Promise<T> {
    const label = this.label + key
    return withFile(this.#pathOf(key), label, async (file) => {
      // In stores a folder is no object.
      if ((await file.stat()).isDirectory()) throw fileError({ code: 'ENOENT' }, label)
      return use(file, label)
    })
  }

  /** Lets `fill` make a draft and puts it in its place; whatever fails, no draft stays. */
  async #store(
    key: string,
    options: WriteOptions,
    fill: (draft: string, label: string) => Promise<void>,
  ): Promise<WrittenObject> {
    const path = this.#pathOf(key)
    const label = this.label + key
    checkConditions(options)
    options.signal?.throwIfAborted()
    const folder = this.#path.dirname(path)
    const draft = this.#path.join(folder, `${internalName}${crypto.randomUUID()}.tmp`)
    try {
      await this.#ours(label, this.#makeFolder(folder))
      if (options.ifNoneMatch !== undefined && this.#fs.existsSync(path)) throw preconditionFailed(label, options)
      await fill(draft, label)
      options.signal?.throwIfAborted()
      return await this.#ours(label, this.#publish(draft, path, { label, options }))
    } finally {
      this.#forget(draft)
    }
  }

  /** Errors of the system become ours here, and not where they could be those of a stream that is written. */
  async #ours<T>(label: string, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw codeOf(error) === '' || isLakefrontError(error) ? error : this.#writeError(error, label)
    }
  }

  /** What fails once others may have seen the object leaves a write under a condition unknown; another one can be repeated. */
  async #publish(
    draft: string,
    path: string,
    { label, options }: { readonly label: string; readonly options: WriteOptions },
  ): Promise<WrittenObject> {
    const place = { stat: undefined as WrittenObject | undefined }
    try {
      if (!this.#link(draft, path, { label, options, place }))
        await this.#rename(draft, path, { label, options, place })
      await sync(this.#fs, this.#path.dirname(path))
      return place.stat!
    } catch (error) {
      const hasCondition = options.ifMatch !== undefined || options.ifNoneMatch !== undefined
      if (place.stat === undefined || !hasCondition) throw error
      throw writeStateUnknown(label, 'failed when others may have seen it already', error)
    }
  }

  /** Whether the draft got its name by a link, which only one writer can make; where there are none, and over what is there, it takes a rename. */
  #link(draft: string, path: string, { label, options, place }: Placing): boolean {
    const fs = this.#fs
    if (options.ifNoneMatch === undefined) return false
    const stat = statOf(fs, draft)
    try {
      fs.linkSync(draft, path)
    } catch (error) {
      // A server of files can have made it and say that it failed, or that it is there already.
      const isMade = fs.statSync(draft).nlink > 1
      if (!isMade && codeOf(error) === 'EEXIST') throw preconditionFailed(label, options)
      if (!isMade && ['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(codeOf(error))) return false
      if (!isMade) throw error
    }
    place.stat = stat
    return true
  }

  async #rename(draft: string, path: string, { label, options, place }: Placing): Promise<void> {
    const fs = this.#fs
    const rename = (): void => {
      const now = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
      checkConditionHolds(label, now?.isFile() === true ? etagOf(now) : undefined, options)
      // The clock of the file system is coarse: two versions of one size within its tick would have the same validator.
      if (now !== undefined) advance(fs, draft, now.mtimeNs)
      const stat = statOf(fs, draft)
      try {
        fs.renameSync(draft, path)
      } catch (error) {
        // A server of files can have done it and not be able to say so.
        if (!fs.existsSync(draft)) place.stat = stat
        throw error
      }
      place.stat = stat
    }
    await withFileLock(await this.#beside(path, 'lock'), label, rename, { signal: options.signal })
  }

  /** A file of ours that belongs to another one. */
  async #beside(path: string, kind: string): Promise<string> {
    const name = `${internalName}${await shortHash(this.#path.basename(path))}.${kind}`
    return this.#path.join(this.#path.dirname(path), name)
  }

  /** A draft that cannot be removed is swept by a later writer, and no failure of a write that is done. */
  #forget(draft: string): void {
    try {
      if (this.#fs.existsSync(draft)) this.#fs.rmSync(draft)
    } catch {
      this.#swept.clear()
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    const first = await this.#fs.promises.mkdir(folder, { recursive: true })
    if (first !== undefined) {
      for (let made = folder; made.length >= first.length; made = this.#path.dirname(made)) await sync(this.#fs, made)
      await sync(this.#fs, this.#path.dirname(first))
    }
    if (this.#swept.has(folder)) return
    this.#swept.add(folder)
    for (const name of await this.#fs.promises.readdir(folder)) {
      if (!name.startsWith(internalName) || !name.endsWith('.tmp')) continue
      const draft = this.#path.join(folder, name)
      const stat = this.#fs.statSync(draft, { throwIfNoEntry: false })
      if (stat !== undefined && Date.now() - stat.mtimeMs > orphanMilliseconds) this.#fs.rmSync(draft, { force: true })
    }
  }

  /** Depth first, so that entries come in the order of keys, and one folder is in memory at a time. */
  async *#walk(
    folder: string,
    options: { [Name in 'prefix' | 'delimiter' | 'startAfter']: ListOptions[Name] | undefined },
  ): AsyncGenerator<ListEntry> {
    const { prefix = '', delimiter, startAfter = '' } = options
    const at = this.#path.join(this.#root, folder)
    const entries = await this.#fs.promises.readdir(at, { withFileTypes: true }).catch((cause: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause))) return []
      throw fileError(cause, this.label + folder)
    })
    const keys = entries
      .filter(({ name }) => !name.startsWith(internalName))
      .map((entry) => ({ key: folder + entry.name + (entry.isDirectory() ? '/' : ''), entry }))
      .sort((a, b) => compareKeys(a.key, b.key))
    for (const { key, entry } of keys) {
      if (entry.isDirectory()) {
        if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue
        if (compareKeys(key, startAfter) <= 0 && !startAfter.startsWith(key)) continue
        const below = this.#walk(key, { ...options, delimiter: undefined })
        if (delimiter === undefined || !key.startsWith(prefix)) yield* below
        else if (!(await below.next()).done) yield { kind: 'folder', key }
        await below.return(undefined)
      } else if (key.startsWith(prefix) && compareKeys(key, startAfter) > 0) {
        const stat = this.#statOf(key)
        if (stat?.isFile() !== true) continue
        yield { kind: 'object', key, size: Number(stat.size), etag: etagOf(stat), modified: Number(stat.mtimeMs) }
      }
    }
  }

  /** Nothing for links that lead nowhere. */
  #statOf(key: string): FileSystem.BigIntStats | undefined {
    try {
      return this.#fs.statSync(this.#path.join(this.#root, key), { bigint: true })
    } catch (cause) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(cause))) return undefined
      throw fileError(cause, this.label + key)
    }
  }

  /** The file that stands where `path` needs a folder. */
  #fileAbove(path: string): string | undefined {
    const above = this.#path.dirname(path)
    if (above === path) return undefined
    try {
      return this.#fs.statSync(above).isFile() ? above : undefined
    } catch {
      return this.#fileAbove(above)
    }
  }

  #writeError(cause: unknown, label: string): LakefrontError {
    const code = codeOf(cause)
    if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code))
      return quotaExceeded(label, 'the disk or its quota is full', cause)
    if (['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY'].includes(code)) {
      const file = this.#fileAbove(this.#pathOf(label.slice(this.label.length)))
      return file === undefined
        ? cannot(label, 'cannot be written: a name on disk is a file or a folder, never both')
        : cannot(file, 'is a file, so that nothing can be below it. Remove it, or write to another name')
    }
    if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
      return new LakefrontError('PERMISSION_DENIED', `The file "${label}" may not be written.`, {
        details: { source: label },
        cause,
      })
    }
    if (code === 'ELOOP') return cannot(label, 'cannot be written: its symbolic links lead round in a circle')
    if (code === 'ENAMETOOLONG') return cannot(label, 'has a part that is too long for a name on this disk')
    return new LakefrontError('NETWORK', `The file "${label}" cannot be written: ${code}.`, {
      details: { source: label },
      cause,
    })
  }
}

/** A draft on its way to its place; `place.stat` says that it may be there. */
interface Placing {
  readonly label: string
  readonly options: WriteOptions
  readonly place: { stat: WrittenObject | undefined }
}

function etagOf({ size, mtimeNs, ino }: FileSystem.BigIntStats): string {
  return `${size}-${mtimeNs}-${ino}`
}

function statOf(fs: typeof FileSystem, path: string): Required<ObjectStat> {
  const stat = fs.statSync(path, { bigint: true })
  return { size: Number(stat.size), etag: etagOf(stat) }
}

function advance(fs: typeof FileSystem, path: string, beyond: bigint): void {
  const { mtimeNs } = fs.statSync(path, { bigint: true })
  if (mtimeNs > beyond) return
  // Seconds as a double are exact to a quarter of a microsecond.
  const next = Number(beyond / 1000n + 2n) / 1e6
  fs.utimesSync(path, next, next)
}

/** Makes a file, or the names in a folder, survive a power cut; folders cannot be synced on Windows. */
async function sync(fs: typeof FileSystem, path: string): Promise<void> {
  const file = await fs.promises.open(path, 'r').catch(() => undefined)
  try {
    await file?.sync().catch((error: unknown) => {
      if (!['EPERM', 'EINVAL', 'EISDIR', 'EBADF'].includes(codeOf(error))) throw error
    })
  } finally {
    await file?.close()
  }
}

async function shortHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest, 0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
