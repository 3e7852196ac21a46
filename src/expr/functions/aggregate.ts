import type { Column } from '../column.ts'
import type { AggregateNeeds, AggregateWants, AnyColumn, Argument, ArgumentType, Deferred } from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { call, callOf } from './call.ts'

/** What a call is named by when nobody names it; known to the compiler for columns given by name. */
type CallName<Name extends string, A> = A extends string ? `${Name}(${A})` : string
type Of<A, Operation extends string, Name extends string> = Column<
  Deferred<Operation, [ArgumentType<A>]>,
  AggregateNeeds<A>,
  CallName<Name, A>
>
type OfUnnamed<A, Operation extends string> = Column<Deferred<Operation, [ArgumentType<A>]>, AggregateNeeds<A>, string>
type NumberOf<A, Name extends string> = Column<number | null, AggregateWants<'number', A>, CallName<Name, A>>

/** `count(*)`, rows; `count(x)`, rows where `x` is not NULL. A BIGINT. */
export function count<A extends AnyColumn | string = '*'>(
  value?: A,
): Column<bigint, AggregateNeeds<A>, CallName<'count', A>> {
  return call('count(any...) bigint', 'aggregate', [value ?? '*'])
}

/** `count(DISTINCT x)`; of several, the distinct combinations in which none is NULL. A BIGINT. */
export function countDistinct<A extends readonly [AnyColumn | string, ...(AnyColumn | string)[]]>(
  ...values: A
): Column<bigint, AggregateNeeds<A[number]>, string> {
  return callOf(
    'count(any...) bigint',
    'aggregate',
    values.map((value) => argumentNode(value)),
    true,
  )
}

/** `sum(x)`: HUGEINT for integers, DOUBLE for floats, DECIMAL(38, s) for decimals; NULL when there is nothing to add. */
export function sum<A extends Argument>(
  value: A,
): Column<Deferred<'sum', [ArgumentType<A>]>, AggregateWants<'number', A>, CallName<'sum', A>> {
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

/**
 * `first(x)`: the value of the first row met, or the first that is not NULL, `first(x) FILTER (WHERE x IS NOT NULL)`. Which
 * row is first is certain only after a sort.
 */
export function first<A extends Argument>(value: A, ignoreNulls = false): Of<A, 'nullable', 'first'> {
  return call(`${ignoreNulls ? 'firstPresent' : 'first'}(any) same`, 'aggregate', [value])
}

/** `last(x)`: the value of the last row met, or the last that is not NULL. */
export function last<A extends Argument>(value: A, ignoreNulls = false): Of<A, 'nullable', 'last'> {
  return call(`${ignoreNulls ? 'lastPresent' : 'last'}(any) same`, 'aggregate', [value])
}

/** `coalesce(list(x) FILTER (WHERE x IS NOT NULL), [])`: all values that are not NULL, an empty list when there are none. */
export function collectList<A extends Argument>(value: A): Of<A, 'list', 'collectList'> {
  return call('collectList(T) list<T>', 'aggregate', [value])
}

/** As {@link collectList}, each distinct value once, in no certain order. */
export function collectSet<A extends Argument>(value: A): OfUnnamed<A, 'list'> {
  return callOf('collectList(T) list<T>', 'aggregate', [argumentNode(value)], true)
}

/** `approx_count_distinct(value)`: an estimate of the number of distinct values. */
export function approxCountDistinct<A extends Argument>(value: A): Column<bigint, AggregateNeeds<A>, string> {
  return callOf('approxCountDistinct(any) bigint', 'aggregate', [argumentNode(value)])
}

/** `any_value(value)`: some value that is not NULL (PySpark: the first, NULL or not). */
export function anyValue<A extends Argument>(
  value: A,
): Column<Deferred<'nullable', [ArgumentType<A>]>, AggregateNeeds<A>, string> {
  return callOf('anyValue(any) same', 'aggregate', [argumentNode(value)])
}

/** `bit_and(value)` */
export function bitAnd<A extends Argument>(
  value: A,
): Column<Deferred<'nullable', [ArgumentType<A>]>, AggregateWants<'number', A>, string> {
  return callOf('bitAnd(integer) same', 'aggregate', [argumentNode(value)])
}

/** `bit_or(value)` */
export function bitOr<A extends Argument>(
  value: A,
): Column<Deferred<'nullable', [ArgumentType<A>]>, AggregateWants<'number', A>, string> {
  return callOf('bitOr(integer) same', 'aggregate', [argumentNode(value)])
}

/** `bit_xor(value)` */
export function bitXor<A extends Argument>(
  value: A,
): Column<Deferred<'nullable', [ArgumentType<A>]>, AggregateWants<'number', A>, string> {
  return callOf('bitXor(integer) same', 'aggregate', [argumentNode(value)])
}

/** `bool_and(value)`: whether all that are not NULL are true. */
export function boolAnd<A extends Argument>(value: A): Column<boolean | null, AggregateWants<'boolean', A>, string> {
  return callOf('boolAnd(boolean) boolean', 'aggregate', [argumentNode(value)])
}

/** `bool_or(value)`: whether one is true. */
export function boolOr<A extends Argument>(value: A): Column<boolean | null, AggregateWants<'boolean', A>, string> {
  return callOf('boolOr(boolean) boolean', 'aggregate', [argumentNode(value)])
}

/** `count(CASE WHEN condition THEN 1 END)`: rows where the condition is true. */
export function countIf<A extends Argument>(condition: A): Column<bigint, AggregateWants<'boolean', A>, string> {
  return callOf('countIf(boolean) bigint', 'aggregate', [argumentNode(condition)])
}

/** `arg_max_null(value, by)`: the value in the row where `by` is greatest. */
export function maxBy<A extends Argument, B extends Argument>(
  value: A,
  by: B,
): Column<Deferred<'nullable', [ArgumentType<A>, ArgumentType<B>]>, AggregateNeeds<A> | AggregateNeeds<B>, string> {
  return callOf('maxBy(any, any) same', 'aggregate', [argumentNode(value), argumentNode(by)])
}

/** `arg_min_null(value, by)`: the value in the row where `by` is least. */
export function minBy<A extends Argument, B extends Argument>(
  value: A,
  by: B,
): Column<Deferred<'nullable', [ArgumentType<A>, ArgumentType<B>]>, AggregateNeeds<A> | AggregateNeeds<B>, string> {
  return callOf('minBy(any, any) same', 'aggregate', [argumentNode(value), argumentNode(by)])
}

/** `product(value)`: all values multiplied. */
export function product<A extends Argument>(value: A): Column<number | null, AggregateWants<'number', A>, string> {
  return callOf('product(number) double', 'aggregate', [argumentNode(value)])
}

/** `string_agg(value, delimiter)`: what is not NULL, with the delimiter between, in the order the rows are met. */
export function listagg<A extends Argument>(
  value: A,
  delimiter = '',
): Column<string | null, AggregateWants<'string', A>, string> {
  return callOf('listagg(string, string?) varchar', 'aggregate', [argumentNode(value), literal(delimiter)])
}

/** `string_agg(DISTINCT value, delimiter)`: each value once, in no certain order. */
export function listaggDistinct<A extends Argument>(
  value: A,
  delimiter = '',
): Column<string | null, AggregateWants<'string', A>, string> {
  return callOf('listagg(string, string?) varchar', 'aggregate', [argumentNode(value), literal(delimiter)], true)
}

/** `grouping(key)`: 1 in the rows of rollup() and cube() that stand for all values of the key, else 0. */
export function grouping<A extends Argument>(key: A): Column<number, AggregateNeeds<A>, string> {
  return call('grouping(any) bigint', 'aggregate', [key])
}

/** `grouping_id(a, b, …)`: the {@link grouping} of each key, the first as the highest bit of a number; of all keys when none are given. */
export function groupingId<const A extends readonly Argument[]>(
  ...keys: A
): Column<bigint, AggregateNeeds<A[number]>, string> {
  return call('groupingId(any...) bigint', 'aggregate', keys)
}
