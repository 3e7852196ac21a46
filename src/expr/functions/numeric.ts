import type { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred, Operand, OperandNeeds } from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { call, callOf } from './call.ts'

type Same<A> = Column<Deferred<'arithmetic', [ArgumentType<A>, ArgumentType<A>]>, ArgumentNeeds<A>, string>
type NumberOf<A> = Column<Deferred<'number', [ArgumentType<A>]>, ArgumentNeeds<A>, string>

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

/** `sqrt(x)`; of a negative number the query fails (PySpark: NaN). */
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

/** `ln(x)`: the natural logarithm; the query fails for zero and below. */
export function ln<A extends Argument>(value: A): NumberOf<A> {
  return call('ln(number) double', 'scalar', [value])
}

/** `log10(x)` */
export function log10<A extends Argument>(value: A): NumberOf<A> {
  return call('log10(number) double', 'scalar', [value])
}

/** `sign(x)`: −1, 0 or 1. */
export function sign<A extends Argument>(value: A): NumberOf<A> {
  return call('sign(number) tinyint', 'scalar', [value])
}
