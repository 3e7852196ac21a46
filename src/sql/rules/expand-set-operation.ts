import type { Expression } from '../../expr/expression.ts'
import { project } from '../../plan/columns.ts'
import type { Plan } from '../../plan/nodes.ts'
import { alignment, setOperation } from '../../plan/set-operation.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { inputColumn, named, projected } from './expand-columns.ts'

/** Where a dialect has no INTERSECT ALL and EXCEPT ALL: equal rows are numbered, which makes them distinct. */
export function expandSetOperationAll(plan: Plan, dialect: Dialect): Plan {
  if (
    plan.kind !== 'SetOperation' ||
    plan.operation === 'union' ||
    !plan.all ||
    dialect.setOperator(plan.operation, true) !== undefined
  )
    return plan
  const numbered = (input: Plan): Plan => {
    const columns = input.output!.map((_, index) => inputColumn(input, index))
    const call: Expression = Object.freeze({
      kind: 'Call',
      name: 'rowNumber',
      role: 'window',
      operands: Object.freeze([]),
    })
    const window = Object.freeze({ partitionBy: Object.freeze(columns), orderBy: Object.freeze([]) })
    return project(input, [...columns, named(Object.freeze({ kind: 'Over', call, window }), 'nth')])
  }
  const combined = setOperation(numbered(plan.left), numbered(plan.right), { operation: plan.operation, all: false })
  return projected(
    { ...plan, input: combined },
    plan.output!.map((_, index) => inputColumn(combined, index)),
  )
}

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
