import type { Expression } from '../../expr/expression.ts'
import { hasRawSql } from '../../expr/walk.ts'
import { type From, type Select, isPlain, nested } from '../select.ts'

/** SQL text of the user's sees names, not positions: below it, the FROM clause has to show exactly the columns there are. */
export function exposeNames(select: Select, expressions: readonly Expression[], nextId: () => number): Select {
  return expressions.some(hasRawSql) && !showsNames(select) ? nested(select, nextId) : select
}

function showsNames(select: Select): boolean {
  return (
    isPlain(select) &&
    select.columns.length === visibleColumns(select.from) &&
    select.columns.every(({ name, expression }) => expression.kind === 'RelationColumn' && expression.name === name)
  )
}

function visibleColumns(from: From): number {
  if (from.kind === 'relation') return from.relation.columns.length
  const right = from.how === 'semi' || from.how === 'anti' ? 0 : visibleColumns(from.right)
  return visibleColumns(from.left) + right
}
