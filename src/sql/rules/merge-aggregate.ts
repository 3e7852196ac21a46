import type { Expression } from '../../expr/expression.ts'
import { hasRawSql, someExpression } from '../../expr/walk.ts'
import { canInline, isOpaque, isWindowed } from '../inline.ts'
import { type Select, type SelectColumn, inTermsOf, nested } from '../select.ts'
import { exposeNames } from './expose-names.ts'

/** An aggregation groups what was only filtered and computed so far. The order below is kept only if a measure can tell. */
export function mergeAggregate(
  input: Select,
  aggregate: {
    keys: readonly SelectColumn[]
    measures: readonly SelectColumn[]
    sets?: readonly (readonly number[])[]
  },
  nextId: () => number,
): Select {
  const { measures, sets } = aggregate
  let { keys } = aggregate
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
  if (sets !== undefined && hasRepeated(keys.map(({ expression }) => inTermsOf(select, expression)))) {
    // SQL takes equal keys for one, which every set has that has either.
    const first = select.columns.length
    select = nested(
      {
        ...select,
        columns: [
          ...select.columns,
          ...keys.map(({ name, expression }) => ({ name, expression: inTermsOf(select, expression) })),
        ],
      },
      nextId,
    )
    keys = keys.map((key, index) => ({
      ...key,
      expression: { kind: 'InputColumn', index: first + index, name: key.name },
    }))
  }
  const columns = [...keys, ...measures].map(({ name, expression }) => ({
    name,
    expression: inTermsOf(select, expression),
  }))
  const groupBy = columns.slice(0, keys.length).map(({ expression }) => expression)
  return { ...select, columns, groupBy, orderBy: [], ...(sets === undefined ? {} : { sets }) }
}

function hasRepeated(expressions: readonly Expression[]): boolean {
  const texts = expressions.map((each) =>
    JSON.stringify(each, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
  )
  return new Set(texts).size < texts.length
}

const ordered = new Set(['first', 'last', 'collectList'])

function dependsOnOrder(expression: Expression): boolean {
  return hasRawSql(expression) || someExpression(expression, (each) => each.kind === 'Call' && ordered.has(each.name))
}
