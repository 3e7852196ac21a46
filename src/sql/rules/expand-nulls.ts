import type { Expression, Value } from '../../expr/expression.ts'
import { literal } from '../../expr/literal.ts'
import type { DropNulls, FillNulls, OutputColumn, Plan, Replace } from '../../plan/nodes.ts'
import { typeClass, valueClass } from '../../plan/nulls.ts'
import { filter } from '../../plan/rows.ts'
import { Scope, sameName } from '../../plan/scope.ts'
import { wholeType } from '../../plan/output.ts'
import type { ValueType } from '../../expr/value-type.ts'
import { typeName } from '../../types/type-names.ts'
import { inputColumn, named, projected } from './expand-columns.ts'
import { scalar } from './expand-generator.ts'

/** fillna, dropna and replace become projections and filters over the columns they concern. */
export function expandNulls(plan: Plan): Plan {
  switch (plan.kind) {
    case 'FillNulls':
      return changed(plan, (column, operand) => filled(plan, column, operand))
    case 'Replace':
      return changed(plan, (column, operand) => replaced(plan, column, operand))
    case 'DropNulls':
      return filter(plan.input, enoughValues(plan))
    default:
      return plan
  }
}

function changed(
  plan: FillNulls | Replace,
  change: (column: OutputColumn, operand: Expression) => Expression | undefined,
): Plan {
  return projected(
    plan,
    plan.input.output!.map((column, index) => {
      const operand = inputColumn(plan.input, index)
      const expression = change(column, operand)
      return expression === undefined ? operand : named(expression, column.name)
    }),
  )
}

function filled(plan: FillNulls, { name, type }: OutputColumn, operand: Expression): Expression | undefined {
  const fill =
    plan.fills.find((each) => sameName(each.name, name) && (each.ifFits !== true || goesWith(each.value, type!))) ??
    plan.fills.find((each) => each.name === undefined && goesWith(each.value, type!))
  if (fill === undefined) return undefined
  return scalar('coalesce', present(operand, type!), ofType(fill.value, type!))
}

/** The value as one of the column's type, so that the column keeps its type, and its other values all of their digits. */
function ofType(value: Value, type: ValueType): Expression {
  return fits(value, type)
    ? literal(value)
    : Object.freeze({ kind: 'Cast', operand: literal(value), type: typeName(wholeType(type)!), safe: false })
}

/** Whether an engine gives `coalesce(column, value)` the column's type. */
function fits(value: Value, type: ValueType): boolean {
  switch (typeof value) {
    case 'number':
      return (
        type.kind === 'double' ||
        (Number.isInteger(value) && (type.kind === 'bigint' || type.kind === 'integer') && Math.abs(value) < 2 ** 31)
      )
    case 'string':
      return type.kind === 'varchar'
    default:
      return typeof value === 'boolean'
  }
}

function goesWith(value: Value, type: ValueType): boolean {
  return valueClass(value) === typeClass(type)
}

/** NULL for NaN, too. */
function present(operand: Expression, { kind }: ValueType): Expression {
  return kind === 'double' || kind === 'float' ? scalar('nullif', operand, literal(Number.NaN)) : operand
}

function replaced(plan: Replace, { name, type }: OutputColumn, operand: Expression): Expression | undefined {
  if (plan.names !== undefined && !plan.names.some((each) => sameName(each, name))) return undefined
  const pairs = plan.pairs.filter(({ from, to }) => goesWith(from === null ? to : from, type!))
  if (pairs.length === 0) return undefined
  const branches = pairs.map(({ from, to }) => {
    const when: Expression = Object.freeze({
      kind: 'Binary',
      operator: 'eqNullSafe',
      left: operand,
      right: literal(from),
    })
    return Object.freeze({ when, result: to === null ? literal(to) : ofType(to, type!) })
  })
  return Object.freeze({ kind: 'Case', branches: Object.freeze(branches), otherwise: operand })
}

function enoughValues({ input, names, atLeast }: DropNulls): Expression {
  const scope = new Scope(input.output!)
  const indices = names?.map((name) => scope.resolve(name).index) ?? [...scope.columns.keys()]
  const tests = indices.map((index): Expression =>
    Object.freeze({
      kind: 'Unary',
      operator: 'isNotNull',
      operand: present(inputColumn(input, index), scope.columns[index]!.type!),
    }),
  )
  if (tests.length === 0) return literal(true)
  if (atLeast === 'all' || atLeast >= tests.length) {
    return atLeast !== 'all' && atLeast > tests.length ? literal(false) : joined(tests, 'and')
  }
  if (atLeast === 0) return literal(true)
  if (atLeast === 1) return joined(tests, 'or')
  const counts = tests.map((when): Expression => {
    const branch = Object.freeze({ when, result: literal(1) })
    return Object.freeze({ kind: 'Case', branches: Object.freeze([branch]), otherwise: literal(0) })
  })
  return Object.freeze({ kind: 'Binary', operator: 'ge', left: joined(counts, 'add'), right: literal(atLeast) })
}

/** Halved again and again, so that ten thousand columns are a tree of fourteen levels. */
function joined(expressions: readonly Expression[], operator: 'and' | 'or' | 'add'): Expression {
  if (expressions.length === 1) return expressions[0]!
  const middle = expressions.length >> 1
  const left = joined(expressions.slice(0, middle), operator)
  return Object.freeze({ kind: 'Binary', operator, left, right: joined(expressions.slice(middle), operator) })
}
