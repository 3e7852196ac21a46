import type { Column } from '../column.ts'
import type { AnyColumn, Argument, ArgumentNeeds, ArgumentType, Deferred } from '../column-types.ts'
import { argumentNode } from '../operand.ts'
import { call, callOf } from './call.ts'

/** What a call is named by when nobody names it; known to the compiler for columns given by name. */
type CallName<Name extends string, A> = A extends string ? `${Name}(${A})` : string
type Of<A, Operation extends string, Name extends string> = Column<
  Deferred<Operation, [ArgumentType<A>]>,
  ArgumentNeeds<A>,
  CallName<Name, A>
>
type OfUnnamed<A, Operation extends string> = Column<Deferred<Operation, [ArgumentType<A>]>, ArgumentNeeds<A>, string>
type NumberOf<A, Name extends string> = Column<number | null, ArgumentNeeds<A>, CallName<Name, A>>

/** `count(*)`, rows; `count(x)`, rows where `x` is not NULL. A BIGINT. */
export function count<A extends AnyColumn | string = '*'>(
  value?: A,
): Column<bigint, ArgumentNeeds<A>, CallName<'count', A>> {
  return call('count(any...) bigint', 'aggregate', [value ?? '*'])
}

/** `count(DISTINCT x)`; of several, the distinct combinations in which none is NULL. A BIGINT. */
export function countDistinct<A extends readonly [AnyColumn | string, ...(AnyColumn | string)[]]>(
  ...values: A
): Column<bigint, ArgumentNeeds<A[number]>, string> {
  return callOf(
    'count(any...) bigint',
    'aggregate',
    values.map((value) => argumentNode(value)),
    true,
  )
}

/** `sum(x)`: HUGEINT for integers, DOUBLE for floats, DECIMAL(38, s) for decimals; NULL when there is nothing to add. */
export function sum<A extends Argument>(value: A): Of<A, 'sum', 'sum'> {
  return call('sum(number|interval) sum', 'aggregate', [value])
}

/** `sum(DISTINCT x)` */
export function sumDistinct<A extends Argument>(value: A): OfUnnamed<A, 'sum'> {
  return callOf('sum(number|interval) sum', 'aggregate', [argumentNode(value)], true)
}

/** `avg(x)`: a DOUBLE. */
export function avg<A extends Argument>(value: A): NumberOf<A, 'avg'> {
  return call('avg(number) double', 'aggregate', [value])
}

/** As {@link avg}. */
export function mean<A extends Argument>(value: A): NumberOf<A, 'avg'> {
  return avg(value)
}

/** `min(x)` */
export function min<A extends Argument>(value: A): Of<A, 'nullable', 'min'> {
  return call('min(any) same', 'aggregate', [value])
}

/** `max(x)` */
export function max<A extends Argument>(value: A): Of<A, 'nullable', 'max'> {
  return call('max(any) same', 'aggregate', [value])
}

/** `stddev_samp(x)`; NULL for fewer than two values. */
export function stddev<A extends Argument>(value: A): NumberOf<A, 'stddev'> {
  return call('stddev(number) double', 'aggregate', [value])
}

/** `stddev_pop(x)` */
export function stddevPop<A extends Argument>(value: A): NumberOf<A, 'stddevPop'> {
  return call('stddevPop(number) double', 'aggregate', [value])
}

/** `var_samp(x)`; NULL for fewer than two values. */
export function variance<A extends Argument>(value: A): NumberOf<A, 'variance'> {
  return call('variance(number) double', 'aggregate', [value])
}

/** `var_pop(x)` */
export function varPop<A extends Argument>(value: A): NumberOf<A, 'varPop'> {
  return call('varPop(number) double', 'aggregate', [value])
}

/** `median(x)`: of an even number of values, the mean of the two in the middle. */
export function median<A extends Argument>(value: A): NumberOf<A, 'median'> {
  return call('median(number) middle', 'aggregate', [value])
}

/** `first(x)`: the value of the first row met, NULL when that is NULL. Which row is first is certain only after a sort. */
export function first<A extends Argument>(value: A): Of<A, 'nullable', 'first'> {
  return call('first(any) same', 'aggregate', [value])
}

/** `last(x)`: the value of the last row met. */
export function last<A extends Argument>(value: A): Of<A, 'nullable', 'last'> {
  return call('last(any) same', 'aggregate', [value])
}

/** `coalesce(list(x) FILTER (WHERE x IS NOT NULL), [])`: all values that are not NULL, an empty list when there are none. */
export function collectList<A extends Argument>(value: A): Of<A, 'list', 'collectList'> {
  return call('collectList(T) list<T>', 'aggregate', [value])
}

/** As {@link collectList}, each distinct value once, in no certain order. */
export function collectSet<A extends Argument>(value: A): OfUnnamed<A, 'list'> {
  return callOf('collectList(T) list<T>', 'aggregate', [argumentNode(value)], true)
}
