import { LakefrontError } from '../../errors.ts'
import { unexpected } from '../arrow-ffi.ts'
import type { FfiArray } from '../arrow-ffi.ts'
import { convertBytes } from './convert-bytes.ts'
import type { Conversion } from './leaf-mapping.ts'

interface Rows {
  readonly start: number
  readonly length: number
  readonly validity: Uint8Array | undefined
}

/** Values of fixed width after `conversion`. Rows that are null hold anything. */
export function convertFixed(array: FfiArray, conversion: Conversion, rows: Rows): Uint8Array {
  const take = (width: number): ArrayBuffer => {
    const address = array.buffers[1]! + rows.start * width
    return array.memory.slice(address, address + rows.length * width)
  }
  switch (conversion.as) {
    case 'copy':
      return array.format === 'l' ? resized(take(8), 8, conversion.width) : new Uint8Array(take(conversion.width))
    case 'resize':
      return resized(take(integerWidth(array)), integerWidth(array), conversion.to)
    case 'scale':
      return bytesOf(scaled(take(integerWidth(array)), conversion, rows))
    case 'timetz':
      return packTimes(scaled(take(integerWidth(array)), conversion, rows))
    case 'interval':
      return intervals(new Int32Array(take(12)))
    case 'float16':
      return bytesOf(Float32Array.from(new Uint16Array(take(2)), singleFromHalf))
    case 'decimal':
      return decimals(convertBytes(array, rows.start, rows.length), conversion.to)
    case 'decimal-double':
      return bytesOf(doubles(convertBytes(array, rows.start, rows.length), conversion.scale))
    default:
      throw new LakefrontError('INTERNAL', `Conversion "${conversion.as}" makes no values of fixed width.`)
  }
}

function integerWidth(array: FfiArray): number {
  if (array.format === 'i') return 4
  if (array.format === 'l') return 8
  throw unexpected(array)
}

/** Two's complement, little endian: cutting keeps the low bytes, extending repeats the sign. */
function resized(buffer: ArrayBuffer, from: number, to: number): Uint8Array {
  if (from === to) return new Uint8Array(buffer)
  const length = buffer.byteLength / from
  const words = new Int32Array(buffer)
  const step = from / 4
  if (to === 1) return bytesOf(Int8Array.from({ length }, (_, index) => words[index * step]!))
  if (to === 2) {
    const values = new Int16Array(length)
    for (let index = 0; index < length; index++) values[index] = words[index * step]!
    return bytesOf(values)
  }
  const target = to / 4
  const values = new Int32Array(length * target)
  for (let index = 0; index < length; index++) {
    const high = words[index * step + step - 1]!
    for (let word = 0; word < target; word++) {
      values[index * target + word] = word < step ? words[index * step + word]! : high >> 31
    }
  }
  return bytesOf(values)
}

/** What DuckDB writes for infinity, in any unit. */
const infinite = 2n ** 63n - 1n

function scaled(
  buffer: ArrayBuffer,
  { multiply, divide }: { multiply: number; divide: number },
  { length, validity }: Rows,
): BigInt64Array {
  const source = buffer.byteLength === length * 4 ? new Int32Array(buffer) : new BigInt64Array(buffer)
  const values = new BigInt64Array(length)
  const [factor, divisor] = [BigInt(multiply), BigInt(divide)]
  for (let index = 0; index < length; index++) {
    if (validity !== undefined && (validity[index >> 3]! & (1 << (index & 7))) === 0) continue
    const stored = BigInt(source[index]!)
    const value = stored === infinite || stored === -infinite ? stored : (stored * factor) / divisor
    if (BigInt.asIntN(64, value) !== value) {
      throw new LakefrontError('INVALID_VALUE', 'A timestamp in the file is out of range in microseconds.')
    }
    values[index] = value
  }
  return values
}

const utcOffset = 16n * 60n * 60n - 1n

/** DuckDB's TIMETZ: microseconds in the upper 40 bits, then the offset, counted down from its maximum. */
function packTimes(microseconds: BigInt64Array): Uint8Array {
  return bytesOf(microseconds.map((time) => (time << 24n) | utcOffset))
}

function intervals(parts: Int32Array): Uint8Array {
  const length = parts.length / 3
  const bytes = new Uint8Array(length * 16)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < length; index++) {
    view.setInt32(index * 16, parts[index * 3]!, true)
    view.setInt32(index * 16 + 4, parts[index * 3 + 1]!, true)
    view.setBigInt64(index * 16 + 8, BigInt(parts[index * 3 + 2]! >>> 0) * 1000n, true)
  }
  return bytes
}

function singleFromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Big-endian two's complement of any length to little-endian integers of `width` bytes. */
function decimals({ offsets, values }: { offsets: Int32Array; values: Uint8Array }, width: number): Uint8Array {
  const length = offsets.length - 1
  const result = new Uint8Array(length * width)
  for (let index = 0; index < length; index++) {
    const first = offsets[index]!
    const end = offsets[index + 1]!
    const target = index * width
    const stored = Math.min(width, end - first)
    for (let byte = 0; byte < stored; byte++) result[target + byte] = values[end - 1 - byte]!
    if (stored < width && end > first && values[first]! >= 0x80) result.fill(0xff, target + stored, target + width)
    if (end - first > width) checkFits(values, first, end - width)
  }
  return result
}

function checkFits(values: Uint8Array, first: number, end: number): void {
  const sign = values[end]! >= 0x80 ? 0xff : 0
  for (let at = first; at < end; at++) {
    if (values[at] !== sign) {
      throw new LakefrontError('INVALID_VALUE', 'A decimal in the file has more digits than its column type allows.')
    }
  }
}

function doubles({ offsets, values }: { offsets: Int32Array; values: Uint8Array }, scale: number): Float64Array {
  const result = new Float64Array(offsets.length - 1)
  for (let index = 0; index < result.length; index++) {
    let value = 0
    const first = offsets[index]!
    for (let at = first; at < offsets[index + 1]!; at++) {
      value = value * 256 + (at === first ? (values[at]! << 24) >> 24 : values[at]!)
    }
    result[index] = value / 10 ** scale
  }
  return result
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
