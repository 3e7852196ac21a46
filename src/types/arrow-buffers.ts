import { type Data, IntervalUnit, TimeUnit } from 'apache-arrow'
import { LakefrontError } from '../errors.ts'
import type { ColumnData } from './column-data.ts'
import { bytesOf, typedView } from './typed-view.ts'
import { bitmapSlice, countZeros, isValid } from './validity.ts'

/** Throws `CORRUPT_FILE` unless a buffer is as long as it has to be. */
export function check(isWhole: boolean): void {
  if (!isWhole)
    throw new LakefrontError('CORRUPT_FILE', 'The Arrow data is damaged: a buffer is shorter than its column.')
}

/** The nulls of Arrow data, from its first row on. */
export function nullsOf(data: Data): Pick<ColumnData, 'nullCount' | 'validity'> {
  if (data.nullCount === 0) return { nullCount: 0 }
  const validity = bitmapSlice(data.nullBitmap, data.offset, data.length)
  check(validity.byteLength >= (data.length + 7) >> 3)
  const nullCount = countZeros(validity, data.length)
  return nullCount === 0 ? { nullCount } : { nullCount, validity }
}

/** The bytes of values of `width` bytes each. */
export function fixed(data: Data, width: number): Uint8Array {
  const bytes = data.values === undefined ? new Uint8Array(0) : bytesOf(data.values as ArrayBufferView)
  check(bytes.byteLength >= data.length * width)
  return bytes.subarray(0, data.length * width)
}

/** The values of a type of 64 bits. */
export function int64s(data: Data): BigInt64Array {
  return typedView(BigInt64Array, fixed(data, 8), data.length)
}

/** 16-bit floats as 32-bit floats. */
export function halfFloats(data: Data): Uint8Array {
  const halves = typedView(Uint16Array, fixed(data, 2), data.length)
  const floats = Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1
    const exponent = (half >> 10) & 0x1f
    const fraction = half & 0x3ff
    if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
  })
  return bytesOf(floats)
}

/** Decimals of any width in as many bytes as their precision asks for. */
export function narrowDecimals({ precision }: { precision: number }, data: Data): Uint8Array {
  const { length } = data
  const words = (data.type as unknown as { bitWidth: number }).bitWidth / 32
  if (words === 4 && precision > 18) return fixed(data, 16)
  const given = typedView(Uint32Array, fixed(data, words * 4), length * words)
  const width = precision <= 4 ? 1 : precision <= 9 ? 2 : precision <= 18 ? 4 : 8
  const bytes = new Uint8Array(length * width * 2)
  if (width <= 2) {
    const target = width === 1 ? new Int16Array(bytes.buffer) : new Int32Array(bytes.buffer)
    for (let index = 0; index < length; index++) target[index] = given[index * words]!
    return bytes
  }
  const target = new Uint32Array(bytes.buffer)
  const wordsOut = width / 2
  for (let index = 0; index < length; index++) {
    const sign = given[index * words + words - 1]! >> 31
    for (let word = 0; word < wordsOut; word++)
      target[index * wordsOut + word] = word < words ? given[index * words + word]! : sign
  }
  return bytes
}

/** The quotient rounded down. */
export function floorDivided(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return value % divisor < 0n ? quotient - 1n : quotient
}

/** Microseconds of a count in `unit`; nanoseconds are cut, as DuckDB does. */
export function microseconds(value: bigint, unit: TimeUnit): bigint {
  if (unit === TimeUnit.MICROSECOND) return value
  if (unit === TimeUnit.NANOSECOND) return floorDivided(value, 1000n)
  const result = value * (unit === TimeUnit.SECOND ? 1_000_000n : 1000n)
  if (BigInt.asIntN(64, result) === result) return result
  throw new LakefrontError(
    'INVALID_VALUE',
    'An Arrow timestamp or duration is out of the range of microseconds in 64 bits.',
  )
}

/** Times of day: of 64 bits as they are, others in microseconds. */
export function times(data: Data): Uint8Array {
  const { unit, bitWidth } = data.type as unknown as { unit: TimeUnit; bitWidth: number }
  if (bitWidth === 64) return fixed(data, 8)
  const units = typedView(Int32Array, fixed(data, 4), data.length)
  return bytesOf(BigInt64Array.from(units, (value) => microseconds(BigInt(value), unit)))
}

/** Without a zone in the unit given, with one in microseconds. */
export function timestamps(data: Data, timezone: string | null | undefined): Uint8Array {
  const { unit } = data.type as unknown as { unit: TimeUnit }
  if (!timezone || unit === TimeUnit.MICROSECOND) return fixed(data, 8)
  const column = { length: data.length, ...nullsOf(data) }
  return bytesOf(int64s(data).map((value, index) => (isValid(column, index) ? microseconds(value, unit) : 0n)))
}

/** Intervals of any unit as DuckDB keeps them. */
export function intervals(data: Data): Uint8Array {
  const { unit } = data.type as unknown as { unit: IntervalUnit }
  const { length } = data
  if (unit === IntervalUnit.YEAR_MONTH) {
    const months = typedView(Int32Array, fixed(data, 4), length)
    return intervalBytes(length, (index) => [months[index]!, 0, 0n])
  }
  if (unit === IntervalUnit.DAY_TIME) {
    const words = typedView(Int32Array, fixed(data, 8), length * 2)
    return intervalBytes(length, (index) => [0, words[index * 2]!, BigInt(words[index * 2 + 1]!) * 1000n])
  }
  const bytes = fixed(data, 16)
  const words = typedView(Int32Array, bytes, length * 4)
  const clocks = typedView(BigInt64Array, bytes, length * 2)
  return intervalBytes(length, (index) => [words[index * 4]!, words[index * 4 + 1]!, clocks[index * 2 + 1]! / 1000n])
}

/** Intervals as DuckDB keeps them: months, days, microseconds. */
export function intervalBytes(length: number, parts: (index: number) => readonly [number, number, bigint]): Uint8Array {
  const words = new Int32Array(length * 4)
  const clocks = new BigInt64Array(words.buffer)
  for (let index = 0; index < length; index++) {
    const [months, days, clock] = parts(index)
    words[index * 4] = months
    words[index * 4 + 1] = days
    clocks[index * 2 + 1] = clock
  }
  return bytesOf(words)
}
