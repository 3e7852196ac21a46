import type { Expression } from '../../expr/expression.ts'
import { aggregate } from '../../plan/aggregate.ts'
import type { OutputColumn, Plan } from '../../plan/nodes.ts'
import { typeClass } from '../../plan/nulls.ts'
import { Scope } from '../../plan/scope.ts'
import { project } from '../../plan/columns.ts'
import { setOperation } from '../../plan/set-operation.ts'
import { percentOf, summarizedColumns } from '../../plan/summary.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { inputColumn, named } from './expand-columns.ts'
import { literal, scalar, unnest } from './expand-generator.ts'

/** describe and summary aggregate all columns at once, and turn the one row into one per statistic. */
export function expandSummary(plan: Plan, dialect: Dialect): Plan {
  if (plan.kind !== 'Summary') return plan
  const { input, statistics } = plan
  const scope = new Scope(input.output!)
  const columns = summarizedColumns(plan)!
  if (columns.length === 0) return nothingToSummarize(plan, dialect)
  const names = columns.map((index) => scope.columns[index]!.name)
  const measures = columns.map((index) =>
    statistics.map((statistic) => text(measure(statistic, inputColumn(input, index), scope.columns[index]!))),
  )
  if (Object.hasOwn(dialect.functions, 'unnest')) {
    // A list for each column: a column for each cell would make a plan that grows with the square of their number.
    const lists = aggregate(
      input,
      [],
      measures.map((cells, column) => named(scalar('array', ...cells), `s${column}`)),
    )
    return project(lists, [
      named(unnest(scalar('array', ...statistics.map(literal))), 'summary'),
      ...names.map((name, column) => named(unnest(inputColumn(lists, column)), name)),
    ])
  }
  const row = aggregate(
    input,
    [],
    measures.flatMap((cells, column) => cells.map((cell, at) => named(cell, `s${column}_${at}`))),
  )
  const cell = (column: number, at: number): Expression => inputColumn(row, column * statistics.length + at)
  return stacked(
    statistics.map((statistic, at) =>
      project(row, [
        named(literal(statistic), 'summary'),
        ...names.map((name, column) => named(cell(column, at), name)),
      ]),
    ),
  )
}

function nothingToSummarize(plan: Plan & { kind: 'Summary' }, dialect: Dialect): Plan {
  const count: Expression = Object.freeze({
    kind: 'Call',
    name: 'count',
    role: 'aggregate',
    operands: Object.freeze([Object.freeze({ kind: 'Star' })]),
  })
  const row = aggregate(plan.input, [], [named(count, 'rows')])
  if (Object.hasOwn(dialect.functions, 'unnest'))
    return project(row, [named(unnest(scalar('array', ...plan.statistics.map(literal))), 'summary')])
  return stacked(plan.statistics.map((statistic) => project(row, [named(literal(statistic), 'summary')])))
}

function stacked(rows: readonly Plan[]): Plan {
  return rows.reduce((left, right) => setOperation(left, right, { operation: 'union', all: true }))
}

/** Text has no mean: where it reads as a number it counts as one, as in PySpark. */
function measure(statistic: string, operand: Expression, { type }: OutputColumn): Expression {
  const numeric = typeClass(type!) === 'number'
  const number: Expression = numeric
    ? operand
    : Object.freeze({ kind: 'Cast', operand: text(operand), type: 'DOUBLE', safe: true })
  switch (statistic) {
    case 'count':
    case 'min':
    case 'max':
      return call(statistic, operand)
    case 'count_distinct':
      return Object.freeze({ ...(call('count', operand) as Expression & { kind: 'Call' }), distinct: true })
    case 'mean':
      return call('avg', number)
    case 'stddev':
      return call('stddev', number)
    default:
      return call('percentileDisc', number, Object.freeze({ kind: 'Literal', value: percentOf(statistic)! }))
  }
}

function call(name: string, ...operands: readonly Expression[]): Expression {
  return Object.freeze({ kind: 'Call', name, role: 'aggregate', operands: Object.freeze(operands) })
}

function text(operand: Expression): Expression {
  return Object.freeze({ kind: 'Cast', operand, type: 'VARCHAR', safe: false })
}
