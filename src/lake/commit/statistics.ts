import type { LeafStatistics } from '../../format/parquet/parquet-writer.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { formatValue } from '../../types/format-value.ts'
import { parseDate, parseTime, parseTimestamp } from '../../types/temporal-parse.ts'

/** What a lake keeps of a column of a file (`ducklake_file_column_stats`), values as its text. */
export interface FileColumnStatistics {
  readonly column: number
  readonly bytes: number
  /** Values that are not null. */
  readonly valueCount: number
  readonly nullCount: number
  /** Null where not known. */
  readonly min: string | null
  readonly max: string | null
  /** Null but for `float` and `double`. */
  readonly containsNan: boolean | null
}

/** What a lake keeps of a column of a table (`ducklake_table_column_stats`): of all rows that were ever in it. */
export interface TableColumnStatistics {
  readonly column: number
  readonly containsNull: boolean
  readonly containsNan: boolean | null
  readonly min: string | null
  readonly max: string | null
}

/** The types of which DuckLake keeps no least and greatest value. */
const unordered: ReadonlySet<LogicalType['kind']> = new Set([
  'hugeint',
  'uhugeint',
  'timetz',
  'interval',
  'bit',
  'enum',
  'null',
  'list',
  'array',
  'struct',
  'map',
  'union',
])

/**
 * Statistics of a leaf column as DuckLake 1.0 writes them. Text with a NUL sign is not kept: other clients could not read it. Values that
 * are all NaN leave no bounds.
 */
export function fileColumnStatistics(leaf: LeafStatistics, column: number): FileColumnStatistics {
  const isFloat = leaf.type.kind === 'float' || leaf.type.kind === 'double'
  const [min, max] = [statisticText(leaf.min, leaf.type), statisticText(leaf.max, leaf.type)]
  const areKnown = min !== null && max !== null
  return {
    column,
    bytes: leaf.bytes,
    valueCount: leaf.valueCount,
    nullCount: leaf.nullCount,
    min: areKnown ? min : null,
    max: areKnown ? max : null,
    containsNan: isFloat ? (leaf.hasNan ?? true) : null,
  }
}

/** A value of a file's statistics as DuckLake's text: `1`/`0`, `2024-01-31`, `12.30`, upper-case hex of a blob; null where it is not to be kept. */
export function statisticText(value: unknown, type: LogicalType): string | null {
  if (value === undefined || value === null || unordered.has(type.kind)) return null
  switch (type.kind) {
    case 'boolean':
      return value === true ? '1' : '0'
    case 'blob':
      return Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, '0'))
        .join('')
        .toUpperCase()
    case 'float':
    case 'double':
      return Number.isNaN(value) ? null : formatValue(value, type)
    case 'decimal':
      return String(value).replace(/^(-?)\./, '$10.')
    default: {
      const text = formatValue(value, type)
      return text.includes('\0') ? null : text
    }
  }
}

/**
 * A column of a table after files were added to it; `undefined` when it cannot be said any more, and must not be kept then: to DuckLake a
 * row without bounds means that there is no value yet. `before` is undefined in a table that had no rows.
 *
 * Stock DuckDB answers `min()` and `max()` from these, and drops filters that they decide. So they are never too narrow, and exact as long
 * as no row was deleted.
 */
export function mergedColumnStatistics(
  before: TableColumnStatistics | undefined,
  files: readonly FileColumnStatistics[],
  type: LogicalType,
): TableColumnStatistics | undefined {
  let merged = before
  for (const file of files) {
    const containsNan = file.containsNan
    const hasBounds = file.min !== null && file.max !== null
    const onlyNan = containsNan === true && !hasBounds
    if (file.valueCount > 0 && !hasBounds && !onlyNan) return undefined
    const own: TableColumnStatistics = {
      column: file.column,
      containsNull: file.nullCount > 0,
      containsNan,
      min: file.valueCount > 0 ? file.min : null,
      max: file.valueCount > 0 ? file.max : null,
    }
    const both = merged === undefined ? own : united(merged, own, type)
    if (both === undefined) return undefined
    merged = both
  }
  return merged
}

function united(
  a: TableColumnStatistics,
  b: TableColumnStatistics,
  type: LogicalType,
): TableColumnStatistics | undefined {
  const min = chosen(a.min, b.min, { type, wanted: -1 })
  const max = chosen(a.max, b.max, { type, wanted: 1 })
  if (min === undefined || max === undefined) return undefined
  return {
    column: b.column,
    containsNull: a.containsNull || b.containsNull,
    containsNan: a.containsNan === true || b.containsNan === true ? true : (b.containsNan ?? a.containsNan),
    min,
    max,
  }
}

function chosen(
  a: string | null,
  b: string | null,
  { type, wanted }: { readonly type: LogicalType; readonly wanted: number },
): string | null | undefined {
  if (a === null || b === null) return a ?? b
  const order = compareStatistics(a, b, type)
  return order === undefined ? undefined : order * wanted >= 0 ? a : b
}

/** The order of two values that are kept as text, as their type has it; undefined when one is no value of it. Text goes by its bytes. */
export function compareStatistics(a: string, b: string, type: LogicalType): number | undefined {
  const [left, right] = [orderKey(a, type), orderKey(b, type)]
  if (left === undefined || right === undefined) return undefined
  if (typeof left === 'string' || typeof right === 'string') return compareCodePoints(a, b)
  return left < right ? -1 : left > right ? 1 : 0
}

type OrderKey = number | bigint | string

function orderKey(text: string, type: LogicalType): OrderKey | undefined {
  switch (type.kind) {
    case 'boolean':
      return /^(1|true)$/i.test(text) ? 1 : /^(0|false)$/i.test(text) ? 0 : undefined
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'utinyint':
    case 'usmallint':
    case 'uinteger':
    case 'ubigint':
    case 'hugeint':
    case 'uhugeint':
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined
    case 'decimal':
      return decimalKey(text)
    case 'float':
    case 'double': {
      const value = /^[+-]?inf(inity)?$/i.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text)
      return Number.isNaN(value) || text.trim() === '' ? undefined : value
    }
    case 'date':
      return parseDate(text)
    case 'time':
      return parseTime(text, 6)
    case 'time_ns':
      return parseTime(text, 9)
    case 'timestamp_s':
      return parseTimestamp(text, 0, false)
    case 'timestamp_ms':
      return parseTimestamp(text, 3, false)
    case 'timestamp':
      return parseTimestamp(text, 6, false)
    case 'timestamptz':
      return parseTimestamp(text, 6, true)
    case 'timestamp_ns':
      return parseTimestamp(text, 9, false)
    default:
      return text
  }
}

/** As an integer of 40 digits behind the point, more than any DECIMAL has. */
function decimalKey(text: string): bigint | undefined {
  const match = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text)
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return undefined
  const size = BigInt(`${match[2]}${(match[3] ?? '').padEnd(40, '0')}`)
  return match[1] === '-' ? -size : size
}

/** The order of the UTF-8 bytes, which that of JavaScript's 16-bit units is not. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (left === right) continue
    const [leftIsHalf, rightIsHalf] = [left >= 0xd800 && left <= 0xdfff, right >= 0xd800 && right <= 0xdfff]
    if (leftIsHalf !== rightIsHalf) return leftIsHalf ? 1 : -1
    return left - right
  }
  return a.length - b.length
}
