import type { ColumnData } from '../types/column-data.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { typedView } from '../types/typed-view.ts'

/** Reads whole numbers of up to 64 bits: as a number where that is exact, else as a bigint. Undefined for other types. */
export function integerReader(
  type: LogicalType,
  { values, length }: ColumnData,
): ((row: number) => number | bigint) | undefined {
  const view = viewOf(type, values, length)
  if (view !== undefined) return (row) => view[row]!
  if (type.kind !== 'bigint') return undefined
  const whole = typedView(BigInt64Array, values, length)
  const halves = typedView(Int32Array, values, length * 2)
  return (row) => {
    const high = halves[row * 2 + 1]!
    const isExact = high > -0x20_0000 && high < 0x20_0000
    return isExact ? high * 0x1_0000_0000 + (halves[row * 2]! >>> 0) : whole[row]!
  }
}

function viewOf(
  { kind }: LogicalType,
  values: Uint8Array | undefined,
  length: number,
): { readonly [row: number]: number } | undefined {
  switch (kind) {
    case 'tinyint':
      return typedView(Int8Array, values, length)
    case 'smallint':
      return typedView(Int16Array, values, length)
    case 'integer':
      return typedView(Int32Array, values, length)
    case 'utinyint':
      return typedView(Uint8Array, values, length)
    case 'usmallint':
      return typedView(Uint16Array, values, length)
    case 'uinteger':
      return typedView(Uint32Array, values, length)
    default:
      return undefined
  }
}
