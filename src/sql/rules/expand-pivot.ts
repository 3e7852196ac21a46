import type { Expression } from '../../expr/expression.ts'
import { outputName } from '../../expr/describe.ts'
import { literal } from '../../expr/literal.ts'
import { aggregate } from '../../plan/aggregate.ts'
import type { Plan } from '../../plan/nodes.ts'
import { pivotNames } from '../../plan/pivot.ts'
import { inputColumn, named } from './expand-columns.ts'

/**
 * A pivot groups by the keys and the column, then gathers the groups of each combination of keys: what has no rows is NULL, a
 * count too, as in PySpark.
 */
export function expandPivot(plan: Plan): Plan {
  if (plan.kind !== 'Pivot') return plan
  const { keys, measures, column } = plan
  const values = plan.values!
  const grouped = aggregate(
    plan.input,
    [...keys, column],
    measures.map((measure) => named(measure, outputName(measure))),
  )
  const value = inputColumn(grouped, keys.length)
  const names = pivotNames(plan, values)
  const gathered = values.flatMap((wanted, at) => {
    const operand = literal(wanted)
    const isWanted: Expression =
      wanted === null
        ? Object.freeze({ kind: 'Unary', operator: 'isNull', operand: value })
        : Object.freeze({ kind: 'Binary', operator: 'eq', left: value, right: operand })
    return measures.map((_, index): Expression => {
      const branch = Object.freeze({ when: isWanted, result: inputColumn(grouped, keys.length + 1 + index) })
      const chosen: Expression = Object.freeze({ kind: 'Case', branches: Object.freeze([branch]) })
      return named(
        Object.freeze({ kind: 'Call', name: 'max', role: 'aggregate', operands: Object.freeze([chosen]) }),
        names[at * measures.length + index]!,
      )
    })
  })
  return aggregate(
    grouped,
    keys.map((_, index) => inputColumn(grouped, index)),
    gathered,
  )
}
