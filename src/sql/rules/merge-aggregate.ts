import type { Expression } from '../../expr/expression.ts'
import { hasRawSql, someExpression } from '../../expr/walk.ts'
import { canInline, isOpaque, isWindowed } from '../inline.ts'
import { type Select, type SelectColumn, inTermsOf, nested } from '../select.ts'
import { exposeNames } from './expose-names.ts'

/** An aggregation groups what was only filtered and computed so far. The order below is kept only if a measure can tell. */
export function mergeAggregate(
  input: Select,
  keys: readonly SelectColumn[],
  measures: readonly SelectColumn[],
  nextId: () => number,
): Select {
  const expressions = [...keys, ...measures].map(({ expression }) => expression)
  let select = exposeNames(input, expressions, nextId)
  if (
    select.groupBy !== undefined ||
    select.distinct ||
    select.limit !== undefined ||
    select.offset > 0 ||
    isWindowed(select) ||
    isOpaque(select) ||
    (select.orderBy.length > 0 && expressions.some(dependsOnOrder)) ||
    !canInline(select, [...expressions, ...keys.map(({ expression }) => expression)], false)
  ) {
    select = nested(select, nextId)
  }
  const columns = [...keys, ...measures].map(({ name, expression }) => ({
    name,
    expression: inTermsOf(select, expression),
  }))
  return { ...select, columns, groupBy: columns.slice(0, keys.length).map(({ expression }) => expression), orderBy: [] }
}

const ordered = new Set(['first', 'last', 'collectList'])

function dependsOnOrder(expression: Expression): boolean {
  return hasRawSql(expression) || someExpression(expression, (each) => each.kind === 'Call' && ordered.has(each.name))
}
