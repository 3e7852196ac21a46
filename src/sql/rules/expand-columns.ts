import type { Expression, InputColumn } from '../../expr/expression.ts'
import { addedColumns, droppedPositions } from '../../plan/columns.ts'
import type { Plan } from '../../plan/nodes.ts'
import { Scope } from '../../plan/scope.ts'

/** `*`, withColumn, withColumnRenamed and drop become plain projections. */
export function expandColumns(plan: Plan): Plan {
  switch (plan.kind) {
    case 'Project': {
      if (!plan.columns.some((column) => column.kind === 'Star')) return plan
      const scope = new Scope(plan.input.output!)
      return projected(
        plan,
        plan.columns.flatMap((column): readonly Expression[] => {
          if (column.kind !== 'Star') return [column]
          const indices =
            column.qualifier === undefined ? scope.columns.map((_, index) => index) : scope.qualified(column.qualifier)
          return indices.map((index) => inputColumn(plan.input, index))
        }),
      )
    }
    case 'WithColumns': {
      const scope = new Scope(plan.input.output!)
      const replacements = new Map(plan.columns.map((column) => [column.name.toLowerCase(), column]))
      const kept = scope.columns.map(({ name }, index) => {
        const replacement = replacements.get(name.toLowerCase())
        return replacement === undefined
          ? inputColumn(plan.input, index)
          : named(replacement.expression, replacement.name)
      })
      return projected(plan, [
        ...kept,
        ...addedColumns(plan.columns, scope).map(({ name, expression }) => named(expression, name)),
      ])
    }
    case 'Rename': {
      const scope = new Scope(plan.input.output!)
      const renamed = new Map(plan.names.map(({ from, to }) => [scope.resolve(from).index, to]))
      return projected(
        plan,
        scope.columns.map((_, index) => {
          const name = renamed.get(index)
          return name === undefined ? inputColumn(plan.input, index) : named(inputColumn(plan.input, index), name)
        }),
      )
    }
    case 'Drop': {
      const scope = new Scope(plan.input.output!)
      const dropped = droppedPositions(plan, scope)
      return projected(
        plan,
        scope.columns.flatMap((_, index) => (dropped.has(index) ? [] : [inputColumn(plan.input, index)])),
      )
    }
    default:
      return plan
  }
}

/** A projection with the output of `plan`, whose input it takes; nothing is checked again. */
export function projected(plan: Plan & { readonly input: Plan }, columns: readonly Expression[]): Plan {
  return Object.freeze({ kind: 'Project', input: plan.input, columns: Object.freeze(columns), output: plan.output! })
}

/** The column of `input` at a position, whatever it is called. */
export function inputColumn(input: Plan, index: number): InputColumn {
  return Object.freeze({ kind: 'InputColumn', index, name: input.output![index]!.name })
}

/** `expression AS name` */
export function named(expression: Expression, name: string): Expression {
  return Object.freeze({ kind: 'Alias', operand: expression.kind === 'Alias' ? expression.operand : expression, name })
}
