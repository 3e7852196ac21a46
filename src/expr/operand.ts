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
    throw invalid('asc() and desc() make keys for orderBy(); nothing can be computed from them. Call them last.')
  }
  return node.kind === 'Alias' ? node.operand : node
}

/** The node of what a function was given: a string is the name of a column. */
export function argumentNode(argument: Argument): Expression {
  return typeof argument === 'string' ? columnReference(argument) : operandNode(argument)
}

/** `name` as a reference; `*` and `alias.*` are stars. */
export function columnReference(name: string): ColumnReference | Star {
  if (typeof name !== 'string' || name === '') throw notAName(name)
  if (name === '*') return Object.freeze({ kind: 'Star' })
  if (name.endsWith('.*')) return Object.freeze({ kind: 'Star', qualifier: name.slice(0, -2) })
  return Object.freeze({ kind: 'ColumnReference', name })
}

/** What stands where the name of a column is wanted, refused. */
export function notAName(given: unknown): LakefrontError {
  const spread = Array.isArray(given) ? ' Spread a list: ...names.' : ''
  return invalid(`A column is named by a string that is not empty; ${shown(given)} was given.${spread}`)
}

/** The node of what has to be a column; a value that only could be one is refused, saying how. */
export function columnNode(given: unknown, where: string): Expression {
  if (isColumn(given)) return given.node
  const advice =
    typeof given === 'boolean'
      ? 'JavaScript compared the columns themselves: write a.gt(1) for a > 1, a.eq(b) for a == b.'
      : typeof given === 'object'
        ? 'Write F.max("a") for { a: "max" }; spread a list.'
        : 'A value becomes a column by lit(), a name by col().'
  throw invalid(`${where} takes columns; ${shown(given)} was given. ${advice}`)
}

/** The names of columns, which are given as a list. */
export function nameList(given: readonly string[] | undefined, where: string): readonly string[] | undefined {
  if (given === undefined || Array.isArray(given)) return given
  throw invalid(`${where} takes a list of names, such as ["id"]; ${shown(given)} was given.`)
}

function shown(given: unknown): string {
  if (typeof given === 'object' && given !== null) return `a value of type ${given.constructor?.name}`
  return typeof given === 'string' ? JSON.stringify(given) : String(given)
}

function invalid(message: string): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', message)
}

/** Whether `value` is a column of this library, also of another copy of it. */
export function isColumn(value: unknown): value is AnyColumn {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'lakefront.column'
  )
}
