import { isLakefrontError, LakefrontError } from '../errors.ts'
import { readRanges } from './coalesce.ts'
import type { ByteRange } from './coalesce.ts'
import type { NetworkSource } from './http.ts'
import type { MemoryRanges } from './memory-ranges.ts'
import { orAborted } from './or-aborted.ts'
import type { HeldRanges, KnownObject, RangeStore } from './range-store.ts'
import type { ByteSource, FetchScope, ObjectStat, ReadOptions, StatOptions, Traffic } from './storage.ts'

export interface RangeCacheOptions {
  readonly memory: MemoryRanges
  /** What is kept beyond the session, where there is a place for it. */
  readonly store?: RangeStore
  /** For how long an object is taken to be what it was, without asking. Default 0. */
  readonly revalidateSeconds?: number
}

/** What the first look at an object fetches of its end: most footers fit. */
const tailBytes = 64 * 1024

/** More of the end than this is no footer. */
const mostTailBytes = 512 * 1024

/** How long what a describing statement saw serves the statement that follows it. */
const handOverMilliseconds = 1000

interface Look {
  readonly stat: ObjectStat
  readonly at: number
  /** Seen by a statement that only asked for the schema, and not used since. */
  isForNext: boolean
}

interface Fetch extends ByteRange {
  readonly etag: string
  readonly bytes: Promise<Uint8Array>
  isShared: boolean
}

/**
 * `inner` with what was read of it kept, by its label and validator: a part that is there is not fetched again, a part that is on
 * its way is waited for, and one statement looks at the object once. Where a store outlives the session, an object whose server cannot be reached
 * is answered from it, as it was last seen, with a warning.
 */
export function cachedSource(inner: NetworkSource, options: RangeCacheOptions): ByteSource {
  return new CachedSource(inner, options)
}

class CachedSource implements ByteSource {
  readonly label: string
  readonly traffic: Traffic
  readonly #inner: NetworkSource
  readonly #memory: MemoryRanges
  readonly #store: RangeStore | undefined
  readonly #revalidateMilliseconds: number
  readonly #looks = new WeakMap<FetchScope, Promise<ObjectStat>>()
  #last: Look | undefined
  #fetches: readonly Fetch[] = []
  #isOffline = false
  #tailBytes = 0

  constructor(inner: NetworkSource, { memory, store, revalidateSeconds = 0 }: RangeCacheOptions) {
    this.label = inner.label
    this.traffic = inner.traffic
    this.#inner = inner
    this.#memory = memory
    this.#store = store
    this.#revalidateMilliseconds = revalidateSeconds * 1000
  }

  get gapBytes(): number {
    return this.#inner.gapBytes
  }

  get tailBytes(): number {
    return this.#tailBytes
  }

  get warnings(): readonly string[] {
    const offline = `"${this.label}" was answered from the offline cache: its server cannot be reached.`
    return this.#isOffline ? [...this.#inner.warnings, offline] : this.#inner.warnings
  }

  stat(options: StatOptions = {}): Promise<ObjectStat> {
    const { scope } = options
    const seen = scope === undefined ? undefined : this.#looks.get(scope)
    if (seen !== undefined) return seen
    const looking = this.#look(options)
    if (scope !== undefined) {
      this.#looks.set(scope, looking)
      looking.catch(() => this.#looks.delete(scope))
    }
    return looking
  }

  async read(start: number, end: number, options: ReadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted()
    const { ifMatch } = options
    if (ifMatch === undefined || start >= end) return this.#inner.read(start, end, options)
    const held = this.#memory.read(this.#key(ifMatch), start, end)
    if (held.parts.length === 0 && this.#store === undefined) return this.#fetch({ start, end }, ifMatch, options)
    const bytes = new Uint8Array(end - start)
    fill(bytes, start, held)
    const gaps = (await Promise.all(held.gaps.map((gap) => this.#fromStore(bytes, start, gap, ifMatch)))).flat()
    options.signal?.throwIfAborted()
    if (gaps.length === 1 && gaps[0]!.end - gaps[0]!.start === bytes.length)
      return this.#fetch(gaps[0]!, ifMatch, options)
    const fetched = await readRanges(
      { gapBytes: 0, read: (from, to) => this.#fetch({ start: from, end: to }, ifMatch, options) },
      gaps,
    )
    gaps.forEach((gap, index) => bytes.set(fetched[index]!, gap.start - start))
    return bytes
  }

  async #look(options: StatOptions): Promise<ObjectStat> {
    options.signal?.throwIfAborted()
    const last = this.#last
    if (last !== undefined && this.#isFresh(last, options.scope)) {
      last.isForNext = false
      return last.stat
    }
    const known = await this.#store?.known(this.label)
    try {
      if (known !== undefined && isKnownOffline()) throw offline(this.label)
      const stat = await this.#ask(options, last === undefined && known === undefined)
      this.#isOffline = false
      await this.#note(stat, options.scope)
      return stat
    } catch (error) {
      options.signal?.throwIfAborted()
      if (known === undefined || !isUnreachable(error)) throw error
      this.#isOffline = true
      await this.#noteTail(known)
      return known
    }
  }

  #isFresh({ at, isForNext }: Look, scope: FetchScope | undefined): boolean {
    const age = performance.now() - at
    return age < this.#revalidateMilliseconds || (isForNext && scope !== undefined && age < handOverMilliseconds)
  }

  async #ask(options: StatOptions, withTail: boolean): Promise<ObjectStat> {
    if (!withTail) return this.#inner.stat(options)
    const { stat, tail } = await this.#inner.statWithTail(tailBytes, options)
    if (tail !== undefined && isKnown(stat)) this.#keep(stat, stat.size - tail.length, tail)
    return stat
  }

  async #note(stat: ObjectStat, scope: FetchScope | undefined): Promise<void> {
    const before = this.#last?.stat.etag
    if (before !== undefined && before !== stat.etag) this.#memory.drop(this.#key(before))
    this.#last = { stat, at: performance.now(), isForNext: scope?.isDescribing === true }
    if (isKnown(stat)) {
      await this.#store?.isNow(this.label, stat)
      await this.#noteTail(stat)
    } else {
      await this.#store?.forget(this.label)
    }
  }

  async #noteTail({ size, etag }: KnownObject): Promise<void> {
    const inMemory = this.#memory.heldBefore(this.#key(etag), size)
    const held = inMemory > 0 ? inMemory : ((await this.#store?.heldAtEnd(this.label, etag)) ?? 0)
    this.#tailBytes = Math.min(held, mostTailBytes)
  }

  /** Takes what the store has of a gap, and tells what it has not. */
  async #fromStore(bytes: Uint8Array, start: number, gap: ByteRange, etag: string): Promise<readonly ByteRange[]> {
    const held = await this.#store?.read(this.label, etag, gap.start, gap.end)
    if (held === undefined) return [gap]
    fill(bytes, start, held)
    for (const part of held.parts) this.#memory.write(this.#key(etag), part.start, part.bytes)
    return held.gaps
  }

  async #fetch(range: ByteRange, etag: string, options: ReadOptions): Promise<Uint8Array> {
    if (this.#isOffline) throw this.#notKept(range)
    const running = this.#fetches.find(
      (fetch) => fetch.etag === etag && fetch.start <= range.start && fetch.end >= range.end,
    )
    if (running !== undefined) {
      running.isShared = true
      const bytes = await orAborted(
        running.bytes.catch(() => undefined),
        options.signal,
      )
      if (bytes !== undefined) return bytes.slice(range.start - running.start, range.end - running.start)
    }
    const fetch: Fetch = { ...range, etag, bytes: this.#inner.read(range.start, range.end, options), isShared: false }
    this.#fetches = [...this.#fetches, fetch]
    try {
      const bytes = await fetch.bytes
      const { stat } = this.#last ?? {}
      if (stat !== undefined && isKnown(stat) && stat.etag === etag) this.#keep(stat, range.start, bytes)
      return fetch.isShared ? bytes.slice() : bytes
    } catch (error) {
      if (isLakefrontError(error, 'SOURCE_CHANGED')) await this.#forget(etag)
      throw error
    } finally {
      this.#fetches = this.#fetches.filter((other) => other !== fetch)
    }
  }

  #keep(object: KnownObject, start: number, bytes: Uint8Array): void {
    this.#memory.write(this.#key(object.etag), start, bytes)
    void this.#store?.write(this.label, object, start, bytes.slice())
  }

  async #forget(etag: string): Promise<void> {
    this.#memory.drop(this.#key(etag))
    this.#last = undefined
    await this.#store?.forget(this.label)
  }

  #key(etag: string): string {
    return `${this.label}\n${etag}`
  }

  #notKept({ start, end }: ByteRange): LakefrontError {
    return new LakefrontError(
      'NETWORK',
      `The server of "${this.label}" cannot be reached, and bytes ${start} to ${end} are not in the offline cache. ` +
        'Connect and run the query again, or ask for what was read before.',
      { details: { source: this.label, start, end } },
    )
  }
}

function fill(bytes: Uint8Array, start: number, { parts }: HeldRanges): void {
  for (const part of parts) bytes.set(part.bytes, part.start - start)
}

function isKnown(stat: ObjectStat): stat is KnownObject {
  return stat.etag !== undefined
}

function isUnreachable(error: unknown): boolean {
  return isLakefrontError(error) && error.details['unreachable'] === true
}

/** Whether the host knows that there is no network at all; where it does not, requests have to find out. */
function isKnownOffline(): boolean {
  return (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine === false
}

function offline(label: string): LakefrontError {
  return new LakefrontError('NETWORK', `"${label}" cannot be reached: there is no network.`, {
    details: { source: label, unreachable: true },
  })
}
