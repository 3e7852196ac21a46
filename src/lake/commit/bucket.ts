import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { murmur3 } from '../../types/murmur3.ts'
import { widthOf } from '../../types/slice-column.ts'
import { isValid } from '../../types/validity.ts'

/**
 * The bucket of each row, as text, null for null: `(murmur3(value) & 0x7fffffff) % buckets`, as DuckLake hashes (`bucket(N)`). `text` is the
 * column as DuckDB prints it, for the types that are hashed so: unsigned and 128-bit integers, wide decimals, UUIDs, intervals.
 */
export function bucketsOf(
  column: ColumnData,
  type: LogicalType,
  { text, buckets }: { readonly text: ColumnData; readonly buckets: number },
): readonly (string | null)[] {
  const bytesAt = isHashedAsText(type) ? textBytes(text) : hashedBytes(column, type)
  return Array.from({ length: column.length }, (_, row) =>
    isValid(column, row) ? String((murmur3(bytesAt(row)) & 0x7fff_ffff) % buckets) : null,
  )
}

function isHashedAsText(type: LogicalType): boolean {
  switch (type.kind) {
    case 'boolean':
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'float':
    case 'double':
    case 'varchar':
    case 'json':
    case 'blob':
    case 'date':
    case 'time':
    case 'time_ns':
    case 'timestamp':
    case 'timestamp_s':
    case 'timestamp_ms':
    case 'timestamp_ns':
    case 'timestamptz':
      return false
    case 'decimal':
      return type.precision > 18
    default:
      return true
  }
}

function hashedBytes(column: ColumnData, type: LogicalType): (row: number) => Uint8Array {
  const held = column.dictionary
  if (held !== undefined) {
    const bytesAt = textBytes(held)
    const indices = viewOf(column.values)
    return (row) => bytesAt(indices.getInt32(row * 4, true))
  }
  if (type.kind === 'varchar' || type.kind === 'json' || type.kind === 'blob') return textBytes(column)
  const scratch = new Uint8Array(8)
  const view = new DataView(scratch.buffer)
  const values = viewOf(column.values)
  if (type.kind === 'float' || type.kind === 'double') {
    return (row) => {
      const value = type.kind === 'float' ? values.getFloat32(row * 4, true) : values.getFloat64(row * 8, true)
      view.setFloat64(0, value === 0 ? 0 : value, true)
      return scratch
    }
  }
  const integerAt = signedReader(column, type)
  return (row) => {
    view.setBigInt64(0, integerAt(row), true)
    return scratch
  }
}

function signedReader(column: ColumnData, type: LogicalType): (row: number) => bigint {
  const values = viewOf(column.values)
  if (type.kind === 'boolean') return (row) => BigInt((column.values![row >> 3]! >> (row & 7)) & 1)
  switch (widthOf(type)) {
    case 1:
      return (row) => BigInt(values.getInt8(row))
    case 2:
      return (row) => BigInt(values.getInt16(row * 2, true))
    case 4:
      return (row) => BigInt(values.getInt32(row * 4, true))
    default:
      return (row) => values.getBigInt64(row * 8, true)
  }
}

function textBytes(column: ColumnData): (row: number) => Uint8Array {
  if (column.dictionary !== undefined) {
    const bytesAt = textBytes(column.dictionary)
    const indices = viewOf(column.values)
    return (row) => bytesAt(indices.getInt32(row * 4, true))
  }
  return (row) => column.values!.subarray(column.offsets![row]!, column.offsets![row + 1]!)
}

function viewOf(bytes: Uint8Array = new Uint8Array()): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
