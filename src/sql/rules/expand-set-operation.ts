import { project } from '../../plan/columns.ts'
import type { Plan } from '../../plan/nodes.ts'
import { alignment, setOperation } from '../../plan/set-operation.ts'
import { inputColumn, named } from './expand-columns.ts'

/** A set operation by name becomes one by position, over both sides in the same order. */
export function expandSetOperation(plan: Plan): Plan {
  if (plan.kind !== 'SetOperation' || plan.byName === undefined) return plan
  const columns = alignment(plan.left.output!, plan.right.output!, plan.byName)
  const side = (input: Plan, position: 'left' | 'right'): Plan => {
    if (columns.length === input.output!.length && columns.every((column, index) => column[position] === index))
      return input
    return project(
      input,
      columns.map((column) => {
        const index = column[position]
        return index === undefined
          ? named(Object.freeze({ kind: 'Literal', value: null }), column.name)
          : inputColumn(input, index)
      }),
    )
  }
  return setOperation(side(plan.left, 'left'), side(plan.right, 'right'), { operation: plan.operation, all: plan.all })
}
