import type { Expression } from '../expr/expression.ts'
import { hasGenerator, hasRawSql, hasWindow, isVolatile, mapChildren } from '../expr/walk.ts'
import type { Select } from './select.ts'

/** Nodes an expression may have to be written where its column is used once; more, and a sub-query is easier to read and parse. */
const usedOnce = 64
/** As {@link usedOnce}, for an expression that would be written more than once. */
const usedAgain = 12

/**
 * Whether `expressions` may be written in terms of the FROM clause of `select`: nothing large is repeated, so text stays
 * linear in the length of a chain.
 *
 * `kept` says that the columns of `select` are still written beside them.
 */
export function canInline(select: Select, expressions: readonly Expression[], kept: boolean): boolean {
  const uses = new Map<number, number>()
  const count = (node: Expression): Expression => {
    if (node.kind === 'InputColumn') uses.set(node.index, (uses.get(node.index) ?? (kept ? 1 : 0)) + 1)
    return mapChildren(node, count)
  }
  expressions.forEach(count)
  for (const [index, number] of uses) {
    const { expression } = select.columns[index]!
    if (number > 1 && isVolatile(expression)) return false
    if (isLarger(expression, number > 1 ? usedAgain : usedOnce)) return false
  }
  return true
}

/** Whether a column of `select` looks through a window. */
export function isWindowed(select: Select): boolean {
  return select.columns.some(({ expression }) => expression.kind !== 'RelationColumn' && hasWindow(expression))
}

/**
 * Whether nothing may be computed beside the columns of `select`: one is SQL text of the user's, which might aggregate or look
 * through a window, or makes rows, or is a key that only some groupings have.
 */
export function isOpaque(select: Select): boolean {
  return (
    select.sets !== undefined ||
    select.columns.some(
      ({ expression }) => expression.kind !== 'RelationColumn' && (hasRawSql(expression) || hasGenerator(expression)),
    )
  )
}

function isLarger(expression: Expression, limit: number): boolean {
  let nodes = 0
  const visit = (node: Expression): Expression => {
    if (++nodes > limit) return node
    return mapChildren(node, visit)
  }
  visit(expression)
  return nodes > limit
}
