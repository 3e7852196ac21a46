import type { Bound } from '../format/parquet/statistics.ts'
import type { ColumnData } from '../types/column-data.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { typedView } from '../types/typed-view.ts'
import { domainOf } from './domain.ts'

/** Reads the value of a row as a {@link Bound}, null for null. */
export type BoundReader = (row: number) => Bound | null

/** A reader of bounds; undefined for types that have none, and for float and double, whose NaN compares with nothing. */
export function boundReader(type: LogicalType, column: ColumnData): BoundReader | undefined {
  const read = valuesOf(type, column)
  const { nullCount, validity } = column
  if (read === undefined || nullCount === 0 || validity === undefined) return read
  return (row) => (((validity[row >> 3]! >> (row & 7)) & 1) === 1 ? read(row) : null)
}

function valuesOf(type: LogicalType, column: ColumnData): BoundReader | undefined {
  const domain = domainOf(type)
  const { dictionary, length, values = new Uint8Array() } = column
  if (dictionary !== undefined) {
    const read = boundReader(type, dictionary)
    const indices = typedView(Int32Array, values, length)
    return read && ((row) => read(indices[row]!))
  }
  switch (domain?.kind) {
    case undefined:
    case 'double':
    case 'float':
      return undefined
    case 'boolean':
      return (row) => ((values[row >> 3]! >> (row & 7)) & 1) === 1
    case 'decimal':
    case 'date':
    case 'instant':
      return integers(type, values, length)
    case 'bytes':
      return bytes(domain.type, column, values)
    default:
      throw domain satisfies never
  }
}

function bytes(
  type: 'varchar' | 'blob' | 'uuid',
  { offsets }: ColumnData,
  values: Uint8Array,
): BoundReader | undefined {
  if (type === 'uuid') return (row) => values.subarray(row * 16, row * 16 + 16)
  return offsets && ((row) => values.subarray(offsets[row], offsets[row + 1]))
}

function integers(type: LogicalType, values: Uint8Array, length: number): BoundReader {
  const width = widthOf(type)
  if (width === 16) {
    const words = typedView(BigInt64Array, values, length * 2)
    return (row) => (words[row * 2 + 1]! << 64n) | BigInt.asUintN(64, words[row * 2]!)
  }
  const isUnsigned = type.kind.startsWith('u')
  const elements = typedView<{ readonly [row: number]: number | bigint }>(
    {
      1: isUnsigned ? Uint8Array : Int8Array,
      2: isUnsigned ? Uint16Array : Int16Array,
      4: isUnsigned ? Uint32Array : Int32Array,
      8: isUnsigned ? BigUint64Array : BigInt64Array,
    }[width],
    values,
    length,
  )
  return (row) => BigInt(elements[row]!)
}

/** Bytes of a value in a column of `type`, one of those whose domain is of numbers. */
function widthOf(type: LogicalType): 1 | 2 | 4 | 8 | 16 {
  switch (type.kind) {
    case 'tinyint':
    case 'utinyint':
      return 1
    case 'smallint':
    case 'usmallint':
      return 2
    case 'integer':
    case 'uinteger':
    case 'date':
      return 4
    case 'decimal':
      return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16
    default:
      return 8
  }
}
