import type { LogicalType } from '../../types/logical-type.ts'

const signed = ['tinyint', 'smallint', 'integer', 'bigint'] as const
const unsigned = ['utinyint', 'usmallint', 'uinteger', 'ubigint'] as const

/** Whether a column of a lake may become `to` while its files stay as they are: every value of `from` is one of `to`. */
export function promotes(from: LogicalType, to: LogicalType): boolean {
  const [fromSigned, toSigned] = [rank(signed, from), rank(signed, to)]
  const [fromUnsigned, toUnsigned] = [rank(unsigned, from), rank(unsigned, to)]
  if (fromSigned >= 0) return toSigned >= fromSigned
  if (fromUnsigned >= 0) return toUnsigned >= fromUnsigned || toSigned > fromUnsigned
  if (from.kind === 'float') return to.kind === 'float' || to.kind === 'double'
  if (from.kind === 'decimal' && to.kind === 'decimal') {
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
  }
  return from.kind === to.kind && from.kind !== 'struct' && from.kind !== 'list' && from.kind !== 'map'
}

/** The type that values of both have a place in without loss, when one of them is it. */
export function wider(a: LogicalType, b: LogicalType): LogicalType | undefined {
  return promotes(a, b) ? b : promotes(b, a) ? a : undefined
}

function rank(kinds: readonly string[], type: LogicalType): number {
  return kinds.indexOf(type.kind)
}
