import type { ColumnData } from './column-data.ts'
import type { LogicalType } from './logical-type.ts'
import { bytesOf, typedView } from './typed-view.ts'
import { integerBytes, isInteger, readValues } from './widen-column.ts'

const perSecond: Readonly<Record<string, bigint>> = {
  timestamp_s: 1n,
  timestamp_ms: 1000n,
  timestamp: 1_000_000n,
  timestamptz: 1_000_000n,
  timestamp_ns: 1_000_000_000n,
}

/** `infinity` of all timestamps. */
const longest = 2n ** 63n - 1n

/**
 * Whether a column that holds `from` can be read as one of `to` when a table says that it is: types a table was promoted through, digits a
 * double has no room for included, and types Parquet has no own form of, which DuckDB stores as others.
 */
export function canPromote(from: LogicalType, to: LogicalType): boolean {
  if (isInteger(from)) return to.kind === 'float' || to.kind === 'double' || isWhole(to) || isDecimal(from, to)
  switch (from.kind) {
    case 'float':
    case 'double':
      return isWhole(to)
    case 'decimal':
      return to.kind === 'double' || to.kind === 'float' || (from.scale === 0 && isWhole(to))
    case 'varchar':
    case 'json':
      return to.kind === 'varchar' || to.kind === 'json'
    case 'date':
      return perSecond[to.kind] !== undefined
    case 'timestamp':
    case 'timestamp_ns':
      return to.kind !== 'timestamptz' && perSecond[to.kind] !== undefined
    default:
      return false
  }
}

/** Values of `from` as those of `to`, which {@link canPromote} allows. */
export function promoteColumn(column: ColumnData, from: LogicalType, to: LogicalType): ColumnData {
  if (from.kind === 'varchar' || from.kind === 'json') return column
  const { length, nullCount, validity } = column
  const nulls = { length, nullCount, ...(validity === undefined ? {} : { validity }) }
  if (from.kind === 'decimal' && isWhole(to) && decimalWidth(from) === 16) return column
  const unit = perSecond[to.kind]
  if (unit !== undefined) return { ...nulls, values: instants(column, from, unit) }
  if (to.kind === 'double' || to.kind === 'float') {
    const divisor = from.kind === 'decimal' ? 10 ** from.scale : 1
    const numbers = Float64Array.from(readValues(column, from), (value) => Number(value) / divisor)
    return { ...nulls, values: bytesOf(to.kind === 'double' ? numbers : Float32Array.from(numbers)) }
  }
  const values = from.kind === 'double' ? [...typedView(Float64Array, column.values, length)] : readValues(column, from)
  const whole = values.map((value) =>
    typeof value === 'number' ? BigInt(Number.isFinite(value) ? Math.trunc(value) : 0) : value,
  )
  if (to.kind === 'decimal') return { ...nulls, values: integerBytes(whole, decimalWidth(to), 10n ** BigInt(to.scale)) }
  return { ...nulls, values: integerBytes(whole, 16, 1n) }
}

function isWhole({ kind }: LogicalType): boolean {
  return kind === 'hugeint' || kind === 'uhugeint'
}

function isDecimal({ kind }: LogicalType, to: LogicalType): boolean {
  return to.kind === 'decimal' && to.precision - to.scale >= digits[kind]!
}

/** Digits of the greatest value. */
const digits: Readonly<Record<string, number>> = {
  tinyint: 3,
  smallint: 5,
  integer: 10,
  bigint: 19,
  utinyint: 3,
  usmallint: 5,
  uinteger: 10,
  ubigint: 20,
}

function decimalWidth({ precision }: { readonly precision: number }): number {
  return precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16
}

function instants(column: ColumnData, from: LogicalType, unit: bigint): Uint8Array {
  const stored = from.kind === 'date' ? undefined : perSecond[from.kind]!
  const values =
    stored === undefined
      ? typedView(Int32Array, column.values, column.length)
      : typedView(BigInt64Array, column.values, column.length)
  const infinite = stored === undefined ? 0x7fff_ffffn : longest
  const instant = (given: number | bigint): bigint => {
    const value = BigInt(given)
    if (value === infinite || value === -infinite) return value < 0n ? -longest : longest
    if (stored === undefined) return value * 86_400n * unit
    if (unit >= stored) return value * (unit / stored)
    const step = stored / unit
    const quotient = value / step
    return value % step < 0n ? quotient - 1n : quotient
  }
  return bytesOf(BigInt64Array.from(values as Iterable<number | bigint>, instant))
}
