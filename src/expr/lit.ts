import { Column } from './column.ts'
import type { Value } from './expression.ts'
import { literal } from './literal.ts'

/**
 * A value as a column: `lit(60)` makes `60`, `lit('SEA')` makes `'SEA'`.
 *
 * Integers are INTEGER or BIGINT by size, other numbers DOUBLE, bigints BIGINT or HUGEINT, a `Date` TIMESTAMP in UTC, a
 * `Uint8Array` BLOB. No value can break out of its literal.
 */
export function lit<V extends Value>(
  value: V,
): Column<V extends string ? string : V extends number ? number : V extends boolean ? boolean : V, never, string> {
  return new Column(literal(value))
}
