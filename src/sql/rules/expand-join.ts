import type { Expression } from '../../expr/expression.ts'
import { mapChildren } from '../../expr/walk.ts'
import { project } from '../../plan/columns.ts'
import { join } from '../../plan/join.ts'
import { joinColumns } from '../../plan/join-columns.ts'
import type { Join, Plan } from '../../plan/nodes.ts'
import { filter } from '../../plan/rows.ts'
import { Scope } from '../../plan/scope.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { inputColumn, named } from './expand-columns.ts'
import { literal } from './expand-generator.ts'

/**
 * A join by names becomes a join on equal keys below a projection that shows each key once. A join with the nearest row becomes
 * one on the comparison; where a dialect has none such, all that match are joined and the nearest kept.
 */
export function expandJoin(plan: Plan, dialect: Dialect): Plan {
  if (plan.kind !== 'Join' || (plan.using === undefined && plan.nearest === undefined)) return plan
  const columns = joinColumns(plan)!
  const width = plan.left.output!.length
  const onLeft = (index: number): Expression => inputColumn(plan.left, index)
  const onRight = (index: number): Expression =>
    Object.freeze({ ...inputColumn(plan.right, index), index: width + index })
  const condition = conditions(plan, onLeft, onRight).reduce((left, right) =>
    Object.freeze({ kind: 'Binary', operator: 'and', left, right }),
  )
  const joined =
    plan.nearest === undefined || dialect.joins[plan.how] !== undefined
      ? join(plan.left, plan.right, plan.how, { condition })
      : nearestOf(plan, condition)
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

function conditions(
  { left, right, using = [], nearest }: Join,
  onLeft: (index: number) => Expression,
  onRight: (index: number) => Expression,
): readonly Expression[] {
  const [leftScope, rightScope] = [new Scope(left.output!), new Scope(right.output!)]
  const compared = [
    ...using.map((name) => ({ left: name, operator: 'eq' as const, right: name })),
    ...(nearest === undefined ? [] : [nearest]),
  ]
  return compared.map((pair) =>
    Object.freeze({
      kind: 'Binary',
      operator: pair.operator,
      left: onLeft(leftScope.resolve(pair.left).index),
      right: onRight(rightScope.resolve(pair.right).index),
    }),
  )
}

/** Rows of the left are numbered, joined with all that match, and of each the nearest is kept. */
function nearestOf({ left, right, how, nearest }: Join, condition: Expression): Plan {
  const width = left.output!.length
  const all = left.output!.map((_, index) => inputColumn(left, index))
  const numbered = project(left, [...all, named(rowNumber([], []), 'left_row')])
  const shifted = shiftedFrom(condition, width)
  const joined = join(numbered, right, how === 'asof' ? 'inner' : 'left', { condition: shifted })
  const compared = inputColumn(joined, width + 1 + new Scope(right.output!).resolve(nearest!.right).index)
  const isBefore = nearest!.operator === 'ge' || nearest!.operator === 'gt'
  const key = Object.freeze({ kind: 'SortKey', operand: compared, descending: isBefore, nulls: 'last' } as const)
  const columns = joined.output!.map((_, index) => inputColumn(joined, index))
  const ranked = project(joined, [...columns, named(rowNumber([inputColumn(joined, width)], [key]), 'nearness')])
  const isFirst: Expression = Object.freeze({
    kind: 'Binary',
    operator: 'eq',
    left: inputColumn(ranked, columns.length),
    right: literal(1),
  })
  return project(
    filter(ranked, isFirst),
    columns.filter((_, index) => index !== width),
  )
}

function rowNumber(
  partitionBy: readonly Expression[],
  orderBy: readonly (Expression & { readonly kind: 'SortKey' })[],
): Expression {
  const call: Expression = Object.freeze({
    kind: 'Call',
    name: 'rowNumber',
    role: 'window',
    operands: Object.freeze([]),
  })
  return Object.freeze({ kind: 'Over', call, window: Object.freeze({ partitionBy, orderBy }) })
}

function shiftedFrom(node: Expression, width: number): Expression {
  if (node.kind === 'InputColumn') return node.index < width ? node : Object.freeze({ ...node, index: node.index + 1 })
  return mapChildren(node, (child) => shiftedFrom(child, width))
}
