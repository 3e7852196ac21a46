import type { Expression } from '../../expr/expression.ts'
import { hasGenerator, hasRawSql, someExpression } from '../../expr/walk.ts'
import type { Plan, WithColumns } from '../../plan/nodes.ts'
import { Scope } from '../../plan/scope.ts'

/** withColumn above withColumn, of new columns made of what the lower one only passes on, is one step: a loop of them costs what its columns cost. */
export function combineColumns(plan: Plan): Plan {
  if (plan.kind !== 'WithColumns' || plan.input.kind !== 'WithColumns') return plan
  const lower = plan.input
  const addsOnly = plan.output!.length === lower.output!.length + plan.columns.length
  if (!addsOnly || !plan.columns.every(({ expression }) => readsPassedOn(expression, lower))) return plan
  return Object.freeze({ ...plan, input: lower.input, columns: Object.freeze([...lower.columns, ...plan.columns]) })
}

function readsPassedOn(expression: Expression, lower: WithColumns): boolean {
  if (hasRawSql(expression) || hasGenerator(expression)) return false
  const below = lower.input.output!
  let scope: Scope | undefined
  return !someExpression(expression, (each) => {
    if (each.kind !== 'ColumnReference' && each.kind !== 'InputColumn') return each.kind === 'Star'
    const index =
      each.kind === 'InputColumn' ? each.index : (scope ??= new Scope(lower.output!)).resolve(each.name).index
    return lower.output![index] !== below[index]
  })
}
