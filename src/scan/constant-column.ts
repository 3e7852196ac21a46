import { nullColumn } from '../format/null-column.ts'
import type { ColumnData } from '../types/column-data.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import type { LogicalType } from '../types/logical-type.ts'

/** `length` rows that all hold `value`, a JavaScript value of `type`. */
export function constantColumn(type: LogicalType, value: unknown, length: number): ColumnData {
  if (value === null || value === undefined) return nullColumn(type, length)
  const single = columnFromValues(type, [value])
  switch (type.kind) {
    case 'varchar':
    case 'json':
    case 'blob':
      return { length, nullCount: 0, values: new Uint8Array(length * 4), dictionary: single }
    case 'boolean':
      return { length, nullCount: 0, values: new Uint8Array((length + 7) >> 3).fill(value === true ? 0xff : 0) }
    case 'list':
    case 'map':
    case 'array':
    case 'struct':
    case 'union':
    case 'bit':
      return columnFromValues(
        type,
        Array.from({ length }, () => value),
      )
    default: {
      const pattern = single.values!
      const values = new Uint8Array(pattern.length * length)
      for (let row = 0; row < length; row++) values.set(pattern, row * pattern.length)
      return { length, nullCount: 0, values }
    }
  }
}

/** The numbers `first` to `first + length` as a bigint column. */
export function countingColumn(first: number, length: number): ColumnData {
  const values = BigInt64Array.from({ length }, (_, index) => BigInt(first + index))
  return { length, nullCount: 0, values: new Uint8Array(values.buffer) }
}
