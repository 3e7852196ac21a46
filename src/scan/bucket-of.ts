import type { Bound } from '../format/parquet/statistics.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { murmur3 } from '../types/murmur3.ts'

/**
 * The bucket of a value, of `count`, as DuckLake divides a table by `bucket(N)`: Murmur3 (32 bits, x86) of signed whole numbers, dates, times and
 * decimals of up to 18 digits as eight bytes, of floating numbers as doubles, of text and blobs as they are, and of all else as DuckDB prints
 * it. Undefined for types this does not know.
 */
export function bucketOf(type: LogicalType, value: Bound, count: number): number | undefined {
  const bytes = hashedBytes(type, value)
  return bytes && (murmur3(bytes) & 0x7fffffff) % count
}

function hashedBytes(type: LogicalType, value: Bound): Uint8Array | undefined {
  const bytes = new DataView(new ArrayBuffer(8))
  switch (type.kind) {
    case 'boolean':
      bytes.setUint8(0, value === true ? 1 : 0)
      break
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
      bytes.setBigInt64(0, value as bigint, true)
      break
    case 'decimal':
      if (type.precision > 18) return undefined
      bytes.setBigInt64(0, value as bigint, true)
      break
    case 'float':
    case 'double':
      bytes.setFloat64(0, (value as number) === 0 ? 0 : (value as number), true)
      break
    case 'utinyint':
    case 'usmallint':
    case 'uinteger':
    case 'ubigint':
      return new TextEncoder().encode(String(value))
    case 'varchar':
    case 'blob':
      return value as Uint8Array
    default:
      return undefined
  }
  return new Uint8Array(bytes.buffer)
}
