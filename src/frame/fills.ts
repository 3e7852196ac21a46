import { LakefrontError } from '../errors.ts'
import type { Value } from '../expr/expression.ts'
import { isValue } from '../expr/literal.ts'
import type { FillNulls } from '../plan/nodes.ts'

/** A value that can stand for a missing one. */
export type FillValue = Exclude<Value, null>

/** What fillna() was given, column by column. */
export function fillsOf(
  value: FillValue | Readonly<Record<string, FillValue | undefined>>,
  columns: readonly string[] | undefined,
): FillNulls['fills'] {
  if (isValue(value))
    return columns === undefined ? [{ value }] : columns.map((name) => ({ name, value, ifFits: true }))
  if (columns !== undefined)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'fillna() takes one value and columns, or a value by column, not both.',
    )
  return Object.entries(value).flatMap(([name, each]) => (each === undefined ? [] : [{ name, value: each }]))
}
