import type { Column } from '../column.ts'
import type {
  Argument,
  ArgumentNeeds,
  ArgumentType,
  Deferred,
  Operand,
  OperandNeeds,
  OperandType,
  Wants,
} from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { call, callOf } from './call.ts'

type Types<A extends readonly unknown[]> = { readonly [I in keyof A]: ArgumentType<A[I]> }
type First<A, B> = Column<
  Deferred<'coalesce', [ArgumentType<A>, ArgumentType<B>]>,
  ArgumentNeeds<A> | ArgumentNeeds<B>,
  string
>

/** `coalesce(a, b, …)`: the first that is not NULL. */
export function coalesce<A extends readonly Argument[]>(
  ...values: A
): Column<Deferred<'coalesce', Types<A>>, ArgumentNeeds<A[number]>, string> {
  return call('coalesce(T...) T', 'scalar', values)
}

/** `coalesce(a, b)` */
export function ifnull<A extends Argument, B extends Argument>(value: A, replacement: B): First<A, B> {
  return call('coalesce(T...) T', 'scalar', [value, replacement])
}

/** `coalesce(a, b)` */
export function nvl<A extends Argument, B extends Argument>(value: A, replacement: B): First<A, B> {
  return ifnull(value, replacement)
}

/** `nullif(a, b)`: NULL where they are equal, else `a`. */
export function nullif<A extends Argument, B extends Argument>(
  value: A,
  other: B,
): Column<Deferred<'nullable', [ArgumentType<A>]>, ArgumentNeeds<A> | ArgumentNeeds<B>, string> {
  return call('nullif(T, T) T', 'scalar', [value, other])
}

/** `greatest(a, b, …)`: NULLs are skipped. */
export function greatest<A extends readonly Argument[]>(
  ...values: A
): Column<ArgumentType<A[number]>, ArgumentNeeds<A[number]>, string> {
  return call('greatest(T...) T', 'scalar', values)
}

/** `least(a, b, …)`: NULLs are skipped. */
export function least<A extends readonly Argument[]>(
  ...values: A
): Column<ArgumentType<A[number]>, ArgumentNeeds<A[number]>, string> {
  return call('least(T...) T', 'scalar', values)
}

/** `CASE WHEN value IS NOT NULL THEN present ELSE absent END` */
export function nvl2<A extends Argument, B extends Operand, C extends Operand>(
  value: A,
  present: B,
  absent: C,
): Column<
  Deferred<'same', [OperandType<B>, OperandType<C>]>,
  ArgumentNeeds<A> | OperandNeeds<B> | OperandNeeds<C>,
  string
> {
  return callOf('nvl2(any, T, T) T', 'scalar', [argumentNode(value), operandNode(present), operandNode(absent)])
}

/** `nullif(value, 0)` */
export function nullifzero<A extends Argument>(
  value: A,
): Column<Deferred<'nullable', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('nullifzero(T) T', 'scalar', [argumentNode(value)])
}

/** `coalesce(value, 0)` */
export function zeroifnull<A extends Argument>(
  value: A,
): Column<Deferred<'nonnull', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('zeroifnull(T) T', 'scalar', [argumentNode(value)])
}

/** `value IS NULL` */
export function isnull<A extends Argument>(value: A): Column<boolean, ArgumentNeeds<A>, string> {
  return callOf('isnull(any) boolean', 'scalar', [argumentNode(value)])
}

/** `value IS NOT NULL` */
export function isnotnull<A extends Argument>(value: A): Column<boolean, ArgumentNeeds<A>, string> {
  return callOf('isnotnull(any) boolean', 'scalar', [argumentNode(value)])
}

/** `value IS NOT DISTINCT FROM other` */
export function equalNull<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<boolean, ArgumentNeeds<A> | OperandNeeds<B>, string> {
  return callOf('equalNull(T, T) boolean', 'scalar', [argumentNode(value), operandNode(other)])
}

/**
 * `CASE WHEN condition THEN NULL ELSE error(message) END`: the query fails with the message where the condition is false or NULL.
 */
export function assertTrue<A extends Argument>(
  condition: A,
  message = 'The condition is not true.',
): Column<null, Wants<'boolean', A>, string> {
  return callOf('assertTrue(boolean, string?) unknown', 'scalar', [argumentNode(condition), literal(message)])
}

/** `error(message)`: the query fails with the message. */
export function raiseError<A extends Argument>(message: A): Column<null, Wants<'string', A>, string> {
  return callOf('raiseError(string) unknown', 'scalar', [argumentNode(message)])
}
