import type { Expression } from '../../../expr/expression.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import { unsupported } from '../unsupported.ts'

export function numberOf(node: Expression | undefined): number | undefined {
  return node?.kind === 'Literal' && typeof node.value === 'number' ? node.value : undefined
}

export function textOf(node: Expression | undefined): string | undefined {
  return node?.kind === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}

export function ofText(operation: string, type: LogicalType | undefined): void {
  if (type !== undefined && type.kind !== 'varchar') throw unsupported('clickhouse', `${operation}() of ${type.kind}`)
}

/** RE2, as DuckDB has it, but for a dot, which takes line breaks unless it is told not to. */
export function pattern(operand: string, node: Expression | undefined): string {
  if (node?.kind !== 'Literal') throw unsupported('clickhouse', 'A regular expression that is computed')
  return operand.replace(/^'/, "'(?-s)")
}
