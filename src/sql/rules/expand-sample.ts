import type { Expression } from '../../expr/expression.ts'
import { project } from '../../plan/columns.ts'
import type { Plan, Sample } from '../../plan/nodes.ts'
import { filter } from '../../plan/rows.ts'
import { inputColumn, named, projected } from './expand-columns.ts'
import { literal, scalar, unnest } from './expand-generator.ts'

/**
 * A sample with a seed decides by a number made of the row's position and the seed, so that the same rows come again as long as
 * the input gives its rows in the same order. With replacement each row comes as often as a Poisson distribution says.
 */
export function expandSample(plan: Plan): Plan {
  if (plan.kind !== 'Sample') return plan
  if (plan.seed === undefined && !plan.withReplacement) return plan
  const columns = plan.output!.map((_, index) => inputColumn(plan.input, index))
  const drawn = project(plan.input, [...columns, named(drawnNumber(plan), 'drawn')])
  const number = inputColumn(drawn, columns.length)
  if (!plan.withReplacement) {
    const isIn: Expression = Object.freeze({
      kind: 'Binary',
      operator: 'lt',
      left: number,
      right: literal(plan.fraction),
    })
    return project(filter(drawn, isIn), columns)
  }
  const times = project(drawn, [
    ...columns,
    named(unnest(scalar('range', literal(0), poisson(number, plan.fraction))), 'again'),
  ])
  return projected({ ...plan, input: times }, columns)
}

function drawnNumber({ seed }: Sample): Expression {
  if (seed === undefined) return scalar('rand')
  const call: Expression = Object.freeze({
    kind: 'Call',
    name: 'rowNumber',
    role: 'window',
    operands: Object.freeze([]),
  })
  const window = Object.freeze({ partitionBy: Object.freeze([]), orderBy: Object.freeze([]) })
  const position: Expression = Object.freeze({ kind: 'Over', call, window })
  return scalar('hashUnit', position, literal(seed))
}

/** How often a row comes whose number between 0 and 1 is `number`: the inverse of the distribution function, cut where it is 1 − 1e-12. */
function poisson(number: Expression, mean: number): Expression {
  const branches: { readonly when: Expression; readonly result: Expression }[] = []
  let share = Math.exp(-mean)
  let sum = share
  for (let times = 0; sum < 1 - 1e-12 && times < 1000; times++) {
    const when: Expression = Object.freeze({ kind: 'Binary', operator: 'lt', left: number, right: literal(sum) })
    branches.push(Object.freeze({ when, result: literal(times) }))
    share *= mean / (times + 1)
    sum += share
  }
  if (branches.length === 0) return literal(0)
  return Object.freeze({ kind: 'Case', branches: Object.freeze(branches), otherwise: literal(branches.length) })
}
