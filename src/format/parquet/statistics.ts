import type { LogicalType } from '../../types/logical-type.ts'
import type { ColumnChunk } from './footer.ts'
import type { ParquetColumn } from './schema.ts'

/**
 * A value of statistics, in an order JavaScript can compare: integers, decimals (unscaled), dates (days) and times (in the
 * unit of their type) as bigint; float and double as number; text, blobs and uuids as bytes.
 */
export type Bound = bigint | number | boolean | Uint8Array

/** What is certain about the values of a column in one row group or page. */
export interface ColumnBounds {
  readonly nulls?: number
  /** No value is less. May be no value itself. Absent when nothing is known. */
  readonly min?: Bound
  /** No value is greater, but NaN. */
  readonly max?: Bound
}

/**
 * The trustworthy part of a column's statistics. Nested columns have none. Bounds of the first format version count only where
 * its order, signed bytes, was the right one.
 */
export function columnBounds(column: ParquetColumn, { statistics }: Pick<ColumnChunk, 'statistics'>): ColumnBounds {
  if (statistics === undefined || column.node.physical === undefined || column.node.repetition === 'repeated') return {}
  const { nulls } = statistics
  const old = isSigned(column.field.type)
  const min = bound(column, statistics.min ?? (old ? statistics.oldMin : undefined))
  const max = bound(column, statistics.max ?? (old ? statistics.oldMax : undefined))
  const isSane = min === undefined || max === undefined || compareBounds(min, max) <= 0
  return {
    ...(nulls === undefined ? {} : { nulls }),
    ...(min === undefined || !isSane ? {} : { min }),
    ...(max === undefined || !isSane ? {} : { max }),
  }
}

/** Negative, zero or positive, as `a` is before, at or after `b`. Both must be of one kind. */
export function compareBounds(a: Bound, b: Bound): number {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  return a < b ? -1 : a > b ? 1 : 0
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) if (a[index] !== b[index]) return a[index]! - b[index]!
  return a.length - b.length
}

function isSigned({ kind }: LogicalType): boolean {
  return signedKinds.has(kind)
}

const signedKinds: ReadonlySet<string> = new Set([
  'boolean',
  'tinyint',
  'smallint',
  'integer',
  'bigint',
  'date',
  'time',
  'timestamp',
  'timestamp_ns',
  'timestamptz',
])

function bound({ node, field }: ParquetColumn, bytes: Uint8Array | undefined): Bound | undefined {
  if (bytes === undefined || node.conversion === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (node.physical) {
    case 'boolean':
      return bytes.length === 1 ? bytes[0] === 1 : undefined
    case 'int32':
      return bytes.length === 4
        ? scaled(isUnsigned(field.type) ? view.getUint32(0, true) : view.getInt32(0, true), node.conversion)
        : undefined
    case 'int64': {
      if (bytes.length !== 8) return undefined
      return scaled(isUnsigned(field.type) ? view.getBigUint64(0, true) : view.getBigInt64(0, true), node.conversion)
    }
    case 'float':
      return bytes.length === 4 ? number(view.getFloat32(0, true)) : undefined
    case 'double':
      return bytes.length === 8 ? number(view.getFloat64(0, true)) : undefined
    case 'byte_array':
      return fromBytes(bytes, field.type)
    case 'fixed_len_byte_array':
      // Some writers cut long bounds short, which leaves an order for bytes but none for numbers.
      return field.type.kind === 'decimal' && bytes.length !== node.typeLength
        ? undefined
        : fromBytes(bytes, field.type)
    default:
      return undefined
  }
}

function isUnsigned({ kind }: LogicalType): boolean {
  return kind === 'utinyint' || kind === 'usmallint' || kind === 'uinteger' || kind === 'ubigint'
}

/** Infinity of timestamps, in any unit; what is scaled beyond it is that. */
const infinite = 2n ** 63n - 1n

function scaled(
  value: number | bigint,
  conversion: NonNullable<ParquetColumn['node']['conversion']>,
): bigint | undefined {
  switch (conversion.as) {
    case 'copy':
    case 'resize':
      return BigInt(value)
    case 'scale': {
      const scaledValue = (BigInt(value) * BigInt(conversion.multiply)) / BigInt(conversion.divide)
      return scaledValue > infinite ? infinite : scaledValue < -infinite ? -infinite : scaledValue
    }
    default:
      return undefined
  }
}

function number(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value
}

function fromBytes(bytes: Uint8Array, type: LogicalType): Bound | undefined {
  if (type.kind === 'varchar' || type.kind === 'blob') return bytes
  if (type.kind === 'uuid') return bytes.length === 16 ? bytes : undefined
  if (type.kind !== 'decimal' || bytes.length === 0 || bytes.length > 64) return undefined
  let value = BigInt((bytes[0]! << 24) >> 24)
  for (const byte of bytes.subarray(1)) value = value * 256n + BigInt(byte)
  return value
}
