import type { Expression } from '../../../expr/expression.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import { isFloat, isInteger } from '../../types.ts'
import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'

export function numberOf(node: Expression | undefined): number | undefined {
  return node?.kind === 'Literal' && typeof node.value === 'number' ? node.value : undefined
}

export function textOf(node: Expression | undefined): string | undefined {
  return node?.kind === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}

/** A date or a timestamp, which has to be known as one. */
export function temporal(type: LogicalType | undefined): void {
  if (type?.kind !== 'date' && type?.kind !== 'timestamp')
    throw unsupported('sqlite', 'A part of what is not known to be a date or a timestamp', 'cast() it first.')
}

export function ofNumbers(operation: string, type: LogicalType | undefined): void {
  if (!isInteger(type) && !isFloat(type))
    throw unsupported('sqlite', `${operation}() of what is not known to be a number`, 'cast() it first.')
}

export function ofText(operation: string, type: LogicalType | undefined): void {
  if (type?.kind !== 'varchar') throw unsupported('sqlite', `${operation}() of what is not known to be text`)
}

export function ofIntegers(operation: string, write: (operands: readonly string[]) => string): Spelling {
  return {
    call: (operands, _, nodes, type) => {
      if (!nodes.every((_, index) => isInteger(type(index))))
        throw unsupported('sqlite', `${operation}() of what is not known to be whole numbers`, 'cast() it first.')
      return write(operands)
    },
  }
}

/** What can be an item of a list, and come out of it again as it was. */
export function storable(operation: string, type: LogicalType | undefined): LogicalType {
  if (type !== undefined && type.kind !== 'blob' && type.kind !== 'decimal') return type
  throw unsupported(
    'sqlite',
    `${operation}() of ${type === undefined ? 'what is not known' : type.kind === 'blob' ? 'bytes' : 'decimals'}`,
    'cast() it first.',
  )
}
