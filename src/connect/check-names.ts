import { LakefrontError, nearestName } from '../errors.ts'

/** Throws `INVALID_ARGUMENT` for the first name of `options` that is none of `known`. `where` is what has the options. */
export function checkNames(where: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const nearest = nearestName(name, known)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${where} has no option "${name}". Options: ${known.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
      { details: { option: name, options: known } },
    )
  }
}
