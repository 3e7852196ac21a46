import type { Column } from '../column.ts'
import type {
  AnyColumn,
  Argument,
  ArgumentNeeds,
  ArgumentType,
  Deferred,
  Operand,
  OperandNeeds,
} from '../column-types.ts'
import { LakefrontError } from '../../errors.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { call, callOf } from './call.ts'

type Text<A> = Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A>, string>
type TextWith<A, O> = Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A> | OperandNeeds<O>, string>

/** `upper(x)` */
export function upper<A extends Argument>(value: A): Text<A> {
  return call('upper(string) varchar', 'scalar', [value])
}

/** `lower(x)` */
export function lower<A extends Argument>(value: A): Text<A> {
  return call('lower(string) varchar', 'scalar', [value])
}

/** `CAST(length(x) AS INTEGER)`: in characters, not bytes. */
export function length<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return call('length(string|binary) integer', 'scalar', [value])
}

/** `trim(x)`: spaces at both ends, no other white space. */
export function trim<A extends Argument>(value: A): Text<A> {
  return call('trim(string) varchar', 'scalar', [value])
}

/** `ltrim(x)` */
export function ltrim<A extends Argument>(value: A): Text<A> {
  return call('ltrim(string) varchar', 'scalar', [value])
}

/** `rtrim(x)` */
export function rtrim<A extends Argument>(value: A): Text<A> {
  return call('rtrim(string) varchar', 'scalar', [value])
}

/** `substring(x, start, length)`: counted from 1 (0 is taken as 1), from the end when `start` is negative. */
export function substring<A extends Argument>(value: A, start: number, size?: number): Text<A> {
  for (const [name, number] of [
    ['start', start],
    ['size', size ?? 0],
  ] as const) {
    if (!Number.isSafeInteger(number))
      throw new LakefrontError('INVALID_ARGUMENT', `substring(): ${name} is ${number}; give an integer.`)
  }
  const bounds = size === undefined ? [start] : [start, Math.max(0, size)]
  return callOf('substring(string, integer, integer?) varchar', 'scalar', [argumentNode(value), ...bounds.map(literal)])
}

/** `(a || b || …)`: NULL when one is NULL, as in PySpark; {@link concatWs} skips NULLs. Also joins lists. */
export function concat<A extends readonly [Argument, ...Argument[]]>(
  ...values: A
): Column<Deferred<'string', { readonly [I in keyof A]: ArgumentType<A[I]> }>, ArgumentNeeds<A[number]>, string> {
  return call('concat(any...) joined', 'scalar', values)
}

/** `concat_ws(separator, a, b, …)`: what is not NULL, with the separator between. */
export function concatWs<A extends readonly [AnyColumn | string, ...(AnyColumn | string)[]]>(
  separator: string,
  ...values: A
): Column<string, ArgumentNeeds<A[number]>, string> {
  return callOf('concatWs(string, any...) varchar', 'scalar', [literal(separator), ...values.map(argumentNode)])
}

/** `replace(x, search, replacement)`: every occurrence. Strings are values after the first argument. */
export function replace<A extends Argument, S extends Operand, R extends Operand = ''>(
  value: A,
  search: S,
  replacement?: R,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A> | OperandNeeds<S> | OperandNeeds<R>, string> {
  return callOf('replace(string, string, string) varchar', 'scalar', [
    argumentNode(value),
    operandNode(search),
    operandNode(replacement ?? ''),
  ])
}

/**
 * `regexp_replace(x, pattern, replacement, 'g')`: every match. Syntax: RE2. `$1` in a replacement given as a string is the
 * first group, as in PySpark; `\$` is a dollar sign. Strings are values after the first argument.
 */
export function regexpReplace<A extends Argument, P extends Operand>(
  value: A,
  pattern: P,
  replacement: string,
): TextWith<A, P> {
  return callOf('regexpReplace(string, string, string) varchar', 'scalar', [
    argumentNode(value),
    operandNode(pattern),
    literal(replacement),
  ])
}

/** `regexp_split_to_array(x, pattern)`: the pieces between matches, empty ones included. Syntax: RE2. */
export function split<A extends Argument>(
  value: A,
  pattern: string,
): Column<string[] | null, ArgumentNeeds<A>, string> {
  return callOf('split(string, string) list<varchar>', 'scalar', [argumentNode(value), literal(pattern)])
}
