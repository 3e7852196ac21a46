import { LakefrontError } from '../../errors.ts'

/** Columns that tell which row of the table a row takes the place of; they come before all others. */
export const identityColumns = ['lf_file', 'lf_position', 'lf_row_id', 'lf_keep'] as const

/** What statements that change rows or rewrite files call what is not in the table. */
const ownNames: readonly string[] = [...identityColumns, 'lf_name', 'lf_snapshot']

/**
 * The name of a schema, table, view or column.
 * @throws LakefrontError `INVALID_ARGUMENT` for none, for what cannot be stored as it is, and for a column with a name of ours.
 */
export function checkedName(what: string, name: string): string {
  if (typeof name !== 'string' || name === '') throw new LakefrontError('INVALID_ARGUMENT', `A ${what} needs a name.`)
  if (name.includes('\0') || /\p{Cs}/u.test(name)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${JSON.stringify(name.slice(0, 100))} cannot name a ${what}: it has a zero or half of a character in it. Any other text can.`,
    )
  }
  if (what === 'column' && ownNames.includes(name.toLowerCase())) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${name}" cannot name a column: Lakefront has it for the place of a row. Any but ${ownNames.join(', ')} can.`,
    )
  }
  return name
}
