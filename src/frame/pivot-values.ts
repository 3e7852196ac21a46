import type { ExecuteOptions } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import { describeExpression } from '../expr/describe.ts'
import type { Expression, Value } from '../expr/expression.ts'
import { isValue } from '../expr/literal.ts'
import { aggregate } from '../plan/aggregate.ts'
import type { Pivot } from '../plan/nodes.ts'
import { mostPivotValues } from '../plan/pivot.ts'
import { limit, sort } from '../plan/rows.ts'
import type { Executor } from './executor.ts'
import { rowsOf } from './results.ts'

/** The values that the column of a pivot has, in ascending order, NULL first; more than ten thousand are refused, as in PySpark. */
export async function pivotValues(
  executor: Executor,
  plan: Pivot,
  options?: ExecuteOptions,
): Promise<readonly Value[]> {
  const name = 'value'
  const value: Expression = Object.freeze({ kind: 'Alias', operand: plan.column, name })
  const grouped = aggregate(plan.input, [value], [])
  const operand: Expression = Object.freeze({ kind: 'ColumnReference', name })
  const ordered = sort(grouped, [Object.freeze({ kind: 'SortKey', operand, descending: false, nulls: 'first' })])
  const rows = await rowsOf<{ value: unknown }>(executor, limit(ordered, mostPivotValues + 1), options)
  if (rows.length > mostPivotValues) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `pivot(${describeExpression(plan.column)}) has more than ${mostPivotValues} different values. Give those you want: pivot("name", [a, b]).`,
    )
  }
  if (rows.length === 0 && plan.keys.length === 0)
    throw new LakefrontError(
      'INVALID_VALUE',
      'There are no rows to pivot, and no keys to group by, so there would be no columns. Give the values you want: pivot("name", [a, b]).',
    )
  return rows.map((row) => {
    if (isValue(row.value)) return row.value
    throw new LakefrontError(
      'TYPE_MISMATCH',
      `pivot(${describeExpression(plan.column)}): the values of a list, struct or map cannot name columns. Cast it to text.`,
    )
  })
}
