import { concatenated } from '../collect-bytes.ts'

/** Bytes of chunks one after the other. What is taken is aligned to 8 bytes in memory, and copied only where it is not. */
export class ByteQueue {
  /** How many bytes were taken. */
  position = 0
  readonly #chunks: AsyncGenerator<Uint8Array>
  #held: Uint8Array[] = []
  #length = 0
  #isAtEnd = false

  constructor(chunks: AsyncGenerator<Uint8Array>) {
    this.#chunks = chunks
  }

  /** Whether it is known that there is nothing left. */
  get isAtEnd(): boolean {
    return this.#isAtEnd && this.#length === 0
  }

  /** The next `count` bytes, or all that are left. */
  async peek(count: number): Promise<Uint8Array> {
    await this.#fill(count)
    return this.#join().subarray(0, count)
  }

  /** The next `count` bytes. Throws RangeError when there are fewer. */
  async take(count: number): Promise<Uint8Array> {
    await this.#fill(count)
    if (this.#length < count) throw new RangeError(`the bytes end ${count - this.#length} too early`)
    const all = this.#join()
    const rest = all.subarray(count)
    this.#held = rest.length === 0 ? [] : [rest]
    this.#length = rest.length
    this.position += count
    const taken = all.subarray(0, count)
    return taken.byteOffset % 8 === 0 ? taken : taken.slice()
  }

  /** Reads no more. */
  async close(): Promise<void> {
    this.#held = []
    this.#length = 0
    await this.#chunks.return(undefined)
  }

  async #fill(count: number): Promise<void> {
    while (this.#length < count && !this.#isAtEnd) {
      const { done, value } = await this.#chunks.next()
      if (done === true) this.#isAtEnd = true
      else if (value.length > 0) {
        this.#held.push(value)
        this.#length += value.length
      }
    }
  }

  #join(): Uint8Array {
    if (this.#held.length > 1) this.#held = [concatenated(this.#held, this.#length)]
    return this.#held[0] ?? new Uint8Array()
  }
}
