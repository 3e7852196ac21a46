import { LakefrontError } from '../../errors.ts'

/**
 * The name of a schema, table, view or column.
 * @throws LakefrontError `INVALID_ARGUMENT` for none, and for what cannot be stored as it is.
 */
export function checkedName(what: string, name: string): string {
  if (typeof name !== 'string' || name === '') throw new LakefrontError('INVALID_ARGUMENT', `A ${what} needs a name.`)
  if (name.includes('\0') || /\p{Cs}/u.test(name)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${JSON.stringify(name.slice(0, 100))} cannot name a ${what}: it has a zero or half of a character in it. Any other text can.`,
    )
  }
  return name
}
