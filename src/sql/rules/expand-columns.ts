import type { Expression, InputColumn } from '../../expr/expression.ts'
import { addedColumns, project } from '../../plan/columns.ts'
import type { Plan } from '../../plan/nodes.ts'
import { Scope, sameName } from '../../plan/scope.ts'

/** `*`, withColumn, withColumnRenamed and drop become plain projections. */
export function expandColumns(plan: Plan): Plan {
  switch (plan.kind) {
    case 'Project': {
      if (!plan.columns.some((column) => column.kind === 'Star')) return plan
      const scope = new Scope(plan.input.output!)
      return project(
        plan.input,
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
      const kept = scope.columns.map(({ name }, index) => {
        const replacement = plan.columns.findLast((column) => sameName(column.name, name))
        return replacement === undefined
          ? inputColumn(plan.input, index)
          : named(replacement.expression, replacement.name)
      })
      return project(plan.input, [
        ...kept,
        ...addedColumns(plan.columns, scope).map(({ name, expression }) => named(expression, name)),
      ])
    }
    case 'Rename': {
      const scope = new Scope(plan.input.output!)
      const renamed = new Map(plan.names.map(({ from, to }) => [scope.resolve(from).index, to]))
      return project(
        plan.input,
        scope.columns.map((_, index) => {
          const name = renamed.get(index)
          return name === undefined ? inputColumn(plan.input, index) : named(inputColumn(plan.input, index), name)
        }),
      )
    }
    case 'Drop': {
      const scope = new Scope(plan.input.output!)
      const dropped = new Set(plan.names.map((name) => scope.resolve(name).index))
      return project(
        plan.input,
        scope.columns.flatMap((_, index) => (dropped.has(index) ? [] : [inputColumn(plan.input, index)])),
      )
    }
    default:
      return plan
  }
}

/** The column of `input` at a position, whatever it is called. */
export function inputColumn(input: Plan, index: number): InputColumn {
  return Object.freeze({ kind: 'InputColumn', index, name: input.output![index]!.name })
}

/** `expression AS name` */
export function named(expression: Expression, name: string): Expression {
  return Object.freeze({ kind: 'Alias', operand: expression.kind === 'Alias' ? expression.operand : expression, name })
}
