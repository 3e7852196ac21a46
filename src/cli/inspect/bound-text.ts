import type { Bound } from '../../format/parquet/statistics.ts'
import { blobText, uuidText } from '../../types/bytes-text.ts'
import { formatValue } from '../../types/format-value.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { decimalText } from '../../types/number-text.ts'
import { dateText, timeText, timestampText } from '../../types/temporal-text.ts'

/** A bound of statistics as DuckDB prints a value of that type. */
export function boundText(type: LogicalType, bound: Bound): string {
  if (bound instanceof Uint8Array) return bytesText(type, bound)
  if (typeof bound !== 'bigint') return formatValue(bound, type)
  switch (type.kind) {
    case 'decimal':
      return decimalText(bound, type.precision, type.scale)
    case 'date':
      return dateText(Number(bound))
    case 'time':
      return timeText(Number(bound), 6)
    case 'time_ns':
      return timeText(Number(bound), 9)
    case 'timestamp_s':
      return timestampText(0, '').fromBigInt(bound)
    case 'timestamp_ms':
      return timestampText(3, '').fromBigInt(bound)
    case 'timestamp':
      return timestampText(6, '').fromBigInt(bound)
    case 'timestamp_ns':
      return timestampText(9, '').fromBigInt(bound)
    case 'timestamptz':
      return timestampText(6, '+00').fromBigInt(bound)
    default:
      return bound.toString()
  }
}

function bytesText({ kind }: LogicalType, bytes: Uint8Array): string {
  if (kind === 'uuid') return uuidText(bytes, 0)
  return kind === 'varchar' || kind === 'json' ? new TextDecoder().decode(bytes) : blobText(bytes)
}
