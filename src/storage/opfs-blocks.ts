import { BlockLog } from './block-log.ts'
import type { LogFile, WritableLogFile } from './block-log.ts'
import type { HeldRanges, KnownObject, RangeStore } from './range-store.ts'

/** The part of the platform's file handles that is used here; workers have it, pages have not. */
interface SyncAccessHandle {
  read(buffer: Uint8Array, options: { at: number }): number
  write(buffer: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  getSize(): number
  flush(): void
  close(): void
}

interface FileHandle {
  getFile(): Promise<File>
  createSyncAccessHandle?(): Promise<SyncAccessHandle>
}

interface RootHandle {
  getDirectoryHandle(name: string, options: { create: boolean }): Promise<DirectoryHandle>
}

interface DirectoryHandle {
  getFileHandle(name: string, options?: { create?: boolean }): Promise<FileHandle>
  removeEntry(name: string): Promise<void>
  values(): AsyncIterable<FileHandle & { readonly name: string; readonly kind: string }>
}

/** A log that is open, and how to close its file; `file` where it may be written. */
interface OpenLog {
  readonly log: BlockLog
  readonly file?: WritableLogFile
  close(): void
}

/** What is known of a file that is not open. */
interface FileFacts {
  bytes: number
  used: number
}

const folder = 'lakefront-ranges'
const lockName = 'lakefront.ranges'

/** Files kept open at a time. */
const mostOpen = 24

/**
 * Parts of objects in the origin private file system, one file per object, at most `limitBytes` in all: the objects that were used least
 * recently are given up first. One session of an origin writes at a time, and the next one takes over when it ends; the others read.
 * Undefined where there is no such file system; where it is refused, as in some private windows, nothing is kept.
 */
export function opfsBlocks(limitBytes: number): RangeStore | undefined {
  const { navigator } = globalThis as { navigator?: Partial<Navigator> }
  const { storage, locks } = navigator ?? {}
  if (typeof storage?.getDirectory !== 'function' || locks === undefined) return undefined
  return new OpfsBlocks(storage, locks, limitBytes)
}

class OpfsBlocks implements RangeStore {
  readonly #limit: number
  readonly #open = new Map<string, Promise<OpenLog | undefined>>()
  readonly #files = new Map<string, FileFacts>()
  readonly #ended = new AbortController()
  #directory: DirectoryHandle | undefined
  #leave: () => void = () => {}
  #isWriter = false
  #turn: Promise<unknown>

  constructor(storage: StorageManager, locks: LockManager, limitBytes: number) {
    this.#limit = limitBytes
    this.#turn = this.#start(storage, locks).catch(() => {})
  }

  async #start(storage: StorageManager, locks: LockManager): Promise<void> {
    const root = (await storage.getDirectory()) as unknown as RootHandle
    this.#directory = await root.getDirectoryHandle(folder, { create: true })
    const hold = async (enter: () => Promise<void>): Promise<void> => {
      await enter()
      await new Promise<void>((resolve) => {
        this.#leave = resolve
        if (this.#ended.signal.aborted) resolve()
      })
    }
    const isFirst = await new Promise<boolean>((resolve) => {
      const request = locks.request(lockName, { ifAvailable: true }, async (lock) => {
        if (lock === null) return resolve(false)
        await hold(async () => {
          await this.#becomeWriter().catch(() => {})
          resolve(true)
        })
      })
      request.catch(() => resolve(false))
    })
    if (isFirst) return
    const enter = (): Promise<void> => this.#inTurn(() => this.#becomeWriter())
    locks.request(lockName, { signal: this.#ended.signal }, () => hold(enter)).catch(() => {})
  }

  known(label: string): Promise<KnownObject | undefined> {
    return this.#inTurn(async () => {
      // Who does not write sees a file as it was when it was opened.
      if (!this.#isWriter) await this.#closeLog(await nameOf(label))
      const object = (await this.#logOf(label))?.log.object
      return object === undefined ? undefined : { size: object.size, etag: object.etag }
    })
  }

  async isNow(label: string, { size, etag }: KnownObject): Promise<void> {
    const known = await this.known(label)
    if (known !== undefined && (known.etag !== etag || known.size !== size)) await this.forget(label)
  }

  async read(label: string, etag: string, start: number, end: number): Promise<HeldRanges> {
    const nothing = { parts: [], gaps: [{ start, end }] }
    const held = await this.#inTurn(async () => {
      const open = await this.#logOf(label)
      if (open === undefined || open.log.object.etag !== etag) return nothing
      return open.log.read(start, end).catch(() => undefined)
    })
    if (held === undefined) await this.forget(label)
    return held ?? nothing
  }

  async heldAtEnd(label: string, etag: string): Promise<number> {
    return this.#inTurn(async () => {
      const open = await this.#logOf(label)
      return open?.log.object.etag === etag ? open.log.heldAtEnd() : 0
    })
  }

  write(label: string, object: KnownObject, start: number, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isWriter || this.#ended.signal.aborted) return
      const open = await this.#writableLogOf(label, object)
      if (open?.file === undefined) return
      const name = await nameOf(label)
      const grown = open.log.fileBytes + BlockLog.costOf(bytes.length)
      if (grown > this.#limit || !(await this.#makeRoom(name, grown))) return
      try {
        open.log.append(open.file, start, bytes)
      } catch {
        // The quota of the origin may be less than what was asked for here.
        return this.#remove(name)
      }
      this.#files.set(name, { bytes: open.log.fileBytes, used: Date.now() })
    })
  }

  forget(label: string): Promise<void> {
    return this.#inTurn(async () => this.#remove(await nameOf(label)))
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#ended.abort()
      for (const name of this.#open.keys()) await this.#closeLog(name)
    })
    this.#leave()
  }

  async #becomeWriter(): Promise<void> {
    for (const name of this.#open.keys()) await this.#closeLog(name)
    for await (const entry of this.#directory!.values()) {
      if (entry.kind !== 'file') continue
      const { size, lastModified } = await entry.getFile()
      this.#files.set(entry.name, { bytes: size, used: lastModified })
    }
    this.#isWriter = true
    await this.#makeRoom('', 0)
  }

  async #logOf(label: string): Promise<OpenLog | undefined> {
    const name = await nameOf(label)
    let opening = this.#open.get(name)
    this.#open.delete(name)
    opening ??= this.#openLog(name).catch(() => undefined)
    this.#open.set(name, opening)
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= mostOpen) break
      await this.#closeLog(oldest)
    }
    const open = await opening
    const facts = this.#files.get(name)
    if (facts !== undefined) facts.used = Date.now()
    return open?.log.object.label === label ? open : undefined
  }

  async #openLog(name: string): Promise<OpenLog | undefined> {
    const handle = await this.#directory!.getFileHandle(name)
    const access = this.#isWriter ? await handle.createSyncAccessHandle?.().catch(() => undefined) : undefined
    if (access === undefined) {
      const log = await BlockLog.open(snapshot(await handle.getFile()))
      return log && { log, close: () => {} }
    }
    const file = fileOf(access)
    const log = await BlockLog.open(file)
    if (log !== undefined) {
      touch(file)
      return { log, file, close: () => access.close() }
    }
    access.close()
    return undefined
  }

  /** The log of this version of an object, made anew when there is none. */
  async #writableLogOf(label: string, object: KnownObject): Promise<OpenLog | undefined> {
    const known = await this.#logOf(label)
    if (known?.file !== undefined && known.log.object.etag === object.etag && known.log.object.size === object.size) {
      return known
    }
    const name = await nameOf(label)
    await this.#closeLog(name)
    try {
      const handle = await this.#directory!.getFileHandle(name, { create: true })
      const access = await handle.createSyncAccessHandle?.()
      if (access === undefined) return undefined
      const file = fileOf(access)
      const open = { log: BlockLog.create(file, { label, ...object }), file, close: () => access.close() }
      this.#open.set(name, Promise.resolve(open))
      return open
    } catch {
      return undefined
    }
  }

  /** Removes what was used least recently until `name` may have `bytes`; false when it may not. */
  async #makeRoom(name: string, bytes: number): Promise<boolean> {
    let all = bytes
    for (const [other, facts] of this.#files) if (other !== name) all += facts.bytes
    const others = [...this.#files].filter(([other]) => other !== name).sort(([, a], [, b]) => a.used - b.used)
    for (const [other, facts] of others) {
      if (all <= this.#limit) break
      await this.#remove(other)
      all -= facts.bytes
    }
    return all <= this.#limit
  }

  async #remove(name: string): Promise<void> {
    await this.#closeLog(name)
    if (!this.#isWriter) return
    this.#files.delete(name)
    await this.#directory!.removeEntry(name).catch(() => {})
  }

  async #closeLog(name: string): Promise<void> {
    const opening = this.#open.get(name)
    this.#open.delete(name)
    const open = await opening
    open?.close()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

/** A file name of a fixed length, whatever the label holds. */
async function nameOf(label: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(label)))
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function snapshot(file: File): LogFile {
  return {
    size: () => file.size,
    read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
  }
}

function fileOf(access: SyncAccessHandle): WritableLogFile {
  return {
    size: () => access.getSize(),
    read(start, end) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, access.getSize()) - start))
      return bytes.subarray(0, access.read(bytes, { at: start }))
    },
    write(bytes, at) {
      if (access.write(bytes, { at }) !== bytes.length) throw new Error('The file was not written to its end.')
    },
    truncate: (size) => access.truncate(size),
  }
}

/** Changes the time of last modification, which is how the next session knows what was used last. */
function touch(file: WritableLogFile): void {
  const first = file.read(0, 1)
  if (first instanceof Uint8Array) file.write(first, 0)
}
