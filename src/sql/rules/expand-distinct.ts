import type { Expression } from '../../expr/expression.ts'
import { project } from '../../plan/columns.ts'
import type { Plan } from '../../plan/nodes.ts'
import { filter } from '../../plan/rows.ts'
import { Scope } from '../../plan/scope.ts'
import { inputColumn, named } from './expand-columns.ts'

/** dropDuplicates of some columns numbers the rows of each combination and keeps the first. */
export function expandDistinct(plan: Plan): Plan {
  if (plan.kind !== 'Distinct' || plan.on === undefined) return plan
  const scope = new Scope(plan.input.output!)
  const columns = scope.columns.map((_, index) => inputColumn(plan.input, index))
  const partitionBy = Object.freeze(plan.on.map((name) => inputColumn(plan.input, scope.resolve(name).index)))
  const call: Expression = Object.freeze({
    kind: 'Call',
    name: 'rowNumber',
    role: 'window',
    operands: Object.freeze([]),
    signature: '() integer',
  })
  const number: Expression = Object.freeze({
    kind: 'Over',
    call,
    window: Object.freeze({ partitionBy, orderBy: Object.freeze([]) }),
  })
  const numbered = project(plan.input, [...columns, named(number, 'row_number')])
  const first: Expression = Object.freeze({
    kind: 'Binary',
    operator: 'eq',
    left: inputColumn(numbered, columns.length),
    right: Object.freeze({ kind: 'Literal', value: 1 }),
  })
  return project(filter(numbered, first), columns)
}
