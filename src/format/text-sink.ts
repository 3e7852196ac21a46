const firstCapacity = 128 * 1024

/** Bytes of a text that grows, in UTF-8. */
export class TextSink {
  position = 0
  #bytes = new Uint8Array(firstCapacity)
  readonly #encoder = new TextEncoder()

  byte(value: number): void {
    if (this.position === this.#bytes.length) this.#room(1)
    this.#bytes[this.position++] = value
  }

  /** The bytes from `start` to `end` of `source`. */
  copy(source: Uint8Array, start: number, end: number): void {
    this.#room(end - start)
    const bytes = this.#bytes
    let at = this.position
    if (end - start > longBytes) bytes.set(source.subarray(start, end), at)
    else for (let from = start; from < end; from++) bytes[at++] = source[from]!
    this.position += end - start
  }

  text(text: string): void {
    this.#room(text.length * 3)
    const bytes = this.#bytes
    if (text.length > longBytes) {
      this.position += this.#encoder.encodeInto(text, bytes.subarray(this.position)).written
      return
    }
    let at = this.position
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) {
        this.position += this.#encoder.encodeInto(text, bytes.subarray(this.position)).written
        return
      }
      bytes[at++] = code
    }
    this.position = at
  }

  /** A whole number that is exact. */
  integer(value: number): void {
    if (!(value > -1e9 && value < 1e9)) return this.text(String(value))
    this.#room(10)
    const bytes = this.#bytes
    let rest = value
    if (rest < 0) {
      bytes[this.position++] = 0x2d
      rest = -rest
    }
    let end = this.position + 1
    for (let power = 10; power <= rest; power *= 10) end++
    for (let at = end - 1; at >= this.position; at--) {
      const next = (rest / 10) | 0
      bytes[at] = 0x30 + rest - next * 10
      rest = next
    }
    this.position = end
  }

  /** What was written so far; the sink is empty after that. */
  take(): Uint8Array {
    const written = this.#bytes.slice(0, this.position)
    this.position = 0
    return written
  }

  #room(count: number): void {
    if (this.position + count <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.position + count))
    bytes.set(this.#bytes.subarray(0, this.position))
    this.#bytes = bytes
  }
}

/** More than this is faster by a call than one by one. */
const longBytes = 48
