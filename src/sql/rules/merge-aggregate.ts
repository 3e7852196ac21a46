import type { Expression } from '../../expr/expression.ts'
import { hasRawSql, someExpression } from '../../expr/walk.ts'
import { canInline, isOpaque, isWindowed } from '../inline.ts'
import { type Select, type SelectColumn, inTermsOf, nested } from '../select.ts'
import { exposeNames } from './expose-names.ts'

/** An aggregation groups what was only filtered and computed so far. The order below is kept only if a measure can tell. */
export function mergeAggregate(
  input: Select,
  {
    keys,
    measures,
    sets,
  }: { keys: readonly SelectColumn[]; measures: readonly SelectColumn[]; sets?: readonly (readonly number[])[] },
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
  const groupBy = columns.slice(0, keys.length).map(({ expression }) => expression)
  return { ...select, columns, groupBy, orderBy: [], ...(sets === undefined ? {} : { sets }) }
}

const ordered = new Set(['first', 'last', 'collectList'])

function dependsOnOrder(expression: Expression): boolean {
  return hasRawSql(expression) || someExpression(expression, (each) => each.kind === 'Call' && ordered.has(each.name))
}
