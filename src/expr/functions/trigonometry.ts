import type { Column } from '../column.ts'
import type { Argument, ArgumentType, Deferred, Operand, OperandType, OperandWants, Wants } from '../column-types.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { callOf } from './call.ts'

/**
 * `CASE WHEN abs(value) <= 1 THEN asin(value) WHEN value IS NOT NULL THEN CAST('NaN' AS DOUBLE) END`: NaN outside of −1 to 1.
 */
export function asin<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('asin(number) double', 'scalar', [argumentNode(value)])
}

/**
 * `CASE WHEN abs(value) <= 1 THEN acos(value) WHEN value IS NOT NULL THEN CAST('NaN' AS DOUBLE) END`: NaN outside of −1 to 1.
 */
export function acos<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('acos(number) double', 'scalar', [argumentNode(value)])
}

/** `atan(value)` */
export function atan<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('atan(number) double', 'scalar', [argumentNode(value)])
}

/** `sinh(value)` */
export function sinh<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('sinh(number) double', 'scalar', [argumentNode(value)])
}

/** `cosh(value)` */
export function cosh<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('cosh(number) double', 'scalar', [argumentNode(value)])
}

/** `tanh(value)` */
export function tanh<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('tanh(number) double', 'scalar', [argumentNode(value)])
}

/** `asinh(value)` */
export function asinh<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('asinh(number) double', 'scalar', [argumentNode(value)])
}

/** `sin(value)`: of radians. */
export function sin<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('sin(number) double', 'scalar', [argumentNode(value)])
}

/** `cos(value)`: of radians. */
export function cos<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('cos(number) double', 'scalar', [argumentNode(value)])
}

/** `tan(value)`: of radians. */
export function tan<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('tan(number) double', 'scalar', [argumentNode(value)])
}

/** `CASE WHEN value >= 1 THEN acosh(value) WHEN value IS NOT NULL THEN CAST('NaN' AS DOUBLE) END` */
export function acosh<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('acosh(number) double', 'scalar', [argumentNode(value)])
}

/** `CASE WHEN abs(value) <= 1 THEN atanh(value) WHEN value IS NOT NULL THEN CAST('NaN' AS DOUBLE) END` */
export function atanh<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('atanh(number) double', 'scalar', [argumentNode(value)])
}

/** `atan2(y, x)` */
export function atan2<A extends Argument, B extends Operand>(
  y: A,
  x: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'number', A> | OperandWants<'number', B>,
  string
> {
  return callOf('atan2(number, number) double', 'scalar', [argumentNode(y), operandNode(x)])
}

/** `(1 / tan(value))` */
export function cot<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('cot(number) double', 'scalar', [argumentNode(value)])
}

/** `(1 / cos(value))` */
export function sec<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('sec(number) double', 'scalar', [argumentNode(value)])
}

/** `(1 / sin(value))` */
export function csc<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('csc(number) double', 'scalar', [argumentNode(value)])
}

/** `degrees(value)` */
export function degrees<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('degrees(number) double', 'scalar', [argumentNode(value)])
}

/** `radians(value)` */
export function radians<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('radians(number) double', 'scalar', [argumentNode(value)])
}

/** `exp(1)` */
export function e(): Column<number, never, string> {
  return callOf('e() double', 'scalar', [])
}

/** `pi()` */
export function pi(): Column<number, never, string> {
  return callOf('pi() double', 'scalar', [])
}

/** `sqrt(CAST(x AS DOUBLE) * x + CAST(y AS DOUBLE) * y)` */
export function hypot<A extends Argument, B extends Operand>(
  x: A,
  y: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'number', A> | OperandWants<'number', B>,
  string
> {
  return callOf('hypot(number, number) double', 'scalar', [argumentNode(x), operandNode(y)])
}
