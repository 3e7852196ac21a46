import { LakefrontError } from '../errors.ts'
import { Column } from './column.ts'
import type { AnyColumn, Operand } from './column-types.ts'
import type { Expression, Lambda, LambdaVariable } from './expression.ts'
import { operandNode } from './operand.ts'
import { mapChildren } from './walk.ts'

const names = ['x', 'y', 'z']

/**
 * The node of a function from columns to a column. It is called once, here, with columns that stand for its arguments.
 *
 * The names of its parameters differ from those of the functions inside it, and start with `lf_`, so that they hide no column.
 */
export function lambda(body: (...variables: AnyColumn[]) => Operand, where: string, most: number): Lambda {
  if (typeof body !== 'function' || body.length > most) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${where} takes a function of ${most === 1 ? 'one column' : `at most ${most} columns`}, such as (${names.slice(0, most).join(', ')}) => x.isNotNull().`,
    )
  }
  const variables = names
    .slice(0, Math.max(1, body.length))
    .map((name): LambdaVariable => Object.freeze({ kind: 'LambdaVariable', name }))
  const made = operandNode(body(...variables.map((variable) => new Column(variable))))
  const depth = depthOf(made)
  const parameters = variables.map(({ name }) => `lf_${name}${depth === 0 ? '' : depth}`)
  const named = (node: Expression): Expression => {
    const index = variables.indexOf(node as LambdaVariable)
    return index === -1 ? mapChildren(node, named) : Object.freeze({ kind: 'LambdaVariable', name: parameters[index]! })
  }
  return Object.freeze({ kind: 'Lambda', parameters: Object.freeze(parameters), body: named(made) })
}

/** How many lambdas stand inside one another in `node`. */
function depthOf(node: Expression): number {
  let deepest = 0
  mapChildren(node, (child) => {
    deepest = Math.max(deepest, depthOf(child))
    return child
  })
  return node.kind === 'Lambda' ? deepest + 1 : deepest
}
