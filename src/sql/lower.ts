import type { BinaryOperator, Expression } from '../expr/expression.ts'
import { mapChildren } from '../expr/walk.ts'

/** What our semantics add to an operation before any dialect spells it. */
export function lower(node: Expression): Expression {
  const lowered = mapChildren(node, lower)
  if (lowered.kind === 'GetItem' && typeof lowered.key === 'object') {
    return call('itemAt(any, any) unknown', [lowered.operand, lowered.key])
  }
  if (lowered.kind === 'Over' && lowered.call.kind === 'Call' && Object.hasOwn(overWindows, lowered.call.name)) {
    const call = Object.freeze({ ...lowered.call, name: overWindows[lowered.call.name]! })
    return Object.freeze({ ...lowered, call })
  }
  if (lowered.kind === 'Binary') return operators[lowered.operator]?.(lowered.left, lowered.right) ?? lowered
  if (lowered.kind === 'Call' && Object.hasOwn(calls, lowered.name)) {
    return Object.freeze({ ...lowered, operands: Object.freeze(calls[lowered.name]!(lowered.operands)) })
  }
  return lowered
}

/** Aggregates that are spelled otherwise over a window. */
const overWindows: Readonly<Record<string, string>> = {
  firstPresent: 'firstPresentOver',
  lastPresent: 'lastPresentOver',
}

const operators: Partial<Record<BinaryOperator, (left: Expression, right: Expression) => Expression>> = {
  div: (left, right) => binary('div', left, nullWhenZero(right)),
  mod: (left, right) => binary('mod', left, nullWhenZero(right)),
}

const calls: Readonly<Record<string, (operands: readonly Expression[]) => readonly Expression[]>> = {
  transform: fromZero,
  filter: fromZero,
  substring: ([value, start, ...size]) => [value!, isLiteral(start!, 0) ? literal(1) : start!, ...size],
  regexpReplace: ([value, pattern, replacement]) => [
    value!,
    pattern!,
    replacement!.kind === 'Literal' && typeof replacement.value === 'string'
      ? literal(rewriteGroups(replacement.value))
      : replacement!,
  ],
}

/** Positions that a function over items is given start at 0; engines count from 1. */
function fromZero(operands: readonly Expression[]): readonly Expression[] {
  return operands.map((operand) => {
    if (operand.kind !== 'Lambda' || operand.parameters.length < 2) return operand
    const index = operand.parameters[1]
    const shifted = (node: Expression): Expression =>
      node.kind === 'LambdaVariable' && node.name === index
        ? Object.freeze({ kind: 'Cast', operand: binary('sub', node, literal(1)), type: 'INTEGER', safe: false })
        : mapChildren(node, shifted)
    return Object.freeze({ ...operand, body: shifted(operand.body) })
  })
}

/** Java's replacement text in RE2's: `$1` is `\1`, `\$` a dollar sign. */
function rewriteGroups(replacement: string): string {
  return replacement.replace(/\\([\s\S])|\$(\d)/g, (_, escaped: string | undefined, group: string | undefined) => {
    if (group !== undefined) return `\\${group}`
    return escaped === '\\' ? '\\\\' : escaped!
  })
}

function nullWhenZero(divisor: Expression): Expression {
  if (
    divisor.kind === 'Literal' &&
    (typeof divisor.value === 'number' || typeof divisor.value === 'bigint') &&
    Number(divisor.value) !== 0
  )
    return divisor
  return call('nullif(T, T) T', [divisor, literal(0)])
}

function call(signature: string, operands: readonly Expression[]): Expression {
  const types = signature.indexOf('(')
  return Object.freeze({
    kind: 'Call',
    name: signature.slice(0, types),
    role: 'scalar',
    operands: Object.freeze([...operands]),
    signature: signature.slice(types),
  })
}

function isLiteral(node: Expression, value: number): boolean {
  return node.kind === 'Literal' && node.value === value
}

function literal(value: number | string): Expression {
  return Object.freeze({ kind: 'Literal', value })
}

function binary(operator: BinaryOperator, left: Expression, right: Expression): Expression {
  return Object.freeze({ kind: 'Binary', operator, left, right })
}
