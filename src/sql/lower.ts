import type { BinaryOperator, Expression } from '../expr/expression.ts'
import { type ColumnTypes, typeOf } from '../expr/type-of.ts'
import { mapChildren } from '../expr/walk.ts'

/**
 * What our semantics add to an operation before any dialect spells it. `columnTypes` tells the types of the input's columns,
 * on which the meaning of some operations depends; where they are unknown, lists are taken for lists and the rest for text.
 */
export function lower(node: Expression, columnTypes: ColumnTypes = () => undefined): Expression {
  if (node.kind === 'GetItem' && typeof node.key === 'object') {
    const isMap = typeOf(node.operand, columnTypes).kind === 'map'
    const key = isMap ? node.key : binary('add', node.key, literal(1))
    return lower(call('itemAt(any, any) unknown', [node.operand, key]), columnTypes)
  }
  const lowered = mapChildren(node, (child) => lower(child, columnTypes))
  if (lowered.kind === 'Binary') return operators[lowered.operator]?.(lowered.left, lowered.right) ?? lowered
  if (lowered.kind === 'Call' && Object.hasOwn(calls, lowered.name)) {
    return Object.freeze({ ...lowered, operands: Object.freeze(calls[lowered.name]!(lowered.operands)) })
  }
  return lowered
}

const operators: Partial<Record<BinaryOperator, (left: Expression, right: Expression) => Expression>> = {
  div: (left, right) => binary('div', left, nullWhenZero(right)),
  mod: (left, right) => binary('mod', left, nullWhenZero(right)),
}

const calls: Readonly<Record<string, (operands: readonly Expression[]) => readonly Expression[]>> = {
  substring: ([value, start, ...size]) => [value!, isLiteral(start!, 0) ? literal(1) : start!, ...size],
  regexpReplace: ([value, pattern, replacement]) => [
    value!,
    pattern!,
    replacement!.kind === 'Literal' && typeof replacement.value === 'string'
      ? literal(rewriteGroups(replacement.value))
      : replacement!,
  ],
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
