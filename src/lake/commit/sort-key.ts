import { LakefrontError } from '../../errors.ts'
import { type SqlToken, sqlTokens } from '../../sql/sql-tokens.ts'
import { quotedName } from '../catalog/quoted.ts'
import { sameName } from '../snapshot/lake-columns.ts'
import type { LakeSortKey } from './change.ts'

/** A key of an order as SQL: `lower(name) DESC NULLS LAST`. */
export function sortKeySql({ expression, direction, nulls }: LakeSortKey): string {
  return `${expression} ${direction} ${nulls.replace('_', ' ')}`
}

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

/** Whether an expression has a name of a column, or of a field, in it. */
export function namesColumn(expression: string, name: string): boolean {
  return placesOf(expression, name).length > 0
}

/** An expression in which a column has another name. */
export function withColumnRenamed(expression: string, from: string, to: string): string {
  const name = quotedName(to)
  const places = placesOf(expression, from).filter(({ isField }) => !isField)
  return places.reduceRight((text, { start, end }) => text.slice(0, start) + name + text.slice(end), expression)
}

/** Where a name stands that is none of a function. */
function placesOf(expression: string, name: string): readonly (SqlToken & { readonly isField: boolean })[] {
  const tokens = sqlTokens(expression)
  return tokens.flatMap((token, at) => {
    const isName = token.kind !== 'other' && sameName(token.text, name) && tokens[at + 1]?.text !== '('
    return isName ? [{ ...token, isField: tokens[at - 1]?.text === '.' }] : []
  })
}
