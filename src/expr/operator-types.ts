import { LakefrontError } from '../errors.ts'
import { describeExpression } from './describe.ts'
import type { Binary, Expression } from './expression.ts'
import {
  type ValueType,
  classOf,
  commonNumber,
  commonType,
  isInteger,
  someNumber,
  typeText,
  unknownType,
} from './value-type.ts'

/** The type of `left operator right`. Throws `TYPE_MISMATCH` for what cannot be computed with. */
export function arithmeticType(node: Binary, left: ValueType, right: ValueType): ValueType {
  const [a, b] = [classOf(left), classOf(right)]
  if (a === 'number' && b === 'number') return numberType(node, left, right)
  const calendar = [a, b].some((each) => each === 'temporal' || each === 'time' || each === 'interval')
  if (calendar) {
    const type = calendarType(node.operator, left, right)
    if (type !== undefined) return type
  } else if ((a === undefined || a === 'number') && (b === undefined || b === 'number')) {
    if (left.kind === 'unknown' || right.kind === 'unknown') return node.operator === 'div' ? someNumber : unknownType
    return node.operator === 'div' ? { kind: 'double' } : someNumber
  }
  const [wrong, type] = a === 'number' || a === undefined ? [node.right, right] : [node.left, left]
  throw mismatch(
    node,
    wrong,
    type,
    calendar
      ? 'Dates and times go with intervals; for days write dateAdd(), dateSub() and dateDiff()'
      : `Numbers are wanted there${classOf(type) === 'string' ? "; convert it with cast('double'), or join text with concat()" : ''}`,
  )
}

function numberType(node: Binary, left: ValueType, right: ValueType): ValueType {
  if (node.operator === 'div') {
    return left.kind === 'float' || right.kind === 'float' ? someNumber : { kind: 'double' }
  }
  if (isInteger(left) && node.right.kind === 'Literal' && right.kind === 'integer')
    return left.kind === 'bigint' || left.kind === 'integer' || left.kind === 'hugeint' ? left : someNumber
  return left.kind === 'decimal' ? (right.kind === 'double' ? right : someNumber) : commonNumber(left, right)
}

function calendarType(operator: Binary['operator'], left: ValueType, right: ValueType): ValueType | undefined {
  const [a, b] = [classOf(left), classOf(right)]
  if (a === undefined || b === undefined) return unknownType
  switch (operator) {
    case 'sub':
      if (a === 'temporal' && b === 'temporal') {
        return left.kind === 'date' && right.kind === 'date' ? { kind: 'bigint' } : { kind: 'interval' }
      }
      return shifted(left, right)
    case 'add':
      if ([left, right].some(({ kind }) => kind === 'date') && [a, b].includes('time')) return { kind: 'timestamp' }
      return shifted(left, right) ?? shifted(right, left)
    case 'mul':
      return (a === 'interval' && b === 'number') || (a === 'number' && b === 'interval')
        ? { kind: 'interval' }
        : undefined
    case 'div':
      return a === 'interval' && b === 'number' ? { kind: 'interval' } : undefined
    default:
      return undefined
  }
}

/** A date or time moved by an interval, or a date by days. */
function shifted(moved: ValueType, by: ValueType): ValueType | undefined {
  if (by.kind === 'interval') {
    if (moved.kind === 'date') return { kind: 'timestamp' }
    return classOf(moved) === 'temporal' || classOf(moved) === 'time' || moved.kind === 'interval' ? moved : undefined
  }
  if (moved.kind !== 'date') return undefined
  if (['tinyint', 'smallint', 'integer'].includes(by.kind)) return moved
  return undefined
}

/** Throws `TYPE_MISMATCH` unless values of the two operands of `node` can be compared. */
export function checkComparable(
  node: Expression,
  left: Expression,
  leftType: ValueType,
  right: Expression,
  rightType: ValueType,
): void {
  if (commonType(leftType, rightType) !== undefined) return
  const [a, b] = [classOf(leftType), classOf(rightType)]
  if (
    isText(left, leftType)
      ? b !== 'number' && b !== 'boolean'
      : isText(right, rightType) && a !== 'number' && a !== 'boolean'
  )
    return
  throw mismatch(
    node,
    left,
    leftType,
    `It is compared with ${describeExpression(right)}, which is ${typeText(rightType)}. Convert one of them with cast()`,
  )
}

/** Text written into the query, which becomes a date, time, UUID … where one is wanted. */
function isText(node: Expression, type: ValueType): boolean {
  return node.kind === 'Literal' && type.kind === 'varchar'
}

function mismatch(node: Expression, operand: Expression, type: ValueType, hint: string): LakefrontError {
  return new LakefrontError(
    'TYPE_MISMATCH',
    `${describeExpression(node)}: ${describeExpression(operand)} is ${typeText(type)}. ${hint}.`,
    { details: { expression: describeExpression(node), operand: describeExpression(operand), type: typeText(type) } },
  )
}
