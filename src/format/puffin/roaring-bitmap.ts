import { LakefrontError } from '../../errors.ts'

const cookieWithRuns = 12347
const cookieWithoutRuns = 12346
const containers = 65536
const mostInArray = 4096
const bitmapBytes = 8192
/** Fewer containers with runs come without their offsets. */
const leastWithOffsets = 4

/**
 * The numbers of a Roaring bitmap of 32 bits in its portable form (RoaringFormatSpec), ascending, and how many bytes it takes. Fails with
 * `CORRUPT_FILE`.
 */
export function readRoaringBitmap(bytes: Uint8Array): { readonly values: Uint32Array; readonly length: number } {
  const reader = new Reader(bytes)
  const cookie = reader.uint32()
  const hasRuns = (cookie & 0xffff) === cookieWithRuns
  if (!hasRuns && cookie !== cookieWithoutRuns) throw damaged('begins with no known number')
  const count = hasRuns ? (cookie >>> 16) + 1 : reader.uint32()
  if (count > containers) throw damaged(`counts ${count} parts`)
  const runFlags = hasRuns ? reader.bytes((count + 7) >> 3) : new Uint8Array()
  const keys = new Uint16Array(count)
  const sizes = new Uint32Array(count)
  let total = 0
  for (let index = 0; index < count; index++) {
    keys[index] = reader.uint16()
    sizes[index] = reader.uint16() + 1
    total += sizes[index]!
    if (index > 0 && keys[index]! <= keys[index - 1]!) throw damaged('has its parts out of order')
  }
  if (!hasRuns || count >= leastWithOffsets) reader.bytes(count * 4)
  const values = new Uint32Array(total)
  let at = 0
  for (let index = 0; index < count; index++) {
    const [base, size] = [keys[index]! * 65536, sizes[index]!]
    const part = values.subarray(at, (at += size))
    const isRuns = hasRuns && ((runFlags[index >> 3]! >> (index & 7)) & 1) === 1
    if (isRuns) readRuns(reader, part, base)
    else if (size <= mostInArray) readArray(reader, part, base)
    else readBits(reader.bytes(bitmapBytes), part, base)
  }
  return { values, length: reader.position }
}

function readRuns(reader: Reader, into: Uint32Array, base: number): void {
  let at = 0
  let last = -1
  for (let runs = reader.uint16(); runs > 0; runs--) {
    const start = reader.uint16()
    const end = start + reader.uint16()
    if (start <= last || end > 0xffff || at + end - start + 1 > into.length) throw damaged('has runs that cannot be')
    for (let low = start; low <= end; low++) into[at++] = base + low
    last = end
  }
  if (at !== into.length) throw damaged(`says a part has ${into.length} numbers, and it has ${at}`)
}

function readArray(reader: Reader, into: Uint32Array, base: number): void {
  for (let at = 0, last = -1; at < into.length; at++) {
    const low = reader.uint16()
    if (low <= last) throw damaged('has numbers out of order')
    into[at] = base + low
    last = low
  }
}

function readBits(bits: Uint8Array, into: Uint32Array, base: number): void {
  let at = 0
  for (let low = 0; low < bits.length * 8; low++) {
    if (((bits[low >> 3]! >> (low & 7)) & 1) === 0) continue
    if (at < into.length) into[at] = base + low
    at++
  }
  if (at !== into.length) throw damaged(`says a part has ${into.length} numbers, and it has ${at}`)
}

class Reader {
  position = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true)
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true)
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  #advance(length: number): number {
    const start = this.position
    if (start + length > this.#bytes.length) throw damaged('ends too early')
    this.position += length
    return start
  }
}

function damaged(what: string): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `A Roaring bitmap ${what}: it is truncated or damaged.`)
}
