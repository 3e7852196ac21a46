import type { ErrorCode } from '../errors.ts'

/** A value that does not fit its column: thrown while columns are built, turned into a `LakefrontError` that says where. */
export class ConversionFailure extends Error {
  readonly code: ErrorCode
  /** The row, of the column being built. */
  index = -1
  /** Where in a nested value, such as `.name[]`. */
  path = ''

  constructor(code: 'TYPE_MISMATCH' | 'INVALID_VALUE', problem: string) {
    super(problem)
    this.code = code
  }
}

/** What `value` is, without its content: `a string`, `an array of 2`, `NULL`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value !== 'object') return `a ${typeof value}`
  const name = Object.getPrototypeOf(value)?.constructor?.name as unknown
  return typeof name === 'string' && name !== 'Object' && name !== '' ? `a ${name}` : 'an object'
}
