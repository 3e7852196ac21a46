import type { Expression } from '../../expr/expression.ts'
import { project } from '../../plan/columns.ts'
import { join, joinColumns } from '../../plan/join.ts'
import type { Plan } from '../../plan/nodes.ts'
import { inputColumn, named } from './expand-columns.ts'

/** A join by names becomes a join on equal keys below a projection that shows each key once. */
export function expandJoin(plan: Plan): Plan {
  if (plan.kind !== 'Join' || plan.using === undefined) return plan
  const columns = joinColumns(plan)!
  const width = plan.left.output!.length
  const onLeft = (index: number): Expression => inputColumn(plan.left, index)
  const onRight = (index: number): Expression =>
    Object.freeze({ ...inputColumn(plan.right, index), index: width + index })
  const condition = columns
    .slice(0, plan.using.length)
    .map((key): Expression =>
      Object.freeze({ kind: 'Binary', operator: 'eq', left: onLeft(key.left!), right: onRight(key.right!) }),
    )
    .reduce((left, right) => Object.freeze({ kind: 'Binary', operator: 'and', left, right }))
  const joined = join(plan.left, plan.right, plan.how, { condition })
  return project(
    joined,
    columns.map(({ output, left, right }) => {
      if (left === undefined) return onRight(right!)
      if (right === undefined || (plan.how !== 'right' && plan.how !== 'full')) return onLeft(left)
      if (plan.how === 'right') return onRight(right)
      const operands = Object.freeze([onLeft(left), onRight(right)])
      return named(
        Object.freeze({ kind: 'Call', name: 'coalesce', role: 'scalar', operands, signature: '(T...) T' }),
        output.name,
      )
    }),
  )
}
