import type { Column } from '../column.ts'
import type {
  Argument,
  ArgumentNeeds,
  ArgumentType,
  Deferred,
  Operand,
  OperandNeeds,
  OperandType,
  OperandWants,
  Wants,
} from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { call, callOf, checkInteger } from './call.ts'

type Same<A> = Column<Deferred<'arithmetic', [ArgumentType<A>, ArgumentType<A>]>, Wants<'number', A>, string>
type NumberOf<A> = Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string>

/** `abs(x)` */
export function abs<A extends Argument>(value: A): Same<A> {
  return call('abs(number) same', 'scalar', [value])
}

/** `round(x, digits)`: halves away from zero. Digits may be negative. The type is that of `x`. */
export function round<A extends Argument>(value: A, digits = 0): Same<A> {
  return callOf('round(number, integer?) whole', 'scalar', [argumentNode(value), literal(digits)])
}

/** `floor(x)`: a DOUBLE of a DOUBLE (PySpark makes it a BIGINT, which may overflow). */
export function floor<A extends Argument>(value: A): Same<A> {
  return call('floor(number) whole', 'scalar', [value])
}

/** `ceil(x)`: a DOUBLE of a DOUBLE (PySpark makes it a BIGINT, which may overflow). */
export function ceil<A extends Argument>(value: A): Same<A> {
  return call('ceil(number) whole', 'scalar', [value])
}

/** `sqrt(x)`: NaN of a negative number. */
export function sqrt<A extends Argument>(value: A): NumberOf<A> {
  return call('sqrt(number) double', 'scalar', [value])
}

/** `pow(x, y)`: a DOUBLE. */
export function pow<A extends Argument, O extends Operand>(
  value: A,
  exponent: O,
): Column<Deferred<'number', [ArgumentType<A>]>, ArgumentNeeds<A> | OperandNeeds<O>, string> {
  return callOf('pow(number, number) double', 'scalar', [argumentNode(value), operandNode(exponent)])
}

/** `exp(x)` */
export function exp<A extends Argument>(value: A): NumberOf<A> {
  return call('exp(number) double', 'scalar', [value])
}

/** `ln(x)`: the natural logarithm; NULL for 0 and below. */
export function ln<A extends Argument>(value: A): NumberOf<A> {
  return call('ln(number) double', 'scalar', [value])
}

/** `log10(x)`: NULL for 0 and below. */
export function log10<A extends Argument>(value: A): NumberOf<A> {
  return call('log10(number) double', 'scalar', [value])
}

/** `sign(x)`: −1, 0 or 1. */
export function sign<A extends Argument>(value: A): NumberOf<A> {
  return call('sign(number) tinyint', 'scalar', [value])
}

/** `cbrt(value)` */
export function cbrt<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('cbrt(number) double', 'scalar', [argumentNode(value)])
}

/** `(exp(value) - 1)` */
export function expm1<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('expm1(number) double', 'scalar', [argumentNode(value)])
}

/** `CASE WHEN value > -1 THEN ln(1 + value) END`: NULL for −1 and below. */
export function log1p<A extends Argument>(value: A): Column<number | null, Wants<'number', A>, string> {
  return callOf('log1p(number) double', 'scalar', [argumentNode(value)])
}

/** `CASE WHEN value > 0 THEN log2(value) END`: NULL for 0 and below. */
export function log2<A extends Argument>(value: A): Column<number | null, Wants<'number', A>, string> {
  return callOf('log2(number) double', 'scalar', [argumentNode(value)])
}

/**
 * `CASE WHEN value BETWEEN 0 AND 20 THEN CAST(factorial(CAST(value AS INTEGER)) AS BIGINT) END`: NULL outside of 0 to 20.
 */
export function factorial<A extends Argument>(value: A): Column<bigint | null, Wants<'number', A>, string> {
  return callOf('factorial(integer) bigint', 'scalar', [argumentNode(value)])
}

/** `round_even(value, digits)`: halves to the even neighbour. */
export function bround<A extends Argument>(
  value: A,
  digits = 0,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'number', A>, string> {
  checkInteger('bround', 'digits', digits)
  return callOf('bround(number, integer?) whole', 'scalar', [argumentNode(value), literal(digits)])
}

/** `round_even(CAST(value AS DOUBLE), 0)`: the nearest whole number, halves to the even one. */
export function rint<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('rint(number) double', 'scalar', [argumentNode(value)])
}

/** `-value` */
export function negative<A extends Argument>(
  value: A,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('negative(number) same', 'scalar', [argumentNode(value)])
}

/** `+value` */
export function positive<A extends Argument>(
  value: A,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('positive(number) same', 'scalar', [argumentNode(value)])
}

/**
 * `(((value % nullif(divisor, 0)) + divisor) % nullif(divisor, 0))`: the remainder that is not negative; NULL for a divisor of 0 (PySpark fails).
 */
export function pmod<A extends Argument, B extends Operand>(
  value: A,
  divisor: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'number', A> | OperandWants<'number', B>,
  string
> {
  return callOf('pmod(number, number) common', 'scalar', [argumentNode(value), operandNode(divisor)])
}

/**
 * `CAST(floor((value - low) * buckets / (high - low)) + 1 AS BIGINT)`: which of `buckets` equal parts from `low` to `high` it is in, 0 before and one more after.
 */
export function widthBucket<A extends Argument, B extends Operand, C extends Operand, D extends Operand>(
  value: A,
  low: B,
  high: C,
  buckets: D,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>, OperandType<C>, OperandType<D>]>,
  Wants<'number', A> | OperandWants<'number', B> | OperandWants<'number', C> | OperandWants<'number', D>,
  string
> {
  return callOf('widthBucket(number, number, number, integer) bigint', 'scalar', [
    argumentNode(value),
    operandNode(low),
    operandNode(high),
    operandNode(buckets),
  ])
}

/** `random()`: from 0 to below 1, another in each row (a seed as in PySpark is not offered). */
export function rand(): Column<number, never, string> {
  return callOf('rand() double', 'scalar', [])
}

/** `(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))`: of the standard normal distribution. */
export function randn(): Column<number, never, string> {
  return callOf('randn() double', 'scalar', [])
}

/** `coalesce(isnan(CAST(value AS DOUBLE)), FALSE)` */
export function isnan<A extends Argument>(value: A): Column<boolean, Wants<'number', A>, string> {
  return callOf('isnan(number) boolean', 'scalar', [argumentNode(value)])
}

/** `CASE WHEN isnan(CAST(value AS DOUBLE)) THEN other ELSE value END` */
export function nanvl<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'number', A> | OperandWants<'number', B>,
  string
> {
  return callOf('nanvl(number, number) double', 'scalar', [argumentNode(value), operandNode(other)])
}

/** `ln(x)` of one argument, `ln(x) / ln(base)` of two, `log(base, x)`; NULL for 0 and below. */
export function log<A extends Argument>(base: number, value: A): Column<number | null, Wants<'number', A>, string>
export function log<A extends Argument>(value: A): Column<number | null, Wants<'number', A>, string>
export function log(first: Argument, value?: Argument): Column<never, never, never> {
  if (value === undefined) return call('ln(number) double', 'scalar', [first])
  return call('log(number, number) double', 'scalar', [first, value])
}
