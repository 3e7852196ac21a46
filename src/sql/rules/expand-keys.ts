import { LakefrontError } from '../../errors.ts'
import { outputName } from '../../expr/describe.ts'
import type { Expression } from '../../expr/expression.ts'
import { bareNode } from '../../expr/operand.ts'
import { mapChildren } from '../../expr/walk.ts'
import { bind } from '../../plan/bind.ts'
import { project } from '../../plan/columns.ts'
import type { Aggregate, Pivot, Plan } from '../../plan/nodes.ts'
import { generatorOf, sessionOf } from '../../plan/output.ts'
import { filter } from '../../plan/rows.ts'
import { Scope } from '../../plan/scope.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { inputColumn, named } from './expand-columns.ts'
import { expandGenerator, literal } from './expand-generator.ts'

type Grouping = Aggregate | Pivot

/** Keys that make rows, or look at other rows, become columns of the input. */
export function expandKeys(plan: Plan, dialect: Dialect): Plan {
  if (plan.kind !== 'Aggregate' && plan.kind !== 'Pivot') return plan
  const expanded = expandSession(expandGeneratorKey(plan, dialect))
  const all = Object.freeze(expanded.keys.map(bareNode))
  const measures = expanded.measures.map((measure) => withAllKeys(measure, all))
  return measures.every((measure, index) => measure === expanded.measures[index])
    ? expanded
    : Object.freeze({ ...expanded, measures: Object.freeze(measures) })
}

/** `groupingId()` without keys is of all. */
function withAllKeys(node: Expression, keys: readonly Expression[]): Expression {
  if (node.kind === 'Call' && node.name === 'groupingId' && node.operands.length === 0) {
    if (keys.length > 0) return Object.freeze({ ...node, operands: keys })
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'groupingId() tells the groups of several keys apart, and there are none here. Use it in the agg() of rollup(), cube() or groupingSets().',
    )
  }
  return mapChildren(node, (child) => withAllKeys(child, keys))
}

function expandGeneratorKey(plan: Grouping, dialect: Dialect): Grouping {
  const at = plan.keys.findIndex((key) => generatorOf(key) !== undefined)
  if (at < 0) return plan
  const made = named(generatorOf(plan.keys[at]!)!, plan.output![at]!.name)
  return withKey(plan, at, expandGenerator(project(plan.input, [...columnsOf(plan.input), made]), dialect))
}

/** A session begins where a time is after the end of all before it with the same other keys. */
function expandSession(plan: Grouping): Grouping {
  const at = plan.keys.findIndex((key) => sessionOf(key) !== undefined)
  if (at < 0) return plan
  const scope = new Scope(plan.input.output!)
  const span = bind(sessionOf(plan.keys[at]!)!, scope) as Expression & { kind: 'Call' }
  const [, start, , end] = span.operands as [Expression, Expression, Expression, Expression]
  const partitionBy = plan.keys.filter((_, index) => index !== at).map((key) => bareNode(bind(key, scope)))
  const orderBy = [Object.freeze({ kind: 'SortKey', operand: start, descending: false, nulls: 'first' } as const)]
  const over = (call: Expression, keys: readonly Expression[], isOrdered: boolean): Expression =>
    Object.freeze({
      kind: 'Over',
      call,
      window: Object.freeze({ partitionBy: Object.freeze(keys), orderBy: Object.freeze(isOrdered ? orderBy : []) }),
    }) as Expression
  const follows: Expression = Object.freeze({
    kind: 'Binary',
    operator: 'le',
    left: start,
    right: over(call('lag', 'window', end), partitionBy, true),
  })
  const branch = Object.freeze({ when: follows, result: literal(0) })
  const begins: Expression = Object.freeze({ kind: 'Case', branches: Object.freeze([branch]), otherwise: literal(1) })
  const timed = filter(plan.input, Object.freeze({ kind: 'Unary', operator: 'isNotNull', operand: start }))
  const begun = project(timed, [...columnsOf(timed), named(begins, 'begins')])
  const count = over(call('sum', 'aggregate', inputColumn(begun, begun.output!.length - 1)), partitionBy, true)
  const counted = project(begun, [...columnsOf(plan.input), named(count, 'session')])
  const session = [...partitionBy, inputColumn(counted, counted.output!.length - 1)]
  const operands = span.operands.map((operand, index) =>
    index % 2 === 0 ? operand : over(call(index === 1 ? 'min' : 'max', 'aggregate', operand), session, false),
  )
  const whole: Expression = Object.freeze({ ...span, operands: Object.freeze(operands) })
  return withKey(plan, at, project(counted, [...columnsOf(plan.input), named(whole, outputName(plan.keys[at]!))]))
}

/** `plan` over `input`, which has one column more, as the key at a position. */
function withKey(plan: Grouping, at: number, input: Plan): Grouping {
  const scope = new Scope(plan.input.output!)
  const key = inputColumn(input, input.output!.length - 1)
  const keyed = {
    input,
    keys: Object.freeze(plan.keys.map((each, index) => (index === at ? key : bind(each, scope)))),
    measures: Object.freeze(plan.measures.map((each) => bind(each, scope))),
  }
  if (plan.kind === 'Aggregate') return Object.freeze({ ...plan, ...keyed })
  return Object.freeze({ ...plan, ...keyed, column: bind(plan.column, scope) })
}

function columnsOf(plan: Plan): readonly Expression[] {
  return plan.output!.map((_, index) => inputColumn(plan, index))
}

function call(name: string, role: 'aggregate' | 'window', operand: Expression): Expression {
  return Object.freeze({ kind: 'Call', name, role, operands: Object.freeze([operand]) })
}
