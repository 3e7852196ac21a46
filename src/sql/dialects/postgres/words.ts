import type { Expression } from '../../../expr/expression.ts'
import type { LogicalType } from '../../../types/logical-type.ts'
import { isFloat } from '../../types.ts'
import type { Spelling } from '../dialect.ts'
import { unsupported } from '../unsupported.ts'

export const double = (operand: string): string => `CAST(${operand} AS double precision)`
export const integer = (operand: string): string => `CAST(${operand} AS integer)`
export const timestamp = (operand: string): string => `CAST(${operand} AS timestamp)`
export const notANumber: string = double("'NaN'")

/** A function of a floating point number. */
export const ofDouble = (name: string): Spelling => ({
  call: (operands, _, __, type) =>
    `${name}(${operands.map((each, at) => (isFloat(type(at)) ? each : double(each))).join(', ')})`,
})

export const asInteger = (name: string): Spelling => ({
  call: (operands) => `${name}(${operands.join(', ')})`,
  then: integer,
})

/** Text is compared by code points. */
export function collated(value: string, type: LogicalType | undefined): string {
  return type?.kind === 'varchar' ? `${value} COLLATE "C"` : value
}

/** A type that has to be known. */
export function known(type: LogicalType | undefined, operation: string): LogicalType {
  if (type !== undefined) return type
  throw unsupported('postgres', `${operation}() of a column of unknown type`, 'cast() it first.')
}

export function isList(type: LogicalType | undefined): boolean {
  return type?.kind === 'list' || type?.kind === 'array'
}

/** PostgreSQL has no lists of lists. */
export function noList(operation: string, type: LogicalType | undefined): void {
  if (isList(type)) throw unsupported('postgres', `${operation}() of lists`)
}

export function numberOf(node: Expression | undefined): number | undefined {
  return node?.kind === 'Literal' && typeof node.value === 'number' ? node.value : undefined
}

export function textOf(node: Expression | undefined): string | undefined {
  return node?.kind === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}
