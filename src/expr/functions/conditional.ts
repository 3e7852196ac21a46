import type { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred } from '../column-types.ts'
import { call } from './call.ts'

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
