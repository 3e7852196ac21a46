import type { ColumnData } from './column-data.ts'

/** Whether row `index` of `column` is not null. */
export function isValid(column: ColumnData, index: number): boolean {
  const { validity, nullCount } = column
  return nullCount === 0 || validity === undefined || ((validity[index >> 3]! >> (index & 7)) & 1) === 1
}

/** Bits `offset` to `offset + length` of a bitmap, as a bitmap that begins at its first bit; shared when it can be. */
export function bitmapSlice(bits: Uint8Array, offset: number, length: number): Uint8Array {
  const byteLength = (length + 7) >> 3
  const start = offset >> 3
  const shift = offset & 7
  if (shift === 0) return bits.subarray(start, start + byteLength)
  const slice = new Uint8Array(byteLength)
  for (let index = 0; index < byteLength; index++) {
    slice[index] = (bits[start + index]! >> shift) | ((bits[start + index + 1] ?? 0) << (8 - shift))
  }
  return slice
}

/** How many of the first `length` bits are 0. */
export function countZeros(bits: Uint8Array, length: number): number {
  let ones = 0
  const whole = length >> 3
  for (let index = 0; index < whole; index++) ones += bitCount(bits[index]!)
  if ((length & 7) !== 0) ones += bitCount(bits[whole]! & ((1 << (length & 7)) - 1))
  return length - ones
}

function bitCount(byte: number): number {
  let bits = byte - ((byte >> 1) & 0x55)
  bits = (bits & 0x33) + ((bits >> 2) & 0x33)
  return (bits + (bits >> 4)) & 0x0f
}
