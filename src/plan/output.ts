import { outputName } from '../expr/describe.ts'
import type { Expression } from '../expr/expression.ts'
import { inputsOf } from './inputs.ts'
import type { OutputColumn, Plan } from './nodes.ts'
import type { Scope } from './scope.ts'

/** The column that `expression` makes; one that is only passed on keeps its qualifier. */
function outputOf(expression: Expression, scope: Scope | undefined): OutputColumn {
  if (scope === undefined) {
    return Object.freeze({ name: outputName(expression) })
  }
  if (expression.kind === 'InputColumn') return scope.columns[expression.index]!
  if (expression.kind !== 'ColumnReference') return Object.freeze({ name: outputName(expression) })
  const { index, fields } = scope.resolve(expression.name)
  if (fields.length > 0) return Object.freeze({ name: fields.at(-1)! })
  const column = scope.columns[index]!
  if (column.name === expression.name || column.qualifier !== undefined) return column
  return Object.freeze({ name: expression.name })
}

/**
 * The columns that `expressions` make over `input`; undefined while that depends on columns nobody has read yet, or on
 * which of them an alias qualifies.
 */
export function outputsOf(
  expressions: readonly Expression[],
  input: Plan,
  scope: Scope | undefined,
): { output?: readonly OutputColumn[] } {
  if (scope === undefined) {
    const unsure = (each: Expression): boolean =>
      each.kind === 'Star' || (each.kind === 'ColumnReference' && each.name.includes('.'))
    if (expressions.some(unsure) || hasAlias(input)) return {}
  }
  const output = expressions.flatMap((each): readonly OutputColumn[] => {
    if (each.kind !== 'Star') return [outputOf(each, scope)]
    return each.qualifier === undefined
      ? scope!.columns
      : scope!.qualified(each.qualifier).map((index) => scope!.columns[index]!)
  })
  return { output: Object.freeze(output) }
}

function hasAlias(plan: Plan): boolean {
  return plan.kind === 'Alias' || (plan.kind !== 'Query' && inputsOf(plan).some(hasAlias))
}
