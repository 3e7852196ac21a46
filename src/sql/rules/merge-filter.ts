import type { Expression } from '../../expr/expression.ts'
import { canInline, isOpaque, isWindowed } from '../inline.ts'
import { type Select, inTermsOf, nested } from '../select.ts'
import { exposeNames } from './expose-names.ts'

/** A filter joins the WHERE clause, or HAVING above an aggregation; above a limit or a window it needs a sub-query. */
export function mergeFilter(input: Select, predicate: Expression, nextId: () => number): Select {
  let select = exposeNames(input, [predicate], nextId)
  if (
    select.limit !== undefined ||
    select.offset > 0 ||
    isWindowed(select) ||
    isOpaque(select) ||
    !canInline(select, [predicate], true)
  ) {
    select = nested(select, nextId)
  }
  const condition = inTermsOf(select, predicate)
  return select.groupBy === undefined
    ? { ...select, where: [...select.where, ...conjuncts(condition)] }
    : { ...select, having: [...select.having, ...conjuncts(condition)] }
}

function conjuncts(condition: Expression): readonly Expression[] {
  return condition.kind === 'Binary' && condition.operator === 'and'
    ? [...conjuncts(condition.left), ...conjuncts(condition.right)]
    : [condition]
}
