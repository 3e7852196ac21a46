import { LakefrontError } from '../errors.ts'
import type { LakeSortKey } from '../lake/change.ts'

/** Reads `at`, `id desc`, `lower(name) asc nulls first`. Without a word for them, nulls are last. */
export function sortKeyOf(text: string): LakeSortKey {
  const match =
    typeof text === 'string' ? /^\s*(.*?)(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*$/is.exec(text) : null
  if (match === null || match[1] === '') {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `Rows cannot be sorted by ${JSON.stringify(text)}. Write a column or an expression, and asc or desc: "at desc".`,
    )
  }
  return {
    expression: match[1]!,
    direction: match[2]?.toLowerCase() === 'desc' ? 'DESC' : 'ASC',
    nulls: match[3]?.toLowerCase() === 'first' ? 'NULLS_FIRST' : 'NULLS_LAST',
  }
}
