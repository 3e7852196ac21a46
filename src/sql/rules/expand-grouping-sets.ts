import type { Expression } from '../../expr/expression.ts'
import { mapChildren } from '../../expr/walk.ts'
import { aggregate } from '../../plan/aggregate.ts'
import type { Plan } from '../../plan/nodes.ts'
import { setOperation } from '../../plan/set-operation.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { inputColumn, named, projected } from './expand-columns.ts'
import { literal } from './expand-generator.ts'

/** Where a dialect has no grouping sets, one aggregation for each, one below the other. */
export function expandGroupingSets(plan: Plan, dialect: Dialect): Plan {
  if (plan.kind !== 'Aggregate' || plan.sets === undefined || dialect.hasGroupingSets) return plan
  const { input, keys, output } = plan
  return plan.sets
    .map((set): Plan => {
      const grouped = aggregate(
        input,
        set.map((at) => keys[at]!),
        plan.measures.map((measure, index) =>
          named(withoutGrouping(measure, keys, set), output![keys.length + index]!.name),
        ),
      )
      const shown = keys.map((_, at) =>
        set.includes(at)
          ? named(inputColumn(grouped, set.indexOf(at)), output![at]!.name)
          : named(literal(null), output![at]!.name),
      )
      const measured = plan.measures.map((_, index) => inputColumn(grouped, set.length + index))
      return projected({ ...plan, input: grouped }, [...shown, ...measured])
    })
    .reduce((left, right) => setOperation(left, right, { operation: 'union', all: true }))
}

/** `grouping(key)` is a number in each of the sets. */
function withoutGrouping(node: Expression, keys: readonly Expression[], set: readonly number[]): Expression {
  if (node.kind !== 'Call' || node.name !== 'grouping')
    return mapChildren(node, (child) => withoutGrouping(child, keys, set))
  const at = keys.findIndex((key) => JSON.stringify(key) === JSON.stringify(node.operands[0]))
  return literal(set.includes(at) ? 0 : 1)
}
