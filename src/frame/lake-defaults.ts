import { LakefrontError } from '../errors.ts'
import type { AnyColumn } from '../expr/column-types.ts'
import type { Value } from '../expr/expression.ts'
import { isColumn } from '../expr/operand.ts'
import type { NewColumn } from '../lake/snapshot/lake-columns.ts'
import { batchFromRows } from '../types/batch-from-rows.ts'
import { formatValue } from '../types/format-value.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { typeName } from '../types/type-names.ts'

/** What a column gets when it is not given: a value of its type, or an expression as SQL: `sql('now()')`. */
export type DefaultValue = Value | AnyColumn

/** A default as a lake keeps it. Throws `TYPE_MISMATCH` or `INVALID_VALUE` for a value that is not of the type. */
export function defaultOf(value: DefaultValue, type: LogicalType): NonNullable<NewColumn['default']> {
  if (isColumn(value)) {
    const { node } = value
    if (node.kind === 'RawSql' && node.parts.length === 1) return { kind: 'expression', text: node.parts[0]! }
    throw new LakefrontError('INVALID_ARGUMENT', "A default is a value, or SQL without values in it: sql('now()').")
  }
  if (type.kind === 'list' || type.kind === 'struct' || type.kind === 'map' || type.kind === 'blob') {
    throw new LakefrontError('UNSUPPORTED', `A column of type ${typeName(type)} has no default in the DuckLake format.`)
  }
  const [row] = rowsFromBatch(batchFromRows([{ value }], { value: type }))
  return { kind: 'literal', text: formatValue(row!['value'], type) }
}
