import { AvroFailure } from './avro-failure.ts'

/** Items without bytes, such as nulls, that a block may have. */
const mostEmptyItems = 1_000_000

/**
 * Where decoding stands in a block. Reading over the end of the bytes gives zeros, so that the loops that read rows and items need
 * to look only once each whether `position` is still inside.
 */
export class Cursor {
  bytes: Uint8Array = new Uint8Array()
  view: DataView = new DataView(new ArrayBuffer(0))
  position = 0
  /** What {@link long} read, in two halves. */
  low = 0
  high = 0
  #emptyItems = 0

  /** Starts at the beginning of `bytes`. */
  open(bytes: Uint8Array): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = 0
    this.#emptyItems = 0
  }

  /** Counts items or rows that took no bytes: their number is all there is to them, and costs nothing to claim. */
  countEmpty(count: number): void {
    this.#emptyItems += count
    if (this.#emptyItems > mostEmptyItems)
      throw new AvroFailure(`the block says it has more than ${mostEmptyItems} values that take no bytes`)
  }

  /** Fails when more was read than there is. */
  check(): void {
    if (this.position > this.bytes.length) throw new AvroFailure('a value runs over the end of the block')
  }

  byte(): number {
    return this.bytes[this.position++]! | 0
  }

  /** A zigzag varint of 32 bits. */
  int(): number {
    const first = this.bytes[this.position]!
    if (first < 0x80) {
      this.position++
      return (first >>> 1) ^ -(first & 1)
    }
    return this.#longerInt()
  }

  /** A zigzag varint of 64 bits, into `low` and `high`. */
  long(): void {
    const { bytes, position } = this
    const a = bytes[position]!
    if (a < 0x80) {
      this.position = position + 1
      this.low = (a >>> 1) ^ -(a & 1)
      this.high = -(a & 1)
      return
    }
    const b = bytes[position + 1]!
    const c = bytes[position + 2]!
    const d = bytes[position + 3]!
    if (b < 0x80) {
      this.position = position + 2
      this.#put((a & 0x7f) | (b << 7))
    } else if (c < 0x80) {
      this.position = position + 3
      this.#put((a & 0x7f) | ((b & 0x7f) << 7) | (c << 14))
    } else if (d < 0x80) {
      this.position = position + 4
      this.#put((a & 0x7f) | ((b & 0x7f) << 7) | ((c & 0x7f) << 14) | (d << 21))
    } else {
      this.#longest((a & 0x7f) | ((b & 0x7f) << 7) | ((c & 0x7f) << 14) | ((d & 0x7f) << 21))
    }
  }

  /** The length of a text or of bytes that are in the block. */
  length(): number {
    this.long()
    if (this.high !== 0 || this.low < 0 || this.low > this.bytes.length - this.position)
      throw new AvroFailure(`a length of ${this.#number()} bytes is more than what is left of the block`)
    return this.low
  }

  /** The number of items that follow in an array or a map, negative when their size in bytes comes next. */
  count(): number {
    this.long()
    const count = this.#number()
    if (Math.abs(count) > 2 ** 31 - 1) throw new AvroFailure(`a list says it has ${Math.abs(count)} items`)
    return count
  }

  #number(): number {
    return this.high * 2 ** 32 + (this.low >>> 0)
  }

  #put(zigzag: number): void {
    const sign = -(zigzag & 1)
    this.low = (zigzag >>> 1) ^ sign
    this.high = sign
  }

  #longerInt(): number {
    const { bytes } = this
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[this.position++]! | 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break
        return (value >>> 1) ^ -(value & 1)
      }
    }
    throw new AvroFailure('an int has more than 32 bits')
  }

  #longest(first28: number): void {
    const { bytes } = this
    let position = this.position + 4
    let middle = 0
    let last = 0
    let shift = 0
    for (; shift < 42; shift += 7) {
      const byte = bytes[position++]! | 0
      if (shift < 28) middle |= (byte & 0x7f) << shift
      else last |= (byte & 0x7f) << (shift - 28)
      if (byte < 0x80) break
    }
    if (shift === 42 || last > 0xff) throw new AvroFailure('a long has more than 64 bits')
    this.position = position
    const low = first28 | (middle << 28)
    const high = (middle >>> 4) | (last << 24)
    const sign = -(low & 1)
    this.low = ((low >>> 1) | (high << 31)) ^ sign
    this.high = (high >>> 1) ^ sign
  }
}
