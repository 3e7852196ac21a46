import { LakefrontError } from '../errors.ts'
import type { Literal, Value } from './expression.ts'

const largest = 2n ** 127n - 1n

/**
 * `value` as a literal node. Dates and bytes are copied, so that changing them later changes nothing.
 *
 * Throws `INVALID_ARGUMENT` for an invalid date, an integer wider than HUGEINT, and whatever is not a {@link Value}.
 */
export function literal(value: Value): Literal {
  return Object.freeze({ kind: 'Literal', value: checked(value) })
}

/** Whether `value` can stand in an expression by itself. */
export function isValue(value: unknown): value is Value {
  return value === null || typeof value !== 'object'
    ? value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
    : value instanceof Date || value instanceof Uint8Array
}

function checked(value: Value): Value {
  if (!isValue(value)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `A value of type ${typeof value === 'object' ? (value as object).constructor?.name : typeof value} cannot be a literal. ` +
        'Give null, a boolean, number, bigint, string, Date or Uint8Array.' +
        (Array.isArray(value)
          ? ' A list of columns is spread, ...names; a list of values is F.array(lit(1), lit(2)).'
          : ''),
    )
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        'An invalid Date cannot be a literal. Give null for an unknown time.',
      )
    }
    return new Date(value)
  }
  if (value instanceof Uint8Array) return value.slice()
  if (typeof value === 'bigint' && (value > largest || value < -largest - 1n)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'An integer beyond 128 bits cannot be a literal. Give it as a string and cast it.',
    )
  }
  return value
}
