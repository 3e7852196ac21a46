import { LakefrontError } from '../errors.ts'
import { describeExpression } from '../expr/describe.ts'
import type { ColumnReference, Expression } from '../expr/expression.ts'
import { typeOf } from '../expr/type-of.ts'
import { classOf, typeText } from '../expr/value-type.ts'
import { hasGenerator, hasWindow, isAggregate, mapChildren, someExpression } from '../expr/walk.ts'
import { bind } from './bind.ts'
import { columnOfPlan } from './lineage.ts'
import { generatorOf, typesOf } from './output.ts'
import type { Plan } from './nodes.ts'
import { Scope } from './scope.ts'

/** The scope of a node's expressions, when the columns of all its inputs are known. */
export function scopeOf(...inputs: readonly Plan[]): Scope | undefined {
  const columns = inputs.map((input) => input.output)
  return columns.every((output) => output !== undefined)
    ? new Scope(columns.length === 1 ? columns[0]! : columns.flat())
    : undefined
}

/**
 * `expression` with every `frame.col('name')` replaced by the position it has in `inputs`, side by side; as it is while their
 * columns are unknown. Throws `COLUMN_NOT_FOUND` and `COLUMN_AMBIGUOUS`.
 */
export function located<E extends Expression>(expression: E, ...inputs: readonly Plan[]): E {
  if (!someExpression(expression, isOfFrame) || inputs.some((input) => input.output === undefined)) return expression
  const visit = (node: Expression): Expression =>
    isOfFrame(node) ? columnOfPlan(node as ColumnReference, inputs) : mapChildren(node, visit)
  return visit(expression) as E
}

function isOfFrame(node: Expression): boolean {
  return node.kind === 'ColumnReference' && node.plan !== undefined
}

/** Throws what is wrong with names and types in `expressions`, if the columns are known yet. */
export function checkNames(expressions: readonly Expression[], scope: Scope | undefined): void {
  if (scope === undefined) return
  const types = typesOf(scope)
  for (const expression of expressions) {
    const bound = bind(expression, scope)
    if (bound.kind !== 'InputColumn') typeOf(bound, types)
  }
}

/** Throws `TYPE_MISMATCH` unless `condition` may be a boolean. */
export function checkCondition(condition: Expression, scope: Scope | undefined, where: string): void {
  if (scope === undefined) return
  const type = typeOf(bind(condition, scope), typesOf(scope))
  const found = classOf(type)
  if (found === undefined || found === 'boolean') return
  throw new LakefrontError(
    'TYPE_MISMATCH',
    `${where} takes a condition, but ${describeExpression(condition)} is ${typeText(type)}. Compare it, as in ${describeExpression(condition)} <> 0.`,
    { details: { expression: describeExpression(condition), type: typeText(type), expected: 'boolean' } },
  )
}

/** Throws `INVALID_ARGUMENT` unless `expression` can be computed from one row alone (windows allowed on request). */
export function checkRowwise(expression: Expression, where: string, options: { windows: boolean }): void {
  if (hasGenerator(expression)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${where}: ${describeExpression(expression)} makes rows. It stands alone in select() or withColumn(), named by as() if at all.`,
    )
  }
  if (isAggregate(expression)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${where}: ${describeExpression(expression)} aggregates rows. Use it in groupBy().agg(), or over() a window.`,
    )
  }
  if (!options.windows && hasWindow(expression)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${where}: ${describeExpression(expression)} looks at other rows. Compute it with withColumn() first, then use that column.`,
    )
  }
  checkWindowFunctions(expression, where)
}

/** As {@link checkRowwise}, for columns of which one may make rows: it stands alone. */
export function checkGenerators(columns: readonly Expression[], where: string, options: { windows: boolean }): void {
  let generators = 0
  for (const column of columns) {
    const generator = generatorOf(column)
    if (generator !== undefined && generator.name !== 'unnest') generators++
    for (const part of generator?.operands ?? [column]) checkRowwise(part, where, options)
  }
  if (generators > 1) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${where}: explode() and its kin make rows, and only one of them can in one step. Write one step for each.`,
    )
  }
}

/** Throws `INVALID_ARGUMENT` for a window function that has no window. */
export function checkWindowFunctions(expression: Expression, where: string): void {
  const lost = someExpression(
    expression,
    (each) => each.kind === 'Call' && each.role === 'window',
    (each) => each.kind !== 'Over',
  )
  if (lost) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${where}: ${describeExpression(expression)} needs a window. Call over(Window.partitionBy(…).orderBy(…)) on it.`,
    )
  }
}
