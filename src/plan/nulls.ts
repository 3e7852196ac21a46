import { LakefrontError } from '../errors.ts'
import type { Value } from '../expr/expression.ts'
import { literal } from '../expr/literal.ts'
import { type ValueType, classOf } from '../expr/value-type.ts'
import { scopeOf } from './check.ts'
import type { DropNulls, FillNulls, Plan, Replace } from './nodes.ts'

/** NULL and NaN replaced, in one column or in all of a type that goes with the value. */
export function fillNulls(input: Plan, fills: FillNulls['fills']): FillNulls {
  if (fills.length === 0) throw new LakefrontError('INVALID_ARGUMENT', 'fillna() was given no value.')
  const scope = scopeOf(input)
  const checked = fills.map(({ name, value, ifFits }) => {
    if (value === null)
      throw new LakefrontError('INVALID_ARGUMENT', 'fillna() puts a value where there is none; null is none.')
    if (name !== undefined) scope?.resolve(name)
    return Object.freeze({
      ...(name === undefined ? {} : { name }),
      value: literal(value).value,
      ...(ifFits === true ? { ifFits } : {}),
    })
  })
  return Object.freeze({ kind: 'FillNulls', input, fills: Object.freeze(checked), ...sameOutput(input) })
}

/** Rows with at least `atLeast` values that are neither NULL nor NaN, of `names` or of all columns. */
export function dropNulls(input: Plan, atLeast: number | 'all', names?: readonly string[]): DropNulls {
  if (atLeast !== 'all' && (!Number.isSafeInteger(atLeast) || atLeast < 0)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `dropna(): ${atLeast} is not a number of values; give an integer of at least 0.`,
    )
  }
  const scope = scopeOf(input)
  names?.forEach((name) => scope?.resolve(name))
  return Object.freeze({
    kind: 'DropNulls',
    input,
    atLeast,
    ...(names === undefined ? {} : { names: Object.freeze([...names]) }),
    ...sameOutput(input),
  })
}

/** Values replaced by others, in columns of a type that goes with them. */
export function replace(input: Plan, pairs: Replace['pairs'], names?: readonly string[]): Replace {
  if (pairs.length === 0) throw new LakefrontError('INVALID_ARGUMENT', 'replace() was given nothing to replace.')
  const classes = new Set(
    pairs.flatMap(({ from, to }) => [valueClass(from), valueClass(to)]).filter((each) => each !== 'null'),
  )
  if (classes.size > 1) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `replace() takes values of one kind, and ${[...classes].join(' and ')} were given. Call it once for each.`,
    )
  }
  const scope = scopeOf(input)
  names?.forEach((name) => scope?.resolve(name))
  return Object.freeze({
    kind: 'Replace',
    input,
    pairs: Object.freeze(
      pairs.map(({ from, to }) => Object.freeze({ from: literal(from).value, to: literal(to).value })),
    ),
    ...(names === undefined ? {} : { names: Object.freeze([...names]) }),
    ...sameOutput(input),
  })
}

/** Which columns a value goes with, as PySpark has it: numbers with numbers, text with text, booleans with booleans. */
export function valueClass(value: Value): string {
  if (value === null) return 'null'
  if (value instanceof Date) return 'timestamp'
  if (value instanceof Uint8Array) return 'blob'
  return typeof value === 'bigint' ? 'number' : typeof value
}

/** The class of the values of a type, as {@link valueClass} names them. */
export function typeClass(type: ValueType): string {
  const found = classOf(type)
  if (found === 'string') return type.kind === 'varchar' ? 'string' : type.kind
  return found === 'number' || found === 'boolean' ? found : type.kind
}

function sameOutput(input: Plan): Pick<Plan, 'output'> {
  return input.output === undefined ? {} : { output: input.output }
}
