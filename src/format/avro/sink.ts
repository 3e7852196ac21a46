const firstCapacity = 64 * 1024

/** Bytes that grow, written in Avro's encoding. */
export class Sink {
  bytes: Uint8Array = new Uint8Array(firstCapacity)
  position = 0
  #view = new DataView(this.bytes.buffer)

  /** Makes room for `count` more bytes. */
  room(count: number): void {
    if (this.position + count > this.bytes.length) this.#grow(count)
  }

  byte(value: number): void {
    this.room(1)
    this.bytes[this.position++] = value
  }

  /** An int, or a long that is one: zigzag varint. */
  int(value: number): void {
    this.room(5)
    const { bytes } = this
    let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
    while (zigzag > 0x7f) {
      bytes[this.position++] = (zigzag & 0x7f) | 0x80
      zigzag >>>= 7
    }
    bytes[this.position++] = zigzag
  }

  /** A long in two halves. */
  long(low: number, high: number): void {
    if (high === low >> 31 && low >= -0x4000_0000 && low < 0x4000_0000) return this.int(low)
    this.room(10)
    const { bytes } = this
    const sign = high >> 31
    let lower = ((low << 1) ^ sign) >>> 0
    let upper = (((high << 1) | (low >>> 31)) ^ sign) >>> 0
    while (upper > 0 || lower > 0x7f) {
      bytes[this.position++] = (lower & 0x7f) | 0x80
      lower = ((lower >>> 7) | (upper << 25)) >>> 0
      upper >>>= 7
    }
    bytes[this.position++] = lower
  }

  /** A long that a number holds exactly. */
  number(value: number): void {
    const high = Math.floor(value / 2 ** 32)
    this.long((value - high * 2 ** 32) | 0, high)
  }

  float(value: number): void {
    this.room(4)
    this.#view.setFloat32(this.position, value, true)
    this.position += 4
  }

  double(value: number): void {
    this.room(8)
    this.#view.setFloat64(this.position, value, true)
    this.position += 8
  }

  /** The bytes from `start` to `end` of `source`, without their length. */
  copy(source: Uint8Array, start: number, end: number): void {
    this.room(end - start)
    if (end - start < shortBytes) {
      const { bytes } = this
      let at = this.position
      for (let from = start; from < end; from++) bytes[at++] = source[from]!
      this.position = at
    } else {
      this.bytes.set(source.subarray(start, end), this.position)
      this.position += end - start
    }
  }

  /** What was written so far; the sink is empty after that. The bytes are valid until the next write. */
  take(): Uint8Array {
    const written = this.bytes.subarray(0, this.position)
    this.position = 0
    return written
  }

  #grow(count: number): void {
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.position + count))
    bytes.set(this.bytes.subarray(0, this.position))
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

/** Fewer bytes than this are copied one by one: a call costs more. */
const shortBytes = 48
