import type { ByteSource, ReadOptions } from '../storage/storage.ts'

/** Bytes of the first read, and the most of one. Reads grow from one to the other, so that the first rows come soon. */
const smallest = 128 * 1024
const largest = 4 * 1024 * 1024

/**
 * A source read from front to back, a range at a time, the next one while the last is worked on. Holds two ranges, or as much as is
 * asked for at once.
 */
export class ByteWindow {
  readonly #source: ByteSource
  readonly #options: ReadOptions
  readonly #end: number
  readonly #readsAhead: boolean
  #bytes: Uint8Array = new Uint8Array()
  /** Where in the source the first of `#bytes` is. */
  #start: number
  #next: { readonly end: number; readonly bytes: Promise<Uint8Array> } | undefined
  #size = smallest

  constructor(source: ByteSource, range: { start: number; end: number; readsAhead: boolean }, options: ReadOptions) {
    this.#source = source
    this.#options = options
    this.#start = range.start
    this.#end = range.end
    this.#readsAhead = range.readsAhead
  }

  /** Where the next byte is in the source. */
  get position(): number {
    return this.#start
  }

  get isAtEnd(): boolean {
    return this.#start >= this.#end
  }

  /** The bytes from here on: `count` at least, or all that are left. */
  async peek(count: number): Promise<Uint8Array> {
    const wanted = Math.min(count, this.#end - this.#start)
    while (this.#bytes.length < wanted) {
      const more = await (this.#next ?? this.#read(wanted - this.#bytes.length)).bytes
      this.#next = undefined
      this.#bytes = this.#bytes.length === 0 ? more : joined(this.#bytes, more)
      if (this.#readsAhead && this.#start + this.#bytes.length < this.#end) this.#next = this.#read(0)
    }
    return this.#bytes
  }

  /** Goes on by `count` bytes. What is passed over is not read where that spares a range. */
  advance(count: number): void {
    this.#start += count
    if (count <= this.#bytes.length) {
      this.#bytes = this.#bytes.subarray(count)
      return
    }
    const isNear = this.#next !== undefined && this.#start < this.#next.end
    if (!isNear) {
      this.#bytes = new Uint8Array()
      this.#next = undefined
      return
    }
    const ahead = this.#next!
    const offset = count - this.#bytes.length
    this.#bytes = new Uint8Array()
    const bytes = ahead.bytes.then((all) => all.subarray(offset))
    bytes.catch(() => {})
    this.#next = { end: ahead.end, bytes }
  }

  #read(least: number): { end: number; bytes: Promise<Uint8Array> } {
    const start = this.#start + this.#bytes.length
    const end = Math.min(this.#end, start + Math.max(least, this.#size))
    this.#size = Math.min(largest, this.#size * 4)
    const bytes = this.#source.read(start, end, this.#options)
    // Whoever takes it learns of a failure; nobody does when the scan ended before.
    bytes.catch(() => {})
    return { end, bytes }
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
