import type { ColumnData } from './column-data.ts'
import type { LogicalType } from './logical-type.ts'
import { bytesOf, typedView } from './typed-view.ts'

/** Bits of integers, negative for signed ones. */
const integers: Readonly<Record<string, number>> = {
  tinyint: -8,
  smallint: -16,
  integer: -32,
  bigint: -64,
  utinyint: 8,
  usmallint: 16,
  uinteger: 32,
  ubigint: 64,
}

/** Whether values are whole numbers of up to 64 bits. */
export function isInteger({ kind }: LogicalType): boolean {
  return integers[kind] !== undefined
}

/** Whether every value of `from` is a value of `to`: wider integers, floats and decimals, dates as timestamps, nulls as anything. */
export function canWiden(from: LogicalType, to: LogicalType): boolean {
  if (from.kind === 'null') return true
  const [narrow, wide] = [integers[from.kind], integers[to.kind]]
  if (narrow !== undefined && wide !== undefined) {
    if (narrow === wide) return false
    return narrow < 0 ? wide < narrow : wide < 0 ? -wide > narrow : wide > narrow
  }
  if (from.kind === 'float') return to.kind === 'double'
  if (from.kind === 'date') return to.kind === 'timestamp'
  if (narrow !== undefined && to.kind === 'double') return Math.abs(narrow) <= 32
  if (from.kind !== 'decimal' || to.kind !== 'decimal') return false
  return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale && widthOf(to) !== 0
}

/** Values of `from` as those of `to`, which {@link canWiden} allows. */
export function widenColumn(column: ColumnData, from: LogicalType, to: LogicalType): ColumnData {
  const { length, nullCount, validity } = column
  const nulls = { length, nullCount, ...(validity === undefined ? {} : { validity }) }
  const values = readValues(column, from)
  switch (to.kind) {
    case 'double':
      return { ...nulls, values: bytesOf(Float64Array.from(values, Number)) }
    case 'timestamp':
      return { ...nulls, values: integerBytes(values, 8, 86_400_000_000n) }
    case 'decimal':
      return {
        ...nulls,
        values: integerBytes(values, widthOf(to), 10n ** BigInt(to.scale - (from.kind === 'decimal' ? from.scale : 0))),
      }
    default:
      return { ...nulls, values: integerBytes(values, Math.abs(integers[to.kind]!) / 8, 1n) }
  }
}

/** Values of a column of integers, float, decimal or date, decimals unscaled. */
export function readValues({ values, length }: ColumnData, type: LogicalType): (number | bigint)[] {
  switch (type.kind) {
    case 'tinyint':
      return [...typedView(Int8Array, values, length)]
    case 'smallint':
      return [...typedView(Int16Array, values, length)]
    case 'utinyint':
      return [...typedView(Uint8Array, values, length)]
    case 'usmallint':
      return [...typedView(Uint16Array, values, length)]
    case 'uinteger':
      return [...typedView(Uint32Array, values, length)]
    case 'float':
      return [...typedView(Float32Array, values, length)]
    case 'decimal':
      return readIntegers(values, length, widthOf(type))
    case 'bigint':
      return readIntegers(values, length, 8)
    case 'ubigint':
      return [...typedView(BigUint64Array, values, length)]
    default:
      return readIntegers(values, length, 4)
  }
}

function readIntegers(values: Uint8Array | undefined, length: number, width: number): (number | bigint)[] {
  if (width === 2) return [...typedView(Int16Array, values, length)]
  if (width === 4) return [...typedView(Int32Array, values, length)]
  if (width === 8) return [...typedView(BigInt64Array, values, length)]
  const words = typedView(BigInt64Array, values, length * 2)
  return Array.from({ length }, (_, index) => (words[index * 2 + 1]! << 64n) | BigInt.asUintN(64, words[index * 2]!))
}

/** Values times `factor` as integers of `width` bytes. What stands behind nulls may be out of range, and is cut. */
export function integerBytes(values: readonly (number | bigint)[], width: number, factor: bigint): Uint8Array {
  const bytes = new Uint8Array(values.length * width)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => {
    const at = index * width
    if (width < 8) {
      const narrow = Number(BigInt.asIntN(32, BigInt(value) * factor))
      if (width === 4) view.setInt32(at, narrow, true)
      else view.setInt16(at, narrow, true)
      return
    }
    const product = BigInt(value) * factor
    view.setBigInt64(at, BigInt.asIntN(64, product), true)
    if (width === 16) view.setBigInt64(at + 8, BigInt.asIntN(64, product >> 64n), true)
  })
  return bytes
}

function widthOf({ precision }: { readonly precision: number }): number {
  return precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 0
}
