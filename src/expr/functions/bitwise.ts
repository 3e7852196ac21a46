import type { Column } from '../column.ts'
import type { Argument, ArgumentType, Deferred, Operand, OperandType, OperandWants, Wants } from '../column-types.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `CAST(bit_count(CAST(value AS BIGINT)) AS INTEGER)`: bits set, of 64. */
export function bitCount<A extends Argument>(
  value: A,
): Column<Deferred<'number', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('bitCount(integer) integer', 'scalar', [argumentNode(value)])
}

/** `CAST((CAST(value AS BIGINT) >> position) & 1 AS TINYINT)`: 0 or 1. */
export function bitGet<A extends Argument, B extends Operand>(
  value: A,
  position: B,
): Column<
  Deferred<'number', [ArgumentType<A>, OperandType<B>]>,
  Wants<'number', A> | OperandWants<'number', B>,
  string
> {
  return callOf('bitGet(integer, integer) tinyint', 'scalar', [argumentNode(value), operandNode(position)])
}

/** `~value` */
export function bitwiseNot<A extends Argument>(
  value: A,
): Column<Deferred<'same', [ArgumentType<A>]>, Wants<'number', A>, string> {
  return callOf('bitwiseNot(integer) same', 'scalar', [argumentNode(value)])
}

/**
 * `CAST(CASE WHEN value >= 0 THEN CAST(value AS HUGEINT) << bits ELSE -(-CAST(value AS HUGEINT) << bits) END AS BIGINT)`: a BIGINT; the query fails where bits would be lost.
 */
export function shiftleft<A extends Argument, B extends Operand>(
  value: A,
  bits: B,
): Column<
  Deferred<'bigint', [ArgumentType<A>, OperandType<B>]>,
  Wants<'number', A> | OperandWants<'number', B>,
  string
> {
  return callOf('shiftleft(integer, integer) bigint', 'scalar', [argumentNode(value), operandNode(bits)])
}

/** `(CAST(value AS BIGINT) >> bits)`: the sign stays. */
export function shiftright<A extends Argument, B extends Operand>(
  value: A,
  bits: B,
): Column<
  Deferred<'bigint', [ArgumentType<A>, OperandType<B>]>,
  Wants<'number', A> | OperandWants<'number', B>,
  string
> {
  return callOf('shiftright(integer, integer) bigint', 'scalar', [argumentNode(value), operandNode(bits)])
}
