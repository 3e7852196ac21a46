import type { ColumnData } from './column-data.ts'
import type { LogicalType } from './logical-type.ts'
import { widthOf } from './slice-column.ts'
import { bytesOf } from './typed-view.ts'

/**
 * The rows of several columns of one type as one column. Nested and dictionary encoded columns are not for this: their values are not in one
 * buffer.
 */
export function concatColumns(columns: readonly ColumnData[], type: LogicalType): ColumnData {
  if (columns.length === 1) return columns[0]!
  const length = columns.reduce((sum, own) => sum + own.length, 0)
  const nulls = concatNulls(columns, length)
  switch (type.kind) {
    case 'null':
      return { length, nullCount: length }
    case 'boolean':
      return { ...nulls, values: concatBits(columns, length, ({ values }) => values ?? new Uint8Array()) }
    case 'varchar':
    case 'json':
    case 'blob':
    case 'bit':
      return { ...nulls, ...concatBytes(columns, length) }
    default:
      return { ...nulls, values: concatFixed(columns, length, widthOf(type)) }
  }
}

function concatNulls(
  columns: readonly ColumnData[],
  length: number,
): Pick<ColumnData, 'length' | 'nullCount' | 'validity'> {
  const nullCount = columns.reduce((sum, own) => sum + own.nullCount, 0)
  return nullCount === 0
    ? { length, nullCount }
    : { length, nullCount, validity: concatBits(columns, length, validityOf) }
}

/** Bitmaps one behind the other, whole bytes at once where they begin with one. */
function concatBits(
  columns: readonly ColumnData[],
  length: number,
  bitsOf: (column: ColumnData) => Uint8Array,
): Uint8Array {
  const bits = new Uint8Array((length + 7) >> 3)
  let at = 0
  for (const column of columns) {
    const own = bitsOf(column)
    const whole = (at & 7) === 0 ? column.length >> 3 : 0
    bits.set(own.subarray(0, whole), at >> 3)
    for (let row = whole * 8; row < column.length; row++)
      if (((own[row >> 3]! >> (row & 7)) & 1) === 1) bits[(at + row) >> 3]! |= 1 << ((at + row) & 7)
    at += column.length
  }
  return bits
}

function validityOf({ validity, nullCount, length }: ColumnData): Uint8Array {
  return validity === undefined || nullCount === 0 ? new Uint8Array((length + 7) >> 3).fill(0xff) : validity
}

function concatFixed(columns: readonly ColumnData[], length: number, width: number): Uint8Array {
  // Of eight bytes each, so that views of any width can be made of it.
  const values = bytesOf(new Float64Array(Math.ceil((length * width) / 8))).subarray(0, length * width)
  let at = 0
  for (const own of columns) {
    if (own.length > 0) values.set(own.values!.subarray(0, own.length * width), at)
    at += own.length * width
  }
  return values
}

function concatBytes(columns: readonly ColumnData[], length: number): Pick<ColumnData, 'offsets' | 'values'> {
  const offsets = new Int32Array(length + 1)
  const total = columns.reduce((sum, own) => sum + (own.offsets?.[own.length] ?? 0) - (own.offsets?.[0] ?? 0), 0)
  const values = new Uint8Array(total)
  let [row, at] = [0, 0]
  for (const column of columns) {
    if (column.length === 0) continue
    const from = column.offsets![0]!
    if (from === at) offsets.set(column.offsets!.subarray(0, column.length + 1), row)
    else for (let own = 1; own <= column.length; own++) offsets[row + own] = at + column.offsets![own]! - from
    row += column.length
    values.set(column.values!.subarray(from, column.offsets![column.length]), at)
    at = offsets[row]!
  }
  return { offsets, values }
}
