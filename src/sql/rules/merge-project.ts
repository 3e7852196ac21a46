import { hasGenerator, hasWindow } from '../../expr/walk.ts'
import type { Expression } from '../../expr/expression.ts'
import { canInline, isOpaque, isWindowed } from '../inline.ts'
import { type Select, type SelectColumn, inTermsOf, nested } from '../select.ts'
import { exposeNames } from './expose-names.ts'

/**
 * A projection replaces the columns. It needs a sub-query above DISTINCT, above SQL text of the user's, and where its own
 * window functions would see other rows or windows of windows.
 */
export function mergeProject(input: Select, columns: readonly SelectColumn[], nextId: () => number): Select {
  const expressions = columns.map(({ expression }) => expression)
  let select = exposeNames(input, expressions, nextId)
  const isLimited = select.limit !== undefined || select.offset > 0
  const windowed = expressions.some(seesOtherRows)
  const makesRows = expressions.some(hasGenerator)
  if (
    (makesRows && (isLimited || select.orderBy.length > 0 || select.groupBy !== undefined || isWindowed(select))) ||
    select.distinct ||
    isOpaque(select) ||
    (windowed && (isLimited || select.groupBy !== undefined || isWindowed(select))) ||
    !canInline(select, expressions, false)
  ) {
    select = nested(select, nextId)
  }
  return {
    ...select,
    columns: columns.map(({ name, expression }) => ({ name, expression: inTermsOf(select, expression) })),
  }
}

function seesOtherRows(expression: Expression): boolean {
  return expression.kind !== 'InputColumn' && (hasWindow(expression) || expression.kind === 'RawSql')
}
