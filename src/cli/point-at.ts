import { isLakefrontError, LakefrontError } from '../errors.ts'

/** `error` with the line of `sql` it is about and a mark under the place, when it says which. */
export function pointAt(error: unknown, sql: string): unknown {
  if (!isLakefrontError(error)) return error
  const { line, column } = error.details
  if (typeof line !== 'number' || typeof column !== 'number') return error
  const text = sql.split('\n')[line - 1] ?? ''
  const start = Math.max(0, column - 60)
  const shown = text.slice(start, start + 120).replaceAll('\t', ' ')
  const { code, details } = error
  return new LakefrontError(code, `${error.message}\n  ${shown}\n  ${' '.repeat(Math.max(0, column - 1 - start))}^`, {
    details,
    cause: error,
  })
}
