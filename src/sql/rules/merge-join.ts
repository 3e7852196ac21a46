import type { Expression } from '../../expr/expression.ts'
import type { JoinKind } from '../../plan/nodes.ts'
import { type From, type Select, inTermsOf, isPlain, nested } from '../select.ts'
import { exposeNames } from './expose-names.ts'

/**
 * A join takes over the FROM clauses of its sides where they only choose and pass on; a filter below the side that has all
 * its rows looked at moves above the join.
 */
export function mergeJoin(
  sides: { readonly left: Select; readonly right: Select },
  how: JoinKind,
  condition: Expression | undefined,
  nextId: () => number,
): Select {
  const conditions = condition === undefined ? [] : [condition]
  const keepsLeft = how !== 'right' && how !== 'full'
  const leftmost = joinable(exposeNames(sides.left, conditions, nextId), keepsLeft, nextId)
  // What EXISTS tests becomes part of WHERE, which comes after the join that adds rows.
  const left = keepsLeft || !chooses(leftmost.from) ? leftmost : nested(leftmost, nextId)
  const exposed = joinable(exposeNames(sides.right, conditions, nextId), how === 'inner' || how === 'cross', nextId)
  const right = exposed.from.kind === 'join' ? nested(exposed, nextId) : exposed
  const both: Select = { ...left, columns: [...left.columns, ...right.columns] }
  const from: From = {
    kind: 'join',
    how,
    left: left.from,
    right: right.from,
    ...(condition === undefined ? {} : { condition: inTermsOf(both, condition) }),
  }
  return {
    ...both,
    columns: how === 'semi' || how === 'anti' ? left.columns : both.columns,
    from,
    where: [...left.where, ...right.where],
    orderBy: [],
  }
}

function chooses(from: From): boolean {
  return from.kind === 'join' && (from.how === 'semi' || from.how === 'anti' || chooses(from.left))
}

function joinable(select: Select, filterMoves: boolean, nextId: () => number): Select {
  return isPlain(select) && (filterMoves || select.where.length === 0) ? select : nested(select, nextId)
}
