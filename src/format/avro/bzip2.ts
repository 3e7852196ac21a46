import { AvroFailure } from './avro-failure.ts'

/**
 * Decompresses bzip2, streams one after the other included; fails when there are more than `limit` bytes or the checksum of a
 * block is wrong. Huffman codes, move to front, Burrows-Wheeler: sourceware.org/bzip2.
 */
export function bunzip2(input: Uint8Array, limit: number): Uint8Array {
  const bits = new Bits(input)
  const output = new Output(limit)
  while (!bits.isAtEnd) {
    if (bits.take(16) !== 0x425a || bits.take(8) !== 0x68) throw damaged('it does not begin as bzip2 does')
    const level = bits.take(8) - 0x30
    if (level < 1 || level > 9) throw damaged('its block size is none')
    const links = new Uint32Array(level * 100_000)
    for (;;) {
      const high = bits.take(24)
      const low = bits.take(24)
      if (high === 0x177245 && low === 0x385090) break
      if (high !== 0x314159 || low !== 0x265359) throw damaged('a block does not begin where it should')
      readBlock(bits, links, output)
    }
    bits.take(16)
    bits.take(16)
    bits.align()
  }
  return output.take()
}

function readBlock(bits: Bits, links: Uint32Array, output: Output): void {
  const checksum = (bits.take(16) << 16) | bits.take(16)
  if (bits.take(1) === 1) throw damaged('it is randomized, which no writer has done for decades')
  const origin = bits.take(24)
  const length = readSymbols(bits, links)
  if (origin >= length) throw damaged('a block has no such beginning')
  if (undoTransform(links, length, origin, output) !== checksum) throw damaged('the checksum of a block is wrong')
}

/** Fills `links` with the bytes of a block before the transform, in their lowest 8 bits. */
function readSymbols(bits: Bits, links: Uint32Array): number {
  const front = readAlphabet(bits)
  const symbols = front.length + 2
  const tables = bits.take(3)
  if (tables < 2 || tables > 6) throw damaged(`it has ${tables} tables of codes`)
  const selectors = readSelectors(bits, tables)
  const codes = Array.from({ length: tables }, () => readCodes(bits, symbols))
  const end = symbols - 1
  let length = 0
  let run = 0
  let weight = 1
  let group = -1
  let left = 0
  let table = codes[0]!
  for (;;) {
    if (left-- === 0) {
      if (++group >= selectors.length) throw damaged('a block goes on after its last table of codes')
      table = codes[selectors[group]!]!
      left = 49
    }
    const symbol = table.take(bits)
    if (symbol < 2) {
      run += weight << symbol
      weight <<= 1
      if (run > links.length) throw damaged('a block is longer than it may be')
      continue
    }
    if (run > 0) {
      if (length + run > links.length) throw damaged('a block is longer than it may be')
      links.fill(front[0]!, length, length + run)
      length += run
      run = 0
      weight = 1
    }
    if (symbol === end) return length
    if (length === links.length) throw damaged('a block is longer than it may be')
    const byte = front[symbol - 1]!
    front.copyWithin(1, 0, symbol - 1)
    front[0] = byte
    links[length++] = byte
  }
}

/** The bytes that occur, ascending. */
function readAlphabet(bits: Bits): Uint8Array {
  const ranges = bits.take(16)
  const used: number[] = []
  for (let range = 0; range < 16; range++) {
    if (((ranges >> (15 - range)) & 1) === 0) continue
    const bytes = bits.take(16)
    for (let byte = 0; byte < 16; byte++) if ((bytes >> (15 - byte)) & 1) used.push(range * 16 + byte)
  }
  if (used.length === 0) throw damaged('a block has no bytes')
  return Uint8Array.from(used)
}

function readSelectors(bits: Bits, tables: number): Uint8Array {
  const count = bits.take(15)
  if (count === 0) throw damaged('a block names no table of codes')
  const front = Uint8Array.from({ length: tables }, (_, table) => table)
  return Uint8Array.from({ length: count }, () => {
    let position = 0
    while (bits.take(1) === 1) if (++position >= tables) throw damaged('a block names a table of codes it has not')
    const table = front[position]!
    front.copyWithin(1, 0, position)
    front[0] = table
    return table
  })
}

function readCodes(bits: Bits, symbols: number): Codes {
  const lengths = new Uint8Array(symbols)
  let length = bits.take(5)
  for (let symbol = 0; symbol < symbols; symbol++) {
    for (;;) {
      if (length < 1 || length > longestCode) throw damaged('a code has no possible length')
      if (bits.take(1) === 0) break
      length += bits.take(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  return new Codes(lengths)
}

const longestCode = 20

/** Canonical Huffman codes: by length, the first code and where its symbols begin. */
class Codes {
  readonly #symbols: Uint16Array
  readonly #first = new Int32Array(longestCode + 2)
  readonly #start = new Int32Array(longestCode + 2)
  readonly #count = new Int32Array(longestCode + 2)

  constructor(lengths: Uint8Array) {
    for (const length of lengths) this.#count[length]!++
    let code = 0
    let start = 0
    for (let length = 1; length <= longestCode; length++) {
      this.#first[length] = code
      this.#start[length] = start
      start += this.#count[length]!
      code = (code + this.#count[length]!) << 1
    }
    const next = this.#start.slice()
    this.#symbols = new Uint16Array(lengths.length)
    lengths.forEach((length, symbol) => {
      this.#symbols[next[length]!++] = symbol
    })
  }

  take(bits: Bits): number {
    let code = 0
    for (let length = 1; length <= longestCode; length++) {
      code = (code << 1) | bits.take(1)
      const index = code - this.#first[length]!
      if (index < this.#count[length]!) return this.#symbols[this.#start[length]! + index]!
    }
    throw damaged('a code is none of its table')
  }
}

/** Undoes the Burrows-Wheeler transform and the runs, and gives the checksum of what came out. */
function undoTransform(links: Uint32Array, length: number, origin: number, output: Output): number {
  const starts = new Uint32Array(257)
  for (let at = 0; at < length; at++) starts[(links[at]! & 0xff) + 1]!++
  for (let byte = 0; byte < 256; byte++) starts[byte + 1]! += starts[byte]!
  for (let at = 0; at < length; at++) {
    const byte = links[at]! & 0xff
    links[starts[byte]!++]! |= at << 8
  }
  let position = links[origin]! >>> 8
  let checksum = -1
  let previous = -1
  let repeats = 0
  for (let at = 0; at < length; at++) {
    const link = links[position]!
    const byte = link & 0xff
    position = link >>> 8
    if (repeats === 4) {
      output.put(previous, byte)
      for (let count = 0; count < byte; count++) checksum = step(checksum, previous)
      repeats = 0
      previous = -1
      continue
    }
    repeats = byte === previous ? repeats + 1 : 1
    previous = byte
    output.put(byte, 1)
    checksum = step(checksum, byte)
  }
  return ~checksum
}

/** One byte more in a CRC-32, most significant bit first. */
function step(checksum: number, byte: number): number {
  return (checksum << 8) ^ checksums[(checksum >>> 24) ^ byte]!
}

const checksums = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c1_1db7 : value << 1
  return value
})

class Bits {
  readonly #bytes: Uint8Array
  #position = 0
  #held = 0
  #count = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#count === 0 && this.#position >= this.#bytes.length
  }

  /** The next bits, at most 24. */
  take(count: number): number {
    while (this.#count < count) {
      if (this.#position >= this.#bytes.length) throw damaged('it ends too early')
      this.#held = (this.#held << 8) | this.#bytes[this.#position++]!
      this.#count += 8
    }
    this.#count -= count
    return (this.#held >>> this.#count) & ((1 << count) - 1)
  }

  /** Goes on to the next whole byte. */
  align(): void {
    this.#count -= this.#count & 7
  }
}

class Output {
  #bytes = new Uint8Array(64 * 1024)
  #length = 0
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  put(byte: number, count: number): void {
    const end = this.#length + count
    if (end > this.#limit) throw damaged(`it is more than ${this.#limit} bytes`)
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    if (count === 1) this.#bytes[this.#length] = byte
    else this.#bytes.fill(byte, this.#length, end)
    this.#length = end
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}

function damaged(problem: string): AvroFailure {
  return new AvroFailure(`what it holds cannot be decompressed as bzip2: ${problem}`)
}
