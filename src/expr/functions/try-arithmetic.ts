import type { Column } from '../column.ts'
import type { Argument, Operand, OperandWants, Wants } from '../column-types.ts'
import { argumentNode, operandNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `TRY(value + other)`: NULL where it overflows. */
export function tryAdd<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<number | bigint | null, Wants<'number', A> | OperandWants<'number', B>, string> {
  return callOf('tryAdd(number, number) common', 'scalar', [argumentNode(value), operandNode(other)])
}

/** `TRY(value - other)`: NULL where it overflows. */
export function trySubtract<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<number | bigint | null, Wants<'number', A> | OperandWants<'number', B>, string> {
  return callOf('trySubtract(number, number) common', 'scalar', [argumentNode(value), operandNode(other)])
}

/** `TRY(value * other)`: NULL where it overflows. */
export function tryMultiply<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<number | bigint | null, Wants<'number', A> | OperandWants<'number', B>, string> {
  return callOf('tryMultiply(number, number) common', 'scalar', [argumentNode(value), operandNode(other)])
}

/** `(value / nullif(other, 0))` */
export function tryDivide<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<number | null, Wants<'number', A> | OperandWants<'number', B>, string> {
  return callOf('tryDivide(number, number) double', 'scalar', [argumentNode(value), operandNode(other)])
}

/** `(value % nullif(other, 0))` */
export function tryMod<A extends Argument, B extends Operand>(
  value: A,
  other: B,
): Column<number | bigint | null, Wants<'number', A> | OperandWants<'number', B>, string> {
  return callOf('tryMod(number, number) common', 'scalar', [argumentNode(value), operandNode(other)])
}
