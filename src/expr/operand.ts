import type { AnyColumn, Argument, Operand } from './column-types.ts'
import type { ColumnReference, Expression, Star } from './expression.ts'
import { literal } from './literal.ts'
import { LakefrontError } from '../errors.ts'

/** The node of what an operator was given: a string is a value. */
export function operandNode(operand: Operand): Expression {
  return isColumn(operand) ? bareNode(operand.node) : literal(operand)
}

/** `node` as part of a larger expression, where a name means nothing and a direction has no place. */
export function bareNode(node: Expression): Expression {
  if (node.kind === 'SortKey') {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'asc() and desc() make keys for orderBy(); nothing can be computed from them. Call them last.',
    )
  }
  return node.kind === 'Alias' ? node.operand : node
}

/** The node of what a function was given: a string is the name of a column. */
export function argumentNode(argument: Argument): Expression {
  return typeof argument === 'string' ? columnReference(argument) : operandNode(argument)
}

/** `name` as a reference; `*` and `alias.*` are stars. */
export function columnReference(name: string): ColumnReference | Star {
  if (typeof name !== 'string' || name === '') {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `A column is named by a string that is not empty; ${JSON.stringify(name) ?? String(name)} was given.`,
    )
  }
  if (name === '*') return Object.freeze({ kind: 'Star' })
  if (name.endsWith('.*')) return Object.freeze({ kind: 'Star', qualifier: name.slice(0, -2) })
  return Object.freeze({ kind: 'ColumnReference', name })
}

/** Whether `value` is a column of this library, also of another copy of it. */
export function isColumn(value: unknown): value is AnyColumn {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'lakefront.column'
  )
}
