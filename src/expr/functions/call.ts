import { Column } from '../column.ts'
import type { Argument } from '../column-types.ts'
import type { CallRole, Expression } from '../expression.ts'
import { argumentNode } from '../operand.ts'

/** A call of the function `name`, whose string arguments are names of columns. */
export function call(name: string, role: CallRole, args: readonly Argument[]): Column<never, never, never> {
  return callOf(name, role, args.map(argumentNode))
}

/** A call of the function `name` on nodes. */
export function callOf(
  name: string,
  role: CallRole,
  operands: readonly Expression[],
  distinct = false,
): Column<never, never, never> {
  const node = { kind: 'Call', name, role, operands: Object.freeze([...operands]) } as const
  return new Column(Object.freeze(distinct ? { ...node, distinct } : node))
}
