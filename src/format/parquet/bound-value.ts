import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { bytesOf } from '../../types/typed-view.ts'
import { valueReader } from '../../types/value-reader.ts'
import type { Bound } from './statistics.ts'

const infinite = 2n ** 63n - 1n

/** A bound of stored values as a JavaScript value of `type` (`docs/values.md`); undefined for types that are not read back as they were. */
export function boundValue(type: LogicalType, bound: Bound): unknown {
  if (typeof bound === 'boolean') return bound
  if (typeof bound === 'number') return bound
  if (bound instanceof Uint8Array) {
    if (type.kind === 'blob') return bound
    if (type.kind === 'uuid') return read(type, { values: bound })
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bound)
  }
  switch (type.kind) {
    case 'timetz':
      return undefined
    case 'timestamp_s': {
      const isInfinite = bound === infinite || bound === -infinite
      return read(type, { values: words(isInfinite ? bound : bound / 1_000_000n) })
    }
    default:
      return read(type, { values: words(bound) })
  }
}

function read(type: LogicalType, buffers: Pick<ColumnData, 'values'>): unknown {
  return valueReader(type, { length: 1, nullCount: 0, ...buffers })(0)
}

/** Little endian, wide enough for every type. */
function words(value: bigint): Uint8Array {
  return bytesOf(new BigInt64Array([BigInt.asIntN(64, value), BigInt.asIntN(64, value >> 64n)]))
}
