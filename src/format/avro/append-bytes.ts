import type { BytesBuilder, FixedBuilder } from '../column-builder.ts'
import type { Append } from './append-number.ts'
import { AvroFailure } from './avro-failure.ts'
import type { Cursor } from './cursor.ts'
import { isUtf8 } from '../is-utf8.ts'

/** Texts shorter than this are copied byte by byte: a call costs more. */
const shortText = 48

/** The length of the value that follows: of a fixed type known, else told before it. */
type Length = (cursor: Cursor) => number

/** The length of values of `bytes`, of texts, and of a fixed type of `size`. */
export function lengthOf(size: number | undefined): Length {
  if (size === undefined) return (cursor) => cursor.length()
  return (cursor) => {
    if (size > cursor.bytes.length - cursor.position) throw new AvroFailure('a value runs over the end of the block')
    return size
  }
}

export function text(builder: BytesBuilder): Append {
  return (cursor) => {
    const length = cursor.length()
    const { bytes, position } = cursor
    const end = position + length
    builder.room(length)
    cursor.position = end
    let any = 0x80
    if (length < shortText) {
      const target = builder.bytes
      let at = builder.used
      any = 0
      for (let from = position; from < end; from++) {
        const byte = bytes[from]!
        target[at++] = byte
        any |= byte
      }
    } else builder.bytes.set(bytes.subarray(position, end), builder.used)
    if (any >= 0x80 && !isUtf8(bytes, position, end)) throw new AvroFailure('a text is not UTF-8')
    builder.used += length
    builder.end()
  }
}

export function blob(builder: BytesBuilder, lengthNext: Length): Append {
  return (cursor) => {
    const length = lengthNext(cursor)
    const { position } = cursor
    cursor.position += length
    builder.append(cursor.bytes.subarray(position, position + length))
  }
}

/** Big-endian two's complement of any length as the little-endian integers of a decimal column. */
export function decimal(builder: FixedBuilder, precision: number, lengthNext: Length): Append {
  const { width } = builder
  const limit = 10 ** precision
  return (cursor) => {
    const length = lengthNext(cursor)
    const { bytes, position } = cursor
    const end = position + length
    cursor.position = end
    const sign = length > 0 && bytes[position]! >= 0x80 ? 0xff : 0
    let size = 0
    for (let from = position; from < end; from++) size = size * 256 + (bytes[from]! ^ sign)
    if (size > limit) throw tooWide(precision)
    for (let from = position; from < end - width; from++) if (bytes[from] !== sign) throw tooWide(precision)
    builder.room()
    const at = builder.length++ * width
    for (let byte = 0; byte < width; byte++) builder.bytes[at + byte] = byte < length ? bytes[end - 1 - byte]! : sign
  }
}

function tooWide(precision: number): AvroFailure {
  return new AvroFailure(`a decimal has more than the ${precision} digits of its type`, { code: 'INVALID_VALUE' })
}

/** Decimals of more digits than a decimal column has, rounded. */
export function decimalAsDouble(builder: FixedBuilder, scale: number, lengthNext: Length): Append {
  return (cursor) => {
    const length = lengthNext(cursor)
    let value = 0n
    for (let byte = 0; byte < length; byte++) value = (value << 8n) | BigInt(cursor.bytes[cursor.position++]!)
    builder.room()
    builder.doubles[builder.length++] = Number(`${BigInt.asIntN(length * 8, value)}e-${scale}`)
  }
}

export function uuidBytes(builder: FixedBuilder): Append {
  const lengthNext = lengthOf(16)
  return (cursor) => {
    lengthNext(cursor)
    builder.room()
    const at = builder.length++ * 16
    for (let byte = 0; byte < 16; byte++) builder.bytes[at + byte] = cursor.bytes[cursor.position++]!
  }
}

export function uuidText(builder: FixedBuilder): Append {
  return (cursor) => {
    const end = cursor.length() + cursor.position
    builder.room()
    const at = builder.length++ * 16
    let digits = 0
    for (let from = cursor.position; from < end; from++) {
      const code = cursor.bytes[from]!
      if (code === 0x2d) continue
      const digit = hexadecimal(code)
      if (digit < 0 || digits === 32) throw noUuid()
      const byte = at + (digits >> 1)
      builder.bytes[byte] = (digits & 1) === 0 ? digit << 4 : builder.bytes[byte]! | digit
      digits++
    }
    if (digits !== 32) throw noUuid()
    cursor.position = end
  }
}

function hexadecimal(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function noUuid(): AvroFailure {
  return new AvroFailure('a text of the type uuid is not one', { code: 'INVALID_VALUE' })
}

/** Months, days and milliseconds, each unsigned. */
export function duration(builder: FixedBuilder): Append {
  const lengthNext = lengthOf(12)
  return (cursor) => {
    lengthNext(cursor)
    const { view, position } = cursor
    cursor.position += 12
    const months = view.getInt32(position, true)
    const days = view.getInt32(position + 4, true)
    if (months < 0 || days < 0)
      throw new AvroFailure('a duration has more months or days than an interval can have', { code: 'INVALID_VALUE' })
    const micros = view.getUint32(position + 8, true) * 1000
    builder.room()
    const at = builder.length++ * 4
    builder.words[at] = months
    builder.words[at + 1] = days
    builder.words[at + 2] = micros % 2 ** 32
    builder.words[at + 3] = Math.floor(micros / 2 ** 32)
  }
}
