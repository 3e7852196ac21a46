import { LakefrontError } from '../../errors.ts'
import { Column } from '../column.ts'
import type { Argument } from '../column-types.ts'
import type { CallRole, Expression } from '../expression.ts'
import { argumentNode } from '../operand.ts'

/** A call of a function, given as name and types (`signature.ts`); string arguments are names of columns. */
export function call(signature: string, role: CallRole, args: readonly Argument[]): Column<never, never, never> {
  return callOf(signature, role, args.map(argumentNode))
}

/** As {@link call}, on nodes. */
export function callOf(
  signature: string,
  role: CallRole,
  operands: readonly Expression[],
  distinct = false,
): Column<never, never, never> {
  const types = signature.indexOf('(')
  const node = {
    kind: 'Call',
    name: signature.slice(0, types),
    role,
    operands: Object.freeze([...operands]),
    signature: signature.slice(types),
  } as const
  return new Column(Object.freeze(distinct ? { ...node, distinct } : node))
}

/** Throws `INVALID_ARGUMENT` unless the argument of a function is an integer. */
export function checkInteger(where: string, name: string, value: number): void {
  if (Number.isSafeInteger(value)) return
  throw new LakefrontError('INVALID_ARGUMENT', `${where}(): ${name} is ${value}; give an integer.`)
}
