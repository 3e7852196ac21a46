import type { Column } from '../column.ts'
import type { AggregateNeeds, AggregateWants, Argument, ArgumentType, Deferred } from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { callOf, checkInteger } from './call.ts'

/** `corr(y, x)`: the correlation of the two. */
export function corr<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('corr(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `covar_pop(y, x)`: the covariance of the two. */
export function covarPop<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('covarPop(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `covar_samp(y, x)`: the covariance of the two, of a sample. */
export function covarSamp<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('covarSamp(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `regr_avgx(y, x)`: of the line through the pairs in which none is NULL. */
export function regrAvgx<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrAvgx(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `regr_avgy(y, x)`: of the line through the pairs in which none is NULL. */
export function regrAvgy<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrAvgy(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `regr_intercept(y, x)`: of the line through the pairs in which none is NULL. */
export function regrIntercept<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrIntercept(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `regr_r2(y, x)`: of the line through the pairs in which none is NULL. */
export function regrR2<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrR2(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `regr_slope(y, x)`: of the line through the pairs in which none is NULL. */
export function regrSlope<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrSlope(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `regr_sxx(y, x)`: of the line through the pairs in which none is NULL. */
export function regrSxx<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrSxx(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `regr_sxy(y, x)`: of the line through the pairs in which none is NULL. */
export function regrSxy<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrSxy(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `regr_syy(y, x)`: of the line through the pairs in which none is NULL. */
export function regrSyy<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<number | null, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrSyy(number, number) double', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `CAST(regr_count(y, x) AS BIGINT)`: pairs in which none is NULL. */
export function regrCount<A extends Argument, B extends Argument>(
  y: A,
  x: B,
): Column<bigint, AggregateWants<'number', A> | AggregateWants<'number', B>, string> {
  return callOf('regrCount(number, number) bigint', 'aggregate', [argumentNode(y), argumentNode(x)])
}

/** `kurtosis_pop(value)`: less 3, of a population. */
export function kurtosis<A extends Argument>(value: A): Column<number | null, AggregateWants<'number', A>, string> {
  return callOf('kurtosis(number) double', 'aggregate', [argumentNode(value)])
}

/**
 * `skewness(value) * (count(value) - 2) / sqrt(count(value) * (count(value) - 1))`: of a population; NULL for fewer than three values.
 */
export function skewness<A extends Argument>(value: A): Column<number | null, AggregateWants<'number', A>, string> {
  return callOf('skewness(number) double', 'aggregate', [argumentNode(value)])
}

/** `mode(value)`: the most frequent value; of several, one of them. */
export function mode<A extends Argument>(
  value: A,
): Column<Deferred<'nullable', [ArgumentType<A>]>, AggregateNeeds<A>, string> {
  return callOf('mode(any) same', 'aggregate', [argumentNode(value)])
}

/** `quantile_cont(CAST(value AS DOUBLE), fraction)`: between two values, in proportion. */
export function percentile<A extends Argument>(
  value: A,
  fraction: number,
): Column<number | null, AggregateWants<'number', A>, string> {
  return callOf('percentile(number, number) double', 'aggregate', [argumentNode(value), literal(fraction)])
}

/**
 * `quantile_disc(value, fraction)`: the value below or at which that part of all values are; exact, whatever the accuracy asked for.
 */
export function percentileApprox<A extends Argument>(
  value: A,
  fraction: number,
  accuracy = 10000,
): Column<Deferred<'nullable', [ArgumentType<A>]>, AggregateNeeds<A>, string> {
  checkInteger('percentileApprox', 'accuracy', accuracy)
  return callOf('percentileApprox(any, number, integer?) same', 'aggregate', [
    argumentNode(value),
    literal(fraction),
    literal(accuracy),
  ])
}
