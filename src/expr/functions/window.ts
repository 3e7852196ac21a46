import { LakefrontError } from '../../errors.ts'
import type { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred } from '../column-types.ts'
import type { Value } from '../expression.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { Window } from '../window.ts'
import { call, callOf } from './call.ts'

type Shifted<A> = Column<Deferred<'nullable', [ArgumentType<A>]>, ArgumentNeeds<A>, string>

/** `CAST(row_number() OVER (…) AS INTEGER)`: 1, 2, 3 … in each partition. */
export function rowNumber(): Column<number, never, string> {
  return call('rowNumber() integer', 'window', [])
}

/** `(row_number() OVER () - 1)`: a number of its own for each row, larger the later the row comes: 0, 1, 2 … here; PySpark leaves gaps. */
export function monotonicallyIncreasingId(): Column<bigint, never, string> {
  const number: Column<bigint, never, string> = call('wideRowNumber() bigint', 'window', [])
  return number.over(Window.partitionBy()).sub(1n) as never
}

/** `CAST(rank() OVER (…) AS INTEGER)`: equals share a rank, and the next rank leaves room for them. */
export function rank(): Column<number, never, string> {
  return call('rank() integer', 'window', [])
}

/** `CAST(dense_rank() OVER (…) AS INTEGER)`: equals share a rank, and no rank is left out. */
export function denseRank(): Column<number, never, string> {
  return call('denseRank() integer', 'window', [])
}

/** `percent_rank() OVER (…)`: the rank from 0 to 1. */
export function percentRank(): Column<number, never, string> {
  return call('percentRank() double', 'window', [])
}

/** `CAST(ntile(n) OVER (…) AS INTEGER)`: which of `n` equal parts the row is in, from 1. */
export function ntile(n: number): Column<number, never, string> {
  return callOf('ntile(integer) integer', 'window', [literal(counted('ntile', n, 1))])
}

/** `lag(x, offset, otherwise) OVER (…)`: the value some rows before, `otherwise` (a value, NULL by default) where there is none. */
export function lag<A extends Argument>(value: A, offset = 1, otherwise: Value = null): Shifted<A> {
  return callOf('lag(T, integer, T) T', 'window', [
    argumentNode(value),
    literal(counted('lag', offset, 0)),
    literal(otherwise),
  ])
}

/** `lead(x, offset, otherwise) OVER (…)`: the value some rows after. */
export function lead<A extends Argument>(value: A, offset = 1, otherwise: Value = null): Shifted<A> {
  return callOf('lead(T, integer, T) T', 'window', [
    argumentNode(value),
    literal(counted('lead', offset, 0)),
    literal(otherwise),
  ])
}

function counted(name: string, value: number, atLeast: number): number {
  if (Number.isSafeInteger(value) && value >= atLeast) return value
  throw new LakefrontError('INVALID_ARGUMENT', `${name}(): ${value} is not an integer of at least ${atLeast}.`)
}

/** `cume_dist() OVER (…)`: the part of the rows at or before this one. */
export function cumeDist(): Column<number, never, string> {
  return call('cumeDist() double', 'window', [])
}

/** `nth_value(x, n) OVER (…)`: the value of the `n`-th row up to the current one, NULL when there are fewer. */
export function nthValue<A extends Argument>(value: A, n: number, ignoreNulls = false): Shifted<A> {
  return callOf(`${ignoreNulls ? 'nthPresentValue' : 'nthValue'}(T, integer) T`, 'window', [
    argumentNode(value),
    literal(counted('nthValue', n, 1)),
  ])
}
