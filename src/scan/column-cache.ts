import { transferablesOf } from '../types/column-data.ts'
import type { ColumnData } from '../types/column-data.ts'
import { freeBuffers } from './free-buffers.ts'
import { heldBytes } from '../types/held-bytes.ts'
import { LeastFirst } from './least-first.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** Columns that somebody reads. */
export interface HeldColumns {
  readonly columns: readonly ColumnData[]
  /** Says that they are not read any more; twice is fine. With `isOver`, no view of their buffers is used any more either. */
  release(isOver?: boolean): void
}

/** A scan as the cache sees it. */
export interface CacheUser {
  /** Tells scans apart; later ones have larger numbers. */
  readonly number: number
  /** Whether all it reads fits into the cache. */
  readonly fits: boolean
}

interface Entry {
  readonly key: string
  readonly columns: readonly ColumnData[]
  readonly bytes: number
  /** Milliseconds it takes to make it again. */
  readonly cost: number
  /** What it is worth: the least goes first. */
  value: number
  /** The last scan that used it. */
  user: number
  readers: number
  isKept: boolean
  /** Whether nobody can have a view of its buffers once it has no readers. */
  mayFree: boolean
}

/** So many scans must not have used a column before one that does not fit takes its place. */
const staleScans = 8

/**
 * All decoded columns of a session, by key: those that are read now, which stay, and those kept for later, within a budget.
 *
 * Columns are given up by GreedyDual-Size (Cao and Irani, "Cost-Aware WWW Proxy Caching Algorithms", 1997): a column's value is what it costs to
 * make again per byte, on top of the value that was last given up, and is set anew whenever it is used. So the cheap go before
 * the dear, the large before the small, and what is not used loses in the end. A scan of more than fits would push out everything, itself included, before
 * it could use any of it again; such a scan only takes what is free or has not been used for long, and finds that much again the next time.
 */
export class ColumnCache {
  readonly #budget: MemoryBudget
  readonly #most: number
  readonly #entries = new Map<string, Entry>()
  readonly #making = new Map<string, Promise<void>>()
  /** What may go, by its value when it was released; what was used again since is passed over. */
  #released = new LeastFirst<Entry>()
  #inflation = 0
  #bytes = 0
  #kept = 0
  #scans = 0

  /** `mostBytes` is what may be kept whatever the budget. */
  constructor(budget: MemoryBudget, mostBytes: number = Infinity) {
    this.#budget = budget
    this.#most = mostBytes
    budget.watch('columns', () => this.#bytes)
  }

  /** Bytes of all columns, kept or being read. */
  get bytes(): number {
    return this.#bytes
  }

  /** Begins a scan that will read about `bytes`. */
  user(bytes: number): CacheUser {
    return { number: ++this.#scans, fits: bytes <= this.#room }
  }

  /** Whether `key` is there, without using it. */
  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** The columns stored under `key`, which stay until they are released. */
  hold(key: string, user: CacheUser): HeldColumns | undefined {
    const entry = this.#entries.get(key)
    return entry && this.#hold(entry, user)
  }

  /** Takes in columns that took `cost` milliseconds to make. They stay until they are released, and after it if there is room for them. */
  add(key: string, columns: readonly ColumnData[], { user, cost }: { user: CacheUser; cost: number }): HeldColumns {
    const known = this.hold(key, user)
    if (known !== undefined) return known
    const bytes = heldBytes(columns)
    const entry: Entry = {
      key,
      columns,
      bytes,
      cost,
      value: 0,
      user: user.number,
      readers: 0,
      isKept: false,
      mayFree: true,
    }
    this.#bytes += bytes
    this.#entries.set(key, entry)
    const held = this.#hold(entry, user)
    if (this.#makeRoom(bytes, user)) {
      entry.isKept = true
      this.#kept += bytes
    }
    return held
  }

  /** Resolves when the columns of `key` that somebody makes are there, or will not be; undefined when nobody does. */
  making(key: string): Promise<void> | undefined {
    return this.#making.get(key)
  }

  /** Lets others know that the columns of `key` are being made until `work` settles. */
  announce(key: string, work: Promise<unknown>): void {
    const done = (): void => void this.#making.delete(key)
    this.#making.set(key, work.then(done, done))
  }

  /** Gives up what does not fit any more, as when DuckDB's heap has grown. */
  trim(): void {
    this.#makeRoom(0, { number: this.#scans, fits: true })
  }

  /** Forgets everything whose key begins with `prefix`; all of it for `''`. */
  deleteAll(prefix: string): void {
    for (const [key, entry] of this.#entries) if (key.startsWith(prefix)) this.#giveUp(entry)
  }

  get #room(): number {
    return Math.min(this.#most, this.#budget.keepable)
  }

  #hold(entry: Entry, user: CacheUser): HeldColumns {
    entry.readers++
    entry.user = user.number
    entry.value = this.#inflation + entry.cost / Math.max(1, entry.bytes)
    let isHeld = true
    const release = (isOver = false): void => {
      if (!isHeld) return
      isHeld = false
      entry.mayFree &&= isOver
      if (--entry.readers === 0) this.#afterUse(entry)
    }
    return { columns: entry.columns, release }
  }

  /** Makes `bytes` fit beside what is kept, by giving up what is worth less than any other; false when that cannot be. */
  #makeRoom(bytes: number, user: CacheUser): boolean {
    const room = this.#room
    if (bytes > room) return false
    while (this.#kept + bytes > room) {
      const least = this.#least(user)
      if (least === undefined) return false
      if (user.fits) this.#inflation = Math.max(this.#inflation, least.value)
      this.#giveUp(least)
    }
    return true
  }

  #afterUse(entry: Entry): void {
    if (!entry.isKept) this.#remove(entry)
    else this.#released.add(entry, entry.value)
    if (this.#released.size <= 64 + this.#entries.size * 4) return
    this.#released = new LeastFirst()
    for (const kept of this.#entries.values()) if (isIdle(kept)) this.#released.add(kept, kept.value)
  }

  /** What to give up next: nothing that is read, and for a scan that does not fit nothing that was used of late. */
  #least(user: CacheUser): Entry | undefined {
    if (!user.fits) {
      for (const entry of this.#entries.values()) {
        if (isIdle(entry) && entry.user < user.number - staleScans) return entry
      }
      return undefined
    }
    for (let next = this.#released.take(); next !== undefined; next = this.#released.take()) {
      if (next.item.value === next.value && isIdle(next.item)) return next.item
    }
    return undefined
  }

  #giveUp(entry: Entry): void {
    if (entry.isKept) this.#kept -= entry.bytes
    entry.isKept = false
    if (entry.readers === 0) this.#remove(entry)
  }

  #remove(entry: Entry): void {
    this.#bytes -= entry.bytes
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key)
    if (entry.mayFree) freeBuffers(transferablesOf(entry))
  }
}

function isIdle({ isKept, readers }: Entry): boolean {
  return isKept && readers === 0
}
