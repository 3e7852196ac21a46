import { LakefrontError } from '../errors.ts'

/** The positions of each combination of `count` columns, the largest first. */
export function cubeSets(count: number): readonly (readonly number[])[] {
  if (count > 12)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `cube() of ${count} columns would group 2^${count} times; 12 are the most.`,
    )
  const all = [...Array(count).keys()]
  return Array.from({ length: 2 ** count }, (_, left) => all.filter((at) => (left & (1 << (count - 1 - at))) === 0))
}

/** The positions in `columns` of the names of each set. */
export function groupingSets(
  sets: readonly (readonly string[])[],
  columns: readonly string[],
): readonly (readonly number[])[] {
  if (sets.length === 0) throw new LakefrontError('INVALID_ARGUMENT', 'groupingSets() was given no sets.')
  const unused = columns.find((name) => !sets.some((set) => set.includes(name)))
  if (unused !== undefined)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `groupingSets(): "${unused}" is in no set. Leave it out, or put it into one.`,
    )
  return sets.map((set) =>
    set.map((name) => {
      const at = columns.indexOf(name)
      if (at >= 0) return at
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `groupingSets(): "${name}" is in a set but not among the columns after the sets: ${columns.join(', ')}.`,
      )
    }),
  )
}
